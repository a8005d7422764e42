/**
 * The outbox as a queue: events on their way to sinks.
 *
 * A row is claimed for a while, then settled: done, due again later, or dead and kept until somebody replays it. At
 * least once: a claim that is not settled in time comes back. Order is not promised; events carry `seq` and `at`.
 */
import { sql } from "kysely";
import type { Deps } from "../../deps.ts";
import type { OutboxTable, SinkType } from "../../store/schema.ts";
import type { Store } from "../../store/store.ts";
import type { Sink } from "../sink.ts";

export interface RetryPolicy {
  /** Wait before the first repetition, ms. */
  readonly firstMs: number;
  /** Every further wait is this many times longer. */
  readonly factor: number;
  /** Longest wait, ms. */
  readonly longestMs: number;
  /** Tries until the row is dead. */
  readonly attempts: number;
}

/** Two and a half hours, where a sink does not say otherwise. */
export const retryPolicy: RetryPolicy = { firstMs: 2_000, factor: 1.5, longestMs: 300_000, attempts: 40 };

/** A literal, so that the index of waiting rows is used: it is partial. */
const pending = sql.lit<"PENDING">("PENDING");

/** A relying party that waits for a result has minutes: it is told soon after it is back, and its channel says when it is over. */
const policies: Partial<Record<SinkType, Partial<RetryPolicy>>> = {
  BACKCHANNEL: { longestMs: 15_000, attempts: 1_000 },
};

export function policyOf(sink: Pick<Sink, "type" | "max_attempts" | "initial_backoff_ms">): RetryPolicy {
  const usual = { ...retryPolicy, ...policies[sink.type] };
  return {
    ...usual,
    firstMs: sink.initial_backoff_ms ?? usual.firstMs,
    attempts: sink.max_attempts ?? usual.attempts,
  };
}

/** Wait in ms after the n-th failed try, n from 1. */
export function retryDelay(policy: RetryPolicy, attempt: number): number {
  return Math.min(policy.longestMs, Math.round(policy.firstMs * policy.factor ** (attempt - 1)));
}

export interface ClaimedRow extends OutboxTable {
  /** Number of this try, from 1. */
  readonly attempts: number;
}

/** Enabled sinks with rows that are due, apart from those that can take no more. A plain read: cheap when idle. */
export async function sinksWithWork(store: Store, except: readonly string[], now: number): Promise<Sink[]> {
  return store.read
    .selectFrom("sink as s")
    .selectAll("s")
    .where("s.tenant", "=", store.tenant)
    .where("s.enabled", "=", 1)
    .$if(except.length > 0, (query) => query.where("s.id", "not in", except))
    .where((e) =>
      e.exists(
        e
          .selectFrom("outbox as o")
          .select("o.id")
          .whereRef("o.sink_id", "=", "s.id")
          .whereRef("o.tenant", "=", "s.tenant")
          .where("o.state", "=", pending)
          .where("o.due_at", "<=", now)
          .where("o.locked_until", "<=", now),
      ),
    )
    .execute();
}

export interface Wanted {
  readonly sinkId: string;
  /** Most rows of this sink. */
  readonly limit: number;
}

/**
 * Takes due rows for `leaseMs`; nobody else gets them until then. A row whose lease ran out counts as a failed try.
 * Oldest first, for each sink.
 */
export function claimOutbox(store: Store, wanted: readonly Wanted[], leaseMs: number): Promise<ClaimedRow[]> {
  return store.transaction(async ({ db, now }) => {
    const ids: string[] = [];
    for (const { sinkId, limit } of wanted) {
      const due = await db
        .selectFrom("outbox")
        .select("id")
        .where("sink_id", "=", sinkId)
        .where("tenant", "=", store.tenant)
        .where("state", "=", pending)
        .where("due_at", "<=", now)
        .where("locked_until", "<=", now)
        .orderBy("due_at")
        .orderBy("id")
        .limit(limit)
        .$if(store.dialect === "postgres", (query) => query.forUpdate().skipLocked())
        .execute();
      ids.push(...due.map((row) => row.id));
    }
    if (ids.length === 0) return [];
    const rows = await db
      .updateTable("outbox")
      .set((e) => ({ locked_until: now + leaseMs, attempts: e("attempts", "+", 1) }))
      .where("tenant", "=", store.tenant)
      .where("id", "in", ids)
      .returningAll()
      .execute();
    return rows.sort((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1));
  });
}

export type Settlement =
  | { readonly kind: "done" }
  /** `failure` is a stable code. Dead when it was the last try, else due again after the policy's wait. */
  | { readonly kind: "failed"; readonly failure: string; readonly policy: RetryPolicy }
  /** The server stops: the try does not count. */
  | { readonly kind: "released" };

export interface Settled {
  readonly claim: ClaimedRow;
  readonly settlement: Settlement;
}

/** One answer for each: false when the claim was lost meanwhile, and another try owns the row. */
export function settleOutbox(store: Store, settled: readonly Settled[]): Promise<boolean[]> {
  return store.transaction(async ({ db, now }) => {
    const answers: boolean[] = [];
    for (const { claim, settlement } of settled) {
      const { numUpdatedRows } = await db
        .updateTable("outbox")
        .set({ locked_until: 0, ...columnsOf(claim, settlement, now) })
        .where("tenant", "=", store.tenant)
        .where("id", "=", claim.id)
        .where("state", "=", pending)
        .where("attempts", "=", claim.attempts)
        .where("locked_until", "=", claim.locked_until)
        .executeTakeFirstOrThrow();
      answers.push(numUpdatedRows === 1n);
    }
    return answers;
  });
}

/** Whether this failure was the row's last. */
export function isLastTry(claim: ClaimedRow, policy: RetryPolicy): boolean {
  return claim.attempts >= policy.attempts;
}

function columnsOf(claim: ClaimedRow, settlement: Settlement, now: number): Partial<OutboxTable> {
  switch (settlement.kind) {
    case "done":
      return { state: "DONE", settled_at: now, last_failure: null };
    case "released":
      return { attempts: claim.attempts - 1 };
    case "failed": {
      const { failure: last_failure, policy } = settlement;
      return isLastTry(claim, policy)
        ? { state: "DEAD", settled_at: now, last_failure }
        : { due_at: now + retryDelay(policy, claim.attempts), last_failure };
    }
  }
}

export interface Replay {
  readonly sinkId: string;
  readonly state: "DEAD" | "DONE";
  /** All in that state when absent. */
  readonly ids?: readonly string[] | undefined;
}

/** Sends dead (or delivered) rows of a sink again, with all their tries. Returns how many. */
export function replayOutbox(store: Store, { sinkId, state, ids }: Replay): Promise<number> {
  return store.transaction(async ({ db, now }) => {
    const { numUpdatedRows } = await db
      .updateTable("outbox")
      .set({ state: "PENDING", attempts: 0, due_at: now, locked_until: 0, settled_at: null })
      .where("tenant", "=", store.tenant)
      .where("sink_id", "=", sinkId)
      .where("state", "=", state)
      .$if(ids !== undefined, (query) => query.where("id", "in", [...(ids ?? [])]))
      .executeTakeFirstOrThrow();
    return Number(numUpdatedRows);
  });
}

export interface Page {
  /** Id of the last row of the page before. */
  readonly after?: string | undefined;
  readonly state?: OutboxTable["state"] | undefined;
  readonly limit: number;
}

/** Newest events first. */
export function listOutbox(store: Store, sinkId: string, { after, state, limit }: Page): Promise<OutboxTable[]> {
  return store.read
    .selectFrom("outbox")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("sink_id", "=", sinkId)
    .$if(after !== undefined, (query) => query.where("id", "<", after ?? ""))
    .$if(state !== undefined, (query) => query.where("state", "=", state ?? "PENDING"))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

const day = 86_400_000;
/** How long settled rows are kept where their sink does not say, ms. */
const retention = { DONE: 3 * day, DEAD: 30 * day } as const;
const batch = 500;

/** Forgets what was delivered or given up long ago, at most one batch per call. */
export async function sweepOutbox({ store }: Pick<Deps, "store">): Promise<number> {
  const now = await store.now();
  const { shortest } = await store.read
    .selectFrom("sink")
    .select((e) => e.fn.min("retention_seconds").as("shortest"))
    .where("tenant", "=", store.tenant)
    .executeTakeFirstOrThrow();
  const old = await store.read
    .selectFrom("outbox as o")
    .innerJoin("sink as s", (join) => join.onRef("s.id", "=", "o.sink_id").onRef("s.tenant", "=", "o.tenant"))
    .select("o.id")
    .where("o.tenant", "=", store.tenant)
    // Bounds what is looked at; the exact time is each sink's own.
    .where("o.settled_at", "<=", now - Math.min(retention.DONE, (shortest ?? Infinity) * 1000))
    .where(
      sql<boolean>`o.settled_at <= ${now} - coalesce(s.retention_seconds * 1000,
        case o.state when 'DONE' then ${sql.lit(retention.DONE)} else ${sql.lit(retention.DEAD)} end)`,
    )
    .orderBy("o.settled_at")
    .limit(batch)
    .execute();
  if (old.length === 0) return 0;
  await store.transaction(({ db }) =>
    db
      .deleteFrom("outbox")
      .where("tenant", "=", store.tenant)
      .where("state", "!=", "PENDING")
      .where(
        "id",
        "in",
        old.map(({ id }) => id),
      )
      .execute(),
  );
  return old.length;
}
