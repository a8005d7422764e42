/** The main job end to end, as `countersign demo` plays it over real HTTP, on every store. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { notFound, type Postgres, startPostgres, type TestDatabase } from "../../../../tools/postgres.ts";
import { type Ended, runCountersign } from "../transcript.ts";

const home = mkdtempSync(join(tmpdir(), "countersign-demo-test-"));
after(() => rmSync(home, { recursive: true }));

/** Its temporary directory is made in a place of the test's own, to see that nothing stays there. */
function demo(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> {
  return runCountersign(["demo", "--json", ...args], { cwd: home, env: { TMPDIR: home, ...env } });
}

function assertProved({ stdout, stderr, exit }: Ended): { operationId: string } {
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^\{[^\n]+\}\n$/);
  const { operationId, ...rest } = JSON.parse(stdout) as { operationId: string };
  assert.match(operationId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual(rest, { decision: "APPROVED", receiptVerified: true, auditVerified: true });
  return { operationId };
}

describe("a payment is approved and proved", () => {
  test("on the embedded store, in a temporary directory that is gone afterwards", async () => {
    assertProved(await demo());
    assert.deepEqual(
      readdirSync(home).filter((name) => name.startsWith("countersign-demo-")),
      [],
    );
  });

  test("twice on the same data: application and device of the first run are used again", async () => {
    const data = join(home, "kept");
    const ports = ["--port", "0", "--private-port", "0"];
    const first = assertProved(await demo(["--data", data, ...ports]));
    const second = await demo(["--data", data, ...ports]);
    assert.notEqual(assertProved(second).operationId, first.operationId);
    assert.match(second.stderr, /Activated +in an earlier run/);
  });

  test("with a new device where the old one was forgotten or lost", async () => {
    const data = join(home, "lost");
    const ports = ["--port", "0", "--private-port", "0"];
    assertProved(await demo(["--data", data, ...ports]));
    const profile = join(data, "device");
    const forget = ["device", "remove", "--local", "--profile", profile];
    assert.equal((await runCountersign(forget, { cwd: home, env: {} })).exit, 0);
    assert.match((await demo(["--data", data, ...ports])).stderr, /Activated +with the code/);
    rmSync(profile, { recursive: true });
    assert.match((await demo(["--data", data, ...ports])).stderr, /Activated +with the code/);
  });
});

describe("the story", () => {
  test("shows the same data where the bank asks, the device shows and the receipt proves", async () => {
    const { stderr } = await demo();
    const data = "A1*A1250.00EUR*ICZ2730300000001165254011**D20261201*NRent, December";
    assert.ok(stderr.split(data).length - 1 >= 3, stderr);
    assert.match(stderr, /│ {2}amount {4}1250\.00|amount +1250\.00/);
  });

  test("has no colours where there is no terminal, and no line wider than a hundred columns", async () => {
    const { stdout, stderr, exit } = await runCountersign(["demo"], { cwd: home, env: { TMPDIR: home } });
    assert.equal(exit, 0, stderr);
    assert.equal(stderr, "");
    assert.ok(!stdout.includes("\u001b"));
    assert.deepEqual(
      stdout.split("\n").filter((line) => line.length > 100),
      [],
    );
  });
});

describe("on PostgreSQL", () => {
  let postgres: Postgres | undefined;
  let database: TestDatabase | undefined;

  before(async () => {
    postgres = await startPostgres();
    database = await postgres?.createDatabase();
  });

  after(async () => {
    await database?.drop();
    await postgres?.remove();
  });

  test("a payment is approved and proved, with the master key from the environment", async (context) => {
    if (database === undefined) return context.skip(notFound(1));
    const env = { COUNTERSIGN_MASTER_KEY: randomBytes(32).toString("base64") };
    assertProved(await demo(["--store", database.url], env));
    const other = await demo(["--store", database.url], env);
    assert.equal(other.exit, 1);
    assert.match(other.stderr, /countersign: This database was set up from elsewhere\./);
    assert.ok(existsSync(home));
  });
});
