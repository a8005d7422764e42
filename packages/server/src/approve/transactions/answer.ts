/**
 * A device answers (Approve protocol §8). The answer is read and verified outside, in the order of APV-RES-2; then its
 * place in the container's sequence, the transaction's state and the decision are one commit, through the same `decide` as
 * any other approval.
 */
import { factorsOfMethod } from "@countersign/protocol/approve/policy";
import { answerSeconds, isTimely, response, type ResponseClaims } from "@countersign/protocol/approve/response";
import type { AllowedStatus } from "@countersign/protocol/approve/transaction";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { newUuid7 } from "../../ids.ts";
import { builtOnce } from "../../lists/built-once.ts";
import { type DecideInput, type Decided, decide } from "../../operations/decide.ts";
import { refuseState } from "../../operations/detail.ts";
import { decisionOf } from "../../operations/receipt.ts";
import type { IssuedTransactionTable } from "../../store/schema.ts";
import type { ActivationRow, HotCommand, OperationRow, Outcome, Writes } from "../../store/store.ts";
import { withCountermeasures } from "../countermeasures/report.ts";
import {
  activeContainer,
  actorOf,
  addressDefect,
  answerData,
  countedFailure,
  digestOf,
  evidenceOf,
  moved,
  readSigned,
  refusedBy,
  sequenceDefect,
  type Signed,
  type SignedCall,
  verificationDefect,
} from "./accept.ts";
import { once } from "../prove.ts";
import { allowedStatuses, approvalOf, matchNumberOf } from "./approval.ts";
import { openMessage } from "./issue.ts";

type AnswerDeps = Pick<Deps, "store" | "random" | "secrets" | "crypto" | "publicUrl">;

export interface AnswerInput extends SignedCall {
  readonly operationId: string;
}

export interface Answered {
  readonly status: string;
  /** What came of the operation. */
  readonly outcome: "APPROVED" | "REJECTED";
}

/**
 * Refuses with what APV-RES-2 names, in its order. A wrong signature counts against the container, and its last try
 * blocks it (APV-RES-5); the same again gets the same answer (APV-RES-4). An answer that reports something brings
 * the countermeasures in the same commit.
 */
export async function answerTransaction(deps: AnswerDeps, input: AnswerInput): Promise<Answered | Refusal> {
  const { operationId, container } = input;
  const signed = await readSigned(deps, response, input);
  if (isRefusal(signed)) return signed;
  return signed.isRight
    ? decided(deps, operationId, signed)
    : deps.store.commit<Refusal>({
        activationId: container.activation.id,
        operationId,
        claims: [input.claim],
        evaluate: (rows, now) => countedFailure(deps, signed, rows, now),
      });
}

interface Attempt {
  readonly operationId: string;
  readonly signed: Signed<ResponseClaims>;
  readonly issued: IssuedTransactionTable | undefined;
  /** The transaction as this container was told it. */
  readonly told: string | undefined;
}

async function decided(
  deps: AnswerDeps,
  operationId: string,
  signed: Signed<ResponseClaims>,
): Promise<Answered | Refusal> {
  const { container, claim } = signed.call;
  const issued = await findIssuedAndAnswered(deps, operationId, container.activation.id, signed.digest);
  const earlier = issued?.outcome ?? null;
  if (earlier !== null) return once(deps, claim, JSON.parse(earlier) as Answered | Refusal);
  const attempt: Attempt = { operationId, signed, issued, told: issued && openMessage(deps, issued) };
  const command = { activationId: container.activation.id, operationId, claims: [claim] };
  const first = await deps.store.commit<Answered | Refusal | "report">({
    ...command,
    evaluate(rows, now) {
      const outcome = evaluate(deps, attempt, rows, now);
      return reports(attempt, rows.operation, outcome) ? { result: "report", claims: "release" } : outcome;
    },
  });
  if (first !== "report") return first;
  return withCountermeasures(deps, container, {
    ...command,
    evaluate: (rows, now) => evaluate(deps, attempt, rows, now),
  });
}

function reports({ signed }: Attempt, operation: OperationRow | undefined, { result }: Outcome<Answered | Refusal>) {
  if (operation === undefined || isRefusal(result)) return false;
  return allowedStatus(operation, signed.claims.status)?.effect === "report";
}

function evaluate(
  deps: AnswerDeps,
  attempt: Attempt,
  rows: Parameters<HotCommand<unknown>["evaluate"]>[0],
  now: number,
): Outcome<Answered | Refusal> {
  const activation = activeContainer(rows);
  if (isRefusal(activation)) return { result: activation };
  const defect = defectOf(deps, attempt, activation, rows.operation, now);
  if (defect !== undefined) return refusedBy(attempt.signed, activation, defect);
  return decision(deps, attempt, activation, rows.operation as OperationRow, now);
}

/** From `aud` to `prev`, in the order of APV-RES-2; what the state machine decides comes after. */
function defectOf(
  deps: AnswerDeps,
  { operationId, signed, issued, told }: Attempt,
  activation: ActivationRow,
  operation: OperationRow | undefined,
  now: number,
): Refusal | undefined {
  const { claims, key } = signed;
  const elsewhere = addressDefect(deps, signed, activation);
  if (elsewhere !== undefined) return elsewhere;
  if (operation === undefined || issued === undefined || told === undefined || claims.tid !== operationId) {
    return refuse("transaction-unknown");
  }
  if (operation.status !== "PENDING") return refuseState(operation);
  if (claims.nonce !== issued.nonce) return refuse("invalid-request", "nonce");
  if (claims.tx_sha256 !== digestOf(deps, told)) return refuse("invalid-request", "tx_sha256");
  if (claims.shown_sha256 !== issued.shown_digest) return refuse("invalid-request", "shown_sha256");
  const status = allowedStatus(operation, claims.status);
  if (status === undefined || status.key !== key.use) return refuse("status-not-allowed");
  const unverified = verificationDefect(signed, status);
  if (unverified !== undefined) return unverified;
  if (!isTimely(claims, Math.floor(now / 1000), answerSeconds.response)) return refuse("invalid-request", "iat or exp");
  return sequenceDefect(signed, activation);
}

function decision(
  deps: AnswerDeps,
  attempt: Attempt,
  activation: ActivationRow,
  operation: OperationRow,
  now: number,
): Outcome<Answered | Refusal> {
  const { signed, told } = attempt;
  const { claims, digest } = signed;
  const status = allowedStatus(operation, claims.status) as AllowedStatus;
  const action = status.effect === "approve" ? "approve" : "reject";
  const { result, writes } = decide(operation, inputOf(deps, attempt, activation, operation, status), now);
  const outcome = outcomeOf(result, status);
  if (result.kind !== "decided" && result.kind !== "attempt-failed") return { result: outcome, writes };
  const settled: Writes = {
    ...writes,
    attempt: attemptRow(deps, operation, activation, action, result, now),
    answer: {
      tenant: operation.tenant,
      operation_id: operation.id,
      activation_id: activation.id,
      message_digest: digest,
      outcome: JSON.stringify(outcome),
      at: now,
    },
  };
  // A refusal moves nothing of the container: a device need not know which refusals count. The same counts once.
  if (result.kind !== "decided") return { result: outcome, writes: settled };
  const receipt = decisionOf(
    {
      issuer: deps.publicUrl,
      operation: result.operation,
      evidence: evidenceOf(signed, told),
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
  return { result: outcome, writes: { ...settled, activation: moved(signed, activation, now), decision: receipt } };
}

function inputOf(
  deps: AnswerDeps,
  { signed }: Attempt,
  activation: ActivationRow,
  operation: OperationRow,
  status: AllowedStatus,
): DecideInput {
  const { claims } = signed;
  const number = status.effect === "approve" ? matchNumberOf(deps, operation) : undefined;
  return {
    action: status.effect === "approve" ? "approve" : "reject",
    actor: actorOf(activation, factorsOfMethod[claims.uv.method]),
    // `tx_sha256` covers the data: they are what the server stated to this container.
    data: operation.data,
    ...(number !== undefined && { number: claims.num === number ? "right" : "wrong" }),
    ...(status.effect !== "approve" && { reason: claims.status }),
    additionalData: answerData(signed, activation),
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

/**
 * The transaction as this container was told it, with what came of the same answer if it was given before: only what was
 * told is ever answered.
 */
async function findIssuedAndAnswered(
  { store }: Pick<Deps, "store">,
  operationId: string,
  activationId: string,
  digest: string,
): Promise<(IssuedTransactionTable & { outcome: string | null }) | undefined> {
  const [row] = await issuedAndAnswered(store, { tenant: store.tenant, operationId, activationId, digest });
  return row;
}

const issuedAndAnswered = builtOnce<
  {
    readonly tenant: string;
    readonly operationId: string;
    readonly activationId: string;
    readonly digest: string;
  },
  IssuedTransactionTable & { outcome: string | null }
>((db, mark) =>
  db
    .selectFrom("issued_transaction as i")
    .leftJoin("answered_transaction as a", (join) =>
      join
        .onRef("a.tenant", "=", "i.tenant")
        .onRef("a.operation_id", "=", "i.operation_id")
        .onRef("a.activation_id", "=", "i.activation_id")
        .on("a.message_digest", "=", mark("digest")),
    )
    .selectAll("i")
    .select("a.outcome")
    .where("i.tenant", "=", mark("tenant"))
    .where("i.operation_id", "=", mark("operationId"))
    .where("i.activation_id", "=", mark("activationId")),
);

function allowedStatus(operation: OperationRow, status: string): AllowedStatus | undefined {
  return allowedStatuses(approvalOf(operation)).find((one) => one.status === status);
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
