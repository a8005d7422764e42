import assert from "node:assert/strict";
import { sql } from "kysely";
import { chainEvent } from "../../src/audit/chain.ts";
import { makeCheckpoint } from "../../src/audit/checkpoint.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { forEachAudit, tenant } from "../audited-store.ts";
import { record } from "../hot-commands.ts";
import { draft } from "../store-rows.ts";

forEachAudit("a changed column of an entry is found and named", async ({ tamper, problems, flushLane, store }) => {
  const set: Partial<Record<string, string | number>> = {
    id: "x",
    type: "activation.created",
    subject: "x",
    at: 1,
    payload_digest: "x",
    previous_hash: "x",
    hash: "x",
  };
  for (const [column, value] of Object.entries(set)) {
    const place = sql`from audit_event where lane = ${flushLane} and seq = 2`;
    const { rows } = await sql<{ old: string | number }>`select ${sql.ref(column)} as old ${place}`.execute(store.read);
    await tamper((db) =>
      sql`update audit_event set ${sql.ref(column)} = ${value} where lane = ${flushLane} and seq = 2`.execute(db),
    );
    const found = await problems();
    assert.ok(
      found.some((text) => /^(ENTRY_CHANGED|CHAIN_BROKEN) flush [23]$/.test(text)),
      `${column}: ${found.join()}`,
    );
    await tamper((db) =>
      sql`update audit_event set ${sql.ref(column)} = ${rows[0]!.old} where lane = ${flushLane} and seq = 2`.execute(
        db,
      ),
    );
  }
  assert.deepEqual(await problems(), []);
});

forEachAudit(
  "a changed payload is found, also when its digest is made to fit",
  async ({ tamper, problems, ordinaryLane }) => {
    await tamper((db) =>
      sql`update audit_event set payload = replace(payload, 'note', 'nota') where lane = ${ordinaryLane} and seq = 2`.execute(
        db,
      ),
    );
    assert.deepEqual(await problems(), ["PAYLOAD_CHANGED ordinary 2"]);
  },
);

forEachAudit(
  "a rewritten rest of a lane, every hash made again, is found at the checkpoint it contradicts",
  async ({ tamper, problems, ordinaryLane, store }) => {
    const rows = await store.read
      .selectFrom("audit_event")
      .selectAll()
      .where("lane", "=", ordinaryLane)
      .orderBy("seq")
      .execute();
    await tamper(async (db) => {
      let head = { lane: ordinaryLane, seq: 1, hash: rows[0]!.hash };
      for (const old of rows.slice(1)) {
        const made = chainEvent(head, tenant, draft("application.created", `${old.subject} forged`), {
          id: old.id,
          at: old.at,
          salt: old.salt!,
        });
        head = made.head;
        await db
          .updateTable("audit_event")
          .set(made.row)
          .where("lane", "=", ordinaryLane)
          .where("seq", "=", old.seq)
          .execute();
      }
    });
    assert.deepEqual(await problems(), ["HEAD_DIFFERS ordinary 3 #1", "HEAD_DIFFERS ordinary 6 #2"]);
  },
);

forEachAudit(
  "a removed entry is found, in the middle, at the beginning and at the end",
  async ({ tamper, problems, flushLane, ordinaryLane }) => {
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", flushLane).where("seq", "=", 3).execute());
    assert.deepEqual(await problems(), ["ENTRY_MISSING flush 3"]);
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).where("seq", "=", 1).execute());
    assert.deepEqual(await problems(), ["ENTRY_MISSING flush 3", "BEGINNING_MISSING ordinary 1"]);
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).where("seq", ">=", 5).execute());
    assert.deepEqual(await problems(), [
      "ENTRY_MISSING flush 3",
      "BEGINNING_MISSING ordinary 1",
      "TRUNCATED ordinary 5",
    ]);
  },
);

forEachAudit(
  "all entries of a lane, and the lane itself, cannot vanish",
  async ({ tamper, problems, ordinaryLane }) => {
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).execute());
    assert.deepEqual(await problems(), ["TRUNCATED ordinary 1"]);
    await tamper((db) => db.deleteFrom("audit_lane").where("id", "=", ordinaryLane).execute());
    assert.equal((await problems()).length, 1);
  },
);

forEachAudit("entries that changed places are found", async ({ tamper, problems, flushLane }) => {
  await tamper(async (db) => {
    for (const [from, to] of [
      [2, 100],
      [3, 2],
      [100, 3],
    ] as const) {
      await db
        .updateTable("audit_event")
        .set({ seq: to })
        .where("lane", "=", flushLane)
        .where("seq", "=", from)
        .execute();
    }
  });
  const found = await problems();
  assert.ok(
    ["ENTRY_CHANGED flush 2", "ENTRY_CHANGED flush 3", "CHAIN_BROKEN flush 2"].every((text) => found.includes(text)),
    found.join(),
  );
});

forEachAudit(
  "an inserted entry is found, though its own hash is right",
  async ({ tamper, problems, flushLane, store }) => {
    const second = await store.read
      .selectFrom("audit_event")
      .selectAll()
      .where("lane", "=", flushLane)
      .where("seq", "=", 2)
      .executeTakeFirstOrThrow();
    await tamper(async (db) => {
      for (const seq of [7, 6, 5, 4, 3])
        await db
          .updateTable("audit_event")
          .set({ seq: seq + 1 })
          .where("lane", "=", flushLane)
          .where("seq", "=", seq)
          .execute();
      const { row } = chainEvent(
        { lane: flushLane, seq: 2, hash: second.hash },
        tenant,
        draft("operation.approved", "forged"),
        { id: "forged", at: 1, salt: "A".repeat(24) },
      );
      await db.insertInto("audit_event").values(row).execute();
    });
    const found = await problems();
    assert.ok(found.includes("CHAIN_BROKEN flush 4") && found.includes("HEAD_DIFFERS flush 3 #1"), found.join());
  },
);

forEachAudit(
  "a lane made up afterwards is found, linked to an old checkpoint or not opened at all",
  async ({ tamper, problems, store }) => {
    const first = await store.read
      .selectFrom("audit_checkpoint")
      .select("hash")
      .where("seq", "=", 1)
      .executeTakeFirstOrThrow();
    const forge = (lane: string, linked_to: string) =>
      tamper(async (db) => {
        const { row } = chainEvent({ lane, seq: 0, hash: linked_to }, tenant, draft("operation.approved", "forged"), {
          id: lane,
          at: 1,
          salt: "A".repeat(24),
        });
        await db.insertInto("audit_event").values(row).execute();
      });
    await forge("forged", first.hash);
    assert.deepEqual(await problems(), ["LANE_UNKNOWN other"]);
    await tamper((db) =>
      db
        .insertInto("audit_lane")
        .values({
          tenant,
          id: "forged",
          epoch: 99,
          purpose: "flush",
          linked_to: first.hash,
          opened_at: 1,
          covered_seq: -1,
        })
        .execute(),
    );
    assert.deepEqual(await problems(), ["LANE_UNKNOWN other"]);
  },
);

forEachAudit(
  "a lane's counters cannot be set so that checkpoints pass it over",
  async ({ tamper, problems, flushLane }) => {
    await tamper((db) =>
      db.updateTable("audit_lane").set({ covered_seq: 1_000 }).where("id", "=", flushLane).execute(),
    );
    assert.deepEqual(await problems(), ["HEAD_DIFFERS flush 6"]);
  },
);

forEachAudit(
  "erased payloads verify and are counted; a beginning that vanished is no pruned one",
  async ({ tamper, verify, problems, flushLane, ordinaryLane }) => {
    await tamper((db) =>
      db
        .updateTable("audit_event")
        .set({ payload: null, salt: null })
        .where("lane", "=", flushLane)
        .where("seq", "in", [1, 2])
        .execute(),
    );
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).where("seq", "<=", 3).execute());
    const { erased, pruned, events } = await verify();
    assert.deepEqual({ erased, pruned, events }, { erased: 2, pruned: 0, events: 10 });
    assert.deepEqual(await problems(), ["BEGINNING_MISSING ordinary 3"]);
  },
);

forEachAudit("a payload without its salt does not pass for erased", async ({ tamper, problems, flushLane }) => {
  await tamper((db) =>
    db.updateTable("audit_event").set({ salt: null }).where("lane", "=", flushLane).where("seq", "=", 1).execute(),
  );
  assert.deepEqual(await problems(), ["PAYLOAD_CHANGED flush 1"]);
});

forEachAudit("a restart opens new lanes, linked to the last checkpoint", async (audit) => {
  await audit.checkpoint();
  if (audit.dialect === "sqlite") await audit.close();
  const again = await audit.reopen();
  await again.store.commit(record("after"));
  await again.store.transaction(async (change) => change.record(draft("application.created")));
  const keys = { keys: [...(await again.signingKeys.current()).jwks.keys] };
  const verify = () =>
    verifyAudit({ db: again.store.read, dialect: audit.dialect, tenant, keys, checkpointFile: audit.file });
  const report = await verify();
  assert.deepEqual([report.ok, report.lanes, report.uncovered], [true, 4, 2]);
  await makeCheckpoint({ store: again.store, signingKeys: again.signingKeys, file: audit.file });
  assert.deepEqual([(await verify()).ok, (await verify()).uncovered], [true, 0]);
  const lanes = await again.store.read
    .selectFrom("audit_lane")
    .select(["epoch", "linked_to"])
    .orderBy("epoch")
    .execute();
  assert.deepEqual(
    lanes.map((lane) => lane.epoch),
    [1, 2, 3, 4],
  );
  assert.deepEqual(
    lanes.map((lane) => lane.linked_to === ""),
    [true, true, false, false],
  );
});

forEachAudit("verification agrees beside a server at work", async ({ store, verify, checkpoint }) => {
  const stop = new AbortController();
  const work = (async () => {
    for (let at = 0; !stop.signal.aborted; at++) {
      await Promise.all([
        store.commit(record(`a${at}`)),
        store.transaction(async (change) => change.record(draft("application.created", `b${at}`))),
      ]);
      if (at % 5 === 0) await checkpoint();
    }
  })();
  for (let at = 0; at < 8; at++) assert.deepEqual((await verify()).problems, []);
  stop.abort();
  await work;
});
