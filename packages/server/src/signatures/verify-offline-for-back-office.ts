/** The verdict on a retyped code, for a back office that made the QR code itself. Operations are not touched. */
import { findPowerAuth } from "../activations/activation.ts";
import { fromBase64 } from "@countersign/protocol/bytes";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ActivationRow } from "../store/store.ts";
import type { AuthenticateDeps } from "./authenticate.ts";
import { authenticateOffline } from "./authenticate-offline.ts";
import { type Verification, verification, verificationOf } from "./verify-for-back-office.ts";

export interface OfflineVerificationRequest {
  readonly activationId: string;
  /** `POST&uriId&nonce&body`, without `&offline` and without a one-time password. */
  readonly data: string;
  /** Two components, joined by `-`. */
  readonly signature: string;
  /** Digits of a component, 4 to 8; 8 when absent. */
  readonly componentLength?: number | undefined;
  readonly allowBiometry: boolean;
  readonly proximityCheck?: OfflineProximity | undefined;
  /** Whether the caller may know of the activation at all; one it may not is unknown to it. */
  readonly sees: (activation: ActivationRow) => boolean;
}

export interface OfflineProximity {
  /** Base64. */
  readonly seed: string;
  /** Seconds. */
  readonly stepLength: number;
  /** Steps before the current one. */
  readonly stepCount: number;
}

/**
 * A wrong code is an answer, not a refusal; so is an unknown activation, which counts as REMOVED. Refuses
 * `invalid-request` for members that are not Base64, `activation-busy` when nothing was decided.
 */
export async function verifyOfflineForBackOffice(
  deps: AuthenticateDeps & Pick<Deps, "store">,
  input: OfflineVerificationRequest,
): Promise<Verification | Refusal> {
  const { activationId, proximityCheck } = input;
  const seed = proximityCheck && fromBase64(proximityCheck.seed);
  if (proximityCheck !== undefined) {
    if (seed === undefined || seed.length === 0) return refuse("invalid-request", "proximityCheck.seed - not Base64");
    const body = input.data.slice(input.data.lastIndexOf("&") + 1);
    if (fromBase64(body) === undefined) return refuse("invalid-request", "data - ends with no Base64");
  }
  const activation = await findPowerAuth(deps, activationId);
  if (activation === undefined || !input.sees(activation)) {
    return verification(deps, activationId, "possession_knowledge", undefined, false, 0);
  }
  const authentication = await authenticateOffline(
    deps,
    {
      activationId,
      code: input.signature,
      length: input.componentLength ?? 8,
      base: input.data,
      combinations: input.allowBiometry ? ["possession_knowledge", "possession_biometry"] : ["possession_knowledge"],
      ...(seed !== undefined &&
        proximityCheck !== undefined && {
          proximity: { seed, step: proximityCheck.stepLength, backward: proximityCheck.stepCount },
        }),
    },
    { accepted: () => ({ result: undefined }) },
  );
  return verificationOf(deps, activationId, "possession_knowledge", authentication);
}
