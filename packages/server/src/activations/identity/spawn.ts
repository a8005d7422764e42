/**
 * A device vouches for another one of its user: it asks, signed, for an activation code of an application that the
 * configuration of its own lets it have (`activation_transfer`). With MOVE the new activation replaces it.
 */
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { configurationOf } from "../../applications/configuration.ts";
import { authenticate, type Authentication, type SignedRequest } from "../../signatures/authenticate.ts";
import { initActivation, type StartedActivation } from "../init.ts";

export interface SpawnRequest {
  readonly applicationId: unknown;
  /** To be given by the new device, 16 to 255 characters: whoever sees the code alone cannot use it. */
  readonly otp: unknown;
}

type SpawnDeps = Parameters<typeof authenticate>[0] & Parameters<typeof initActivation>[0];

const leastOtp = 16;

/**
 * Signature and counter in one commit, the new activation in the next. What is not allowed costs nothing but a counter
 * value. Refuses `activation-transfer`.
 */
export async function spawnActivation(
  deps: SpawnDeps,
  signed: SignedRequest,
  request: SpawnRequest,
): Promise<Authentication<StartedActivation | Refusal>> {
  const authentication = await authenticate<undefined>(deps, "public", signed, {
    accepted: () => ({ result: undefined }),
  });
  if (!authentication.valid) return authentication;
  const { activation: parent } = authentication.proof;
  return { ...authentication, result: await spawn(deps, parent.id, parent, request) };
}

async function spawn(
  deps: SpawnDeps,
  parentActivationId: string,
  parent: { readonly user_id: string; readonly application_id: string },
  { applicationId, otp }: SpawnRequest,
): Promise<StartedActivation | Refusal> {
  if (typeof applicationId !== "string") return refuse("activation-transfer");
  if (typeof otp !== "string" || otp.length < leastOtp || otp.length > 255) return refuse("activation-transfer");
  const transfers = await configurationOf(deps, parent.application_id, "activation_transfer");
  const transfer = transfers.find((one) => one.allowedTargetApplicationIds.includes(applicationId));
  if (transfer === undefined) return refuse("activation-transfer");
  const started = await initActivation(deps, {
    applicationId,
    userId: parent.user_id,
    commitPhase: "ON_KEY_EXCHANGE",
    otp,
    flags: transfer.initialFlags,
    parent: { activationId: parentActivationId, type: transfer.type },
  });
  return isRefusal(started) ? refuse("activation-transfer") : started;
}
