/**
 * A user who reported something, or who does not answer what comes in masses, gets no transactions for a while.
 *
 * Suspending and revoking what waits are one commit. An operation that is created at the same time on another node is
 * caught from both sides: who suspends looks again after the commit, and who creates looks again after its own. Whichever
 * commits last sees the other.
 */
import { sql } from "kysely";
import type { Deps } from "../../deps.ts";
import { builtOnce } from "../../lists/built-once.ts";
import { decide } from "../../operations/decide.ts";
import type { UserApprovalTable } from "../../store/schema.ts";
import type { Change } from "../../store/store.ts";
import { commitWithin } from "../within.ts";

export type Cause = NonNullable<UserApprovalTable["suspended_for"]>;

export interface Suspension {
  readonly userId: string;
  readonly applicationId: string | null;
  readonly cause: Cause;
  /** -1 until somebody unblocks. */
  readonly seconds: number;
  /** Since when suspensions follow each other without an approval: 1 for the first. */
  readonly suspensions: number;
}

type SuspendDeps = Pick<Deps, "store">;

/** Epoch ms; a row without an end, or with one that is over, suspends nobody. */
export function isSuspended(row: Pick<UserApprovalTable, "suspended_until"> | undefined, now: number): boolean {
  const until = row?.suspended_until ?? null;
  return until !== null && (until === -1 || now < until);
}

export async function findUserApproval(
  { store }: Pick<Deps, "store">,
  userId: string,
): Promise<UserApprovalTable | undefined> {
  const [row] = await userQuery(store, { tenant: store.tenant, userId });
  return row;
}

const userQuery = builtOnce<{ readonly tenant: string; readonly userId: string }, UserApprovalTable>((db, mark) =>
  db.selectFrom("user_approval").selectAll().where("tenant", "=", mark("tenant")).where("user_id", "=", mark("userId")),
);

/** Takes the user's row for this transaction: suspensions of one user follow each other on all nodes. */
export async function holdUser({ store }: SuspendDeps, { db }: Change, userId: string): Promise<UserApprovalTable> {
  const none = { application_id: null, suspended_until: null, suspended_for: null, suspensions: 0, changed_at: 0 };
  return db
    .insertInto("user_approval")
    .values({ tenant: store.tenant, user_id: userId, ...none })
    .onConflict((conflict) => conflict.columns(["tenant", "user_id"]).doUpdateSet({ user_id: userId }))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * Suspends the user and cancels what waits for it, in the caller's transaction. A longer suspension stays. Returns ids of
 * what was cancelled. Writes `user.suspended` and `operation.canceled`. The caller holds the user.
 */
export async function suspend(
  deps: SuspendDeps,
  change: Change,
  held: UserApprovalTable,
  input: Suspension,
): Promise<readonly string[]> {
  const { tenant } = deps.store;
  const { userId, cause, applicationId } = input;
  const until = later(held.suspended_until, input.seconds === -1 ? -1 : change.now + input.seconds * 1000);
  await change.db
    .updateTable("user_approval")
    .set({
      application_id: applicationId,
      suspended_until: until,
      suspended_for: cause,
      suspensions: input.suspensions,
      changed_at: change.now,
    })
    .where("tenant", "=", tenant)
    .where("user_id", "=", userId)
    .execute();
  const canceled = await cancelPending(deps, change, userId);
  change.record({
    type: "user.suspended",
    subject: userId,
    applications: applicationId === null ? [] : [applicationId],
    data: { userId, applicationId, cause, until, suspensions: input.suspensions, canceled: canceled.length },
  });
  return canceled;
}

/** What was created while the suspension was being committed. Returns ids. */
export function sweepSuspended(deps: SuspendDeps, userId: string): Promise<readonly string[]> {
  return deps.store.transaction(async (change) => {
    const row = await holdUser(deps, change, userId);
    return isSuspended(row, change.now) ? cancelPending(deps, change, userId) : [];
  });
}

/** Pending operations of the user end, each through `decide`, in the order of their ids. */
async function cancelPending(deps: SuspendDeps, change: Change, userId: string): Promise<readonly string[]> {
  const rows = await change.db
    .selectFrom("operation")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "=", userId)
    .where("status", "=", sql.lit<"PENDING">("PENDING"))
    .orderBy("id")
    .execute();
  const canceled: string[] = [];
  for (const { id } of rows) {
    const done = await commitWithin(deps, change, {
      operationId: id,
      evaluate({ operation }, now) {
        const input = { action: "cancel", actor: { kind: "system" }, reason: "USER_SUSPENDED" } as const;
        const { result, writes } = decide(operation, input, now);
        return { result: result.kind === "decided", writes };
      },
    });
    if (done) canceled.push(id);
  }
  return canceled;
}

/** -1 is never over. */
function later(a: number | null, b: number): number {
  return a === -1 || b === -1 ? -1 : Math.max(a ?? 0, b);
}
