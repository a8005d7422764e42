/**
 * The text a person is shown of a transaction, and why it can be believed (APV-TX-4): it follows from the form, and
 * every value in the form is one that was asked for. Amounts stand as they are signed, not as a locale writes them.
 */
import { exactNumber } from "../operation/amount.ts";
import type { DisplayForm } from "../operation/display.ts";
import { textDefect } from "../operation/plain-text.ts";

type Attribute = Readonly<Record<string, unknown>>;

/**
 * One line for each thing to see. Deterministic on every platform: no locale and no clock is asked. Further lines of one
 * thing are indented: a note cannot look like a row of its own.
 */
export function formText({ title, message, attributes }: DisplayForm): string {
  const lines = (attributes as readonly unknown[] as readonly Attribute[]).flatMap(attributeLines);
  return [title, message, ...lines]
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\n", "\n  "))
    .join("\n");
}

/** Why the text must not be shown, or undefined. */
export function shownDefect(
  text: string,
  form: DisplayForm,
  parameters: Readonly<Record<string, unknown>>,
): "text-unsafe" | "text-differs" | "value-unknown" | undefined {
  if (isUnsafe(text)) return "text-unsafe";
  if (text !== formText(form)) return "text-differs";
  const given = Object.values(parameters);
  const values = (form.attributes as readonly unknown[] as readonly Attribute[]).flatMap(attributeValues);
  return values.every((value) => given.some((parameter) => isSame(parameter, value))) ? undefined : "value-unknown";
}

/** Whether this text, or this number digit for digit, can be read in the form. */
export function isShown({ title, message, attributes }: DisplayForm, value: string): boolean {
  const values = (attributes as readonly unknown[] as readonly Attribute[]).flatMap(attributeValues);
  return values.some((one) => isSame(value, one)) || [title, message].some((text) => standsIn(text, value));
}

/** As a word of its own: "1" does not stand in "100". */
function standsIn(text: string, value: string): boolean {
  if (value === "") return false;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const around = [text.slice(0, at), text.slice(at + value.length)];
    if (!/[\p{L}\p{N}.,]$/u.test(around[0] ?? "") && !/^[\p{L}\p{N}]/u.test(around[1] ?? "")) return true;
  }
  return false;
}

/** A number in the form is the decimal text that was given, digit for digit. */
function isSame(parameter: unknown, value: unknown): boolean {
  if (typeof value !== "number") return parameter === value;
  return typeof parameter === "string" && exactNumber(parameter) === value;
}

/** Control characters but line feeds, halves of surrogates, and what changes the direction of text or hides in it. */
export function isUnsafe(text: string): boolean {
  return textDefect(text, { lineFeed: true }) !== undefined || hidden.test(text);
}

/**
 * Bidirectional controls (UAX 9), line separators, and what nobody sees: zero-width characters but the joiners that
 * scripts need, soft hyphens, fillers, annotations, tags and the byte order mark.
 */
const hidden =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

function attributeLines(attribute: Attribute): string[] {
  const label = textOf(attribute.label);
  const type = textOf(attribute.type);
  const body = (Object.hasOwn(bodies, type) ? bodies[type] : undefined) ?? valueBody;
  const text = body(attribute).filter((part) => part !== "");
  if (text.length === 0) return label === "" ? [] : [label];
  return [label === "" ? text.join(" ") : `${label}: ${text.join(" ")}`];
}

const valueBody = ({ value }: Attribute) => [textOf(value)];

/** What follows the label, by type. */
const bodies: Readonly<Record<string, (attribute: Attribute) => string[]>> = {
  AMOUNT: ({ amount, currency, amountFormatted }) => [plainAmount(amount, amountFormatted), textOf(currency)],
  AMOUNT_CONVERSION: (one) => [
    plainAmount(one.sourceAmount, one.sourceAmountFormatted),
    textOf(one.sourceCurrency),
    "→",
    plainAmount(one.targetAmount, one.targetAmountFormatted),
    textOf(one.targetCurrency),
  ],
  KEY_VALUE: valueBody,
  NOTE: ({ note }) => [textOf(note)],
  ALERT: ({ title, message }) => [textOf(title), textOf(message)],
  PARTY_INFO: ({ partyInfo }) => [textOf((partyInfo as Attribute | undefined)?.name)],
  HEADING: () => [],
  IMAGE: () => [],
};

/** What of a row has to come from the parameters. Labels and titles are the template's. */
function attributeValues({ type, ...one }: Attribute): unknown[] {
  switch (type) {
    case "HEADING":
    case "IMAGE":
      return [];
    case "NOTE":
      return [one.note];
    case "AMOUNT":
      return [one.amount ?? one.amountFormatted, one.currency];
    case "AMOUNT_CONVERSION":
      return [
        one.sourceAmount ?? one.sourceAmountFormatted,
        one.sourceCurrency,
        one.targetAmount ?? one.targetAmountFormatted,
        one.targetCurrency,
      ];
    case "ALERT":
      return [one.title, one.message].filter((text) => text !== undefined);
    case "PARTY_INFO":
      return Object.values((one.partyInfo ?? {}) as Attribute);
    default:
      return [one.value];
  }
}

function plainAmount(amount: unknown, formatted: unknown): string {
  if (typeof amount === "number") return String(amount);
  return typeof amount === "string" ? amount : textOf(formatted);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
