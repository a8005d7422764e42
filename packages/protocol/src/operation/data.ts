/**
 * Operation data: the text an approval signs, `A1*A100CZK*ICZ2730300000001165254011*D20180425*Nrent`
 * (PowerAuth 3.x, offline signatures; structured operation data).
 */
import { failure, isFailure, type Failure } from "../errors.ts";
import { textDefect, type TextDefect } from "./plain-text.ts";

export interface OperationData {
  /** Capital letter; `A` is the one version defined. */
  readonly version: string;
  /** 0 to 99. */
  readonly template: number;
  readonly fields: readonly OperationField[];
}

/** Numbers stay texts: what was signed is shown digit for digit. */
export type OperationField =
  | { readonly type: "empty" }
  | { readonly type: "amount"; readonly amount: string; readonly currency: string }
  | { readonly type: "account"; readonly iban: string; readonly bic?: string }
  | { readonly type: "any-account"; readonly text: string }
  /** `YYYY-MM-DD`, a day that exists. */
  | { readonly type: "date"; readonly date: string }
  | { readonly type: "reference"; readonly text: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  /** A letter this version does not know. To be shown as text. */
  | { readonly type: "unknown"; readonly letter: string; readonly text: string };

export type OperationDataReason =
  | TextDefect
  | "operation-data-missing"
  /** Not a capital letter. */
  | "version-invalid"
  /** Not 0 to 99. */
  | "template-invalid"
  | "too-many-fields"
  /** A field starts with something else than a letter. */
  | "field-type-invalid"
  | "amount-invalid"
  | "account-invalid"
  /** Not eight digits, or a day that does not exist. */
  | "date-invalid";

export interface OperationDataFailure extends Failure {
  readonly error: "operation-data-malformed";
  readonly reason: OperationDataReason;
}

const maximumFields = 6;

/** `operation-data-malformed` with a reason for a wrong head, a field that is not of its type, or more than six fields. */
export function parseOperationData(text: string): OperationData | OperationDataFailure {
  const defect = textDefect(text, { lineFeed: false });
  if (defect !== undefined) return malformed(defect);
  const [head = "", ...rest] = splitFields(text, maximumFields + 2);
  if (text === "") return malformed("operation-data-missing");
  if (!/^[A-Z]/.test(head)) return malformed("version-invalid");
  if (!/^.[0-9]{1,2}$/.test(head)) return malformed("template-invalid");
  if (rest.length > maximumFields) return malformed("too-many-fields");
  const fields: OperationField[] = [];
  for (const raw of rest) {
    const field = parseField(raw);
    if (isFailure(field)) return field;
    fields.push(field);
  }
  return { version: head[0]!, template: Number(head.slice(1)), fields };
}

/**
 * Puts parameters into `${name}` places of a data template. A value is escaped so that it cannot start a field of its
 * own. `operation-parameter-invalid` for a value that is not plain text with LF. A place without parameter stays as it
 * is.
 */
export function composeOperationData(template: string, parameters: Readonly<Record<string, string>>): string | Failure {
  for (const value of Object.values(parameters)) {
    if (textDefect(value, { lineFeed: true }) !== undefined) return failure("operation-parameter-invalid");
  }
  return template.replace(/\$\{([^${}]*)\}/g, (place, name: string) => {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    return value === undefined ? place : escapeField(value);
  });
}

/** `\` to `\\`, `*` to `\*`, LF to `\n`. */
export function escapeField(value: string): string {
  return value.replace(/[\\*\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

/** One pass from the left, so that `\\n` is a backslash and an n. A backslash before anything else stays. */
export function unescapeField(text: string): string {
  return text.replace(/\\([\\*n])/g, (_, character: string) => (character === "n" ? "\n" : character));
}

/** At asterisks that no backslash precedes; a backslash takes the next character with it. The last of `most` is a rest. */
function splitFields(text: string, most: number): string[] {
  const fields: string[] = [];
  let start = 0;
  for (let position = 0; position < text.length && fields.length < most - 1; position++) {
    if (text[position] === "\\") position++;
    else if (text[position] === "*") {
      fields.push(text.slice(start, position));
      start = position + 1;
    }
  }
  fields.push(text.slice(start));
  return fields;
}

function parseField(raw: string): OperationField | OperationDataFailure {
  if (raw === "") return { type: "empty" };
  const letter = raw[0]!;
  const content = raw.slice(1);
  switch (letter) {
    case "A":
      return parseAmount(content);
    case "I":
      return parseAccount(content);
    case "D":
      return parseDate(content);
    case "Q":
      return { type: "any-account", text: unescapeField(content) };
    case "R":
      return { type: "reference", text: unescapeField(content) };
    case "N":
      return { type: "note", text: unescapeField(content) };
    case "T":
      return { type: "text", text: unescapeField(content) };
    default:
      if (!/^[A-Za-z]$/.test(letter)) return malformed("field-type-invalid");
      return { type: "unknown", letter, text: unescapeField(content) };
  }
}

function parseAmount(content: string): OperationField | OperationDataFailure {
  const amount = content.slice(0, -3);
  const currency = content.slice(-3).toUpperCase();
  // Upper-casing turns some other letters into these: the text as sent is tested.
  const isAmount = /^-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)$/.test(amount) && /^[A-Za-z]{3}$/.test(content.slice(-3));
  return isAmount ? { type: "amount", amount, currency } : malformed("amount-invalid");
}

function parseAccount(content: string): OperationField | OperationDataFailure {
  const parts = /^([0-9A-Z]+)(?:,([0-9A-Z]*))?$/.exec(content);
  if (parts === null) return malformed("account-invalid");
  const [, iban = "", bic = ""] = parts;
  return bic === "" ? { type: "account", iban } : { type: "account", iban, bic };
}

function parseDate(content: string): OperationField | OperationDataFailure {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})$/.exec(content);
  if (parts === null) return malformed("date-invalid");
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  const exists = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? { type: "date", date: parts.slice(1).join("-") } : malformed("date-invalid");
}

function malformed(reason: OperationDataReason): OperationDataFailure {
  return { error: "operation-data-malformed", reason };
}
