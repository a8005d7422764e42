/** What is taken out of the audit on purpose, and how that differs from what somebody else takes out of it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { makeCheckpoint } from "../../src/audit/checkpoint.ts";
import { eraseFromAudit } from "../../src/audit/erase.ts";
import { pruneAudit } from "../../src/audit/prune.ts";
import { searchAudit } from "../../src/audit/search.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { forEachAudit, tenant } from "../audited-store.ts";
import { record } from "../hot-commands.ts";
import { draft } from "../store-rows.ts";

forEachAudit(
  "what is older than the retention goes, the chain still verifies, what comes after goes on",
  async (audit) => {
    const { store, verify, signingKeys, file, checkpoint, flushLane } = audit;
    await new Promise((resolve) => setTimeout(resolve, 5));
    const young = await store.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.commit(record("young"));
    const removed = await pruneAudit({ store, signingKeys, file }, young);
    assert.equal(removed, 13);
    const left = await verify();
    assert.deepEqual(
      { ok: left.ok, events: left.events, pruned: left.pruned, problems: left.problems },
      { ok: true, events: 1, pruned: 2, problems: [] },
    );
    const [entry] = await store.read.selectFrom("audit_event").select(["lane", "seq"]).execute();
    assert.deepEqual(entry, { lane: flushLane, seq: 8 });
    await store.commit(record("later"));
    await store.transaction(async (change) => change.record(draft("application.created", "later")));
    await checkpoint();
    assert.deepEqual((await verify()).problems, []);
    // A second pruning begins where the first ended.
    assert.equal(await pruneAudit({ store, signingKeys, file }, (await store.now()) + 1), 3);
    assert.deepEqual((await verify()).problems, []);
  },
);

forEachAudit("nothing is pruned that is young enough, and no checkpoint is made for it", async (audit) => {
  const { store, verify, signingKeys, file } = audit;
  const before = await verify();
  assert.equal(await pruneAudit({ store, signingKeys, file }, (await store.now()) - 3_600_000), 0);
  assert.deepEqual(await verify(), before);
});

forEachAudit(
  "after pruning, tampering is still found: more cut off, a changed entry, an end that is gone",
  async (audit) => {
    const { store, signingKeys, file, tamper, problems, flushLane, ordinaryLane } = audit;
    const old = (await store.now()) + 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const at of [1, 2, 3]) {
      await store.commit(record(`new ${at}`));
      await store.transaction(async (change) => change.record(draft("application.created", `new ${at}`)));
    }
    await makeCheckpoint({ store, signingKeys, file });
    await pruneAudit({ store, signingKeys, file }, old);
    assert.deepEqual(await problems(), []);
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", flushLane).where("seq", "=", 8).execute());
    assert.deepEqual(await problems(), ["BEGINNING_MISSING flush 8"]);
    await tamper((db) =>
      db
        .updateTable("audit_event")
        .set({ subject: "x" })
        .where("lane", "=", ordinaryLane)
        .where("seq", "=", 7)
        .execute(),
    );
    assert.ok((await problems()).includes("ENTRY_CHANGED ordinary 7"));
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).execute());
    assert.ok((await problems()).includes("TRUNCATED ordinary 7"));
  },
);

forEachAudit("a pruning that nobody signed does not count, nor does the file agree with one", async (audit) => {
  const { store, signingKeys, file, tamper, problems } = audit;
  await pruneAudit({ store, signingKeys, file }, (await store.now()) + 1);
  assert.deepEqual(await problems(), []);
  const last = readFileSync(file, "utf8").trim().split("\n").length;
  await tamper(async (db) => {
    const row = await db.selectFrom("audit_checkpoint").selectAll().where("seq", "=", last).executeTakeFirstOrThrow();
    const [head, body = "", signature] = row.statement.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as { pruned: { seq: number }[] };
    claims.pruned[0]!.seq += 1;
    const forged = [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    await db.updateTable("audit_checkpoint").set({ statement: forged }).where("seq", "=", last).execute();
  });
  const found = await problems();
  assert.ok(
    found.some((text) => text.startsWith("CHECKPOINT_SIGNATURE")) &&
      found.some((text) => text.startsWith("FILE_DIFFERS")),
    found.join(),
  );
  writeFileSync(file, "");
});

forEachAudit(
  "a person is erased: payload and salt go, the chain stays, and nothing of others is touched",
  async (audit) => {
    const { store, dialect, signingKeys, file } = audit;
    const named = (userId: string, subject: string) => ({ ...draft("operation.created", subject), data: { userId } });
    await store.transaction(async (change) => change.record(named("anna", "o-1")));
    await store.transaction(async (change) => change.record(named("ann", "o-2")));
    await store.transaction(async (change) => change.record(named('a"b\\', "o-3")));
    await store.commit({ evaluate: () => ({ result: undefined, writes: { events: [named("anna", "o-4")] } }) });
    assert.deepEqual(await eraseFromAudit({ store }, { userId: "anna", clientId: "admin" }), { erased: 2 });
    assert.deepEqual(await eraseFromAudit({ store }, { userId: 'a"b\\' }), { erased: 1 });
    assert.deepEqual(await eraseFromAudit({ store }, { userId: "anna" }), { erased: 0 });
    await makeCheckpoint({ store, signingKeys, file });
    const keys = { keys: [...(await signingKeys.current()).jwks.keys] };
    const report = await verifyAudit({ db: store.read, dialect, tenant, keys, checkpointFile: file });
    assert.deepEqual([report.ok, report.erased], [true, 3]);
    const rows = await store.read.selectFrom("audit_event").select(["payload", "salt", "type"]).execute();
    assert.ok(!JSON.stringify(rows).includes("anna"));
    assert.equal(rows.filter(({ type }) => type === "audit.erased").length, 3);
    const page = await searchAudit({ store }, { limit: 200, client: {} });
    const of = (subject: string) => page.rows.find((one) => one.subject === subject)!;
    assert.deepEqual([of("o-1").integrity, of("o-1").data, of("o-1").covered], ["erased", undefined, true]);
    assert.deepEqual([of("o-2").integrity, of("o-2").data], ["intact", { userId: "ann" }]);
  },
);
