import assert from "node:assert/strict";
import { claimOutbox, completeOutbox, replayOutbox, retryOutbox, retryPolicy } from "../../src/store/outbox.ts";
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
    const claimed = (await Promise.all([...nodes, ...nodes].map((node) => claimOutbox(node, 2, 1_000)))).flat();
    const ids = claimed.map((row) => row.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(claimed.every((row) => row.attempts === 1));
    while (claimed.length < 6) claimed.push(...(await claimOutbox(store, 2, 1_000)));
    assert.deepEqual(await claimOutbox(store, 10, 1_000), []);
    assert.deepEqual(claimed.map((row) => (JSON.parse(row.event) as { subject: string }).subject).toSorted(), [
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);

    assert.equal(await completeOutbox(store, claimed[0]!), true);
    now += 1_000;
    const again = await claimOutbox(store, 10, 1_000);
    assert.equal(again.length, 5);
    assert.ok(again.every((row) => row.attempts === 2));
    assert.equal(await completeOutbox(store, claimed[1]!), false, "the claim was lost");
    assert.equal(await retryOutbox(store, claimed[1]!), false);
    assert.equal(await completeOutbox(store, again[0]!), true);
    assert.equal(await completeOutbox(store, again[0]!), false);
  },
  clock,
);

forEachStore(
  "a failed try waits longer each time, the last makes the row dead, and a replay starts again",
  async ({ store }) => {
    await seed(store);
    await addSink(store);
    await store.commit(record("x", ["app"]));
    for (let at = 1; at <= retryPolicy.attempts; at++) {
      const [row] = await claimOutbox(store, 1, 60_000);
      assert.equal(row?.attempts, at);
      const claimedAt = now;
      assert.equal(await retryOutbox(store, row), true);
      const [stored] = await store.read.selectFrom("outbox").selectAll().execute();
      if (at === retryPolicy.attempts) {
        assert.equal(stored?.state, "DEAD");
      } else {
        const wait = Math.min(32_000, Math.round(2_000 * 1.5 ** (at - 1)));
        assert.equal(stored?.due_at, claimedAt + wait);
        now += wait - 1;
        assert.deepEqual(await claimOutbox(store, 1, 1), []);
        now += 1;
      }
    }
    now += 1_000_000;
    assert.deepEqual(await claimOutbox(store, 1, 1), []);
    assert.equal(await replayOutbox(store, { sinkId: "sink-1", state: "DEAD", ids: ["no such"] }), 0);
    assert.equal(await replayOutbox(store, { sinkId: "sink-1", state: "DEAD" }), 1);
    const [row] = await claimOutbox(store, 1, 1);
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
