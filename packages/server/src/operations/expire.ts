/** Writes down what time has done: overdue operations become EXPIRED, each in a commit of its own with its event. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import type { OperationRow } from "../store/store.ts";
import { decide } from "./decide.ts";
import { statusAt } from "./operation.ts";

type ExpireDeps = Pick<Deps, "store">;

const batch = 100;
const mostBatches = 20;

/**
 * Expires what is overdue, in bounded batches, and returns how many operations this call expired. Safe on any number of
 * nodes at once: the row is looked at again under its lock, and only one of them finds it pending.
 */
export async function expireOverdue(deps: Pick<Deps, "store">): Promise<number> {
  let expired = 0;
  for (let round = 0; round < mostBatches; round++) {
    const overdue = await overdueIds(deps);
    const outcomes = await Promise.all(overdue.map((id) => expire(deps, id)));
    expired += outcomes.filter(Boolean).length;
    if (overdue.length < batch) break;
  }
  return expired;
}

async function overdueIds(deps: Pick<Deps, "store">): Promise<readonly string[]> {
  const rows = await deps.store.read
    .selectFrom("operation")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("status", "=", sql.lit<"PENDING">("PENDING"))
    .where("expires_at", "<=", await deps.store.now())
    .orderBy("expires_at")
    .limit(batch)
    .execute();
  return rows.map(({ id }) => id);
}

async function expire(deps: ExpireDeps, operationId: string): Promise<boolean> {
  return (await commitExpiry(deps, operationId))?.expired === true;
}

/**
 * An overdue operation as its expiry, or the decision that came first, left it. Nobody is told that an operation is
 * expired before that is written down: an approval may be committing at this very moment.
 */
export async function settled(deps: ExpireDeps, operation: OperationRow, now: number): Promise<OperationRow> {
  if (statusAt(operation, now) === operation.status) return operation;
  return (await commitExpiry(deps, operation.id))?.operation ?? operation;
}

async function commitExpiry(
  deps: ExpireDeps,
  operationId: string,
): Promise<{ readonly expired: boolean; readonly operation: OperationRow } | undefined> {
  return deps.store.commit({
    operationId,
    evaluate({ operation }, now) {
      const { result, writes } = decide(operation, { action: "expire", actor: { kind: "system" } }, now);
      if (result.kind !== "decided" && result.kind !== "final") return { result: undefined };
      return { result: { expired: result.kind === "decided", operation: result.operation }, writes };
    },
  });
}
