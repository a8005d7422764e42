/** `countersign audit verify` on data at rest: whole, changed, cut, and checked against other keys. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { runCountersign } from "../transcript.ts";

const home = mkdtempSync(join(tmpdir(), "countersign-audit-"));
const whole = join(home, "whole");
let copies = 0;

before(async () => {
  const ports = ["--port", "0", "--private-port", "0"];
  const { exit, stderr } = await runCountersign(["demo", "--data", whole, ...ports], { cwd: home, env: {} });
  assert.equal(exit, 0, stderr);
});

after(() => rmSync(home, { recursive: true }));

/** Verifies a copy of the data after `forge` has been at it. */
async function verify(forge: (database: DatabaseSync) => void, ...args: string[]) {
  const copy = join(home, `copy-${++copies}`);
  cpSync(whole, copy, { recursive: true });
  const database = new DatabaseSync(join(copy, "countersign.db"));
  forge(database);
  database.close();
  const ended = await runCountersign(["audit", "verify", "--data", copy, "--json", ...args], { cwd: home, env: {} });
  const report = JSON.parse(ended.stdout) as { verified?: boolean; events: number; problems: { code: string }[] };
  return { ...ended, report };
}

describe("audit verify", () => {
  test("accepts what nobody touched", async () => {
    const first = await verify(() => undefined);
    assert.equal(first.exit, 0, first.stdout);
    assert.equal(first.report.verified, true);
    assert.ok(first.report.events >= 8, first.stdout);
    assert.deepEqual(first.report.problems, []);
  });

  test("finds a changed payload and a removed entry: exit code 3, and says where", async () => {
    const changed = await verify((database) =>
      database.exec(
        "update audit_event set payload = replace(payload, '1250.00', '9250.00') where type = 'operation.approved'",
      ),
    );
    assert.equal(changed.exit, 3);
    assert.equal(changed.report.verified, false);
    assert.ok(changed.report.problems.length > 0, changed.stdout);
    const removed = await verify((database) =>
      database.exec("delete from audit_event where type = 'operation.created'"),
    );
    assert.equal(removed.exit, 3, removed.stdout);
  });

  test("tells people the same in words, and that unpinned keys prove less", async () => {
    const { stdout, stderr, exit } = await runCountersign(["audit", "verify", "--data", whole], { cwd: home, env: {} });
    assert.equal(exit, 0, stderr);
    assert.match(stdout, /^The audit fits together: nothing was changed, nothing is missing\.\n {2}events +\d+\n/);
    assert.match(stderr, /^warning: the keys are those in the data;/);
  });

  test("says when there is nothing to verify, and when the keys cannot be read", async () => {
    const nowhere = await runCountersign(["audit", "verify", "--data", join(home, "nowhere")], { cwd: home, env: {} });
    assert.equal(nowhere.exit, 2);
    assert.match(nowhere.stderr, /^countersign: There is no directory /);
    writeFileSync(join(home, "keys.json"), "{}");
    const keys = await runCountersign(["audit", "verify", "--data", whole, "--jwks", "keys.json"], {
      cwd: home,
      env: {},
    });
    assert.equal(keys.exit, 2);
    assert.match(keys.stderr, /keys\.json is not a readable JSON Web Key Set/);
  });
});
