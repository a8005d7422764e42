/**
 * A device answers (Approve protocol §8). The answer is read and verified outside, in the order of APV-RES-2; then its
 * place in the container's sequence, the transaction's state and the decision are one commit, through the same `decide` as
 * any other approval.
 */
import { toBase64, toBase64Url, fromBase64, fromBase64Url, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { factorsOfMethod, methodsOf } from "@countersign/protocol/approve/policy";
import {
  answerSeconds,
  isTimely,
  noAnswer,
  response,
  type ResponseClaims,
} from "@countersign/protocol/approve/response";
import type { AllowedStatus } from "@countersign/protocol/approve/transaction";
import { factorsOf } from "@countersign/protocol/powerauth/signature";
import type { Evidence } from "@countersign/protocol/receipt";
import { activationEvent, historyRow } from "../../activations/activation.ts";
import type { Deps } from "../../deps.ts";
import { type Refusal, type RefusalCode, refuse } from "../../errors.ts";
import { newUuid7 } from "../../ids.ts";
import { type DecideInput, type Decided, decide, type DeviceActor, failOnce } from "../../operations/decide.ts";
import { refuseState } from "../../operations/detail.ts";
import { decisionOf } from "../../operations/receipt.ts";
import type { IssuedTransactionTable } from "../../store/schema.ts";
import type {
  ActivationRow,
  ActivationUpdate,
  Claim,
  HotRows,
  OperationRow,
  Outcome,
  Writes,
} from "../../store/store.ts";
import { allowedStatuses, approvalOf } from "./approval.ts";
import { activeKey, type Container, type ContainerKey, isOver } from "../container.ts";
import { findIssued, openMessage } from "./issue.ts";

type AnswerDeps = Pick<Deps, "store" | "random" | "secrets" | "crypto" | "publicUrl" | "operationWatch">;

export interface AnswerInput {
  readonly operationId: string;
  readonly container: Container;
  /** Makes the proof of this call usable once. */
  readonly claim: Claim;
  /** Compact JWS. */
  readonly text: string;
  readonly ipAddress: string;
  readonly userAgent: string;
}

export interface Answered {
  readonly status: string;
  /** What came of the operation. */
  readonly outcome: "APPROVED" | "REJECTED";
}

const tries = 3;

/**
 * Refuses with what APV-RES-2 names, in its order. A wrong signature counts against the container, and its last try
 * blocks it (APV-RES-5); the same bytes again get the same answer (APV-RES-4).
 */
export async function answerTransaction(deps: AnswerDeps, input: AnswerInput): Promise<Answered | Refusal> {
  const read = readMessage(response, input.text);
  if (isFailure(read)) return refuse("invalid-request", "response - malformed");
  const now = await deps.store.now();
  const key = activeKey(input.container, read.kid, ["tx", "auth"]);
  if (key === undefined) return refuse("invalid-request", "response - kid");
  if (isOver(key, now)) return refuse("key-expired");
  const verified = await verifyMessage(read, key.verifier);
  const issued = await findIssued(deps, input.operationId, input.container.activation.id);
  const attempt: Attempt = { input, claims: read.claims, key, issued, digest: digestOf(deps, input.text) };
  for (let at = 0; at < tries; at++) {
    const outcome = isFailure(verified) ? await refuseSignature(deps, attempt) : await commit(deps, attempt);
    if (outcome === "stale") continue;
    deps.operationWatch.changed(input.operationId);
    return outcome;
  }
  return refuse("unavailable");
}

interface Attempt {
  readonly input: AnswerInput;
  readonly claims: ResponseClaims;
  readonly key: ContainerKey;
  readonly issued: IssuedTransactionTable | undefined;
  /** SHA-256 of the answer's characters, Base64url. */
  readonly digest: string;
}

async function commit(deps: AnswerDeps, attempt: Attempt): Promise<Answered | Refusal | "stale"> {
  const { input, digest } = attempt;
  const earlier = await earlierAnswer(deps, input.operationId, digest);
  if (earlier !== undefined) return earlier;
  return deps.store.commit<Answered | Refusal | "stale">({
    activationId: input.container.activation.id,
    operationId: input.operationId,
    claims: [input.claim],
    evaluate(rows, now) {
      if (!rows.claimed) return { result: refuse("proof-invalid") };
      const { activation, operation } = rows;
      if (activation === undefined) return { result: refuse("container-removed") };
      if (activation.status !== "ACTIVE") return { result: refuse("container-blocked") };
      const defect = defectOf(deps, attempt, activation, operation, now);
      if (defect?.refused === "clone-suspected") return { result: defect, writes: suspicion(activation, attempt) };
      if (defect !== undefined) return { result: defect };
      return decided(deps, attempt, activation, operation as OperationRow, now);
    },
  });
}

/** Two devices seem to answer for one container: nothing changes, and it is written down. */
function suspicion(activation: ActivationRow, { claims }: Attempt): Writes {
  const more = { seq: claims.seq, expected: activation.counter };
  return { events: [activationEvent("container.clone-suspected", activation, more)] };
}

/** From `aud` to `prev`, in the order of APV-RES-2; what the state machine decides comes after. */
function defectOf(
  deps: AnswerDeps,
  { input, claims, key, issued }: Attempt,
  activation: ActivationRow,
  operation: OperationRow | undefined,
  now: number,
): Refusal | undefined {
  if (claims.aud !== deps.publicUrl || claims.iss !== activation.id) return refuse("invalid-request", "aud or iss");
  if (operation === undefined || issued === undefined || claims.tid !== input.operationId) {
    return refuse("transaction-unknown");
  }
  if (operation.status !== "PENDING") return refuseState(operation);
  if (claims.nonce !== issued.nonce) return refuse("invalid-request", "nonce");
  if (claims.tx_sha256 !== digestOf(deps, openMessage(deps, issued))) return refuse("invalid-request", "tx_sha256");
  if (claims.shown_sha256 !== issued.shown_digest) return refuse("invalid-request", "shown_sha256");
  const status = allowedStatus(operation, claims.status);
  if (status === undefined || status.key !== key.use) return refuse("status-not-allowed");
  if (!methodsOf[key.policy.type].includes(claims.uv.method) && claims.uv.method !== "none") {
    return refuse("verification-required");
  }
  if (status.uv === "required" && !methodsOf[key.policy.type].includes(claims.uv.method)) {
    return refuse("verification-required");
  }
  if (!isTimely(claims, Math.floor(now / 1000), answerSeconds.response)) return refuse("invalid-request", "iat or exp");
  if (claims.prev !== previousOf(activation) || claims.seq <= activation.counter) return refuse("clone-suspected");
  return undefined;
}

function decided(
  deps: AnswerDeps,
  attempt: Attempt,
  activation: ActivationRow,
  operation: OperationRow,
  now: number,
): Outcome<Answered | Refusal> {
  const { input, claims, digest } = attempt;
  const status = allowedStatus(operation, claims.status) as AllowedStatus;
  const action = status.effect === "approve" ? "approve" : "reject";
  const decision = decide(operation, inputOf(attempt, activation, operation, status), now);
  const moved: ActivationUpdate = {
    ...kept(activation, now),
    counter: claims.seq,
    ctr_data: toBase64(fromBase64Url(digest) as Uint8Array),
    failed_attempts: claims.uv.method === "none" ? activation.failed_attempts : 0,
  };
  const outcome = outcomeOf(decision.result, status);
  const final = decision.result.kind === "decided" || decision.result.kind === "attempt-failed";
  const writes: Writes = {
    ...decision.writes,
    activation: { from: activation, set: moved },
    ...(final && {
      attempt: attemptRow(deps, operation, activation, action, decision.result, now),
      answer: {
        tenant: operation.tenant,
        operation_id: operation.id,
        activation_id: activation.id,
        message_digest: digest,
        outcome: JSON.stringify(outcome),
        at: now,
      },
    }),
  };
  if (decision.result.kind !== "decided") return { result: outcome, writes: final ? writes : {} };
  const receipt = decisionOf(
    {
      issuer: deps.publicUrl,
      operation: decision.result.operation,
      evidence: evidenceOf(deps, attempt, input.container),
      shown: {
        sha256: claims.shown_sha256,
        language: (attempt.issued as IssuedTransactionTable).language,
        template: operation.operation_type,
        by: "device",
      },
      ...(action === "reject" && { reason: claims.status }),
    },
    now,
  );
  return { result: outcome, writes: { ...writes, decision: receipt } };
}

function inputOf(
  { input, claims }: Attempt,
  activation: ActivationRow,
  operation: OperationRow,
  status: AllowedStatus,
): DecideInput {
  const { number } = approvalOf(operation);
  const factors = factorsOfMethod[claims.uv.method];
  return {
    action: status.effect === "approve" ? "approve" : "reject",
    actor: actorOf(activation, factors),
    // `tx_sha256` covers the data: they are what the server stated to this container.
    data: operation.data,
    ...(number !== undefined && status.effect === "approve" && { number: claims.num === number ? "right" : "wrong" }),
    ...(status.effect !== "approve" && { reason: claims.status }),
    additionalData: {
      activationId: activation.id,
      applicationId: activation.application_id,
      ipAddress: input.ipAddress,
      userAgent: input.userAgent,
      authFactor: factors,
      answer: claims.status,
      ...(claims.ctx !== undefined && { mobileContext: claims.ctx }),
      ...(claims.threats !== undefined && { threats: claims.threats }),
    },
  };
}

function outcomeOf(result: Decided, { status, effect }: AllowedStatus): Answered | Refusal {
  switch (result.kind) {
    case "decided":
      return { status, outcome: effect === "approve" ? "APPROVED" : "REJECTED" };
    case "final":
      return refuseState(result.operation);
    case "not-found":
    case "not-entitled":
      return refuse("transaction-unknown");
    case "flag-missing":
      return refuse("operation-flag");
    case "device-held":
      return refuse("container-blocked");
    case "attempt-failed":
      if (result.reason === "number") return refuse("number-wrong");
      return refuse(result.operation.status === "FAILED" ? "operation-out-of-tries" : "verification-required");
  }
}

/** A proven device with a wrong password: one try of the container and of the operation (APV-RES-5). */
async function refuseSignature(deps: AnswerDeps, attempt: Attempt): Promise<Refusal | "stale"> {
  const { input } = attempt;
  return deps.store.commit<Refusal | "stale">({
    activationId: input.container.activation.id,
    operationId: input.operationId,
    claims: [input.claim],
    evaluate: (rows, now) => countedFailure(deps, attempt, rows, now),
  });
}

function countedFailure(
  deps: AnswerDeps,
  { input, key }: Attempt,
  { activation, operation, claimed }: HotRows,
  now: number,
): Outcome<Refusal> {
  if (!claimed) return { result: refuse("proof-invalid") };
  if (activation?.status !== "ACTIVE") return { result: refuse("container-blocked") };
  const failed = activation.failed_attempts + 1;
  const blocked = failed >= activation.max_failed_attempts;
  const set: ActivationUpdate = {
    ...kept(activation, now),
    failed_attempts: failed,
    ...(blocked && { status: "BLOCKED", blocked_reason: "MAX_FAILED_ATTEMPTS", changed_at: now }),
  };
  const after: ActivationRow = { ...activation, ...set };
  const cost = failOnce(operation, { action: "approve", actor: actorOf(activation, "possession") }, now);
  const events = [
    activationEvent("signature.failed", after, { kid: key.kid, use: key.use, operationId: input.operationId }),
    ...(cost.writes.events ?? []),
    ...(blocked ? [activationEvent("activation.blocked", after, { reason: "MAX_FAILED_ATTEMPTS" })] : []),
  ];
  return {
    result: refuse(blocked ? "container-blocked" : "signature-wrong"),
    writes: {
      ...cost.writes,
      events,
      activation: { from: activation, set },
      ...(blocked && { history: historyRow(deps, after, now, { reason: "MAX_FAILED_ATTEMPTS" }) }),
    },
  };
}

async function earlierAnswer(
  deps: Pick<Deps, "store">,
  operationId: string,
  digest: string,
): Promise<Answered | Refusal | undefined> {
  const row = await deps.store.read
    .selectFrom("answered_transaction")
    .select("outcome")
    .where("tenant", "=", deps.store.tenant)
    .where("operation_id", "=", operationId)
    .where("message_digest", "=", digest)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const outcome = JSON.parse(row.outcome) as Answered | { readonly refused: RefusalCode };
  return outcome;
}

function allowedStatus(operation: OperationRow, status: string): AllowedStatus | undefined {
  return allowedStatuses(approvalOf(operation)).find((one) => one.status === status);
}

function previousOf(activation: ActivationRow): string {
  if (activation.ctr_data === null) return noAnswer;
  return toBase64Url(fromBase64(activation.ctr_data) ?? new Uint8Array(32));
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

function evidenceOf(deps: AnswerDeps, attempt: Attempt, { activation }: Container): Evidence {
  const { input, claims, key, issued } = attempt;
  return {
    kind: "approve-jws",
    factors: factorsOf(factorsOfMethod[claims.uv.method]),
    applicationId: activation.application_id,
    activationId: activation.id,
    protocolVersion: "approve/1",
    counter: claims.seq,
    signedSha256: attempt.digest,
    signature: input.text,
    deviceKey: key.jwk,
    transaction: openMessage(deps, issued as IssuedTransactionTable),
  };
}

function attemptRow(
  deps: Pick<Deps, "random">,
  operation: OperationRow,
  activation: ActivationRow,
  action: "approve" | "reject",
  result: Decided,
  now: number,
) {
  return {
    tenant: operation.tenant,
    id: newUuid7(deps.random, now),
    operation_id: operation.id,
    activation_id: activation.id,
    action,
    outcome: result.kind === "attempt-failed" ? result.reason : result.kind,
    at: now,
  };
}

function kept(activation: ActivationRow, now: number): ActivationUpdate {
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

function digestOf({ crypto }: Pick<Deps, "crypto">, text: string): string {
  return toBase64Url(crypto.sha256(utf8(text)));
}
