/** `countersign serve` as a process: its first line, its end, and what it says when it cannot begin. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Served, serveForTest } from "../served.ts";
import { runCountersign } from "../transcript.ts";

const home = mkdtempSync(join(tmpdir(), "countersign-serve-"));
const data = join(home, "data");
let server: Served;

before(async () => {
  server = await serveForTest(data, ["--base-path", "/bank"]);
});

after(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

describe("serve", () => {
  test("says where it is in one JSON line, the only one on standard output, when both listeners answer", async () => {
    assert.deepEqual(server.stdout.length, 1);
    assert.deepEqual(Object.keys(JSON.parse(server.stdout[0] ?? "")), ["public", "private", "bootstrap"]);
    for (const url of [server.publicUrl, server.privateUrl]) {
      assert.equal((await fetch(`${url}/health/ready`)).status, 200);
    }
    assert.equal((await fetch(`${server.publicUrl}/bank/pa/v3/status`, { method: "POST" })).status, 200);
  });

  test("leaves its first credentials in a file of its owner only", () => {
    assert.equal(statSync(server.bootstrap).mode & 0o777, 0o600);
  });

  test("refuses data that another process uses, with a clear sentence and exit code 5", async () => {
    const args = ["serve", "--data", data, "--port", "0", "--private-port", "0"];
    const { stdout, stderr, exit } = await runCountersign(args, { cwd: home, env: {} });
    assert.equal(exit, 5, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^countersign: .*\n {2}hint: stop it, choose another --data, or talk to it over HTTP\n$/);
    assert.equal((await fetch(`${server.publicUrl}/health/ready`)).status, 200);
  });

  test("refuses settings that cannot work before it touches any data", async () => {
    const other = join(home, "other");
    const wrong: [string[], number][] = [
      [["--private-host", "0.0.0.0"], 2],
      [["--store", "mysql://somewhere"], 2],
      [["--port", "70000"], 2],
      [["--base-path", "bank/"], 2],
    ];
    for (const [more, code] of wrong) {
      const { stdout, stderr, exit } = await runCountersign(["serve", "--data", other, ...more], {
        cwd: home,
        env: {},
      });
      assert.equal(exit, code, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^countersign: /);
    }
    assert.throws(() => statSync(other));
  });

  test("says which port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const args = ["serve", "--data", join(home, "third"), "--port", `${port}`, "--private-port", "0"];
    const { stderr, exit } = await runCountersign(args, { cwd: home, env: {} });
    taken.close();
    assert.equal(exit, 1);
    assert.match(stderr, new RegExp(`^countersign: .*${port}`));
  });

  test("says that a database is away, or that its master key is missing", async () => {
    const args = ["serve", "--data", join(home, "fourth"), "--store", "postgres://127.0.0.1:1/nowhere"];
    const away = await runCountersign(args, {
      cwd: home,
      env: { COUNTERSIGN_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") },
    });
    assert.equal(away.exit, 4, away.stderr);
    const keyless = await runCountersign(args, { cwd: home, env: {} });
    assert.equal(keyless.exit, 1);
    assert.match(keyless.stderr, /master key.*\n {2}hint: export COUNTERSIGN_MASTER_KEY=/);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`ends with exit code 0 on ${signal}, and its data can be used again`, async () => {
      const again = await serveForTest(join(home, "again"));
      assert.equal(await again.stop(signal), 0);
    });
  }
});
