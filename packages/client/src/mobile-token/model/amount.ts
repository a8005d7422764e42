/** What to show of an amount whose server did not format everything. */
import type { AmountAttribute, AmountConversionAttribute } from "./attributes.ts";

export interface ShownAmount {
  readonly amount?: string;
  readonly currency?: string;
  /** Both together. */
  readonly value?: string;
}

/** The server's formatted texts, and where it has none the plain ones: digits are neither rounded nor grouped. */
export function shownAmount(attribute: AmountAttribute): ShownAmount {
  const { amount, currency, amountFormatted, currencyFormatted, valueFormatted } = attribute;
  return shown(amount, currency, amountFormatted, currencyFormatted, valueFormatted);
}

/** The same for both sides of a conversion. */
export function shownConversion(attribute: AmountConversionAttribute): {
  readonly source: ShownAmount;
  readonly target: ShownAmount;
} {
  const { sourceAmount, sourceCurrency, sourceAmountFormatted, sourceCurrencyFormatted } = attribute;
  const { targetAmount, targetCurrency, targetAmountFormatted, targetCurrencyFormatted } = attribute;
  return {
    source: shown(
      sourceAmount,
      sourceCurrency,
      sourceAmountFormatted,
      sourceCurrencyFormatted,
      attribute.sourceValueFormatted,
    ),
    target: shown(
      targetAmount,
      targetCurrency,
      targetAmountFormatted,
      targetCurrencyFormatted,
      attribute.targetValueFormatted,
    ),
  };
}

function shown(
  rawAmount: number | string | undefined,
  rawCurrency: string | undefined,
  amountFormatted: string | undefined,
  currencyFormatted: string | undefined,
  valueFormatted: string | undefined,
): ShownAmount {
  const amount = amountFormatted ?? plainDecimal(rawAmount);
  const currency = currencyFormatted ?? rawCurrency;
  const value = valueFormatted ?? (amount === undefined ? undefined : [amount, currency].filter(Boolean).join(" "));
  return {
    ...(amount !== undefined && { amount }),
    ...(currency !== undefined && { currency }),
    ...(value !== undefined && { value }),
  };
}

/** Without an exponent, which no person reads. */
function plainDecimal(amount: number | string | undefined): string | undefined {
  if (typeof amount !== "number") return amount;
  const text = String(amount);
  if (!text.includes("e")) return text;
  return Math.abs(amount) >= 1 ? BigInt(amount).toString() : amount.toFixed(20).replace(/0+$/, "");
}
