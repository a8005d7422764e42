/**
 * Amounts as people read them in a language. An amount is a decimal text throughout, so that what is shown is the
 * number that was given, digit for digit.
 */
export interface FormattedAmount {
  /** Null where no JSON number carries the amount exactly, or it is no number. */
  readonly amount: number | null;
  readonly currency: string;
  readonly amountFormatted: string;
  readonly currencyFormatted: string;
  readonly valueFormatted: string;
}

/**
 * At least as many fraction digits as the currency has (none for one that is not known), at most 18, cut off rather than
 * rounded. What is no decimal number is shown as it is. `language` is a language subtag.
 */
export function formatAmount(amount: string, currency: string, language: string): FormattedAmount {
  const isKnown = knownCurrencies.has(currency);
  const { plain, money, symbol: currencyFormatted = currency } = formatsOf(language, isKnown ? currency : undefined);
  if (!isDecimal(amount)) {
    return {
      amount: null,
      currency,
      amountFormatted: amount,
      currencyFormatted,
      valueFormatted: `${amount} ${currency}`,
    };
  }
  const exact = amount as `${number}`;
  const amountFormatted = plain.format(exact);
  const valueFormatted = money?.format(exact) ?? `${amountFormatted}\u00a0${currency}`;
  return { amount: jsonNumber(amount), currency, amountFormatted, currencyFormatted, valueFormatted };
}

const knownCurrencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));
const mostDigits = 40;
const mostFractionDigits = 18;

function isDecimal(text: string): boolean {
  return text.length <= mostDigits && /^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/.test(text);
}

/** The number a decimal text names, or null where no JSON number is exactly that. */
export function exactNumber(text: string): number | null {
  return isDecimal(text) ? jsonNumber(text) : null;
}

/** A reader of JSON has doubles: a number is only given where it is the same number there. */
function jsonNumber(decimal: string): number | null {
  const number = Number(decimal);
  return /e/.test(String(number)) || normal(String(number)) !== normal(decimal) ? null : number;
}

/** Without zeros that say nothing. */
function normal(decimal: string): string {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)0*([0-9]*)\.?([0-9]*?)0*$/.exec(decimal) ?? [];
  const digits = `${whole}.${fraction}`;
  return digits === "." ? "." : sign + digits;
}

interface Formats {
  readonly plain: Intl.NumberFormat;
  readonly money?: Intl.NumberFormat;
  readonly symbol?: string | undefined;
}

/** Making a format is slow, using it is not. There are few languages, and the currencies are those known here. */
const formats = new Map<string, Formats>();

function formatsOf(language: string, currency: string | undefined): Formats {
  const key = `${language} ${currency ?? ""}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = makeFormats(language, currency);
  formats.set(key, made);
  return made;
}

function makeFormats(language: string, currency: string | undefined): Formats {
  const locales = [language, "en"];
  const digits = (least: number) =>
    ({
      minimumFractionDigits: least,
      maximumFractionDigits: mostFractionDigits,
      roundingMode: "trunc",
    }) as Intl.NumberFormatOptions;
  if (currency === undefined) return { plain: new Intl.NumberFormat(locales, digits(0)) };
  const style = { style: "currency", currency } as const;
  const least = new Intl.NumberFormat("en", style).resolvedOptions().minimumFractionDigits ?? 0;
  const money = new Intl.NumberFormat(locales, { ...style, ...digits(least) });
  const symbol = money.formatToParts(0).find(({ type }) => type === "currency")?.value;
  return { plain: new Intl.NumberFormat(locales, digits(least)), money, symbol };
}
