import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAmount } from "@countersign/protocol/operation/amount";
import fc from "fast-check";

/** Formats have blanks that do not break; tests are written with ordinary ones. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
const value = (amount: string, currency: string, language: string) =>
  plain(formatAmount(amount, currency, language).valueFormatted);

test("an amount reads as people of the language write it (form data, AMOUNT)", () => {
  assert.deepEqual(formatAmount("1250.00", "EUR", "en"), {
    amount: 1250,
    currency: "EUR",
    amountFormatted: "1,250.00",
    currencyFormatted: "€",
    valueFormatted: "€1,250.00",
  });
  assert.equal(value("1250", "EUR", "de"), "1.250,00 €");
  assert.equal(value("1250.5", "CZK", "cs"), "1 250,50 Kč");
  assert.equal(formatAmount("1", "CZK", "en").currencyFormatted, "CZK");
  assert.equal(value("-7.10", "USD", "en"), "-$7.10");
});

test("fraction digits are at least those of the currency, none for an unknown one, and at most 18, cut off", () => {
  assert.equal(value("5", "JPY", "en"), "¥5");
  assert.equal(value("5.25", "JPY", "en"), "¥5.25");
  assert.equal(value("5", "BHD", "en"), "BHD 5.000");
  assert.equal(formatAmount("5", "XYZ", "en").valueFormatted, "5\u00a0XYZ");
  assert.equal(value("0.1234567890123456789", "BTC", "en"), "0.123456789012345678 BTC");
  assert.equal(value("0.9999999999999999999", "EUR", "en"), "€0.999999999999999999");
});

test("no digit is lost where a double would lose one; the number is then left out", () => {
  const large = formatAmount("12345678901234567890.12", "EUR", "en");
  assert.equal(large.amountFormatted, "12,345,678,901,234,567,890.12");
  assert.equal(large.amount, null);
  assert.equal(formatAmount("0.1", "EUR", "en").amount, 0.1);
  assert.equal(formatAmount("9007199254740993", "EUR", "en").amount, null);
  assert.equal(formatAmount("0.0000001", "EUR", "en").amount, null);
});

test("what is no decimal number is shown as it is", () => {
  for (const amount of [
    "",
    "1e3",
    "0x10",
    "1,5",
    "Infinity",
    "NaN",
    " 1",
    "1 000",
    "१२",
    "9".repeat(41),
    "1".repeat(100_000),
  ]) {
    assert.deepEqual(formatAmount(amount, "EUR", "en"), {
      amount: null,
      currency: "EUR",
      amountFormatted: amount,
      currencyFormatted: "€",
      valueFormatted: `${amount} EUR`,
    });
  }
});

test("a language that nobody knows reads as English, wherever the program runs", () => {
  assert.equal(formatAmount("1250", "EUR", "xx").valueFormatted, "€1,250.00");
});

test("the digits shown are the digits given, for every amount", () => {
  const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
  fc.assert(
    fc.property(digits(20), digits(18), fc.constantFrom("EUR", "JPY", "XYZ"), (whole, fraction, currency) => {
      const { amountFormatted, amount } = formatAmount(`${whole}.${fraction}`, currency, "en");
      const [shownWhole = "", shownFraction = ""] = amountFormatted.replaceAll(",", "").split(".");
      assert.equal(shownWhole, whole.replace(/^0+(?=.)/, ""));
      assert.equal(shownFraction.replace(/0+$/, ""), fraction.replace(/0+$/, ""));
      if (amount !== null) assert.equal(amount, Number(`${whole}.${fraction}`));
    }),
  );
});
