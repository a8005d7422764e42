/** Writes down what time has done: overdue operations become EXPIRED, each in a commit of its own with its event. */
import type { Deps } from "../deps.ts";
import { decide } from "./decide.ts";

/**
 * Expires at most `limit` overdue operations and returns how many this call expired. Safe on any number of nodes at
 * once: the row is looked at again under its lock, and only one of them finds it pending.
 */
export async function expireOverdue(deps: Pick<Deps, "store" | "operationWatch">, limit = 100): Promise<number> {
  const overdue = await deps.store.read
    .selectFrom("operation")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("status", "=", "PENDING")
    .where("expires_at", "<=", await deps.store.now())
    .orderBy("expires_at")
    .limit(limit)
    .execute();
  const outcomes = await Promise.all(overdue.map(({ id }) => expire(deps, id)));
  return outcomes.filter(Boolean).length;
}

async function expire(deps: Pick<Deps, "store" | "operationWatch">, operationId: string): Promise<boolean> {
  const expired = await deps.store.commit({
    operationId,
    evaluate({ operation }, now) {
      const { result, writes } = decide(operation, { action: "expire", actor: { kind: "system" } }, now);
      return { result: result.kind === "decided", writes };
    },
  });
  if (expired) deps.operationWatch.changed(operationId);
  return expired;
}
