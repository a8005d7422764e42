/** Gives an operation that is for nobody yet to the user who claims it. The first one keeps it. */
import { confirm } from "../approve/countermeasures/admit.ts";
import { findUserApproval, isSuspended } from "../approve/countermeasures/suspension.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { OperationRow } from "../store/store.ts";
import { type Actor, expireOnSight, operationEvent } from "./decide.ts";
import { isOperationId, type Sees } from "./detail.ts";

export interface ClaimInput {
  readonly operationId: string;
  readonly userId: string;
  readonly by: Actor;
  /** Flags of the activation that claims; absent in the back office, which is not asked for any. */
  readonly flags?: readonly string[];
  /** Asked on the locked row; an operation the caller may not see does not exist for it. */
  readonly sees: Sees;
}

/**
 * The operation as it stands: claimed now, or final and untouched. Refuses with `operation-not-found` when it is
 * another user's, and then does not tell it from one that does not exist; or with `operation-flag`, or `user-suspended`. Writes `operation.claimed` when it changed.
 */
export async function claimOperation(deps: Pick<Deps, "store">, input: ClaimInput): Promise<OperationRow | Refusal> {
  if (!isOperationId(input.operationId)) return refuse("operation-not-found");
  const suspended = isSuspended(await findUserApproval(deps, input.userId), await deps.store.now());
  let claimedNow = false;
  const outcome = await deps.store.commit<OperationRow | Refusal>({
    operationId: input.operationId,
    evaluate({ operation }, now) {
      claimedNow = false;
      if (operation === undefined || !input.sees(operation)) return { result: refuse("operation-not-found") };
      const overdue = expireOnSight(operation, now);
      if (overdue?.result.kind === "final") return { result: overdue.result.operation, writes: overdue.writes };
      if (operation.status !== "PENDING") return { result: operation };
      if (operation.user_id === input.userId) return { result: operation };
      if (operation.user_id !== null) return { result: refuse("operation-not-found") };
      if (lacksFlag(operation, input.flags)) return { result: refuse("operation-flag") };
      if (suspended) return { result: refuse("user-suspended") };
      const { status, status_reason, failure_count, additional_data, finalized_at } = operation;
      const set = { status, status_reason, failure_count, additional_data, finalized_at, user_id: input.userId };
      const claimed: OperationRow = { ...operation, ...set };
      const events = [operationEvent("operation.claimed", claimed, { actor: input.by })];
      claimedNow = true;
      return { result: claimed, writes: { operation: { from: operation, set }, events } };
    },
  });
  if (!claimedNow || isRefusal(outcome)) return outcome;
  const whose = { userId: input.userId, applications: [] };
  return (await confirm(deps, outcome, { whose, limits: undefined })) ?? outcome;
}

function lacksFlag(operation: OperationRow, flags: readonly string[] | undefined): boolean {
  return flags !== undefined && operation.activation_flag !== null && !flags.includes(operation.activation_flag);
}
