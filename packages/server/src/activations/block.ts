/** Blocks and unblocks: between ACTIVE and BLOCKED, at the request of the back office. */
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { ActivationStatus } from "../store/schema.ts";
import type { ActivationRow } from "../store/store.ts";
import { type ActivationAction, moveActivation, transitions } from "./activation.ts";
import { removeActivation } from "./remove.ts";

export interface StatusChange {
  readonly activationId: string;
  readonly externalUserId?: string | undefined;
  readonly clientId?: string | undefined;
}

type BlockDeps = Pick<Deps, "random" | "store">;

/**
 * ACTIVE → BLOCKED, with the reason kept in the row (default NOT_SPECIFIED). BLOCKED already: nothing changes, its
 * first reason stays. Refuses `activation-not-found` and `activation-state`.
 */
export function blockActivation(
  deps: BlockDeps,
  input: StatusChange & { readonly reason?: string | undefined },
): Promise<ActivationRow | Refusal> {
  const reason = input.reason ?? "NOT_SPECIFIED";
  return change(deps, "block", { ...input, reason }, { blocked_reason: reason });
}

/** BLOCKED → ACTIVE with all tries given back; ACTIVE already: nothing changes. Refuses as `blockActivation`. */
export function unblockActivation(deps: BlockDeps, input: StatusChange): Promise<ActivationRow | Refusal> {
  return change(deps, "unblock", input, { blocked_reason: null, failed_attempts: 0 });
}

async function change(
  deps: BlockDeps,
  action: Extract<ActivationAction, "block" | "unblock">,
  input: StatusChange & { readonly reason?: string },
  set: Partial<Pick<ActivationRow, "blocked_reason" | "failed_attempts">>,
): Promise<ActivationRow | Refusal> {
  const { activationId } = input;
  const moved = await deps.store.transaction((work) =>
    moveActivation(deps, work, action, { ...input, activationId, set }),
  );
  if (moved !== undefined) return moved;
  const activation = await deps.store.findActivation(activationId);
  if (activation === undefined) return refuse("activation-not-found");
  return activation.status === transitions[action].to ? activation : refuse("activation-state");
}

export interface BulkStatusChange {
  readonly activationIds: readonly string[];
  readonly status: ActivationStatus;
  readonly clientId?: string | undefined;
}

/**
 * Takes many activations to ACTIVE, BLOCKED or REMOVED, each in a transaction of its own and only on a way that the
 * single calls have. `updated` says whether all of them are in that state now. Refuses `invalid-request`.
 */
export async function updateStatuses(
  deps: BlockDeps,
  input: BulkStatusChange,
): Promise<{ updated: boolean } | Refusal> {
  const { activationIds, status, clientId } = input;
  const verbs: Partial<Record<ActivationStatus, typeof unblockActivation>> = {
    ACTIVE: unblockActivation,
    BLOCKED: blockActivation,
    REMOVED: removeActivation,
  };
  const verb = verbs[status];
  if (verb === undefined) return refuse("invalid-request", "activationStatus - ACTIVE, BLOCKED or REMOVED");
  let updated = true;
  for (const activationId of activationIds) {
    if (isRefusal(await verb(deps, { activationId, clientId }))) updated = false;
  }
  return { updated };
}
