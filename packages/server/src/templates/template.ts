/** The operation template: what every operation made from it inherits. Editing one changes no existing operation. */
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
}

export type TemplateContent = Omit<Template, "id" | "name">;

/** Each rule names the member it is about. A value outside of it is `invalid-request`. */
const rules: { readonly [K in keyof TemplateContent]: (value: TemplateContent[K]) => boolean } = {
  operationType: (value) => isLength(value, 255),
  dataTemplate: (value) => isLength(value, 255),
  signatureTypes: (value) => value.length > 0 && new Set(value).size === value.length,
  maxFailureCount: (value) => isCount(value, 1_000_000),
  expirationSeconds: (value) => isCount(value, 2_147_483_647),
  riskFlags: (value) => value === null || /^[A-Z]{0,255}$/.test(value),
  proximityCheck: () => true,
};

/** Refuses with the names of all members that break their rule. */
export function checkTemplate(content: TemplateContent): Refusal | undefined {
  const names = Object.keys(rules) as (keyof TemplateContent)[];
  const broken = names.filter((name) => !holds(content, name));
  return broken.length === 0 ? undefined : refuse("invalid-request", `template: ${broken.join(", ")}`);
}

function holds<K extends keyof TemplateContent>(content: TemplateContent, name: K): boolean {
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
  };
}

/** The columns that may change. */
export function contentColumns(
  content: TemplateContent,
): Omit<OperationTemplateTable, "tenant" | "id" | "name" | "approval"> {
  return {
    operation_type: content.operationType,
    data_template: content.dataTemplate,
    signature_types: JSON.stringify(content.signatureTypes),
    max_failure_count: content.maxFailureCount,
    expiration_seconds: content.expirationSeconds,
    risk_flags: content.riskFlags === "" ? null : content.riskFlags,
    proximity_check: content.proximityCheck ? 1 : 0,
  };
}
