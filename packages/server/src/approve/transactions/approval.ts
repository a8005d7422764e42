/**
 * What an Approve device is told and asked of an operation beside its form: the answers allowed, number matching, who
 * asks. A template gives the policy; whoever creates the operation adds the rest. Operations without any have defaults.
 */
import { fromBase64Url } from "@countersign/protocol/bytes";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import { type AllowedStatus, defaultStatuses } from "@countersign/protocol/approve/transaction";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";

export interface ApprovalPolicy {
  readonly statuses?: readonly AllowedStatus[];
  /** Six digits that stand on the screen where it all began. */
  readonly match?: "enter" | "scan";
  readonly cancelable?: boolean;
}

/** What whoever creates an operation adds. */
export interface ApprovalDetails {
  readonly client?: { readonly id: string; readonly name: string };
  readonly bindingMessage?: string;
  readonly authorizationDetails?: readonly object[];
  /** The relying party's signed request, as it came. */
  readonly request?: string;
  readonly origin?: { readonly ipAddress?: string; readonly userAgent?: string; readonly location?: string };
  readonly payload?: string;
}

export interface Approval extends ApprovalPolicy, ApprovalDetails {
  /** So much waits unanswered that no device makes a sound for this one. */
  readonly quiet?: boolean;
}

export function approvalOf(operation: Pick<OperationRow, "approval">): Approval {
  return operation.approval === null ? {} : (JSON.parse(operation.approval) as Approval);
}

/** For the column: null where everything is as by default. */
export function approvalText(...parts: readonly (Approval | null | undefined)[]): string | null {
  const merged = Object.assign({}, ...parts) as Approval;
  return Object.keys(merged).length === 0 ? null : JSON.stringify(merged);
}

export function allowedStatuses({ statuses }: ApprovalPolicy): readonly AllowedStatus[] {
  return statuses ?? defaultStatuses;
}

/** Whether a person can say yes and no, in words that are told apart. */
export function isUsablePolicy({ statuses = defaultStatuses }: ApprovalPolicy): boolean {
  const names = new Set(statuses.map(({ status }) => status));
  const effects = new Set(statuses.map(({ effect }) => effect));
  return names.size === statuses.length && effects.has("approve") && effects.has("deny") && ![...names].some(isUnsafe);
}

/** Name of a member that nobody may be shown: it changes the direction of text, hides something, or controls. */
export function unsafeMember({ request: _, ...shown }: ApprovalDetails): string | undefined {
  return Object.entries(shown).find(([, value]) => textsOf(value).some(isUnsafe))?.[0];
}

/** Every text in a value, names of members included. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return Object.entries(value).flatMap(([name, held]) => [name, ...textsOf(held)]);
}

/**
 * The number for the screen where it all began; undefined where none is asked for. It follows from the operation's id
 * and a secret of the server, so that any node knows it and no row holds it.
 */
export function matchNumberOf(
  { secrets }: Pick<Deps, "secrets">,
  operation: Pick<OperationRow, "id" | "approval">,
): string | undefined {
  if (approvalOf(operation).match === undefined) return undefined;
  const bytes = fromBase64Url(secrets.hash("match-number", operation.id)) ?? new Uint8Array();
  if (bytes.length < 8) throw new Error("A keyed hash is too short");
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  return String(value % 1_000_000n).padStart(6, "0");
}
