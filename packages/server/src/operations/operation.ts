/**
 * The operation: its states and the only ways between them.
 *
 * PENDING is the one state with a way out. A row that is overdue is expired everywhere from that instant, whether the
 * sweeper has written it down yet or not.
 */
import type { EventType } from "../audit/event.ts";
import type { OperationStatus } from "../store/schema.ts";
import type { OperationRow } from "../store/store.ts";

export type OperationAction = "approve" | "reject" | "cancel" | "expire" | "fail";

/** from → action → to, with the event that the change writes. */
export const transitions = {
  approve: { from: "PENDING", to: "APPROVED", event: "operation.approved" },
  reject: { from: "PENDING", to: "REJECTED", event: "operation.rejected" },
  cancel: { from: "PENDING", to: "CANCELED", event: "operation.canceled" },
  expire: { from: "PENDING", to: "EXPIRED", event: "operation.expired" },
  fail: { from: "PENDING", to: "FAILED", event: "operation.failed" },
} as const satisfies Record<OperationAction, { from: OperationStatus; to: OperationStatus; event: EventType }>;

/** The status a reader is told at `now`. */
export function statusAt(operation: Pick<OperationRow, "status" | "expires_at">, now: number): OperationStatus {
  return operation.status === "PENDING" && now >= operation.expires_at ? "EXPIRED" : operation.status;
}

export function applicationsOf(operation: Pick<OperationRow, "applications">): readonly string[] {
  return JSON.parse(operation.applications) as string[];
}

/** Whether the person has to give a number from another screen. */
export function asksForNumber({ approval }: Pick<OperationRow, "approval">): boolean {
  return approval !== null && (JSON.parse(approval) as { readonly match?: unknown }).match !== undefined;
}

/** Upper-case factor combinations, as templates name them. */
export function signatureTypesOf(operation: Pick<OperationRow, "signature_types">): readonly string[] {
  return JSON.parse(operation.signature_types) as string[];
}
