/**
 * An operation as the person sees it, read tolerantly: unknown values and members are kept, what is odd becomes a
 * fallback, and no odd operation keeps another one from being shown.
 */
import { isRecord } from "../engine/transport.ts";

/** Known values, and whatever a later server sends. */
export type Extensible<Known extends string> = Known | (string & {});

export type UserOperationStatus = Extensible<"PENDING" | "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED">;
export type SignatureType = Extensible<"1FA" | "2FA" | "ECDSA">;
export type SignatureVariant = Extensible<"possession" | "possession_knowledge" | "possession_biometry">;

/** What is needed to decide on an operation, wherever it came from. */
export interface OnlineOperation {
  readonly id: string;
  /** The exact data that is signed. */
  readonly data: string;
  readonly proximityCheck?: OperationProximityCheck | undefined;
  /** Customer's own data for the server; anything JSON can carry. */
  readonly mobileTokenData?: unknown;
}

export interface OperationProximityCheck {
  readonly totp: string;
  readonly type: Extensible<"QR_CODE" | "DEEPLINK">;
  readonly timestampReceived: Date;
}

export interface UserOperation extends OnlineOperation {
  /** Type of the operation, such as `login` or `authorize_payment`. */
  readonly name: string;
  /** `PENDING` where the server names none. */
  readonly status: UserOperationStatus;
  readonly statusReason?: string;
  /** Undefined where the server sent no date that can be read. */
  readonly operationCreated: Date | undefined;
  readonly operationExpires: Date | undefined;
  readonly allowedSignatureType: AllowedSignatureType;
  readonly formData: FormData;
  /** As received. */
  readonly ui?: Readonly<Record<string, unknown>>;
  /** The two members that an application sets before `authorize`. */
  proximityCheck?: OperationProximityCheck | undefined;
  mobileTokenData?: unknown;
  /** The whole operation as received. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface AllowedSignatureType {
  readonly type: SignatureType;
  /** Empty for `1FA`: the device alone will do. */
  readonly variants: readonly SignatureVariant[];
}

export interface FormData {
  readonly title: string;
  readonly message: string;
  readonly resultTexts?: Readonly<Partial<Record<"success" | "failure" | "reject", string>>>;
  readonly attributes: readonly OperationAttribute[];
}

export type AttributeType = Extensible<
  "AMOUNT" | "AMOUNT_CONVERSION" | "KEY_VALUE" | "NOTE" | "HEADING" | "ALERT" | "IMAGE" | "PARTY_INFO"
>;

/** One row of the form. The members beside these three are the type's own, as received. */
export interface OperationAttribute {
  readonly type: AttributeType;
  readonly id: string;
  readonly label: string;
  readonly [member: string]: unknown;
}

/** Undefined only for what has no id or no data: such an operation can be neither told apart nor decided. */
export function readOperation(value: unknown): UserOperation | undefined {
  if (!isRecord(value) || typeof value.id !== "string" || value.id === "" || typeof value.data !== "string") {
    return undefined;
  }
  return {
    id: value.id,
    name: textOf(value.name),
    data: value.data,
    status: typeof value.status === "string" ? value.status : "PENDING",
    ...(typeof value.statusReason === "string" && { statusReason: value.statusReason }),
    operationCreated: readDate(value.operationCreated),
    operationExpires: readDate(value.operationExpires),
    allowedSignatureType: readSignatureType(value.allowedSignatureType),
    formData: readFormData(value.formData),
    ...(isRecord(value.ui) && { ui: value.ui }),
    raw: value,
  };
}

/** Of a list, every operation that can be told apart. */
export function readOperations(values: readonly unknown[]): UserOperation[] {
  return values.map(readOperation).filter((operation) => operation !== undefined);
}

/** `2018-07-02T14:43:13+0000` as servers write it, with or without colon and fraction, or milliseconds since the epoch. */
export function readDate(value: unknown): Date | undefined {
  if (typeof value === "number") return validDate(value);
  const match = typeof value === "string" ? datePattern.exec(value) : null;
  if (match === null) return undefined;
  const [, date = "", time, fraction = "", zone = ""] = match;
  const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const parsed = validDate(Date.parse(`${date}T${time}.${`${fraction}000`.slice(0, 3)}${offset}`));
  // Some engines roll a day that does not exist over into the next month.
  return parsed && existsInCalendar(date) ? parsed : undefined;
}

const datePattern = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})$/;

function validDate(milliseconds: number): Date | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function existsInCalendar(day: string): boolean {
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}

function readSignatureType(value: unknown): AllowedSignatureType {
  const { type, variants } = isRecord(value) ? value : {};
  return { type: typeof type === "string" ? type : "2FA", variants: textsIn(variants) };
}

function readFormData(value: unknown): FormData {
  const form = isRecord(value) ? value : {};
  const { attributes, resultTexts } = form;
  return {
    title: textOf(form.title),
    message: textOf(form.message),
    ...(isRecord(resultTexts) && { resultTexts: readResultTexts(resultTexts) }),
    attributes: Array.isArray(attributes) ? attributes.map(readAttribute) : [],
  };
}

function readResultTexts(value: Record<string, unknown>): NonNullable<FormData["resultTexts"]> {
  const texts: Partial<Record<"success" | "failure" | "reject", string>> = {};
  for (const name of ["success", "failure", "reject"] as const) {
    const text = value[name];
    if (typeof text === "string") texts[name] = text;
  }
  return texts;
}

/** A row that is no object is kept as one of type UNKNOWN, so that nothing the server sent is hidden. */
function readAttribute(value: unknown): OperationAttribute {
  const { type, id, label, ...rest } = isRecord(value) ? value : { value };
  return { ...rest, type: typeof type === "string" ? type : "UNKNOWN", id: textOf(id), label: textOf(label) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
