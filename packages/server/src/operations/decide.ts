/**
 * The one place where an operation is decided, whoever asks and by whatever protocol. Pure: it is handed the locked row
 * and the time of the commit, and returns the outcome and what to write.
 */
import type { EventDraft } from "../audit/event.ts";
import type { OperationRow, OperationUpdate, Writes } from "../store/store.ts";
import {
  applicationsOf,
  asksForNumber,
  type OperationAction,
  signatureTypesOf,
  statusAt,
  transitions,
} from "./operation.ts";

/** A device whose signature was verified in this very commit. */
export interface DeviceActor {
  readonly kind: "device";
  readonly activationId: string;
  readonly userId: string;
  readonly applicationId: string;
  readonly flags: readonly string[];
  /** Lower-case combination, such as `possession_knowledge`. */
  readonly factors: string;
}

/** An API client with the permission to decide. It names the user it decides for; nobody verified a factor. */
export interface BackOfficeActor {
  readonly kind: "back-office";
  readonly clientId: string;
  readonly userId: string;
  readonly applicationId: string;
  /** The combination the caller states; checked against the template, never reported as evidence. */
  readonly factors?: string;
  readonly activationId?: string;
}

/** The server itself (expiry) or a back office that creates and cancels: needs no entitlement to the operation. */
export interface SystemActor {
  readonly kind: "system";
  /** API client that asked for it, where one did. */
  readonly clientId?: string;
}

export type Actor = DeviceActor | BackOfficeActor | SystemActor;

export interface DecideInput {
  readonly action: OperationAction;
  readonly actor: Actor;
  /** Data as the device signed it; required for approve. */
  readonly data?: string;
  readonly reason?: string;
  /**
   * Whether the person gave the number that stands on the other screen; there is one try. An operation that asks for it
   * is not approved without.
   */
  readonly number?: "right" | "wrong";
  /** Of the proximity check, for approve. An operation that asks for one is not approved without SUCCESS. */
  readonly proximity?: ProximityResult;
  /** Merged into the operation's additional data when it is decided. */
  readonly additionalData?: Readonly<Record<string, unknown>>;
}

export type Decided =
  | { readonly kind: "decided"; readonly operation: OperationRow }
  | { readonly kind: "not-found" }
  /** The operation left PENDING before; `operation.status` says to where. */
  | { readonly kind: "final"; readonly operation: OperationRow }
  /** Exists, but not for this actor. Never told apart from `not-found` on the wire. */
  | { readonly kind: "not-entitled" }
  | { readonly kind: "flag-missing"; readonly flag: string }
  /** The activation carries a flag that forbids decisions, such as an unfinished identity check. */
  | { readonly kind: "device-held" }
  /** A counted failure; the operation is FAILED when it was the last one. */
  | { readonly kind: "attempt-failed"; readonly reason: AttemptFailure; readonly operation: OperationRow };

export type AttemptFailure = "data" | "factor" | "signature" | "number" | "proximity";

/** DISABLED: not asked for. FAILED: wrong or missing. ERROR: not of the form of a password. */
export type ProximityResult = "SUCCESS" | "FAILED" | "DISABLED" | "ERROR";

export interface Decision {
  readonly result: Decided;
  readonly writes: Pick<Writes, "operation" | "events">;
}

/** Operation state machine: checks in the order exists → entitlement → state → flag → data → factor → proximity. */
export function decide(operation: OperationRow | undefined, input: DecideInput, now: number): Decision {
  if (operation === undefined) return unchanged({ kind: "not-found" });
  const stopped = stoppedBy(operation, input, now);
  if (stopped !== undefined) return stopped;
  const failure = input.action === "approve" ? approvalFailure(operation, input) : undefined;
  if (failure !== undefined) return countFailure(operation, failure, input, now);
  return finish(operation, input, now);
}

/**
 * Costs the operation one of its tries: a proven and entitled device signed with a wrong factor, or the back office
 * reports a failure. Whoever may not decide the operation changes nothing.
 */
export function failOnce(operation: OperationRow | undefined, input: DecideInput, now: number): Decision {
  if (operation === undefined) return unchanged({ kind: "not-found" });
  return stoppedBy(operation, input, now) ?? countFailure(operation, "signature", input, now);
}

/**
 * Writes down that time has run out, before anybody is told: from then on no other commit can find the row pending.
 */
export function expireOnSight(operation: OperationRow, now: number): Decision | undefined {
  if (statusAt(operation, now) === operation.status) return undefined;
  const { writes } = finish(operation, { action: "expire", actor: { kind: "system" } }, now);
  const expired: OperationRow = { ...operation, ...writes.operation?.set };
  return { result: { kind: "final", operation: expired }, writes };
}

/** Flags of an onboarding that is not finished. */
const holdingFlags: ReadonlySet<string> = new Set(["VERIFICATION_PENDING", "VERIFICATION_IN_PROGRESS"]);

function stoppedBy(operation: OperationRow, input: DecideInput, now: number): Decision | undefined {
  const { actor } = input;
  if (actor.kind !== "system" && !isEntitled(operation, actor)) return unchanged({ kind: "not-entitled" });
  if (input.action === "expire") {
    const due = operation.status === transitions.expire.from && now >= operation.expires_at;
    return due ? undefined : unchanged({ kind: "final", operation });
  }
  const overdue = expireOnSight(operation, now);
  if (overdue !== undefined) return overdue;
  if (operation.status !== transitions[input.action].from) return unchanged({ kind: "final", operation });
  if (actor.kind !== "device") return undefined;
  if (actor.flags.some((flag) => holdingFlags.has(flag))) return unchanged({ kind: "device-held" });
  const { activation_flag: flag } = operation;
  return flag !== null && !actor.flags.includes(flag) ? unchanged({ kind: "flag-missing", flag }) : undefined;
}

/** User, application and, where the operation is bound to one, activation. */
export function isEntitled(
  operation: OperationRow,
  actor: { readonly userId: string; readonly applicationId: string; readonly activationId?: string | undefined },
): boolean {
  if (operation.user_id !== null && operation.user_id !== actor.userId) return false;
  if (!applicationsOf(operation).includes(actor.applicationId)) return false;
  return operation.activation_id === null || operation.activation_id === actor.activationId;
}

function approvalFailure(operation: OperationRow, input: DecideInput): AttemptFailure | undefined {
  if (input.actor.kind === "system") throw new Error("Only a device or the back office approves");
  if (input.data !== operation.data) return "data";
  const factors = input.actor.factors;
  if (factors === undefined || !signatureTypesOf(operation).includes(factors.toUpperCase())) return "factor";
  if (asksForNumber(operation) && input.number !== "right") return "number";
  if (operation.proximity_seed_sealed !== null && input.proximity !== "SUCCESS") return "proximity";
  return undefined;
}

function finish(operation: OperationRow, input: DecideInput, now: number): Decision {
  const { to, event } = transitions[input.action];
  const set: OperationUpdate = {
    ...kept(operation),
    status: to,
    status_reason: input.action === "cancel" ? (input.reason ?? null) : operation.status_reason,
    user_id: input.actor.kind === "system" ? operation.user_id : input.actor.userId,
    additional_data: merged(operation.additional_data, input.additionalData),
    finalized_at: now,
  };
  const decided: OperationRow = { ...operation, ...set };
  return {
    result: { kind: "decided", operation: decided },
    writes: { operation: { from: operation, set }, events: [operationEvent(event, decided, input), ...dueTo(decided)] },
  };
}

function countFailure(operation: OperationRow, reason: AttemptFailure, input: DecideInput, now: number): Decision {
  const failures = operation.failure_count + 1;
  const last = (reason === "number" && input.number === "wrong") || failures >= operation.max_failure_count;
  const set: OperationUpdate = {
    ...kept(operation),
    failure_count: failures,
    additional_data: merged(operation.additional_data, input.additionalData),
    ...(last && { status: transitions.fail.to, finalized_at: now }),
  };
  const changed: OperationRow = { ...operation, ...set };
  const events = [operationEvent("operation.attempt.failed", changed, { ...input, reason })];
  if (last) events.push(operationEvent(transitions.fail.event, changed, { ...input, reason }), ...dueTo(changed));
  return {
    result: { kind: "attempt-failed", reason, operation: changed },
    writes: { operation: { from: operation, set }, events },
  };
}

/** The relying party that waits for this decision is told, where it asked to be. */
function dueTo(operation: OperationRow): EventDraft[] {
  const { id: subject, backchannel_sink: sink } = operation;
  if (sink === null) return [];
  return [{ type: "backchannel.due", subject, applications: applicationsOf(operation), sink, data: {} }];
}

function kept(operation: OperationRow): OperationUpdate {
  const { status, status_reason, failure_count, user_id, additional_data, finalized_at } = operation;
  return { status, status_reason, failure_count, user_id, additional_data, finalized_at };
}

function merged(stored: string, more: Readonly<Record<string, unknown>> | undefined): string {
  return more === undefined ? stored : JSON.stringify({ ...(JSON.parse(stored) as object), ...more });
}

/** One shape of data for every operation event: what webhooks may send and audit keeps. */
export function operationEvent(
  type: EventDraft["type"],
  operation: OperationRow,
  input?: {
    readonly actor: Actor;
    readonly reason?: string | undefined;
    readonly proximity?: ProximityResult | undefined;
  },
): EventDraft {
  return {
    type,
    subject: operation.id,
    applications: applicationsOf(operation),
    data: {
      userId: operation.user_id,
      applications: applicationsOf(operation),
      operationType: operation.operation_type,
      template: operation.template_name,
      data: operation.data,
      parameters: JSON.parse(operation.parameters) as unknown,
      additionalData: JSON.parse(operation.additional_data) as unknown,
      externalId: operation.external_id,
      activationFlag: operation.activation_flag,
      status: operation.status,
      statusReason: operation.status_reason,
      failureCount: operation.failure_count,
      maxFailureCount: operation.max_failure_count,
      signatureTypes: signatureTypesOf(operation),
      proximityCheckEnabled: operation.proximity_seed_sealed !== null,
      createdAt: operation.created_at,
      expiresAt: operation.expires_at,
      finalizedAt: operation.finalized_at,
      ...(input !== undefined && { by: actorData(input.actor) }),
      ...(input?.reason !== undefined && { reason: input.reason }),
      ...(input?.proximity !== undefined && { proximityCheckResult: input.proximity }),
    },
  };
}

function actorData(actor: Actor): Record<string, unknown> {
  switch (actor.kind) {
    case "device":
      return { kind: "device", activationId: actor.activationId, factors: actor.factors };
    case "back-office":
      return { kind: "back-office", clientId: actor.clientId };
    case "system":
      return { kind: "system", ...(actor.clientId !== undefined && { clientId: actor.clientId }) };
  }
}

function unchanged(result: Decided): Decision {
  return { result, writes: {} };
}
