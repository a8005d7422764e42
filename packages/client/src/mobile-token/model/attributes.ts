/**
 * The rows of an operation's form. A type that is not known, and a row that lacks what its type cannot do without, is
 * `UNKNOWN` and keeps everything in `raw`: nothing the server sent is hidden, and no row spoils another.
 */
import { isRecord } from "../../engine/transport.ts";
import { given, isBoolean, isNumber, isText, oneOf, textOf, type JsonObject } from "./members.ts";

interface Row {
  readonly id: string;
  /** Empty where the row has none, as alerts do. */
  readonly label: string;
  /** The row as received. */
  readonly raw: JsonObject;
}

/** Formatted members are the server's own, in the person's language. `shownAmount` says what to show without them. */
export interface AmountAttribute extends Row {
  readonly type: "AMOUNT";
  readonly amount?: number | string;
  readonly currency?: string;
  readonly amountFormatted?: string;
  readonly currencyFormatted?: string;
  /** Amount and currency together. */
  readonly valueFormatted?: string;
}

export interface AmountConversionAttribute extends Row {
  readonly type: "AMOUNT_CONVERSION";
  /** The rate may still change. */
  readonly dynamic: boolean;
  readonly sourceAmount?: number | string;
  readonly sourceCurrency?: string;
  readonly sourceAmountFormatted?: string;
  readonly sourceCurrencyFormatted?: string;
  readonly sourceValueFormatted?: string;
  readonly targetAmount?: number | string;
  readonly targetCurrency?: string;
  readonly targetAmountFormatted?: string;
  readonly targetCurrencyFormatted?: string;
  readonly targetValueFormatted?: string;
}

export interface KeyValueAttribute extends Row {
  readonly type: "KEY_VALUE";
  readonly value: string;
}

export interface NoteAttribute extends Row {
  readonly type: "NOTE";
  /** May have several lines. */
  readonly note: string;
}

export interface HeadingAttribute extends Row {
  readonly type: "HEADING";
  /** 1 is the highest. */
  readonly level?: number;
}

export type AlertType = "SUCCESS" | "INFO" | "WARNING" | "ERROR";

export interface AlertAttribute extends Row {
  readonly type: "ALERT";
  /** `INFO` for a type that is not known. */
  readonly alertType: AlertType;
  readonly title?: string;
  readonly message: string;
}

export interface ImageAttribute extends Row {
  readonly type: "IMAGE";
  readonly thumbnailUrl: string;
  readonly originalUrl?: string;
}

export interface PartyInfoAttribute extends Row {
  readonly type: "PARTY_INFO";
  readonly partyInfo: {
    readonly logoUrl?: string;
    readonly name: string;
    readonly description?: string;
    readonly websiteUrl?: string;
  };
}

/** `raw.type` has the type that was sent, if any. */
export interface UnknownAttribute extends Row {
  readonly type: "UNKNOWN";
}

export type OperationAttribute =
  | AmountAttribute
  | AmountConversionAttribute
  | KeyValueAttribute
  | NoteAttribute
  | HeadingAttribute
  | AlertAttribute
  | ImageAttribute
  | PartyInfoAttribute
  | UnknownAttribute;

export type AttributeType = OperationAttribute["type"];

/** Never throws. What is no object becomes a row with the value in `raw.value`. */
export function readAttribute(value: unknown): OperationAttribute {
  const raw = isRecord(value) ? value : { value };
  const row = { id: textOf(raw.id), label: textOf(raw.label), raw };
  const read = readers.get(raw.type);
  return read?.(row, raw) ?? { type: "UNKNOWN", ...row };
}

type ReadRow = (row: Row, raw: JsonObject) => OperationAttribute | undefined;

const readers: ReadonlyMap<unknown, ReadRow> = new Map<string, ReadRow>([
  [
    "AMOUNT",
    (row, raw) => ({
      type: "AMOUNT",
      ...row,
      ...given("amount", raw.amount, isAmount),
      ...texts(raw, ["currency", "amountFormatted", "currencyFormatted", "valueFormatted"]),
    }),
  ],
  [
    "AMOUNT_CONVERSION",
    (row, raw) => ({
      type: "AMOUNT_CONVERSION",
      ...row,
      dynamic: raw.dynamic === true,
      ...given("sourceAmount", raw.sourceAmount, isAmount),
      ...given("targetAmount", raw.targetAmount, isAmount),
      ...texts(raw, ["sourceCurrency", "sourceAmountFormatted", "sourceCurrencyFormatted", "sourceValueFormatted"]),
      ...texts(raw, ["targetCurrency", "targetAmountFormatted", "targetCurrencyFormatted", "targetValueFormatted"]),
    }),
  ],
  [
    "KEY_VALUE",
    (row, raw) => {
      const value = plainText(raw.value);
      return value === undefined ? undefined : { type: "KEY_VALUE", ...row, value };
    },
  ],
  ["NOTE", (row, raw) => (isText(raw.note) ? { type: "NOTE", ...row, note: raw.note } : undefined)],
  ["HEADING", (row, raw) => ({ type: "HEADING", ...row, ...given("level", raw.level, isNumber) })],
  [
    "ALERT",
    (row, raw) => ({
      type: "ALERT",
      ...row,
      alertType: oneOf(["SUCCESS", "INFO", "WARNING", "ERROR"], raw.alertType, "INFO"),
      ...texts(raw, ["title"]),
      message: textOf(raw.message),
    }),
  ],
  [
    "IMAGE",
    (row, raw) =>
      isText(raw.thumbnailUrl)
        ? { type: "IMAGE", ...row, thumbnailUrl: raw.thumbnailUrl, ...texts(raw, ["originalUrl"]) }
        : undefined,
  ],
  [
    "PARTY_INFO",
    (row, { partyInfo }) =>
      isRecord(partyInfo) && isText(partyInfo.name)
        ? {
            type: "PARTY_INFO",
            ...row,
            partyInfo: { name: partyInfo.name, ...texts(partyInfo, ["logoUrl", "description", "websiteUrl"]) },
          }
        : undefined,
  ],
]);

/** The named members that are texts. */
function texts<const Name extends string>(raw: JsonObject, names: readonly Name[]): { readonly [N in Name]?: string } {
  const found = names.filter((name) => isText(raw[name])).map((name) => [name, raw[name]]);
  return Object.fromEntries(found) as { readonly [N in Name]?: string };
}

/** A text of a decimal number keeps digits that a number would lose. */
function isAmount(value: unknown): value is number | string {
  return isNumber(value) || (isText(value) && /^-?\d+(\.\d+)?$/.test(value));
}

/** Some servers send numbers and truth values where a text is meant. */
function plainText(value: unknown): string | undefined {
  return isText(value) ? value : isNumber(value) || isBoolean(value) ? String(value) : undefined;
}
