/** Approve and reject as a device does them: a signed request, its counter and the decision in one commit. */
import type { Evidence } from "@countersign/protocol/receipt";
import { type FactorCombination, factorsOf } from "@countersign/protocol/powerauth/signature";
import type { Deps } from "../deps.ts";
import type { DisplayTemplates } from "../display/cache.ts";
import { newUuid7 } from "../ids.ts";
import {
  type ActionOutcome,
  authenticate,
  type AuthenticateDeps,
  type Authentication,
  signatureEvent,
  type SignatureProof,
  type SignedAction,
  type SignedRequest,
} from "../signatures/authenticate.ts";
import type { ActivationRow, OperationRow, Writes } from "../store/store.ts";
import { type Decided, decide, failOnce, type Decision, type DeviceActor } from "./decide.ts";
import { checkProximity } from "./proximity.ts";
import { decisionOf, shownBy } from "./receipt.ts";

export interface DeviceDecision {
  readonly action: "approve" | "reject";
  readonly operationId: string;
  /** Operation data as the device signed it; approve only. */
  readonly data?: string;
  /** Why the user rejects; free text, kept as it is. */
  readonly reason?: string;
  /** Language in which the device asks to be answered. */
  readonly language: string;
  /** Absent for a retyped code: its device sent nothing. */
  readonly ipAddress?: string;
  readonly userAgent?: string;
  /** Approve only. `signed`: the signature covers the one-time password, and was verified with it. */
  readonly proximity?: ProximityProof | "signed";
  readonly mobileTokenData?: Readonly<Record<string, unknown>>;
}

/** What the device read from the bank's screen. Times are ISO 8601, by the device's word. */
export interface ProximityProof {
  readonly otp: string;
  readonly type: "QR_CODE" | "DEEPLINK";
  readonly timestampReceived?: string;
  readonly timestampSent?: string;
}

export type DecideDeps = AuthenticateDeps & Pick<Deps, "publicUrl" | "secrets" | "displayTemplates">;

/**
 * A right signature decides, or says why not; a wrong factor of a proven device costs one try of activation and
 * operation alike. `Authentication.note` then holds the operation's `Decided`.
 */
export async function decideOnDevice(
  deps: DecideDeps,
  request: SignedRequest,
  input: DeviceDecision,
): Promise<Authentication<Decided>> {
  const templates = await deps.displayTemplates.current();
  return authenticate(deps, "public", request, decisionBy(deps, templates, input, request.factors));
}

/** What a right signature, online or retyped, decides, and what a wrong factor costs. `factors` are those claimed. */
export function decisionBy(
  deps: DecideDeps,
  templates: DisplayTemplates,
  input: DeviceDecision,
  factors: FactorCombination,
): SignedAction<Decided> {
  return {
    operationId: input.operationId,
    accepted: (proof, rows, now) => accepted(deps, templates, input, proof, rows.operation, now),
    refused(activation, rows, now) {
      const decision = failOnce(rows.operation, { action: "approve", actor: actorOf(activation, factors) }, now);
      const writes = withAttempt(deps, input, activation.id, rows.operation, decision, now);
      return { writes, note: decision.result };
    },
  };
}

function accepted(
  deps: DecideDeps,
  templates: DisplayTemplates,
  input: DeviceDecision,
  proof: SignatureProof,
  operation: OperationRow | undefined,
  now: number,
): ActionOutcome<Decided> {
  const decision = decide(
    operation,
    {
      action: input.action,
      actor: actorOf(proof.activation, proof.factors),
      additionalData: additionalData(input, proof),
      ...(input.data !== undefined && { data: input.data }),
      ...(input.reason !== undefined && { reason: input.reason }),
      ...(input.action === "approve" &&
        operation !== undefined && { proximity: proximityOf(deps, input, operation, now) }),
    },
    now,
  );
  const writes = withAttempt(deps, input, proof.activation.id, operation, decision, now);
  if (decision.result.kind !== "decided") {
    // The signature was right all the same, and is told to have been.
    const events = [...(writes.events ?? []), signatureEvent("signature.accepted", proof)];
    return { result: decision.result, writes: { ...writes, events } };
  }
  const receipt = decisionOf(
    {
      issuer: deps.publicUrl,
      operation: decision.result.operation,
      evidence: evidenceOf(deps, proof),
      shown: shownBy(deps.crypto, templates, decision.result.operation, input.language),
      reason: input.reason,
    },
    now,
  );
  return { result: decision.result, writes: { ...writes, decision: receipt } };
}

function proximityOf(deps: DecideDeps, { proximity }: DeviceDecision, operation: OperationRow, now: number) {
  if (proximity !== "signed") return checkProximity(deps, operation, proximity?.otp, now);
  return operation.proximity_seed_sealed === null ? "DISABLED" : "SUCCESS";
}

function withAttempt(
  deps: Pick<Deps, "random">,
  input: DeviceDecision,
  activationId: string,
  operation: OperationRow | undefined,
  decision: Decision,
  now: number,
): Omit<Writes, "activation"> {
  const { kind } = decision.result;
  // A stranger's try leaves no trace on an operation that is not its own.
  if (operation === undefined || kind === "not-found" || kind === "not-entitled") return decision.writes;
  const outcome = decision.result.kind === "attempt-failed" ? decision.result.reason : kind;
  const attempt = {
    tenant: operation.tenant,
    id: newUuid7(deps.random, now),
    operation_id: operation.id,
    activation_id: activationId,
    action: input.action,
    outcome,
    at: now,
  };
  return { ...decision.writes, attempt };
}

function actorOf(activation: ActivationRow, factors: string): DeviceActor {
  return {
    kind: "device",
    activationId: activation.id,
    userId: activation.user_id,
    applicationId: activation.application_id,
    flags: JSON.parse(activation.flags) as string[],
    factors,
  };
}

function additionalData(input: DeviceDecision, proof: SignatureProof): Record<string, unknown> {
  const { otp, ...scan }: Partial<ProximityProof> = input.proximity === "signed" ? {} : (input.proximity ?? {});
  return {
    activationId: proof.activation.id,
    applicationId: proof.activation.application_id,
    ...(input.ipAddress !== undefined && { ipAddress: input.ipAddress }),
    ...(input.userAgent !== undefined && { userAgent: input.userAgent }),
    ...(input.action === "approve" && { authFactor: proof.factors }),
    ...(input.reason !== undefined && { rejectReason: input.reason }),
    ...(otp !== undefined && { proximity_otp: otp, proximityCheck: scan }),
    ...(input.mobileTokenData !== undefined && { mobileTokenData: input.mobileTokenData }),
  };
}

function evidenceOf(deps: Pick<Deps, "activationKeys">, proof: SignatureProof): Evidence {
  return {
    kind: proof.version === undefined ? "powerauth-offline" : "powerauth",
    factors: factorsOf(proof.factors),
    applicationId: proof.activation.application_id,
    activationId: proof.activation.id,
    keyFingerprint: deps.activationKeys.fingerprintOf(proof.activation),
    ...(proof.version !== undefined && { protocolVersion: proof.version.version }),
    signedSha256: proof.signedSha256,
    counter: proof.counter,
  };
}
