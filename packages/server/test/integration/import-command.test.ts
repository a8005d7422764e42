/** `docs/guides/move-an-existing-server.md` as it stands: its commands, in a shell, against a real database. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { text as readAll } from "node:stream/consumers";
import { readFences } from "../../../../tools/markdown.ts";
import { workspace } from "../../../../tools/source.ts";
import { createPowerAuthDatabase, type PowerAuthDatabase } from "../powerauth-database.ts";
import { postgres } from "../stores.ts";

const skip = (await postgres()) === undefined ? "PostgreSQL: not found" : false;
const main = join(workspace, "packages/cli/src/main.ts");
const home = mkdtempSync(join(tmpdir(), "countersign-move-"));
let source: PowerAuthDatabase;

before(async () => {
  writeFileSync(
    join(home, "countersign"),
    `#!/bin/sh\nexec "${process.execPath}" --conditions=@countersign/source "${main}" "$@"\n`,
    { mode: 0o755 },
  );
});
after(() => rmSync(home, { recursive: true }));

/** Of one test: it must be gone before the cluster is. */
async function openSource(t: TestContext): Promise<void> {
  source = await createPowerAuthDatabase();
  t.after(() => source.close());
}

const environment = (more: Record<string, string> = {}) => ({
  PATH: `${home}:${process.env.PATH}`,
  HOME: home,
  ...more,
});

/** The `sh` fences of the guide, with the addresses and the key of the test. */
function commands(): string[] {
  const page = readFileSync(join(workspace, "docs/guides/move-an-existing-server.md"), "utf8");
  return readFences(page)
    .filter(({ language }) => language === "sh")
    .map(({ text }) =>
      text
        .replaceAll("postgres://powerauth@db.bank.example/powerauth", `'${source.url}'`)
        .replaceAll("MTIzNDU2Nzg5MDEyMzQ1Ng==", source.masterKey),
    );
}

function shell(text: string, env: Record<string, string> = {}) {
  const child = spawn("sh", ["-e", "-c", text], {
    cwd: home,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended };
}

async function done(text: string, env: Record<string, string> = {}) {
  const { child, ended } = shell(text, env);
  const [stdout, stderr, exit] = await Promise.all([readAll(child.stdout), readAll(child.stderr), ended]);
  return { stdout, stderr, exit };
}

/** `countersign import powerauth --json` and more options. */
async function imported(options: string, env: Record<string, string> = {}) {
  const ended = await done(`countersign import powerauth --json ${options}`, env);
  return { ...ended, report: JSON.parse(ended.stdout) };
}

test("The guide's commands move a server: a device signs with the next one", { skip }, async (t) => {
  await openSource(t);
  const app = await source.application("guide");
  const plain = await source.activation(app);
  const sealed = await source.activation(app, { encrypted: true, version: "3.1" });
  const [dryRun, move, serve] = commands();

  const looked = await done(dryRun!);
  assert.deepEqual([looked.exit, existsSync(join(home, "data"))], [0, false], looked.stderr);
  assert.match(looked.stdout, /^Nothing was written\.\n/);
  assert.match(looked.stdout, /^pa_activation +2 +2 +0 +0 +0 +0$/m);
  const moved = await done(move!);
  assert.equal(moved.exit, 0, moved.stderr);
  assert.match(moved.stdout, /^The data is taken over\.\n/);
  assert.match(moved.stderr, /^reading pa_activation$/m);

  // Any free port instead of the standard ones.
  const served = shell(`exec ${serve!.trim()} --port 0 --private-port 0`);
  const ready = await new Promise<string>((resolve) => createInterface(served.child.stdout).once("line", resolve));
  const { public: publicUrl } = JSON.parse(ready) as { public: string };
  for (const { device } of [plain, sealed]) {
    const phone = device(`${publicUrl}/enrollment-server`);
    assert.equal((await phone.validate()).status, 200);
    assert.equal((await phone.validate({ pin: "9999" })).status, 401);
  }
  const busy = await imported(`--from '${source.url}' --data ./data --source-stopped`, {
    COUNTERSIGN_SOURCE_KEY: source.masterKey,
  });
  assert.deepEqual([busy.exit, busy.report.error.code], [5, "STORE_IN_USE"]);
  served.child.kill("SIGTERM");
  assert.equal(await served.ended, 0);
});

test("What the operator has to say, and what each ending is called", { skip }, async (t) => {
  await openSource(t);
  const from = `--from '${source.url}'`;
  const [unsaid, zone, key, away, address] = await Promise.all([
    imported(`${from} --data ./other`),
    imported(`${from} --dry-run --source-zone Europe/Nowhere`),
    imported(`${from} --dry-run --master-db-key-file ./missing`),
    imported("--from postgres://user:secret@127.0.0.1:1/none --dry-run"),
    imported("--from mysql://db/powerauth --dry-run"),
  ]);
  assert.deepEqual([unsaid.exit, unsaid.report.error.code, existsSync(join(home, "other"))], [2, "usage", false]);
  assert.deepEqual([zone.exit, zone.report.error.code], [2, "source-zone"]);
  assert.deepEqual([key.exit, key.report.error.code], [2, "unreadable"]);
  assert.deepEqual([away.exit, away.report.error.code], [4, "source-unreachable"]);
  assert.ok(!`${away.stdout}${away.stderr}`.includes("secret"));
  assert.deepEqual([address.exit, address.report.error.code], [2, "usage"]);

  // Without the key, encrypted keys are refused by name.
  const app = await source.application("keyless");
  const { activationId } = await source.activation(app, { encrypted: true });
  const refused = await imported(`${from} --dry-run`);
  assert.equal(refused.exit, 3);
  assert.ok(
    refused.report.refused.some(
      ({ id, reason }: Record<string, string>) => id === activationId && reason === "no-master-key",
    ),
  );
  writeFileSync(join(home, "key"), `${source.masterKey}\n`, { mode: 0o600 });
  assert.equal((await imported(`${from} --dry-run --master-db-key-file ./key`)).exit, 0);
});

for (const dialect of ["sqlite", "postgres"] as const) {
  test(`A killed import is run again, and every device is there once (${dialect})`, { skip }, async () => {
    const database = dialect === "postgres" ? await (await postgres())!.createDatabase() : undefined;
    const filled = await createPowerAuthDatabase();
    try {
      const app = await filled.application("many");
      const activations = [];
      for (let at = 0; at < 1100; at++) activations.push(await filled.activation(app));
      const target = `--data ./killed-${dialect} ${database === undefined ? "" : `--store '${database.url}'`}`;
      const env = dialect === "postgres" ? { COUNTERSIGN_MASTER_KEY: randomBytes(32).toString("base64") } : undefined;
      const command = `countersign import powerauth --from '${filled.url}' ${target} --source-stopped`;
      const { child, ended } = shell(`exec ${command}`, env);
      // The first page of activations is committed, the others are under way.
      for await (const line of createInterface(child.stderr)) if (line === "reading pa_activation") break;
      child.kill("SIGKILL");
      await ended;
      const { exit, report } = await imported(`--from '${filled.url}' ${target} --source-stopped`, env);
      assert.equal(exit, 0, JSON.stringify(report));
      const { read, imported: rest, kept } = report.tables.pa_activation;
      assert.deepEqual([read, rest + kept], [1100, 1100]);
      assert.ok(kept >= 500 && rest > 0, `${kept} kept, ${rest} imported`);

      const store = database === undefined ? "" : ` --store '${database.url}'`;
      const serve = shell(`exec countersign serve --data ./killed-${dialect}${store} --port 0 --private-port 0`, env);
      const ready = await new Promise<string>((resolve) => createInterface(serve.child.stdout).once("line", resolve));
      const { public: publicUrl } = JSON.parse(ready) as { public: string };
      for (const at of [0, 499, 500, 1099]) {
        assert.equal((await activations[at]!.device(publicUrl).validate()).status, 200);
      }
      serve.child.kill("SIGTERM");
      assert.equal(await serve.ended, 0);
      const verified = await done(`countersign audit verify --data ./killed-${dialect}${store}`);
      assert.equal(verified.exit, 0, verified.stdout);
    } finally {
      await filled.close();
      await database?.drop();
    }
  });
}
