/** The delivery worker on a clock of its own: outages, dead letters, slow receivers, several nodes, an orderly end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { createLog } from "../../src/log.ts";
import type { Deps } from "../../src/deps.ts";
import { channels } from "../../src/notifications/delivery/channels.ts";
import { claimOutbox, listOutbox, replayOutbox } from "../../src/notifications/delivery/queue.ts";
import { deliveryLimits, startDelivery } from "../../src/notifications/delivery/worker.ts";
import { outbound } from "../../src/outbound.ts";
import type { OpenedStore } from "../../src/store/open.ts";
import { record } from "../hot-commands.ts";
import { answer, startReceiver } from "../../../../tools/receiver.ts";
import { seed } from "../store-rows.ts";
import { forEachStore, random, withStore } from "../stores.ts";

let now = 1_800_000_000_000;
const clock = { now: () => now };
const fast = { ...deliveryLimits, pollMs: 5, graceMs: 50 };

function node({ store, secrets, signingKeys }: OpenedStore, limits = fast) {
  const out = outbound({ allow: ["127.0.0.0/8"], timeoutMs: 5_000 });
  const deps = { store, secrets, signingKeys, crypto: nodeCrypto, random, outbound: out, log: createLog("silent") };
  return startDelivery(deps, channels(deps as unknown as Deps), limits);
}

/** A webhook without a key; `id` names the path as well. */
async function addWebhook({ store }: OpenedStore, url: string, id = "sink", set: object = {}): Promise<void> {
  await store.transaction(({ db }) =>
    db
      .insertInto("sink")
      .values({
        tenant: "default",
        id,
        application_id: "app",
        name: id,
        url: `${url}/${id}`,
        type: "WEBHOOK",
        attributes: "[]",
        enabled: 1,
        created_at: 0,
        ...set,
      })
      .execute(),
  );
}

/** Rows of a sink by state, once `enough` says so; the clock moves on meanwhile, by `stepMs` at a time. */
async function counted(
  opened: OpenedStore,
  enough: (counts: Record<string, number>) => boolean,
  { sink = "sink", stepMs = 0 } = {},
): Promise<Record<string, number>> {
  for (;;) {
    const rows = await listOutbox(opened.store, sink, { limit: 1000 });
    const counts: Record<string, number> = {};
    for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
    if (enough(counts)) return counts;
    now += stepMs;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const dialect of ["sqlite", "postgres"] as const) {
  describe(dialect, () => {
    test("A receiver that is down for an hour misses nothing, and is not overrun meanwhile nor afterwards", (t) =>
      withStore(dialect, clock, t, downForAnHour));
  });
}

async function downForAnHour(opened: OpenedStore): Promise<void> {
  const receiver = await startReceiver();
  await seed(opened.store);
  await addWebhook(opened, receiver.url);
  receiver.reply(answer(503));
  // Hours pass here in a second: no claim may run out meanwhile.
  const worker = node(opened, { ...fast, leaseMs: 86_400_000 });
  const subjects = Array.from({ length: 40 }, (_, at) => `event ${at}`);
  for (const subject of subjects) await opened.store.commit(record(subject, ["app"]));
  const back = now + 3_600_000;
  await counted(opened, () => now >= back, { stepMs: 5_000 });
  const during = receiver.received.length;
  assert.ok(during > 40, `tried again and again: ${during}`);
  assert.ok(during < 1_000, `but not without pause: ${during}`);
  receiver.reply(answer(200));
  await counted(opened, ({ DONE }) => DONE === 40, { stepMs: 5_000 });
  const got = receiver.received.slice(during).map(({ body }) => String(body.subject));
  assert.deepEqual(new Set(got), new Set(subjects));
  assert.equal(got.length, 40, "each once");
  await worker.stop();
  await receiver.close();
}

forEachStore(
  "500 and then success: delivered with the same id; the last try makes it dead, a replay sends it once more",
  async (opened) => {
    const receiver = await startReceiver();
    await seed(opened.store);
    await addWebhook(opened, receiver.url, "sink", { max_attempts: 3, initial_backoff_ms: 10 });
    let left = 2;
    receiver.reply((_one, response) => void response.writeHead(left-- > 0 ? 500 : 200).end());
    const worker = node(opened);
    await opened.store.commit(record("first", ["app"]));
    await counted(opened, ({ DONE }) => DONE === 1, { stepMs: 1_000 });
    assert.equal(new Set(receiver.received.map(({ headers }) => headers["idempotency-key"])).size, 1);
    assert.equal(receiver.received.length, 3);

    receiver.reply(answer(500));
    await opened.store.commit(record("second", ["app"]));
    await counted(opened, ({ DEAD }) => DEAD === 1, { stepMs: 1_000 });
    assert.equal(receiver.received.length, 6);
    now += 86_400_000;
    await counted(opened, ({ DEAD, PENDING = 0 }) => DEAD === 1 && PENDING === 0);
    assert.equal(receiver.received.length, 6, "dead stays dead");
    receiver.reply(answer(200));
    assert.equal(await replayOutbox(opened.store, { sinkId: "sink", state: "DEAD" }), 1);
    await counted(opened, ({ DONE }) => DONE === 2, { stepMs: 1_000 });
    await worker.stop();
    await receiver.close();
  },
  clock,
);

forEachStore(
  "A receiver that never answers holds up nobody else, however much waits for it",
  async (opened) => {
    const slow = await startReceiver();
    const quick = await startReceiver();
    slow.reply(() => {});
    await seed(opened.store);
    await addWebhook(opened, slow.url, "slow");
    for (let at = 0; at < 100; at++) await opened.store.commit(record(`waits ${at}`, ["app"]));
    await addWebhook(opened, quick.url, "quick");
    const worker = node(opened);
    await slow.until(deliveryLimits.perSink);
    for (let at = 0; at < 50; at++) await opened.store.commit(record(`goes ${at}`, ["app"]));
    await counted(opened, ({ DONE }) => DONE === 50, { sink: "quick" });
    assert.equal(slow.received.length, deliveryLimits.perSink, "no more than its share is under way");
    await worker.stop();
    const { PENDING } = await counted(opened, () => true, { sink: "slow" });
    assert.equal(PENDING, 150);
    const rows = await listOutbox(opened.store, "slow", { limit: 1000 });
    assert.ok(
      rows.every(({ attempts, locked_until }) => attempts === 0 && locked_until === 0),
      "what the end cut off counts as no try and waits for nobody",
    );
    for (const one of [slow, quick]) await one.close();
  },
  clock,
);

test("Two nodes share the work: each event goes out once; what a killed one had claimed goes out when its time is over", (t) =>
  withStore("postgres", clock, t, async (opened) => {
    const receiver = await startReceiver();
    await seed(opened.store);
    await addWebhook(opened, receiver.url);
    const other = await opened.reopen();
    for (let at = 0; at < 10; at++) await opened.store.commit(record(`claimed ${at}`, ["app"]));
    // A node that claims and is gone before it delivers.
    const killed = await opened.reopen();
    const lost = await claimOutbox(killed.store, [{ sinkId: "sink", limit: 4 }], fast.leaseMs);
    await killed.close();
    const workers = [node(opened), node(other)];
    for (let at = 0; at < 200; at++) {
      const { store } = at % 2 === 0 ? opened : other;
      await store.commit(record(`shared ${at}`, ["app"]));
    }
    await counted(opened, ({ DONE }) => DONE === 206);
    assert.equal(receiver.received.length, 206);
    const seen = (): string[] => receiver.received.map(({ body }) => String(body.id));
    assert.equal(new Set(seen()).size, 206);
    assert.ok(lost.every((row) => !seen().includes(row.id.split(".")[0] ?? "")));
    now += fast.leaseMs;
    await counted(opened, ({ DONE }) => DONE === 210);
    assert.equal(new Set(seen()).size, 210);
    assert.equal(receiver.received.length, 210);
    for (const worker of workers) await worker.stop();
    await receiver.close();
  }));

forEachStore("An event goes out right after its commit, without waiting for the next look", async (opened) => {
  const receiver = await startReceiver();
  await seed(opened.store);
  await addWebhook(opened, receiver.url);
  // Looks by itself once an hour only.
  const worker = node(opened, { ...fast, pollMs: 3_600_000 });
  await opened.store.commit(record("hot", ["app"]));
  await opened.store.transaction(async (change) => {
    change.record({ type: "activation.blocked", subject: "ordinary", applications: ["app"], data: {} });
  });
  const told = await receiver.until(2);
  assert.deepEqual(told.map(({ body }) => String(body.subject)).toSorted(), ["hot", "ordinary"]);
  await worker.stop();
  await receiver.close();
});
