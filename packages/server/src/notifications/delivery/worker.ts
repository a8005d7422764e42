/**
 * Takes events from the outbox and sends them, on every node at once: a claim keeps other nodes away while it lasts.
 *
 * It starts right after a commit of this node that added rows, and looks by itself once a second: that finds retries,
 * and what other nodes left behind. Each receiver has a few tries under way at most, so that a slow one holds up nobody
 * else; one that only fails is tried singly and with pauses, until it answers again.
 */
import type { Event } from "../../audit/event.ts";
import type { Deps } from "../../deps.ts";
import type { Sink } from "../sink.ts";
import type { Channels, Outcome } from "./channels.ts";
import {
  claimOutbox,
  type ClaimedRow,
  isLastTry,
  policyOf,
  retryDelay,
  type Settled,
  type Settlement,
  settleOutbox,
  sinksWithWork,
} from "./queue.ts";

export interface DeliveryLimits {
  /** Tries under way: in all, and for one receiver. */
  readonly total: number;
  readonly perSink: number;
  /** A try ends before its claim does. */
  readonly tryMs: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /** What is under way when the server stops may take this much longer. */
  readonly graceMs: number;
}

export const deliveryLimits: DeliveryLimits = {
  total: 128,
  perSink: 16,
  tryMs: 45_000,
  leaseMs: 60_000,
  pollMs: 1_000,
  graceMs: 3_000,
};

export interface DeliveryWorker {
  /** Takes no more, and ends what is under way. */
  stop(): Promise<void>;
}

interface Receiver {
  inFlight: number;
  /** Failures since the last success. */
  failures: number;
  /** By the store's clock. */
  pausedUntil: number;
}

/** From this many failures in a row on, a receiver is taken to be down. */
const downAfter = 5;
const longestPauseMs = 30_000;

export function startDelivery(
  deps: Pick<Deps, "store" | "log">,
  channels: Channels,
  limits: DeliveryLimits = deliveryLimits,
): DeliveryWorker {
  const { store, log } = deps;
  const receivers = new Map<string, Receiver>();
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  let settled: { readonly item: Settled; readonly done: () => void }[] = [];
  let settling: Promise<void> | undefined;
  let wanted = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const forget = store.onCommit(({ queued, missed }) => {
    if (queued || missed) wake();
  });
  wake();
  return {
    async stop() {
      stopped = true;
      forget();
      clearTimeout(timer);
      await running;
      const grace = setTimeout(() => stopping.abort(), limits.graceMs);
      await Promise.all(underWay);
      clearTimeout(grace);
    },
  };

  function wake(): void {
    wanted = true;
    if (stopped || running !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      if (wanted && !stopped) wake();
    });
  }

  async function run(): Promise<void> {
    clearTimeout(timer);
    while (wanted) {
      wanted = false;
      try {
        await takeWork();
      } catch (error) {
        log.warn({ error: nameOf(error) }, "outbox not read; it is read again");
      }
      if (stopped) return;
    }
    timer = setTimeout(wake, limits.pollMs);
  }

  async function takeWork(): Promise<void> {
    if (underWay.size >= limits.total) return;
    const now = await store.now();
    const busy = [...receivers].filter(([, receiver]) => capacity(receiver, now) === 0).map(([id]) => id);
    const sinks = await sinksWithWork(store, busy, now);
    if (sinks.length === 0) return;
    let free = limits.total - underWay.size;
    // Whoever has least under way comes first, so that none waits for the others for ever.
    const order = sinks.toSorted((a, b) => receiverOf(a.id).inFlight - receiverOf(b.id).inFlight);
    const plan = order.flatMap(({ id }) => {
      const limit = Math.min(capacity(receiverOf(id), now), Math.max(1, Math.floor(limits.total / sinks.length)), free);
      free -= limit;
      return limit > 0 ? [{ sinkId: id, limit }] : [];
    });
    const claims = await claimOutbox(store, plan, limits.leaseMs);
    const byId = new Map(sinks.map((sink) => [sink.id, sink]));
    for (const claim of claims) {
      const sink = byId.get(claim.sink_id);
      if (sink !== undefined) begin(claim, sink);
    }
    if (claims.length > 0) wanted = true;
  }

  function begin(claim: ClaimedRow, sink: Sink): void {
    const receiver = receiverOf(sink.id);
    receiver.inFlight += 1;
    const work = deliver(claim, sink, receiver)
      .catch((error: unknown) => {
        // The store could not be asked: the claim runs out, and the row is found again.
        log.warn({ error: nameOf(error) }, "delivery not settled");
      })
      .finally(() => {
        receiver.inFlight -= 1;
        if (receiver.inFlight === 0 && receiver.failures === 0) receivers.delete(sink.id);
        underWay.delete(work);
        wake();
      });
    underWay.add(work);
  }

  async function deliver(claim: ClaimedRow, sink: Sink, receiver: Receiver): Promise<void> {
    const outcome = await attempt(claim, sink);
    const released = "failed" in outcome && stopping.signal.aborted;
    if (!released) await remember(receiver, sink, outcome);
    const settlement = released ? ({ kind: "released" } as const) : settlementOf(outcome, sink);
    if (settlement.kind === "failed" && isLastTry(claim, settlement.policy)) {
      log.warn({ sink: sink.id, failure: settlement.failure }, "event not delivered; it is kept for a replay");
    }
    await settle({ claim, settlement });
  }

  async function attempt(claim: ClaimedRow, sink: Sink): Promise<Outcome> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(limits.tryMs)]);
    try {
      return await channels[sink.type]({ claim, sink, event: JSON.parse(claim.event) as Event, signal });
    } catch (error) {
      log.error({ sink: sink.id, error: nameOf(error) }, "delivery failed here");
      return { failed: "internal-error" };
    }
  }

  async function remember(receiver: Receiver, sink: Sink, outcome: Outcome): Promise<void> {
    if ("delivered" in outcome) {
      receiver.failures = 0;
      return;
    }
    if (outcome.ofOne === true) return;
    receiver.failures += 1;
    if (receiver.failures < downAfter) return;
    const pause = retryDelay({ ...policyOf(sink), longestMs: longestPauseMs }, receiver.failures - downAfter + 1);
    receiver.pausedUntil = (await store.now()) + pause;
  }

  function capacity({ inFlight, failures, pausedUntil }: Receiver, now: number): number {
    if (failures < downAfter) return Math.max(0, limits.perSink - inFlight);
    return inFlight === 0 && now >= pausedUntil ? 1 : 0;
  }

  function receiverOf(id: string): Receiver {
    const known = receivers.get(id) ?? { inFlight: 0, failures: 0, pausedUntil: 0 };
    receivers.set(id, known);
    return known;
  }

  /** What is settled while a transaction runs shares the next one. */
  function settle(item: Settled): Promise<void> {
    return new Promise((done) => {
      settled.push({ item, done });
      settling ??= settleAll().finally(() => (settling = undefined));
    });
  }

  async function settleAll(): Promise<void> {
    while (settled.length > 0) {
      const batch = settled;
      settled = [];
      try {
        await settleOutbox(
          store,
          batch.map(({ item }) => item),
        );
      } catch (error) {
        // Their claims run out, and they are sent again.
        log.warn({ error: nameOf(error) }, "deliveries not settled");
      }
      for (const { done } of batch) done();
    }
  }
}

function settlementOf(outcome: Outcome, sink: Sink): Settlement {
  if ("delivered" in outcome) return { kind: "done" };
  const policy = policyOf(sink);
  return {
    kind: "failed",
    failure: outcome.failed,
    policy: outcome.final === true ? { ...policy, attempts: 0 } : policy,
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
