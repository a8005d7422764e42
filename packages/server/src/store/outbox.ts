/**
 * Events on their way to configured sinks. This is the queue only; delivery over the network is elsewhere.
 *
 * A row is claimed for a while, then completed or tried again later; after the last try it is kept as dead until
 * somebody replays it. At least once: a claim that is not answered in time comes back.
 */
import { type Kysely, sql } from "kysely";
import { sinkTypeOf, type Announced } from "./flush.ts";
import type { OutboxTable, Schema } from "./schema.ts";
import type { Store } from "./store.ts";

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

export const retryPolicy: RetryPolicy = { firstMs: 2_000, factor: 1.5, longestMs: 32_000, attempts: 20 };

/** Wait in ms after the n-th failed try, n from 1. */
export function retryDelay(policy: RetryPolicy, attempt: number): number {
  return Math.min(policy.longestMs, Math.round(policy.firstMs * policy.factor ** (attempt - 1)));
}

/** Rows exist only for enabled sinks of the event's applications that listen to its type. */
export async function addToOutbox(db: Kysely<Schema>, tenant: string, event: Announced): Promise<void> {
  await db
    .insertInto("outbox")
    .columns(["tenant", "id", "sink_id", "event", "state", "attempts", "due_at", "locked_until"])
    .expression((e) =>
      e
        .selectFrom("sink")
        .select([
          "tenant",
          sql<string>`${sql.lit(`${event.id}.`)} || id`.as("id"),
          "id as sink_id",
          sql<string>`cast(${event.payload} as text)`.as("event"),
          sql.lit("PENDING").as("state"),
          sql.lit(0).as("attempts"),
          sql<number>`cast(${event.at} as bigint)`.as("due_at"),
          sql.lit(0).as("locked_until"),
        ])
        .where("tenant", "=", tenant)
        .where("enabled", "=", 1)
        .where("type", "=", sinkTypeOf(event.type)!)
        .where("application_id", "in", [...event.applications]),
    )
    .execute();
}

export interface ClaimedRow extends OutboxTable {
  /** Number of this try, from 1. */
  readonly attempts: number;
}

/**
 * Takes up to `limit` due rows for `leaseMs`; nobody else gets them until then. A row whose lease ran out counts as a
 * failed try. Oldest first.
 */
export function claimOutbox(store: Store, limit: number, leaseMs: number): Promise<ClaimedRow[]> {
  return store.transaction(async ({ db, now }) => {
    const due = await db
      .selectFrom("outbox")
      .select("id")
      .where("tenant", "=", store.tenant)
      .where("state", "=", "PENDING")
      .where("due_at", "<=", now)
      .where("locked_until", "<=", now)
      .orderBy("due_at")
      .orderBy("id")
      .limit(limit)
      .$if(store.dialect === "postgres", (query) => query.forUpdate().skipLocked())
      .execute();
    if (due.length === 0) return [];
    const ids = due.map((row) => row.id);
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

/** The receiver has it. False when the claim was lost meanwhile: another try owns the row now. */
export function completeOutbox(store: Store, claim: ClaimedRow): Promise<boolean> {
  return settle(store, claim, { state: "DONE", locked_until: 0 });
}

/** The try failed: due again after the policy's wait, or dead when it was the last. */
export function retryOutbox(store: Store, claim: ClaimedRow, policy = retryPolicy): Promise<boolean> {
  if (claim.attempts >= policy.attempts) return settle(store, claim, { state: "DEAD", locked_until: 0 });
  return settle(store, claim, (now) => ({ due_at: now + retryDelay(policy, claim.attempts), locked_until: 0 }));
}

/** Sends dead (or delivered) rows of a sink again. Returns how many. */
export function replayOutbox(
  store: Store,
  which: { readonly sinkId: string; readonly state: "DEAD" | "DONE"; readonly ids?: readonly string[] },
): Promise<number> {
  return store.transaction(async ({ db, now }) => {
    const { numUpdatedRows } = await db
      .updateTable("outbox")
      .set({ state: "PENDING", attempts: 0, due_at: now, locked_until: 0 })
      .where("tenant", "=", store.tenant)
      .where("sink_id", "=", which.sinkId)
      .where("state", "=", which.state)
      .$if(which.ids !== undefined, (query) => query.where("id", "in", [...which.ids!]))
      .executeTakeFirstOrThrow();
    return Number(numUpdatedRows);
  });
}

type Settled = Partial<Pick<OutboxTable, "state" | "due_at" | "locked_until">>;

function settle(store: Store, claim: ClaimedRow, set: Settled | ((now: number) => Settled)): Promise<boolean> {
  return store.transaction(async ({ db, now }) => {
    const { numUpdatedRows } = await db
      .updateTable("outbox")
      .set(typeof set === "function" ? set(now) : set)
      .where("tenant", "=", store.tenant)
      .where("id", "=", claim.id)
      .where("state", "=", "PENDING")
      .where("attempts", "=", claim.attempts)
      .where("locked_until", "=", claim.locked_until)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  });
}
