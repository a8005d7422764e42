/** The operation template: what every operation made from it inherits. Editing one changes no existing operation. */
import { type ApprovalPolicy, approvalText, isUsablePolicy } from "../approve/transactions/approval.ts";
import type { OperationTemplateTable } from "../store/schema.ts";
import { type Refusal, refuse } from "../errors.ts";

/** Factor combinations a template can allow, as the wire of PowerAuth 3.x spells them. */
export const signatureTypes = [
  "POSSESSION",
  "KNOWLEDGE",
  "BIOMETRY",
  "POSSESSION_KNOWLEDGE",
  "POSSESSION_BIOMETRY",
  "POSSESSION_KNOWLEDGE_BIOMETRY",
] as const;

export type SignatureType = (typeof signatureTypes)[number];

export interface Template {
  /** Sequential number, unique per tenant, never used twice. */
  readonly id: number;
  /** Unique per tenant; does not change. */
  readonly name: string;
  readonly operationType: string;
  /** Signed data with `${parameter}` places. */
  readonly dataTemplate: string;
  readonly signatureTypes: readonly SignatureType[];
  /** Failed tries after which an operation is FAILED. */
  readonly maxFailureCount: number;
  /** Seconds an operation stays open. */
  readonly expirationSeconds: number;
  /** Letters such as `XFC`: flip buttons, fraud warning, block on call. */
  readonly riskFlags: string | null;
  readonly proximityCheck: boolean;
  /** What Approve devices are asked; null for the defaults. */
  readonly approval: ApprovalPolicy | null;
}

/** Interfaces that know nothing of `approval` leave it out: it stays as it is. */
export type TemplateContent = Omit<Template, "id" | "name" | "approval"> & {
  readonly approval?: ApprovalPolicy | null;
};

type Ruled = Required<Omit<TemplateContent, "approval">> & { readonly approval: ApprovalPolicy | null };

/** Each rule names the member it is about. A value outside of it is `invalid-request`. */
const rules: { readonly [K in keyof Ruled]: (value: Ruled[K]) => boolean } = {
  operationType: (value) => isLength(value, 255),
  dataTemplate: (value) => isLength(value, 255),
  signatureTypes: (value) => value.length > 0 && new Set(value).size === value.length,
  maxFailureCount: (value) => isCount(value, 1_000_000),
  expirationSeconds: (value) => isCount(value, 2_147_483_647),
  riskFlags: (value) => value === null || /^[A-Z]{0,255}$/.test(value),
  proximityCheck: () => true,
  approval: (value) => value === null || isUsablePolicy(value),
};

/** Refuses with the names of all members that break their rule. */
export function checkTemplate(content: TemplateContent): Refusal | undefined {
  const ruled: Ruled = { ...content, approval: content.approval ?? null };
  const names = Object.keys(rules) as (keyof Ruled)[];
  const broken = names.filter((name) => !holds(ruled, name));
  return broken.length === 0 ? undefined : refuse("invalid-request", `template: ${broken.join(", ")}`);
}

function holds<K extends keyof Ruled>(content: Ruled, name: K): boolean {
  return rules[name](content[name]);
}

function isLength(value: string, most: number): boolean {
  return value.length > 0 && value.length <= most;
}

function isCount(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= most;
}

export function templateOf(row: OperationTemplateTable): Template {
  return {
    id: row.id,
    name: row.name,
    operationType: row.operation_type,
    dataTemplate: row.data_template,
    signatureTypes: JSON.parse(row.signature_types) as SignatureType[],
    maxFailureCount: row.max_failure_count,
    expirationSeconds: row.expiration_seconds,
    riskFlags: row.risk_flags,
    proximityCheck: row.proximity_check === 1,
    approval: row.approval === null ? null : (JSON.parse(row.approval) as ApprovalPolicy),
  };
}

/** The columns that may change. */
export function contentColumns(
  content: TemplateContent,
): Omit<OperationTemplateTable, "tenant" | "id" | "name" | "approval"> & { approval?: string | null } {
  return {
    operation_type: content.operationType,
    data_template: content.dataTemplate,
    signature_types: JSON.stringify(content.signatureTypes),
    max_failure_count: content.maxFailureCount,
    expiration_seconds: content.expirationSeconds,
    risk_flags: content.riskFlags === "" ? null : content.riskFlags,
    proximity_check: content.proximityCheck ? 1 : 0,
    ...(content.approval !== undefined && { approval: approvalText(content.approval) }),
  };
}
