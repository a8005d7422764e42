/** The commands about Approve devices and about keys, against a server in a process of its own. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { codeShownBy, enrolDevice } from "../../../../tools/approve-device.ts";
import { type Served, serveForTest } from "../served.ts";
import { runCountersign } from "../transcript.ts";

const home = mkdtempSync(join(tmpdir(), "countersign-cli-"));

describe("countersign for Approve", () => {
  let server: Served;
  before(async () => (server = await serveForTest(join(home, "data"))));
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  const run = (command: string, input = "") =>
    runCountersign(command.split(" "), { cwd: home, env: { COUNTERSIGN_BOOTSTRAP: server.bootstrap }, input });
  // oxlint-disable-next-line no-explicit-any -- tests say what they expect of it
  const json = async (command: string, exit = 0, input = ""): Promise<any> => {
    const ended = await run(`${command} --json`, input);
    assert.equal(ended.exit, exit, ended.stderr);
    assert.match(ended.stdout, /^[^\n]+\n$/);
    return JSON.parse(ended.stdout);
  };
  const prints = async (command: string, expected: RegExp) => {
    const ended = await run(command);
    assert.equal(ended.exit, 0, ended.stderr);
    assert.equal(ended.stderr, "");
    assert.match(ended.stdout, expected);
  };

  test("a device type is set from a file or with its defaults, listed, shown and removed", async () => {
    await json("application create bank");
    writeFileSync(join(home, "type.json"), JSON.stringify({ applicationId: "bank", maxDevices: 2, keyDays: 30 }));
    await prints(
      "device-type set phone --file type.json",
      /^device type +phone\napplication +bank\ndevices a user +2\n/,
    );
    assert.equal(
      (await json("device-type set spare --application bank --file -", 0, '{"maxDevices":1}')).maxDevices,
      1,
    );
    await prints("device-type list", /DEVICE TYPE +APPLICATION +DEVICES A USER\nphone +bank +2\nspare +bank +1\n/);
    assert.deepEqual(await json("device-type remove spare"), { id: "spare", removed: true });
    assert.equal((await json("device-type show spare", 1)).error.code, "device-type-not-found");
    assert.equal((await json("device-type set phone --file nowhere.json", 2)).error.code, "usage");
    assert.equal((await json("device-type set phone --application none", 1)).error.code, "application-not-found");
  });

  test("an offer enrols a device, which is listed, blocked, unblocked and removed; both sides show one code (APV-ENR-6)", async () => {
    const offered = await run("offer create --user anna --device-type phone --invite --qr");
    assert.equal(offered.exit, 0, offered.stderr);
    assert.match(
      offered.stdout,
      /^offer +\S+\nuntil +\S+\ncode to type +[A-Z2-9]{5}-[A-Z2-9]{5}\nfor a QR code +ey\S+\n\n[█▀▄ ]/,
    );
    const { id, offer } = await json("offer create --user anna --device-type phone --seconds 300");
    assert.equal((await json(`offer show ${id}`)).state, "open");
    const device = await enrolDevice({ url: server.publicUrl, offer });
    const code = codeShownBy(device);
    const used = await json(`offer show ${id}`);
    assert.deepEqual([used.state, used.containerId, used.transcriptCode], ["used", device.cid, code]);
    await prints(`offer show ${id}`, new RegExp(`\\ncode on the device +${code}\\n`));

    await prints(
      "container list --user anna",
      /^CONTAINER +STATUS +USER +NAME +LAST USED\n\S+ +ACTIVE +anna +Phone +\S+\n$/,
    );
    await prints(`container block ${device.cid} --reason lost`, /^Container \S+ is blocked\.\n$/);
    assert.equal((await json("container list --status blocked")).length, 1);
    await prints(`container show ${device.cid}`, /\nstatus +BLOCKED\nblocked because +lost\n/);
    assert.equal((await json(`container unblock ${device.cid}`)).status, "ACTIVE");
    assert.deepEqual(await json(`container remove ${device.cid} --reason sold`), { id: device.cid, removed: true });
    await prints(`container show ${device.cid}`, /\nstatus +REMOVED\nremoved because +sold\n/);
    const none = "container show 00000000-0000-4000-8000-000000000000";
    assert.equal((await json(none, 1)).error.code, "container-not-found");
  });

  test("keys are rotated by their use: published at once, good from the time that is said", async () => {
    const { kid, signsFrom } = await json("keys rotate --use receipt");
    assert.ok(Date.parse(signsFrom) > Date.now());
    const jwks = await (await fetch(`${server.publicUrl}/.well-known/countersign/jwks.json`)).json();
    assert.ok((jwks as { keys: { kid: string }[] }).keys.length >= 3, kid);
    await prints("keys rotate --use approve", /^key +\S{43}\nsigns +approve\nfrom +\S+\n$/);
    assert.equal((await json("keys rotate --use other", 2)).error.code, "usage");
    await prints("keys reseal", /^Sealed again: 0\. /);
  });
});

test("a new master key is given together with the one before it, until everything is sealed again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cli-"));
  const data = join(folder, "data");
  const [first, second] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];
  const bootstrap = async (env: Record<string, string>, work: (server: Served) => Promise<void>) => {
    const server = await serveForTest(data, [], env);
    try {
      await work(server);
    } finally {
      await server.stop();
    }
  };
  const run = ({ bootstrap: file }: Served, command: string) =>
    runCountersign(command.split(" "), { cwd: folder, env: { COUNTERSIGN_BOOTSTRAP: file } });
  try {
    let file = "";
    await bootstrap({ COUNTERSIGN_MASTER_KEY: first }, async (server) => {
      file = server.bootstrap;
      assert.equal((await run(server, "application create bank")).exit, 0);
    });
    assert.notEqual(file, "");
    await assert.rejects(serveForTest(data, [], { COUNTERSIGN_MASTER_KEY: second }), /master key/);
    await bootstrap({ COUNTERSIGN_MASTER_KEY: second, COUNTERSIGN_PREVIOUS_MASTER_KEY: first }, async (server) => {
      const admin = credentialsOf(file);
      const resealed = await runCountersign(["keys", "reseal", "--json"], {
        cwd: folder,
        env: { ...admin, COUNTERSIGN_URL: server.privateUrl },
      });
      assert.ok(JSON.parse(resealed.stdout).resealed > 3, resealed.stderr);
    });
    await bootstrap({ COUNTERSIGN_MASTER_KEY: second }, async () => undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function credentialsOf(file: string): Record<string, string> {
  const { clientId, clientSecret } = JSON.parse(readFileSync(file, "utf8"));
  return { COUNTERSIGN_CLIENT_ID: clientId, COUNTERSIGN_CLIENT_SECRET: clientSecret };
}
