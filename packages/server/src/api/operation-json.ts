/** The operation as each surface writes it. `status` of the row must be the one of now. */
import type { Display } from "@countersign/protocol/operation/display";
import type { History } from "../operations/detail.ts";
import { applicationsOf, signatureTypesOf } from "../operations/operation.ts";
import type { OperationRow } from "../store/store.ts";
import { compactDate, isoDate } from "./members.ts";

/** Mobile Token API, operation. Members without a value are left out; the proximity password never goes here. */
export function deviceOperation(operation: OperationRow, { formData, ui }: Display) {
  return {
    id: operation.id,
    name: operation.operation_type,
    data: operation.data,
    status: operation.status,
    ...(operation.status_reason !== null && { statusReason: operation.status_reason }),
    operationCreated: compactDate(operation.created_at),
    operationExpires: compactDate(operation.expires_at),
    ...(ui !== undefined && { ui }),
    allowedSignatureType: allowedSignatureType(signatureTypesOf(operation)),
    formData,
  };
}

/** Combinations that devices know by name; with possession alone allowed, the rest does not matter. */
const variants = ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"] as const;

function allowedSignatureType(types: readonly string[]): { type: "1FA" | "2FA"; variants: string[] } {
  if (types.includes("POSSESSION")) return { type: "1FA", variants: [] };
  const allowed = variants.filter((variant) => types.includes(variant));
  return { type: "2FA", variants: allowed.map((variant) => variant.toLowerCase()) };
}

/** PowerAuth back office, operation detail. Members without a value are null. */
export function backOfficeOperation(operation: OperationRow, proximityOtp?: string) {
  const date = (ms: number | null) => (ms === null ? null : isoDate(ms));
  return {
    id: operation.id,
    userId: operation.user_id,
    applications: applicationsOf(operation),
    externalId: operation.external_id,
    activationFlag: operation.activation_flag,
    activationId: operation.activation_id,
    operationType: operation.operation_type,
    templateName: operation.template_name,
    data: operation.data,
    parameters: JSON.parse(operation.parameters) as Record<string, string>,
    additionalData: JSON.parse(operation.additional_data) as Record<string, unknown>,
    status: operation.status,
    statusReason: operation.status_reason,
    signatureType: signatureTypesOf(operation),
    failureCount: operation.failure_count,
    maxFailureCount: operation.max_failure_count,
    timestampCreated: isoDate(operation.created_at),
    timestampExpires: isoDate(operation.expires_at),
    timestampFinalized: date(operation.finalized_at),
    riskFlags: operation.risk_flags,
    proximityOtp: proximityOtp ?? null,
  };
}

/** `/v1`, operation in lists: what a relying party asked for and what came of it. Members without a value are left out. */
export function listedOperation(operation: OperationRow) {
  return {
    id: operation.id,
    status: operation.status,
    ...given("statusReason", operation.status_reason),
    template: operation.template_name,
    operationType: operation.operation_type,
    ...given("userId", operation.user_id),
    applications: [...applicationsOf(operation)],
    ...given("activationId", operation.activation_id),
    ...given("activationFlag", operation.activation_flag),
    ...given("externalId", operation.external_id),
    data: operation.data,
    parameters: JSON.parse(operation.parameters) as Record<string, string>,
    additionalData: JSON.parse(operation.additional_data) as Record<string, unknown>,
    signatureTypes: [...signatureTypesOf(operation)],
    ...given("riskFlags", operation.risk_flags),
    proximityCheck: operation.proximity_seed_sealed !== null,
    failureCount: operation.failure_count,
    maxFailureCount: operation.max_failure_count,
    createdAt: utc(operation.created_at),
    expiresAt: utc(operation.expires_at),
    ...(operation.finalized_at !== null && { finalizedAt: utc(operation.finalized_at) }),
  };
}

/** `/v1`, operation by itself: the same, what was tried and what was decided, and the proximity password of now. */
export function relyingPartyOperation(
  operation: OperationRow,
  { attempts, decision }: History,
  proximityOtp: string | undefined,
) {
  return {
    ...listedOperation(operation),
    ...(proximityOtp !== undefined && { proximityOtp }),
    attempts: attempts.map(({ action, outcome, activationId, at }) => ({
      action,
      outcome,
      ...given("activationId", activationId),
      at: utc(at),
    })),
    ...(decision !== undefined && { decisions: decision.decisions.map((one) => ({ ...one, at: utc(one.at) })) }),
  };
}

function given<K extends string>(name: K, value: string | null): { readonly [P in K]?: string } {
  return (value === null ? {} : { [name]: value }) as { readonly [P in K]?: string };
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
