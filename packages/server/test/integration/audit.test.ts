import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { chainEvent } from "../../src/audit/chain.ts";
import { makeCheckpoint, startCheckpoints } from "../../src/audit/checkpoint.ts";
import { type AuditReport, verifyAudit } from "../../src/audit/verify.ts";
import { isStoreError } from "../../src/store/errors.ts";
import type { Schema } from "../../src/store/schema.ts";
import { record } from "../hot-commands.ts";
import { draft } from "../store-rows.ts";
import { forEachStore, type TestStore } from "../stores.ts";

const tenant = "default";

interface Audit extends TestStore {
  readonly file: string;
  readonly flushLane: string;
  readonly ordinaryLane: string;
  verify(): Promise<AuditReport>;
  /** Codes of what is reported, with the place. */
  problems(): Promise<string[]>;
  /** Changes the tables behind the store's back. */
  tamper(work: (db: Kysely<Schema>) => Promise<unknown>): Promise<void>;
  checkpoint(): Promise<number | undefined>;
}

/** Twelve events in two lanes; checkpoint 1 after the first six, checkpoint 2 after the rest, then one more event. */
function forEachAudit(title: string, work: (audit: Audit) => Promise<void>): void {
  forEachStore(title, async (opened) => {
    const { store, signingKeys, dialect, dataDirectory } = opened;
    const file = join(dataDirectory, "checkpoints.jsonl");
    const checkpoint = () => makeCheckpoint({ store, signingKeys, file });
    const keys = { keys: [...signingKeys.jwks().keys] };
    const verify = () => verifyAudit({ db: store.read, dialect, tenant, keys, checkpointFile: file });
    for (const round of [1, 2]) {
      for (const at of [1, 2, 3]) {
        await store.commit(record(`flush ${round}.${at}`));
        await store.transaction(async (change) =>
          change.record(draft("application.created", `ordinary ${round}.${at}`)),
        );
      }
      assert.equal(await checkpoint(), round);
    }
    await store.commit(record("flush last"));
    const lanes = await store.read.selectFrom("audit_lane").select(["id", "purpose"]).execute();
    const laneOf = (purpose: string) => lanes.find((lane) => lane.purpose === purpose)!.id;
    const clean = await verify();
    assert.deepEqual(clean, {
      ok: true,
      lanes: 2,
      events: 13,
      checkpoints: 2,
      erased: 0,
      pruned: 0,
      uncovered: 1,
      problems: [],
    });
    await work({
      ...opened,
      file,
      flushLane: laneOf("flush"),
      ordinaryLane: laneOf("ordinary"),
      checkpoint,
      verify,
      tamper: (change) => store.transaction(async ({ db }) => void (await change(db))),
      async problems() {
        const { problems, ok } = await verify();
        assert.equal(ok, problems.length === 0);
        return problems.map(({ code, lane, seq, checkpoint: number }) =>
          [
            code,
            lane === laneOf("flush") ? "flush" : lane === laneOf("ordinary") ? "ordinary" : lane ? "other" : "",
            seq ?? "",
            number ? `#${number}` : "",
          ]
            .filter((part) => part !== "")
            .join(" "),
        );
      },
    });
  });
}

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
  "erased payloads and pruned beginnings verify and are counted",
  async ({ tamper, verify, flushLane, ordinaryLane }) => {
    await tamper((db) =>
      db
        .updateTable("audit_event")
        .set({ payload: null, salt: null })
        .where("lane", "=", flushLane)
        .where("seq", "in", [1, 2])
        .execute(),
    );
    await tamper((db) => db.deleteFrom("audit_event").where("lane", "=", ordinaryLane).where("seq", "<=", 3).execute());
    const { ok, erased, pruned, events } = await verify();
    assert.deepEqual({ ok, erased, pruned, events }, { ok: true, erased: 2, pruned: 1, events: 10 });
  },
);

forEachAudit("a payload without its salt does not pass for erased", async ({ tamper, problems, flushLane }) => {
  await tamper((db) =>
    db.updateTable("audit_event").set({ salt: null }).where("lane", "=", flushLane).where("seq", "=", 1).execute(),
  );
  assert.deepEqual(await problems(), ["PAYLOAD_CHANGED flush 1"]);
});

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

    const others = signingKeys.jwks().keys.filter((key) => key.kid !== kidOf(second.statement));
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

forEachAudit("a restart opens new lanes, linked to the last checkpoint", async (audit) => {
  await audit.checkpoint();
  if (audit.dialect === "sqlite") await audit.close();
  const again = await audit.reopen();
  await again.store.commit(record("after"));
  await again.store.transaction(async (change) => change.record(draft("application.created")));
  const keys = { keys: [...again.signingKeys.jwks().keys] };
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
  let stopped = false;
  const work = (async () => {
    for (let at = 0; !stopped; at++) {
      await Promise.all([
        store.commit(record(`a${at}`)),
        store.transaction(async (change) => change.record(draft("application.created", `b${at}`))),
      ]);
      if (at % 5 === 0) await checkpoint();
    }
  })();
  for (let at = 0; at < 8; at++) assert.deepEqual((await verify()).problems, []);
  stopped = true;
  await work;
});

function kidOf(statement: string): string | undefined {
  const header = JSON.parse(Buffer.from(statement.split(".")[0]!, "base64url").toString()) as { kid?: string };
  return header.kid;
}
