/**
 * The activation: its states, the only ways between them, and the one function that takes one.
 *
 * An overdue CREATED or PENDING_COMMIT activation is REMOVED everywhere from that instant, whether the sweeper has
 * written it down yet or not.
 */
import type { EventDraft, EventType } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import { newUuid7 } from "../ids.ts";
import type { ActivationHistoryTable, ActivationStatus, ActivationTable } from "../store/schema.ts";
import { removeDeviceOf } from "../push/remove.ts";
import type { ActivationRow, Change } from "../store/store.ts";

export type ActivationAction =
  | "prepare"
  | "prepare-and-commit"
  | "commit"
  | "block"
  | "unblock"
  | "remove"
  | "expire"
  | "refuse-key"
  | "use-up-otp";

interface Transition {
  readonly from: readonly ActivationStatus[];
  readonly to: ActivationStatus;
  readonly event: EventType;
}

const anywhere = ["CREATED", "PENDING_COMMIT", "ACTIVE", "BLOCKED"] as const;
const waiting = ["CREATED", "PENDING_COMMIT"] as const;

/** action → from → to, with the event that the change writes. */
export const transitions = {
  prepare: { from: ["CREATED"], to: "PENDING_COMMIT", event: "activation.prepared" },
  "prepare-and-commit": { from: ["CREATED"], to: "ACTIVE", event: "activation.prepared" },
  commit: { from: ["PENDING_COMMIT"], to: "ACTIVE", event: "activation.committed" },
  block: { from: ["ACTIVE"], to: "BLOCKED", event: "activation.blocked" },
  unblock: { from: ["BLOCKED"], to: "ACTIVE", event: "activation.unblocked" },
  remove: { from: anywhere, to: "REMOVED", event: "activation.removed" },
  expire: { from: waiting, to: "REMOVED", event: "activation.expired" },
  /** The device sent a key that is none. */
  "refuse-key": { from: ["CREATED"], to: "REMOVED", event: "activation.removed" },
  /** The last wrong one-time password. */
  "use-up-otp": { from: waiting, to: "REMOVED", event: "activation.removed" },
} as const satisfies Record<ActivationAction, Transition>;

/** The status a reader is told at `now`. */
export function statusAt(activation: Pick<ActivationRow, "status" | "expires_at">, now: number): ActivationStatus {
  return isOverdue(activation, now) ? "REMOVED" : activation.status;
}

export function isOverdue(activation: Pick<ActivationRow, "status" | "expires_at">, now: number): boolean {
  return (waiting as readonly string[]).includes(activation.status) && now >= activation.expires_at;
}

/** An activation that speaks PowerAuth: to everything that needs its keys, an Approve container does not exist. */
export async function findPowerAuth({ store }: Pick<Deps, "store">, id: string): Promise<ActivationRow | undefined> {
  const activation = await store.findActivation(id);
  return activation?.protocol === "powerauth" ? activation : undefined;
}

export function flagsOf(activation: Pick<ActivationRow, "flags">): readonly string[] {
  return JSON.parse(activation.flags) as string[];
}

/** A text of a person or a device that may be stored: of limited length, and nothing a database refuses. */
export function isText(text: unknown, most: number): text is string {
  return typeof text === "string" && text.length <= most && text.isWellFormed() && !text.includes("\u0000");
}

export interface Move {
  readonly activationId: string;
  /** Further columns of the same update. */
  readonly set?: Partial<ActivationTable>;
  /** Equalities that must still hold besides the status. */
  readonly where?: Partial<Pick<ActivationTable, "otp_hash" | "activation_code">>;
  /** Kept in the history. */
  readonly reason?: string | undefined;
  /** Who asked, as the caller names it. */
  readonly externalUserId?: string | undefined;
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

/** Steps that need another activation to vouch still, where one did when this one was started. */
const vouchedFor: readonly ActivationAction[] = ["prepare", "prepare-and-commit", "commit"];

/**
 * Takes one step of the table: row, history and event in one transaction. Undefined when the activation was no longer
 * where the step starts from, or overdue (or not yet, for `expire`), or its parent is not ACTIVE any more; nothing is
 * written then. A moved activation that becomes ACTIVE ends its parent in the same transaction.
 */
export async function moveActivation(
  deps: Pick<Deps, "random" | "store">,
  change: Change,
  action: ActivationAction,
  move: Move,
): Promise<ActivationRow | undefined> {
  const { from, to, event } = transitions[action];
  if (vouchedFor.includes(action) && !(await holdParent(deps, change, move.activationId))) return undefined;
  let update = change.db
    .updateTable("activation")
    .set({ activation_code: null, ...move.set, status: to, changed_at: change.now })
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", move.activationId)
    .where("status", "in", [...from]);
  if (action === "expire") update = update.where("expires_at", "<=", change.now);
  if (action === "prepare" || action === "prepare-and-commit" || action === "commit") {
    update = update.where("expires_at", ">", change.now);
  }
  for (const [column, value] of Object.entries(move.where ?? {})) {
    const name = column as "otp_hash" | "activation_code";
    update = value === null ? update.where(name, "is", null) : update.where(name, "=", value);
  }
  const moved = await update.returningAll().executeTakeFirst();
  if (moved === undefined) return undefined;
  await writeHistory(deps, change, moved, move);
  change.record(activationEvent(event, moved, askedBy(move)));
  const { transfer_type: transfer, parent_activation_id: parentId } = moved;
  if (to === "ACTIVE" && vouchedFor.includes(action) && transfer === "MOVE" && parentId !== null) {
    const parent = { activationId: parentId, reason: "ACTIVATION_MOVED" };
    await moveActivation(deps, change, "remove", parent);
  }
  if (to === "REMOVED") await removeDeviceOf(deps, change, moved.id);
  return moved;
}

/** Locks the parent, if there is one, so that it stays ACTIVE until the child's step is committed. */
async function holdParent(deps: Pick<Deps, "store">, change: Change, activationId: string): Promise<boolean> {
  const child = await change.db
    .selectFrom("activation")
    .select("parent_activation_id")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", activationId)
    .executeTakeFirst();
  const parentId = child?.parent_activation_id ?? null;
  if (parentId === null) return true;
  const held = await change.db
    .updateTable("activation")
    .set((row) => ({ changed_at: row.ref("changed_at") }))
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", parentId)
    .where("status", "=", "ACTIVE")
    .executeTakeFirstOrThrow();
  return held.numUpdatedRows === 1n;
}

/** Why and by whom a change was asked for, as event data. */
export function askedBy(move: Pick<Move, "reason" | "externalUserId" | "clientId">): Record<string, unknown> {
  const { reason, externalUserId, clientId } = move;
  return { reason, externalUserId, clientId };
}

/** One line of an activation's history: its state and name after a change. */
export async function writeHistory(
  deps: Pick<Deps, "random">,
  change: Change,
  activation: ActivationRow,
  more: { readonly reason?: string | undefined; readonly externalUserId?: string | undefined } = {},
): Promise<void> {
  await change.db
    .insertInto("activation_history")
    .values(historyRow(deps, activation, change.now, more))
    .execute();
}

export function historyRow(
  deps: Pick<Deps, "random">,
  activation: Pick<ActivationRow, "tenant" | "id" | "status" | "name">,
  now: number,
  more: { readonly reason?: string | undefined; readonly externalUserId?: string | undefined } = {},
): ActivationHistoryTable {
  return {
    tenant: activation.tenant,
    id: newUuid7(deps.random, now),
    activation_id: activation.id,
    status: activation.status,
    reason: more.reason ?? null,
    external_user_id: more.externalUserId ?? null,
    name: activation.name,
    at: now,
  };
}

/** One shape of data for every activation event: what webhooks may send and audit keeps. */
export function activationEvent(
  type: EventType,
  activation: ActivationRow,
  more: Readonly<Record<string, unknown>> = {},
): EventDraft {
  return {
    type,
    subject: activation.id,
    applications: [activation.application_id],
    data: {
      userId: activation.user_id,
      applicationId: activation.application_id,
      protocol: activation.protocol,
      status: activation.status,
      blockedReason: activation.blocked_reason,
      name: activation.name,
      platform: activation.platform,
      deviceInfo: activation.device_info,
      flags: flagsOf(activation),
      failedAttempts: activation.failed_attempts,
      ...more,
    },
  };
}
