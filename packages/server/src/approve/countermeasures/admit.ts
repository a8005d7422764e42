/** Whether a user may get another transaction: asked before it is created, and once more when it stands. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { decide } from "../../operations/decide.ts";
import type { UserApprovalTable } from "../../store/schema.ts";
import type { OperationRow } from "../../store/store.ts";
import { courseSince, type Limits, outstanding, suspensionSeconds, verdictOn, type Whose } from "./limits.ts";
import { findUserApproval, holdUser, isSuspended, suspend, sweepSuspended } from "./suspension.ts";

type AdmitDeps = Pick<Deps, "store">;

export interface Candidate {
  readonly whose: Whose;
  /** Where an Approve device type gives them. */
  readonly limits: Limits | undefined;
  /** The user's row, where there is one. */
  readonly known: Pick<UserApprovalTable, "suspended_until" | "suspensions" | "changed_at"> | undefined;
}

/** Refuses `user-suspended` and `too-many-pending`. At a threshold it suspends the user. */
export async function admit(deps: AdmitDeps, candidate: Candidate): Promise<"loud" | "quiet" | Refusal> {
  const { whose, limits, known } = candidate;
  const now = await deps.store.now();
  if (isSuspended(known, now)) return refuse("user-suspended");
  if (limits === undefined) return "loud";
  const [course, waiting] = await Promise.all([
    courseSince(deps, whose, limits, known?.changed_at ?? 0, now),
    outstanding(deps, whose, now),
  ]);
  const verdict = verdictOn(course, limits);
  if (verdict === "unanswered" || verdict === "denied") {
    await suspendFor(deps, candidate, limits, verdict, course.approved);
    return refuse("user-suspended");
  }
  return waiting.length >= limits.mostOutstanding ? refuse("too-many-pending") : verdict;
}

/**
 * A suspension or further operations may have been committed meanwhile: what should not be there is cancelled. Refuses
 * like `admit`. Only nodes that commit at the same instant can together exceed the number of waiting ones.
 */
export async function confirm(
  deps: AdmitDeps,
  operation: OperationRow,
  { whose, limits }: Pick<Candidate, "whose" | "limits">,
): Promise<Refusal | undefined> {
  const now = await deps.store.now();
  const [known, waiting] = await Promise.all([
    findUserApproval(deps, whose.userId),
    limits === undefined ? [] : outstanding(deps, whose, now),
  ]);
  if (isSuspended(known, now)) return withdrawn(deps, operation, refuse("user-suspended"));
  const place = waiting.findIndex(({ id }) => id === operation.id);
  const fits = limits === undefined || place < limits.mostOutstanding;
  return fits ? undefined : withdrawn(deps, operation, refuse("too-many-pending"));
}

async function withdrawn(deps: AdmitDeps, { id }: OperationRow, refusal: Refusal): Promise<Refusal> {
  const reason = refusal.refused === "user-suspended" ? "USER_SUSPENDED" : "TOO_MANY_PENDING";
  return deps.store.commit({
    operationId: id,
    evaluate({ operation }, now) {
      const { writes } = decide(operation, { action: "cancel", actor: { kind: "system" }, reason }, now);
      return { result: refusal, writes };
    },
  });
}

async function suspendFor(
  deps: AdmitDeps,
  { whose: { userId, applications } }: Candidate,
  limits: Limits,
  cause: "unanswered" | "denied",
  approvedSince: boolean,
): Promise<void> {
  await deps.store.transaction(async (change) => {
    const held = await holdUser(deps, change, userId);
    if (isSuspended(held, change.now)) return;
    const suspensions = approvedSince ? 1 : held.suspensions + 1;
    const seconds = suspensionSeconds(limits.disabledTimeReset, suspensions);
    await suspend(deps, change, held, { userId, applicationId: applications[0] ?? null, cause, seconds, suspensions });
  });
  await sweepSuspended(deps, userId);
}
