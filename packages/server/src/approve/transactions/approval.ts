/**
 * What an Approve device is told and asked of an operation beside its form: the answers allowed, number matching, who
 * asks. A template gives the policy; whoever creates the operation adds the rest. Operations without any have defaults.
 */
import { type AllowedStatus, defaultStatuses } from "@countersign/protocol/approve/transaction";
import type { OperationRow } from "../../store/store.ts";

export interface ApprovalPolicy {
  readonly statuses?: readonly AllowedStatus[];
  /** Six digits that stand on the screen where it all began. */
  readonly match?: "enter" | "scan";
  readonly cancelable?: boolean;
}

export interface Approval extends ApprovalPolicy {
  readonly number?: string;
  readonly client?: { readonly id: string; readonly name: string };
  readonly bindingMessage?: string;
  readonly authorizationDetails?: readonly object[];
  /** The relying party's signed request, as it came. */
  readonly request?: string;
  readonly origin?: { readonly ipAddress?: string; readonly userAgent?: string; readonly location?: string };
  readonly payload?: string;
}

export function approvalOf(operation: Pick<OperationRow, "approval">): Approval {
  return operation.approval === null ? {} : (JSON.parse(operation.approval) as Approval);
}

export function allowedStatuses({ statuses }: Approval): readonly AllowedStatus[] {
  return statuses ?? defaultStatuses;
}
