/**
 * Verifies a signed request and commits its outcome together with what it authorises.
 *
 * The counter, the failed attempts and the action are one commit, conditional on the state the verdict was computed
 * from. Whoever loses that race reads again and verifies again, three times at most.
 */
import { fromBase64, toBase64, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import { type FactorCombination, factorsOf, signedData } from "@countersign/protocol/powerauth/signature";
import type { ActivationKeys } from "@countersign/protocol/powerauth/keys";
import { type VersionRow, versionRow } from "@countersign/protocol/powerauth/versions";
import { findPowerAuth, activationEvent } from "../activations/activation.ts";
import type { EventDraft } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import { newUuid7 } from "../ids.ts";
import type { ApplicationVersion } from "../applications/version.ts";
import type { ActivationRow, ActivationUpdate, HotRows, Outcome, Writes } from "../store/store.ts";
import { type SignatureClaim, type SignatureVerdict, verifySignature } from "./verify.ts";

export interface SignedRequest {
  readonly activationId: string;
  readonly applicationKey: string;
  readonly factors: FactorCombination;
  readonly version: VersionRow;
  readonly signature: string;
  /** `METHOD&uriId&nonce&body`, without the application secret. */
  readonly base: string;
}

/** What a right signature authorises, and what a counted wrong one costs; both run inside the commit. */
export interface SignedAction<T> {
  readonly operationId?: string | undefined;
  readonly tokenId?: string | undefined;
  accepted(proof: SignatureProof, rows: HotRows, now: number): ActionOutcome<T>;
  /** Further writes of a counted failure, and what its caller wants to know of it. */
  refused?(
    activation: ActivationRow,
    rows: HotRows,
    now: number,
  ): { readonly writes?: Writes; readonly note?: unknown };
}

export interface ActionOutcome<T> {
  readonly result: T;
  readonly writes?: Omit<Writes, "activation">;
  /** Changes to the activation beyond counter and attempts, such as its removal. */
  readonly activation?: Partial<ActivationUpdate>;
}

/** What was verified, as the evidence of whatever it authorised. */
export interface SignatureProof {
  readonly activation: ActivationRow;
  readonly factors: FactorCombination;
  /** Absent for a retyped code, which is the same in every version. */
  readonly version?: VersionRow;
  /** For a retyped code: whether it could have been made with biometry. */
  readonly biometryAllowed?: boolean;
  /** Numeric counter value that was used up. */
  readonly counter: number;
  /** SHA-256, Base64url, of the signed data without the application secret. */
  readonly signedSha256: string;
}

export type Authentication<T> =
  | { readonly valid: true; readonly result: T; readonly proof: SignatureProof }
  | {
      readonly valid: false;
      readonly reason: InvalidReason;
      readonly activation?: ActivationRow;
      /** Tries left after this one. */
      readonly remainingAttempts: number;
      /** Whether the caller showed that it holds the device. */
      readonly proven: boolean;
      readonly note?: unknown;
    };

export type InvalidReason = "unknown" | "state" | "application" | "version" | "unproven" | "wrong-factor" | "busy";

/** Where the caller stands: only the back office may verify combinations without possession. */
export type Listener = "public" | "back-office";

const tries = 3;

export type AuthenticateDeps = Pick<
  Deps,
  "config" | "store" | "crypto" | "random" | "versions" | "activationKeys" | "inFlight"
>;

/**
 * Invalid outcomes are values. Rejects only where the store does (OUTCOME_UNKNOWN, STORE_UNAVAILABLE).
 * PowerAuth 3.x, verification order and counters.
 */
export async function authenticate<T>(
  deps: AuthenticateDeps,
  listener: Listener,
  request: SignedRequest,
  action: SignedAction<T>,
): Promise<Authentication<T>> {
  const application = await deps.versions.find(request.applicationKey);
  const first = await findPowerAuth(deps, request.activationId);
  const check = precheck(listener, request, application, first);
  if (check !== undefined || application === undefined || first === undefined) {
    spendAsMuch(deps, request);
    return check ?? invalid("unknown", first);
  }
  const claim: SignatureClaim = { ...request, data: signedData(request.base, application.applicationSecret) };
  const { factors, version, base, applicationKey } = request;
  return settle(deps, first, action, {
    applicationKey,
    precheck: (activation) => precheck(listener, request, application, activation),
    tryOn: (keys, counter) => ({
      verdict: verifySignature(deps.crypto, keys, counter, deps.config.lookAhead, claim),
      signed: { factors, version, base },
    }),
  });
}

/** One kind of signature: what stops it without cryptography, and what its cryptography says. Both are asked again. */
export interface Trial {
  readonly applicationKey?: string;
  precheck(activation: ActivationRow | undefined): (Authentication<never> & { valid: false }) | undefined;
  tryOn(keys: ActivationKeys, counter: Uint8Array): Tried;
}

export interface Tried {
  readonly verdict: SignatureVerdict;
  readonly signed: Pick<SignatureProof, "factors" | "version" | "biometryAllowed"> & { readonly base: string };
}

/** Verifies, and commits the outcome with what it authorises. `first` has passed the trial's precheck. */
export async function settle<T>(
  deps: AuthenticateDeps,
  first: ActivationRow,
  action: SignedAction<T>,
  trial: Trial,
): Promise<Authentication<T>> {
  const firstTried = tried(deps, first, trial);
  if (firstTried.verdict.kind === "unproven") return invalid("unproven", first);

  return deps.inFlight.run(first.id, async (waited) => {
    let activation = first;
    let current = firstTried;
    for (let attempt = 0; attempt < tries; attempt++) {
      if (waited || attempt > 0) {
        const fresh = await deps.store.findActivation(first.id);
        const stopped = trial.precheck(fresh);
        if (stopped !== undefined || fresh === undefined) return stopped ?? invalid("unknown", fresh);
        activation = fresh;
        current = tried(deps, activation, trial);
      }
      const { verdict, signed } = current;
      if (verdict.kind === "unproven") return invalid("unproven", activation);
      const outcome = await commitVerdict(deps, trial, action, activation, verdict, signed);
      if (outcome !== "stale") return outcome;
    }
    return invalid("busy", activation, true);
  });
}

/** Reasons that need no cryptography. None of them counts. */
function precheck(
  listener: Listener,
  request: SignedRequest,
  application: ApplicationVersion | undefined,
  activation: ActivationRow | undefined,
): (Authentication<never> & { valid: false }) | undefined {
  if (activation === undefined) return invalid("unknown", undefined);
  if (application === undefined || application.applicationId !== activation.application_id) {
    return invalid("application", activation);
  }
  if (activation.status !== "ACTIVE") return invalid("state", activation);
  const floor = versionRow(activation.version_floor ?? application.minVersion);
  const minimum = versionRow(application.minVersion);
  if (floor === undefined || minimum === undefined) throw new Error("Stored protocol version is unknown");
  if (request.version.order < floor.order || request.version.order < minimum.order)
    return invalid("version", activation);
  if (listener === "public" && factorsOf(request.factors)[0] !== "possession") return invalid("unproven", activation);
  return undefined;
}

/** So that the time of the answer does not tell an unknown or blocked activation from a wrong signature. */
function spendAsMuch(deps: AuthenticateDeps, request: SignedRequest): void {
  if (factorsOf(request.factors)[0] !== "possession") return;
  const key = deps.crypto.secretKey(nothing);
  const keys = { possession: key, knowledge: key, biometry: key, transport: key, vault: key };
  const claim = { ...request, data: signedData(request.base, toBase64(nothing)) };
  verifySignature(deps.crypto, { ...keys, transportIv: key, transportCtr: key }, nothing, deps.config.lookAhead, claim);
}

const nothing = new Uint8Array(16);

function tried(deps: AuthenticateDeps, activation: ActivationRow, trial: Trial): Tried {
  const counter = fromBase64(activation.ctr_data ?? "");
  if (counter === undefined) throw new Error("Active activation has no counter");
  return trial.tryOn(deps.activationKeys.keysOf(activation), counter);
}

async function commitVerdict<T>(
  deps: AuthenticateDeps,
  { applicationKey }: Trial,
  action: SignedAction<T>,
  activation: ActivationRow,
  verdict: Exclude<SignatureVerdict, { kind: "unproven" }>,
  { base, ...signed }: Tried["signed"],
): Promise<Authentication<T> | "stale"> {
  return deps.store.commit<Authentication<T> | "stale">({
    activationId: activation.id,
    ...(applicationKey !== undefined && { applicationKey }),
    ...(action.operationId !== undefined && { operationId: action.operationId }),
    ...(action.tokenId !== undefined && { tokenId: action.tokenId }),
    evaluate(rows, now) {
      const current = rows.activation;
      if (current === undefined || !sameState(current, activation)) return { result: "stale" };
      if (applicationKey !== undefined && rows.supported !== true) return { result: invalid("application", current) };
      const proofBase = { ...signed, signedSha256: digestOf(deps, base) };
      if (verdict.kind === "right") return acceptedOutcome(action, current, verdict, proofBase, rows, now);
      return refusedOutcome(deps, action, current, verdict, proofBase, rows, now);
    },
  });
}

type ProofBase = Omit<SignatureProof, "activation" | "counter">;

function acceptedOutcome<T>(
  action: SignedAction<T>,
  activation: ActivationRow,
  verdict: Extract<SignatureVerdict, { kind: "right" }>,
  base: ProofBase,
  rows: HotRows,
  now: number,
): Outcome<Authentication<T>> {
  const proof: SignatureProof = { ...base, activation, counter: activation.counter + verdict.steps - 1 };
  const done = action.accepted(proof, rows, now);
  const set: ActivationUpdate = {
    ...moved(activation, verdict, base.version, now),
    // Possession alone proves no second factor, so it does not forgive wrong guesses of one.
    failed_attempts: base.factors === "possession" ? activation.failed_attempts : 0,
    ...done.activation,
  };
  const events = done.writes?.events ?? [signatureEvent("signature.accepted", proof)];
  return {
    result: { valid: true, result: done.result, proof },
    writes: { ...done.writes, events, activation: { from: activation, set } },
  };
}

function refusedOutcome<T>(
  deps: AuthenticateDeps,
  action: SignedAction<T>,
  activation: ActivationRow,
  verdict: Exclude<SignatureVerdict, { kind: "unproven" | "right" }>,
  base: ProofBase,
  rows: HotRows,
  now: number,
): Outcome<Authentication<T>> {
  const failed = activation.failed_attempts + 1;
  const blocked = failed >= activation.max_failed_attempts;
  const steps = verdict.kind === "wrong-factor" ? verdict.steps : 0;
  const set: ActivationUpdate = {
    ...(verdict.kind === "wrong-factor" ? moved(activation, verdict, base.version, now) : unmoved(activation, now)),
    failed_attempts: failed,
    ...(blocked && { status: "BLOCKED", blocked_reason: "MAX_FAILED_ATTEMPTS", changed_at: now }),
  };
  const proof = { ...base, activation, counter: activation.counter + Math.max(0, steps - 1) };
  const more = action.refused?.(activation, rows, now) ?? {};
  const events = [signatureEvent("signature.failed", proof), ...(more.writes?.events ?? [])];
  if (blocked) {
    const reason = "MAX_FAILED_ATTEMPTS";
    events.push(activationEvent("activation.blocked", { ...activation, ...set }, { reason }));
  }
  return {
    result: {
      ...invalid("wrong-factor", { ...activation, ...set }, verdict.kind === "wrong-factor"),
      ...(more.note !== undefined && { note: more.note }),
    },
    writes: {
      ...more.writes,
      events,
      activation: { from: activation, set },
      ...(blocked && { history: blockedHistory(deps, activation, now) }),
    },
  };
}

function sameState(current: ActivationRow, seen: ActivationRow): boolean {
  return (
    current.status === seen.status &&
    current.counter === seen.counter &&
    current.ctr_data === seen.ctr_data &&
    current.failed_attempts === seen.failed_attempts
  );
}

function unmoved(activation: ActivationRow, now: number): ActivationUpdate {
  const { counter, ctr_data, failed_attempts, status, blocked_reason, version_floor, name, changed_at } = activation;
  return {
    counter,
    ctr_data,
    failed_attempts,
    status,
    blocked_reason,
    version_floor,
    name,
    changed_at,
    last_used_at: now,
  };
}

function moved(
  activation: ActivationRow,
  verdict: { readonly steps: number; readonly nextCounter: Uint8Array },
  version: VersionRow | undefined,
  now: number,
): ActivationUpdate {
  const floor = versionRow(activation.version_floor ?? version?.version ?? "");
  const raised = version !== undefined && (floor === undefined || floor.order <= version.order);
  return {
    ...unmoved(activation, now),
    counter: activation.counter + verdict.steps,
    ctr_data: toBase64(verdict.nextCounter),
    ...(raised && { version_floor: version.version }),
  };
}

export function invalid(
  reason: InvalidReason,
  activation: ActivationRow | undefined,
  proven = false,
): Authentication<never> & { valid: false } {
  const remainingAttempts =
    activation?.status === "ACTIVE" ? activation.max_failed_attempts - activation.failed_attempts : 0;
  return { valid: false, reason, remainingAttempts, proven, ...(activation !== undefined && { activation }) };
}

function digestOf(deps: Pick<Deps, "crypto">, base: string): string {
  return toBase64Url(deps.crypto.sha256(utf8(base)));
}

export function signatureEvent(type: "signature.accepted" | "signature.failed", proof: SignatureProof): EventDraft {
  return {
    type,
    subject: proof.activation.id,
    applications: [proof.activation.application_id],
    data: evidenceData(proof),
  };
}

/** The part of a proof that audit and receipts carry. */
export function evidenceData(proof: SignatureProof): Record<string, unknown> {
  return {
    activationId: proof.activation.id,
    userId: proof.activation.user_id,
    applicationId: proof.activation.application_id,
    factors: factorsOf(proof.factors),
    ...(proof.version !== undefined && { protocolVersion: proof.version.version }),
    ...(proof.biometryAllowed !== undefined && { offline: true, biometryAllowed: proof.biometryAllowed }),
    counter: proof.counter,
    signedSha256: proof.signedSha256,
  };
}

function blockedHistory(
  deps: Pick<Deps, "random">,
  activation: ActivationRow,
  now: number,
): NonNullable<Writes["history"]> {
  return {
    tenant: activation.tenant,
    id: newUuid7(deps.random, now),
    activation_id: activation.id,
    status: "BLOCKED",
    reason: "MAX_FAILED_ATTEMPTS",
    external_user_id: null,
    name: activation.name,
    at: now,
  };
}
