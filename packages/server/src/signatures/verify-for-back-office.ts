/** The verdict on a signature for a front server that received the request itself. */
import { type FactorCombination, factorCombination } from "@countersign/protocol/powerauth/signature";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { findPowerAuth, flagsOf } from "../activations/activation.ts";
import { listRoles } from "../applications/roles.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import type { ActivationStatus } from "../store/schema.ts";
import type { ActivationRow } from "../store/store.ts";
import { authenticate, type Authentication } from "./authenticate.ts";

export interface VerificationRequest {
  readonly activationId: string;
  readonly applicationKey: string;
  /** `METHOD&uriId&nonce&body` as the front server put it together, without the application secret. */
  readonly data: string;
  readonly signature: string;
  /** In any letter case. */
  readonly signatureType: string;
  readonly signatureVersion: string;
  /** Major version the caller insists on. Every activation here is of 3. */
  readonly forcedSignatureVersion?: number | undefined;
  /** Whether the caller may know of the activation at all; one it may not is unknown to it. */
  readonly sees?: ((activation: ActivationRow) => boolean) | undefined;
}

export interface Verification {
  readonly signatureValid: boolean;
  readonly activationStatus: ActivationStatus;
  readonly blockedReason: string | null;
  readonly activationId: string;
  readonly userId: string | null;
  readonly applicationId: string | null;
  readonly signatureType: FactorCombination;
  readonly remainingAttempts: number;
  readonly applicationRoles: readonly string[];
  readonly activationFlags: readonly string[];
}

const majorVersion = 3;

/**
 * A wrong signature is an answer, not a refusal; so is an unknown activation, which counts as REMOVED. Refuses
 * `invalid-request` for a signature type or version that does not exist, `activation-busy` when nothing was decided.
 */
export async function verifyForBackOffice(
  deps: Parameters<typeof authenticate>[0],
  input: VerificationRequest,
): Promise<Verification | Refusal> {
  const factors = factorCombination(input.signatureType);
  const version = versionRow(input.signatureVersion);
  if (factors === undefined) return refuse("invalid-request", "signatureType - unknown");
  if (version === undefined) return refuse("invalid-request", "signatureVersion - unknown");
  const first = await findPowerAuth(deps, input.activationId);
  const seen = first !== undefined && (input.sees?.(first) ?? true) ? first : undefined;
  if (seen === undefined || (input.forcedSignatureVersion ?? majorVersion) !== majorVersion) {
    return verification(deps, input.activationId, factors, seen, false, 0);
  }
  const authentication = await authenticate(
    deps,
    "back-office",
    {
      activationId: input.activationId,
      applicationKey: input.applicationKey,
      factors,
      version,
      signature: input.signature,
      base: input.data,
    },
    { accepted: () => ({ result: undefined }) },
  );
  return verificationOf(deps, input.activationId, factors, authentication);
}

/** `factors` are those that were claimed: what an answer to a wrong signature names. */
export async function verificationOf(
  deps: Pick<Deps, "store">,
  activationId: string,
  factors: FactorCombination,
  authentication: Authentication<unknown>,
): Promise<Verification | Refusal> {
  if (authentication.valid) {
    const { activation, factors: proved } = authentication.proof;
    const remaining =
      proved === "possession"
        ? activation.max_failed_attempts - activation.failed_attempts
        : activation.max_failed_attempts;
    return verification(deps, activationId, proved, activation, true, remaining);
  }
  if (authentication.reason === "busy") return refuse("activation-busy");
  const { activation, remainingAttempts } = authentication;
  return verification(deps, activationId, factors, activation, false, remainingAttempts);
}

export async function verification(
  deps: Pick<Deps, "store">,
  activationId: string,
  signatureType: FactorCombination,
  activation: ActivationRow | undefined,
  signatureValid: boolean,
  remainingAttempts: number,
): Promise<Verification> {
  const roles = activation === undefined ? [] : await listRoles(deps, activation.application_id);
  return {
    signatureValid,
    activationStatus: activation?.status ?? "REMOVED",
    blockedReason: activation?.blocked_reason ?? null,
    activationId,
    userId: activation?.user_id ?? null,
    applicationId: activation?.application_id ?? null,
    signatureType,
    remainingAttempts,
    applicationRoles: isRefusal(roles) ? [] : roles,
    activationFlags: activation === undefined ? [] : flagsOf(activation),
  };
}
