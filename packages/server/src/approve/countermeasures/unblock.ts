/** What a back office sees of a user's suspension, and how it ends one. */
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { UserApprovalTable } from "../../store/schema.ts";
import { findUserApproval, holdUser, isSuspended } from "./suspension.ts";

export interface ApprovalState {
  readonly userId: string;
  readonly suspended: boolean;
  /** Epoch ms; absent where only somebody can end it. */
  readonly until?: number;
  readonly cause?: NonNullable<UserApprovalTable["suspended_for"]>;
  /** In a row, without an approval in between. */
  readonly suspensions: number;
}

/** Refuses `forbidden` where it began with an application that is not the client's. */
export async function approvalState(
  deps: Pick<Deps, "store">,
  userId: string,
  client: ApiClient,
): Promise<ApprovalState | Refusal> {
  const row = await findUserApproval(deps, userId);
  if (!isFor(client, row)) return refuse("forbidden");
  return stateOf(userId, row, await deps.store.now());
}

/** Nothing happens to a user who is not suspended. Refuses `forbidden`. Writes `user.unblocked`. */
export async function unblockUser(
  deps: Pick<Deps, "store">,
  userId: string,
  client: ApiClient,
): Promise<ApprovalState | Refusal> {
  const known = await findUserApproval(deps, userId);
  if (!isFor(client, known)) return refuse("forbidden");
  if (known === undefined) return stateOf(userId, undefined, 0);
  return deps.store.transaction(async (change) => {
    const held = await holdUser(deps, change, userId);
    if (!isFor(client, held)) return refuse("forbidden");
    if (!isSuspended(held, change.now)) return stateOf(userId, held, change.now);
    const set = { suspended_until: null, suspended_for: null, suspensions: 0, changed_at: change.now };
    await change.db
      .updateTable("user_approval")
      .set(set)
      .where("tenant", "=", deps.store.tenant)
      .where("user_id", "=", userId)
      .execute();
    const applicationId = held.application_id;
    change.record({
      type: "user.unblocked",
      subject: userId,
      applications: applicationId === null ? [] : [applicationId],
      data: { userId, applicationId, cause: held.suspended_for, clientId: client.id },
    });
    return stateOf(userId, { ...held, ...set }, change.now);
  });
}

function isFor(client: ApiClient, row: UserApprovalTable | undefined): boolean {
  return client.applications === undefined || (row?.application_id != null && mayUse(client, row.application_id));
}

function stateOf(userId: string, row: UserApprovalTable | undefined, now: number): ApprovalState {
  const suspended = isSuspended(row, now);
  const until = suspended ? (row?.suspended_until ?? -1) : -1;
  return {
    userId,
    suspended,
    ...(until !== -1 && { until }),
    ...(suspended && row?.suspended_for != null && { cause: row.suspended_for }),
    suspensions: row?.suspensions ?? 0,
  };
}
