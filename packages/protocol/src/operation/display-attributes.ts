/**
 * The rows of a form: a template says which parameters make a row of which type, and a row that lacks a parameter it
 * cannot be without is left out.
 */
import { formatAmount } from "./amount.ts";
import { type Parameters, parameterOf } from "./places.ts";

export interface AttributeTemplate {
  readonly id: string;
  /** One of `attributeTypes`; anything else is shown as KEY_VALUE. */
  readonly type: string;
  /** The label, in the language of the template, without places. */
  readonly text: string;
  /** Member of the row → name of the operation's parameter. */
  readonly params: Readonly<Record<string, string>>;
}

export interface DisplayAttribute {
  readonly type: AttributeType;
  readonly id: string;
  readonly label: string;
  /** Members of the type. */
  readonly [member: string]: unknown;
}

/** For each type the members that a row cannot be without. */
const mandatory = {
  AMOUNT: ["amount", "currency"],
  AMOUNT_CONVERSION: ["sourceAmount", "sourceCurrency", "targetAmount", "targetCurrency"],
  KEY_VALUE: ["value"],
  NOTE: ["note"],
  IMAGE: ["thumbnailUrl"],
  HEADING: [],
  ALERT: [],
  PARTY_INFO: [],
} as const satisfies Record<string, readonly string[]>;

export type AttributeType = keyof typeof mandatory;

export const attributeTypes = Object.keys(mandatory) as readonly AttributeType[];

/** The members for which a template must name a parameter. */
export function mandatoryMembers(type: string): readonly string[] {
  return mandatory[shownAs(type)];
}

/** Undefined when a parameter that the row cannot be without is missing. */
export function renderAttribute(
  { id, type: named, text: label, params }: AttributeTemplate,
  parameters: Parameters,
  { language, exactAmounts }: { readonly language: string; readonly exactAmounts: boolean },
): DisplayAttribute | undefined {
  const type = shownAs(named);
  const value = (member: string): string | undefined =>
    Object.hasOwn(params, member) ? parameterOf(parameters, params[member] ?? "") : undefined;
  if (mandatory[type].some((member) => value(member) === undefined)) return undefined;
  return { type, id, label, ...members[type](value, amountsIn(language, exactAmounts)) };
}

function shownAs(type: string): AttributeType {
  return Object.hasOwn(mandatory, type) ? (type as AttributeType) : "KEY_VALUE";
}

type Value = (member: string) => string | undefined;
/** Of the members that have the amount and its currency. */
type Amounts = (amount: string | undefined, currency: string | undefined) => object;

/** Where amounts are exact, one that no JSON number carries is the decimal text that was given. */
function amountsIn(language: string, exact: boolean): Amounts {
  return (amount = "", currency = "") => {
    const formatted = formatAmount(amount, currency, language);
    return exact && formatted.amount === null ? { ...formatted, amount } : formatted;
  };
}

/** Mandatory members are there when these are asked. */
const members: Readonly<Record<AttributeType, (value: Value, amounts: Amounts) => object>> = {
  AMOUNT: (value, amounts) => amounts(value("amount"), value("currency")),
  AMOUNT_CONVERSION: (value, amounts) => ({
    dynamic: value("dynamic")?.toLowerCase() === "true",
    ...prefixed("source", amounts(value("sourceAmount"), value("sourceCurrency"))),
    ...prefixed("target", amounts(value("targetAmount"), value("targetCurrency"))),
  }),
  KEY_VALUE: (value) => ({ value: value("value") }),
  NOTE: (value) => ({ note: value("note") }),
  IMAGE: (value) => ({ thumbnailUrl: value("thumbnailUrl"), ...given(value, "originalUrl") }),
  HEADING: (value) => ({ level: levelOf(value("level")) }),
  ALERT: (value) => ({ alertType: alertTypeOf(value("alertType")), ...given(value, "title", "message") }),
  PARTY_INFO: (value) => ({ partyInfo: given(value, "logoUrl", "name", "description", "websiteUrl") }),
};

function prefixed(prefix: string, amount: object): object {
  return Object.fromEntries(
    Object.entries(amount).map(([name, value]) => [prefix + name.slice(0, 1).toUpperCase() + name.slice(1), value]),
  );
}

function given(value: Value, ...names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, value(name)]).filter(([, text]) => text !== undefined));
}

function levelOf(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
}

function alertTypeOf(text: string | undefined): string {
  return text !== undefined && ["SUCCESS", "INFO", "WARNING", "ERROR"].includes(text) ? text : "INFO";
}
