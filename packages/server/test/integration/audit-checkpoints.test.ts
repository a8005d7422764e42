import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { makeCheckpoint } from "../../src/audit/checkpoint.ts";
import { startCheckpoints } from "../../src/audit/keep.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { isStoreError } from "../../src/store/errors.ts";
import { forEachAudit, tenant } from "../audited-store.ts";
import { record } from "../hot-commands.ts";

forEachAudit(
  "a checkpoint that was changed, removed or signed by another key is found",
  async ({ tamper, problems, store, signingKeys, verify, dialect, file }) => {
    const rows = await store.read.selectFrom("audit_checkpoint").selectAll().orderBy("seq").execute();
    const [first, second] = rows;
    assert.ok(first && second);
    const restore = () => tamper((db) => db.updateTable("audit_checkpoint").set(second).where("seq", "=", 2).execute());

    const [head, , signature] = second.statement.split(".");
    const forged = [head, first.statement.split(".")[1], signature].join(".");
    await tamper((db) => db.updateTable("audit_checkpoint").set({ statement: forged }).where("seq", "=", 2).execute());
    const changed = await problems();
    assert.ok(changed.includes("CHECKPOINT_SIGNATURE #2") && changed.includes("FILE_DIFFERS #2"), changed.join());
    await restore();
    await tamper((db) => db.updateTable("audit_checkpoint").set({ hash: "x" }).where("seq", "=", 1).execute());
    assert.deepEqual(await problems(), ["CHECKPOINT_CHANGED #1", "CHECKPOINT_CHANGED #2"]);
    await tamper((db) => db.updateTable("audit_checkpoint").set({ hash: first.hash }).where("seq", "=", 1).execute());

    const others = (await signingKeys.current()).jwks.keys.filter((key) => key.kid !== kidOf(second.statement));
    const other = await verifyAudit({ db: store.read, dialect, tenant, keys: { keys: others }, checkpointFile: file });
    assert.ok(other.problems.some(({ code }) => code === "CHECKPOINT_SIGNATURE"));

    await tamper((db) => db.deleteFrom("audit_checkpoint").where("seq", "=", 1).execute());
    assert.ok((await problems()).includes("CHECKPOINT_MISSING #1"));
    assert.equal((await verify()).ok, false);
  },
);

forEachAudit(
  "the end of audit and checkpoints cannot be cut off together while the file exists",
  async ({ tamper, problems, file, flushLane, ordinaryLane }) => {
    await tamper(async (db) => {
      await db.deleteFrom("audit_event").where("seq", ">", 3).execute();
      await db.deleteFrom("audit_checkpoint").where("seq", "=", 2).execute();
      await db.updateTable("audit_lane").set({ covered_seq: 3 }).where("id", "in", [flushLane, ordinaryLane]).execute();
    });
    const found = await problems();
    for (const text of ["CHECKPOINT_MISSING #2", "TRUNCATED flush 4", "TRUNCATED ordinary 4"])
      assert.ok(found.includes(text), found.join());
    writeFileSync(file, readFileSync(file, "utf8").split("\n")[0]!);
    assert.deepEqual(await problems(), [], "without the file nobody can tell");
  },
);

forEachAudit(
  "a checkpoint is made when something changed, not otherwise, and both places have it",
  async ({ checkpoint, file, store, problems, signingKeys }) => {
    assert.equal(await checkpoint(), 3);
    assert.equal(await checkpoint(), undefined);
    await store.commit(record("more"));
    assert.equal(await makeCheckpoint({ store, signingKeys, file }, 60_000), undefined, "the last one is too young");
    assert.equal(await checkpoint(), 4);
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    const rows = await store.read.selectFrom("audit_checkpoint").select(["seq", "statement"]).orderBy("seq").execute();
    assert.deepEqual(lines, rows);
    assert.deepEqual(await problems(), []);
  },
);

forEachAudit(
  "what a crash kept out of the file is brought there by the next turn, a torn line is repaired",
  async ({ checkpoint, file, problems }) => {
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, `${lines[0]}\n${lines[1]!.slice(0, 40)}`);
    assert.deepEqual(await problems(), []);
    await checkpoint();
    assert.equal(readFileSync(file, "utf8").trim().split("\n").length, 3);
    assert.deepEqual(await problems(), []);
  },
);

forEachAudit(
  "a file that is ahead of the database stops new checkpoints: a backup was restored, or worse",
  async ({ checkpoint, file, store }) => {
    appendFileSync(file, `${JSON.stringify({ seq: 9, statement: "x" })}\n`);
    await store.commit(record("more"));
    await assert.rejects(checkpoint(), (error) => isStoreError(error, "CONFLICT"));
  },
);

forEachAudit(
  "checkpoints are made by themselves, and once more when they are stopped",
  async ({ store, signingKeys, file, verify }) => {
    const errors: unknown[] = [];
    const running = startCheckpoints({
      store,
      signingKeys,
      file,
      intervalMs: 30,
      retentionMs: 0,
      onError: (error) => errors.push(error),
    });
    const until = Date.now() + 10_000;
    while ((await verify()).checkpoints < 3 && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await store.commit(record("last"));
    await running.stop();
    const { checkpoints, uncovered, ok } = await verify();
    assert.ok(ok && checkpoints >= 4 && uncovered === 0, `${checkpoints} ${uncovered}`);
    assert.deepEqual(errors, []);
  },
);

function kidOf(statement: string): string | undefined {
  const header = JSON.parse(Buffer.from(statement.split(".")[0]!, "base64url").toString()) as { kid?: string };
  return header.kid;
}
