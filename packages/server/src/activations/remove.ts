/** Removes an activation for good: asked for by the back office, or by the device itself with a signature. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { removeDeviceOf } from "../push/remove.ts";
import { authenticate, type Authentication, evidenceData, type SignedRequest } from "../signatures/authenticate.ts";
import type { ActivationRow } from "../store/store.ts";
import { activationEvent, historyRow, moveActivation, transitions } from "./activation.ts";

export interface ActivationRemoval {
  readonly activationId: string;
  readonly externalUserId?: string | undefined;
  readonly clientId?: string | undefined;
}

/** From any state; REMOVED already: nothing changes. Refuses `activation-not-found`. */
export async function removeActivation(
  deps: Pick<Deps, "random" | "store">,
  input: ActivationRemoval,
): Promise<ActivationRow | Refusal> {
  const moved = await deps.store.transaction((change) => moveActivation(deps, change, "remove", input));
  return moved ?? (await deps.store.findActivation(input.activationId)) ?? refuse("activation-not-found");
}

/**
 * The device gives itself up: signature, counter and removal in one commit. Its push registration goes next; nothing is
 * sent to a removed activation, whether that is done or not.
 */
export async function removeOwnActivation(
  deps: Parameters<typeof authenticate>[0],
  request: SignedRequest,
): Promise<Authentication<{ activationId: string }>> {
  const { to, event } = transitions.remove;
  const authentication = await authenticate(deps, "public", request, {
    accepted(proof, _rows, now) {
      const removed: ActivationRow = { ...proof.activation, status: to, changed_at: now };
      return {
        result: { activationId: removed.id },
        activation: { status: to, changed_at: now },
        writes: {
          events: [activationEvent(event, removed, { by: "device", evidence: evidenceData(proof) })],
          history: historyRow(deps, removed, now),
        },
      };
    },
  });
  if (authentication.valid) {
    const { activationId } = authentication.result;
    await deps.store.transaction((change) => removeDeviceOf(deps, change, activationId));
  }
  return authentication;
}
