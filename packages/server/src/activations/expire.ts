/** Writes down that activations are overdue. Readers know it before: see `statusAt`. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import type { ActivationRow } from "../store/store.ts";
import { isOverdue, moveActivation } from "./activation.ts";

/** The row as it is at `now`: expired first when it is overdue, by whoever looks at it. */
export async function expireIfDue(
  deps: Pick<Deps, "random" | "store">,
  activation: ActivationRow,
  now: number,
): Promise<ActivationRow> {
  if (!isOverdue(activation, now)) return activation;
  const { id: activationId } = activation;
  const expired = await deps.store.transaction((change) => moveActivation(deps, change, "expire", { activationId }));
  return expired ?? (await deps.store.findActivation(activationId)) ?? activation;
}

const batch = 100;

/** Expires what is overdue, oldest first, at most one batch per call. Returns how many; two nodes never count one twice. */
export async function sweepActivations(deps: Pick<Deps, "random" | "store">): Promise<number> {
  const now = await deps.store.now();
  const due = await deps.store.read
    .selectFrom("activation")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where(sql<boolean>`status in ('CREATED', 'PENDING_COMMIT')`)
    .where("expires_at", "<=", now)
    .orderBy("expires_at")
    .limit(batch)
    .execute();
  let expired = 0;
  for (const { id: activationId } of due) {
    const moved = await deps.store.transaction((change) => moveActivation(deps, change, "expire", { activationId }));
    if (moved !== undefined) expired += 1;
  }
  return expired;
}
