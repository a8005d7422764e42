/**
 * Approve, reject, fail and cancel as a back office does them. Nobody verified a factor here, and the receipt says so:
 * its evidence is `back-office`, whatever combination the caller states.
 */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import type { OperationRow, Outcome, Writes } from "../store/store.ts";
import { type BackOfficeActor, decide, type Decided, type Decision, failOnce } from "./decide.ts";
import { isOperationId, type Sees } from "./detail.ts";
import { applicationsOf } from "./operation.ts";
import { checkProximity } from "./proximity.ts";
import { decisionOf, shownBy } from "./receipt.ts";

export interface BackOfficeDecision {
  readonly action: "approve" | "reject";
  readonly operationId: string;
  readonly actor: BackOfficeActor;
  /** Approve only: must equal the operation's data. */
  readonly data?: string;
  /** Approve only: what the user read from the screen. */
  readonly proximityOtp?: string | undefined;
  /** Reject only. */
  readonly reason?: string | undefined;
  readonly additionalData?: Readonly<Record<string, unknown>> | undefined;
  readonly sees: Sees;
}

type DecideDeps = Pick<Deps, "store" | "random">;

/** One compare-and-set. Every kind of `Decided` but the two that only devices meet can come back. */
export async function decideInBackOffice(
  deps: DecideDeps & Pick<Deps, "crypto" | "secrets" | "publicUrl" | "displayTemplates">,
  input: BackOfficeDecision,
): Promise<Decided | Refusal> {
  const { actor, operationId } = input;
  const templates = await deps.displayTemplates.current();
  const known = await isApplication(deps, actor.applicationId);
  return commit(deps, operationId, input.sees, (operation, now) => {
    if (!known) return { result: refuse("application-not-found") };
    const decision = decide(
      operation,
      {
        action: input.action,
        actor,
        ...(input.data !== undefined && { data: input.data }),
        ...(input.reason !== undefined && { reason: input.reason }),
        ...(input.action === "approve" && { proximity: checkProximity(deps, operation, input.proximityOtp, now) }),
        ...(input.additionalData !== undefined && { additionalData: input.additionalData }),
      },
      now,
    );
    const writes = withAttempt(deps, input.action, actor.activationId, decision, now);
    if (decision.result.kind !== "decided") return { result: decision.result, writes };
    const decided = decision.result.operation;
    const receipt = decisionOf(
      {
        issuer: deps.publicUrl,
        operation: decided,
        evidence: { kind: "back-office", factors: [], applicationId: actor.applicationId, clientId: actor.clientId },
        shown: shownBy(deps.crypto, templates, decided, "en"),
        reason: input.reason,
      },
      now,
    );
    return { result: decision.result, writes: { ...writes, decision: receipt } };
  });
}

export interface BackOfficeCall {
  readonly operationId: string;
  readonly clientId: string;
  readonly additionalData?: Readonly<Record<string, unknown>> | undefined;
  readonly sees: Sees;
}

/** Counts one failed try that the back office saw. The last one makes the operation FAILED. */
export async function failInBackOffice(deps: DecideDeps, input: BackOfficeCall): Promise<Decided | Refusal> {
  return commit(deps, input.operationId, input.sees, (operation, now) => {
    const actor: BackOfficeActor = {
      kind: "back-office",
      clientId: input.clientId,
      // The caller states no user: it reports on the operation as it is.
      userId: operation.user_id ?? "",
      applicationId: applicationsOf(operation)[0] ?? "",
      ...(operation.activation_id !== null && { activationId: operation.activation_id }),
    };
    const { additionalData } = input;
    const decision = failOnce(
      operation,
      { action: "fail", actor, ...(additionalData !== undefined && { additionalData }) },
      now,
    );
    return { result: decision.result, writes: withAttempt(deps, "fail", undefined, decision, now) };
  });
}

/** `reason` is a short code for machines, shown to the user's app as `statusReason`. */
export async function cancelOperation(
  deps: DecideDeps,
  input: BackOfficeCall & { readonly reason?: string | undefined },
): Promise<Decided | Refusal> {
  const { reason, additionalData, clientId } = input;
  return commit(deps, input.operationId, input.sees, (operation, now) =>
    decide(
      operation,
      {
        action: "cancel",
        actor: { kind: "system", clientId },
        ...(reason !== undefined && { reason }),
        ...(additionalData !== undefined && { additionalData }),
      },
      now,
    ),
  );
}

async function commit(
  deps: DecideDeps,
  operationId: string,
  sees: Sees,
  evaluate: (operation: OperationRow, now: number) => Outcome<Decided | Refusal>,
): Promise<Decided | Refusal> {
  if (!isOperationId(operationId)) return { kind: "not-found" };
  return deps.store.commit<Decided | Refusal>({
    operationId,
    evaluate({ operation }, now) {
      if (operation === undefined || !sees(operation)) return { result: { kind: "not-found" } };
      return evaluate(operation, now);
    },
  });
}

async function isApplication(deps: Pick<Deps, "store">, id: string): Promise<boolean> {
  const row = await deps.store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

function withAttempt(
  deps: Pick<Deps, "random">,
  action: "approve" | "reject" | "fail",
  activationId: string | undefined,
  { result, writes }: Decision,
  now: number,
): Writes {
  if (result.kind !== "decided" && result.kind !== "final" && result.kind !== "attempt-failed") return writes;
  const attempt = {
    tenant: result.operation.tenant,
    id: newUuid7(deps.random, now),
    operation_id: result.operation.id,
    activation_id: activationId ?? null,
    action,
    outcome: result.kind === "attempt-failed" ? result.reason : result.kind,
    at: now,
  };
  return { ...writes, attempt };
}
