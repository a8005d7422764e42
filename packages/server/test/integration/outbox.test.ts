import assert from "node:assert/strict";
import {
  claimOutbox,
  type ClaimedRow,
  listOutbox,
  replayOutbox,
  retryDelay,
  type RetryPolicy,
  type Settlement,
  settleOutbox,
  sinksWithWork,
  sweepOutbox,
} from "../../src/notifications/delivery/queue.ts";
import type { Schema } from "../../src/store/schema.ts";
import type { Store } from "../../src/store/store.ts";
import type { Insertable } from "kysely";
import { count, record } from "../hot-commands.ts";
import { application, draft, seed } from "../store-rows.ts";
import { forEachStore } from "../stores.ts";

async function addSink(store: Store, set: Partial<Insertable<Schema["sink"]>> = {}): Promise<void> {
  await store.transaction(async ({ db }) => {
    const id = set.id ?? "sink-1";
    const row = {
      tenant: "default",
      id,
      application_id: "app",
      name: id,
      url: "",
      type: "OPERATION_STATUS_CHANGE",
      attributes: "[]",
      enabled: 1,
      created_at: 0,
      ...set,
    } as const;
    await db.insertInto("sink").values(row).execute();
  });
}

const claim = (store: Store, limit: number, leaseMs: number, sinkId = "sink-1") =>
  claimOutbox(store, [{ sinkId, limit }], leaseMs);

async function settle(store: Store, row: ClaimedRow, settlement: Settlement): Promise<boolean> {
  const [answer] = await settleOutbox(store, [{ claim: row, settlement }]);
  return answer === true;
}

const done: Settlement = { kind: "done" };
const policy: RetryPolicy = { firstMs: 2_000, factor: 1.5, longestMs: 32_000, attempts: 12 };
const failed: Settlement = { kind: "failed", failure: "http-500", policy };

async function subjects(store: Store): Promise<string[]> {
  const rows = await store.read.selectFrom("outbox").select(["sink_id", "event"]).execute();
  return rows
    .map(({ sink_id, event }) => `${sink_id} ${(JSON.parse(event) as { subject: string }).subject}`)
    .toSorted();
}

forEachStore(
  "rows exist only for enabled sinks of the event's applications and its family of types",
  async ({ store }) => {
    await store.commit(record("before any sink", ["app"]));
    await seed(store);
    await store.transaction(({ db }) =>
      db
        .insertInto("application")
        .values({ ...application, id: "other" })
        .execute(),
    );
    await addSink(store);
    await addSink(store, { id: "activations", type: "ACTIVATION_STATUS_CHANGE" });
    await addSink(store, { id: "disabled", enabled: 0 });
    await addSink(store, { id: "others", application_id: "other" });
    await Promise.all([
      store.commit(record("flush", ["app"])),
      store.commit(record("both", ["app", "other"])),
      store.commit(record("nobody's", [])),
      store.commit(record("elsewhere", ["unknown"])),
      store.commit({
        evaluate: () => ({
          result: 0,
          writes: {
            events: [draft("signature.accepted", "quiet", ["app"]), draft("activation.blocked", "blocked", ["app"])],
          },
        }),
      }),
      store.transaction(async (change) => {
        change.record(draft("operation.expired", "ordinary", ["app"]));
        change.record(draft("template.created", "quiet", ["app"]));
      }),
    ]);
    assert.deepEqual(await subjects(store), [
      "activations blocked",
      "others both",
      "sink-1 both",
      "sink-1 flush",
      "sink-1 ordinary",
    ]);
    const row = await store.read
      .selectFrom("outbox")
      .innerJoin("audit_event", "outbox.event", "audit_event.payload")
      .select([
        "outbox.id",
        "audit_event.id as event",
        "sink_id",
        "state",
        "attempts",
        "due_at",
        "locked_until",
        "audit_event.at",
      ])
      .where("sink_id", "=", "activations")
      .executeTakeFirstOrThrow();
    assert.deepEqual(
      [row.id, row.state, row.attempts, row.due_at, row.locked_until],
      [`${row.event}.activations`, "PENDING", 0, row.at, 0],
    );
  },
);

forEachStore("a refused or rolled back change leaves nothing in the outbox", async ({ store }) => {
  await seed(store);
  await addSink(store);
  const broken = store.transaction(async (change) => {
    change.record(draft("operation.expired", "x", ["app"]));
    throw new RangeError("own");
  });
  await assert.rejects(broken, RangeError);
  assert.equal(await count(store, "outbox"), 0);
});

let now = 1_000_000;
const clock = { now: () => now };

forEachStore(
  "a claimed row is nobody else's until its lease runs out; then it comes back",
  async ({ store, reopen, dialect }) => {
    await seed(store);
    await addSink(store);
    for (let at = 0; at < 6; at++) {
      now += 1;
      await store.commit(record(`${at}`, ["app"]));
    }
    const nodes = dialect === "postgres" ? [store, (await reopen()).store] : [store];
    const claimed = (await Promise.all([...nodes, ...nodes].map((node) => claim(node, 2, 1_000)))).flat();
    const ids = claimed.map((row) => row.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(claimed.every((row) => row.attempts === 1));
    while (claimed.length < 6) claimed.push(...(await claim(store, 2, 1_000)));
    assert.deepEqual(await claim(store, 10, 1_000), []);
    assert.deepEqual(claimed.map((row) => (JSON.parse(row.event) as { subject: string }).subject).toSorted(), [
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);

    assert.equal(await settle(store, claimed[0]!, done), true);
    now += 1_000;
    const again = await claim(store, 10, 1_000);
    assert.equal(again.length, 5);
    assert.ok(again.every((row) => row.attempts === 2));
    assert.equal(await settle(store, claimed[1]!, done), false, "the claim was lost");
    assert.equal(await settle(store, claimed[1]!, failed), false);
    assert.equal(await settle(store, again[0]!, done), true);
    assert.equal(await settle(store, again[0]!, done), false);
  },
  clock,
);

forEachStore(
  "a failed try waits longer each time, the last makes the row dead, and a replay starts again",
  async ({ store }) => {
    await seed(store);
    await addSink(store);
    await store.commit(record("x", ["app"]));
    for (let at = 1; at <= policy.attempts; at++) {
      const [row] = await claim(store, 1, 60_000);
      assert.equal(row?.attempts, at);
      const claimedAt = now;
      assert.equal(await settle(store, row, failed), true);
      const [stored] = await store.read.selectFrom("outbox").selectAll().execute();
      if (at === policy.attempts) {
        assert.deepEqual([stored?.state, stored?.settled_at, stored?.last_failure], ["DEAD", now, "http-500"]);
      } else {
        const wait = Math.min(32_000, Math.round(2_000 * 1.5 ** (at - 1)));
        assert.equal(retryDelay(policy, at), wait);
        assert.equal(stored?.due_at, claimedAt + wait);
        now += wait - 1;
        assert.deepEqual(await claim(store, 1, 1), []);
        now += 1;
      }
    }
    now += 1_000_000;
    assert.deepEqual(await claim(store, 1, 1), []);
    assert.equal(await replayOutbox(store, { sinkId: "sink-1", state: "DEAD", ids: ["no such"] }), 0);
    assert.equal(await replayOutbox(store, { sinkId: "sink-1", state: "DEAD" }), 1);
    const [row] = await claim(store, 1, 1);
    assert.equal(row?.attempts, 1);
  },
  clock,
);

forEachStore("removing a sink removes what waits for it", async ({ store }) => {
  await seed(store);
  await addSink(store);
  await store.commit(record("x", ["app"]));
  await store.transaction(({ db }) => db.deleteFrom("sink").where("id", "=", "sink-1").execute());
  assert.equal(await count(store, "outbox"), 0);
});

forEachStore(
  "work is found for enabled sinks only, not for those that are busy, and claimed for each within its limit",
  async ({ store }) => {
    await seed(store);
    await addSink(store);
    await addSink(store, { id: "sink-2" });
    await addSink(store, { id: "sink-3" });
    now += 1;
    for (let at = 0; at < 3; at++) await store.commit(record(`${at}`, ["app"]));
    await store.transaction(({ db }) =>
      db.updateTable("sink").set({ enabled: 0 }).where("id", "=", "sink-3").execute(),
    );
    const ids = async (except: string[]) => (await sinksWithWork(store, except, now)).map(({ id }) => id).toSorted();
    assert.deepEqual(await ids([]), ["sink-1", "sink-2"]);
    assert.deepEqual(await ids(["sink-2"]), ["sink-1"]);
    const wanted = [
      { sinkId: "sink-1", limit: 2 },
      { sinkId: "sink-2", limit: 1 },
    ];
    const claimed = await claimOutbox(store, wanted, 1_000);
    assert.deepEqual(claimed.map((row) => row.sink_id).toSorted(), ["sink-1", "sink-1", "sink-2"]);
    await claimOutbox(store, [{ sinkId: "sink-1", limit: 10 }], 1_000);
    assert.deepEqual(await ids([]), ["sink-2"]);
    for (const row of claimed) assert.equal(await settle(store, row, { kind: "released" }), true);
    assert.deepEqual(await ids([]), ["sink-1", "sink-2"]);
    const again = await claimOutbox(store, wanted, 1_000);
    assert.ok(
      again.every((row) => row.attempts === 1),
      "a try that was released does not count",
    );
  },
  clock,
);

forEachStore(
  "delivered rows go after three days, dead ones after thirty, or when their sink says; waiting ones stay",
  async ({ store }) => {
    await seed(store);
    await addSink(store);
    await addSink(store, { id: "short", retention_seconds: 60 });
    now += 1;
    for (const subject of ["done", "dead", "waiting"]) {
      await store.commit(record(subject, ["app"]));
      for (const sinkId of subject === "waiting" ? [] : ["sink-1", "short"]) {
        const [row] = await claim(store, 1, 1_000, sinkId);
        const last: Settlement = { kind: "failed", failure: "http-500", policy: { ...policy, attempts: 1 } };
        await settle(store, row!, subject === "done" ? done : last);
      }
    }
    const left = async () =>
      (await Promise.all(["sink-1", "short"].map((sink) => listOutbox(store, sink, { limit: 10 }))))
        .map((rows) =>
          rows
            .map(({ state }) => state)
            .toSorted()
            .join(" "),
        )
        .join(" | ");
    const day = 86_400_000;
    assert.equal(await sweepOutbox({ store }), 0);
    now += 60_000;
    assert.equal(await sweepOutbox({ store }), 2);
    assert.equal(await left(), "DEAD DONE PENDING | PENDING");
    now += 3 * day;
    assert.equal(await sweepOutbox({ store }), 1);
    now += 27 * day;
    assert.equal(await sweepOutbox({ store }), 1);
    assert.equal(await left(), "PENDING | PENDING");
  },
  clock,
);
