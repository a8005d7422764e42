/** The last step of an activation whose key exchange did not make it ACTIVE already. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { isOverdue, moveActivation } from "./activation.ts";
import { checkOtp, countWrongOtp } from "./otp.ts";

export interface ActivationCommit {
  readonly activationId: string;
  readonly otp?: string | undefined;
  readonly externalUserId?: string | undefined;
  readonly clientId?: string | undefined;
}

/**
 * PENDING_COMMIT → ACTIVE, once. Refuses `activation-not-found`, `activation-state`, `activation-expired` and
 * `otp-wrong`; of the last, only a wrong value counts, a missing or superfluous one does not.
 */
export async function commitActivation(
  deps: Pick<Deps, "random" | "store">,
  input: ActivationCommit,
): Promise<{ activationId: string; activated: true } | Refusal> {
  const { store } = deps;
  const { activationId } = input;
  const activation = await store.findActivation(activationId);
  if (activation === undefined) return refuse("activation-not-found");
  if (activation.status !== "PENDING_COMMIT") return refuse("activation-state");
  if (isOverdue(activation, await store.now())) return refuse("activation-expired");
  if (activation.commit_phase !== "ON_COMMIT") return refuse("activation-state");
  const verdict = await checkOtp(activation, "ON_COMMIT", input.otp);
  if (verdict === "unexpected") return refuse("otp-wrong");
  return store.transaction(async (change) => {
    if (verdict === "wrong") return countWrongOtp(deps, change, activation, input);
    const moved = await moveActivation(deps, change, "commit", {
      activationId,
      externalUserId: input.externalUserId,
      clientId: input.clientId,
      set: { failed_attempts: 0 },
      // A password that was replaced meanwhile was not checked.
      where: { otp_hash: activation.otp_hash },
    });
    if (moved !== undefined) return { activationId, activated: true };
    return refuse(change.now >= activation.expires_at ? "activation-expired" : "activation-state");
  });
}
