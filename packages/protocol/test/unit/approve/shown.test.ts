/** What a person is shown (APV-TX-4): forms as our templates make them, and forms as a peer that lies would. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { DisplayForm } from "../../../src/operation/display.ts";
import { display } from "../../../src/operation/display.ts";
import { attributeTypes, mandatoryMembers } from "../../../src/operation/display-attributes.ts";
import { formText, isUnsafe, shownDefect } from "../../../src/approve/shown.ts";

const row = (type: string, more: object) => ({ type, id: "row", label: "Label", ...more });
const formOf = (...attributes: object[]) =>
  ({ title: "Title", message: "Message", attributes }) as never as DisplayForm;
const textOf = (...attributes: object[]) => formText(formOf(...attributes));
const defectOf = (parameters: Record<string, unknown>, ...attributes: object[]) =>
  shownDefect(textOf(...attributes), formOf(...attributes), parameters);

const plain = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !isUnsafe(text));
const amounts = fc.oneof(
  fc.stringMatching(/^-?[0-9]{1,12}(\.[0-9]{1,2})?$/),
  fc.constantFrom("abc", "", "1e3", "0.10"),
);
const currencies = fc.constantFrom("CZK", "EUR", "JPY", "XXX", "points");
const optional = ["title", "message", "name", "description", "logoUrl", "websiteUrl", "alertType", "level", "dynamic"];

/** A form as the server makes it: a template of any rows over any parameters. */
const made = fc
  .record({
    types: fc.array(fc.constantFrom(...attributeTypes, "UNKNOWN"), { maxLength: 6 }),
    values: fc.array(plain, { minLength: 30, maxLength: 30 }),
    amounts: fc.array(amounts, { minLength: 12, maxLength: 12 }),
    currency: currencies,
    title: plain,
    message: plain,
    language: fc.constantFrom("en", "cs", "ar"),
  })
  .map(({ types, values, amounts: sums, currency, ...texts }) => {
    const parameters: Record<string, string> = { currency };
    const attributes = types.map((type, at) => {
      const params: Record<string, string> = {};
      for (const [place, member] of [...mandatoryMembers(type), ...optional].entries()) {
        const name = `p${at}.${place}`;
        if (/currency/i.test(member)) params[member] = "currency";
        else {
          params[member] = name;
          parameters[name] = /amount/i.test(member) ? (sums[(2 * at + place) % 12] ?? "") : (values[at + place] ?? "");
        }
      }
      return { id: `row ${at}`, type, text: values[at] ?? "", params };
    });
    const operation = { operationType: "pay", parameters, riskFlags: "", proximityCheck: false };
    return { parameters, form: display(operation, { ...texts, attributes }).formData };
  });

describe("the text of a form", () => {
  it("is the same each time, also after a way through JSON, and has no defect where values are parameters (APV-TX-4)", () => {
    fc.assert(
      fc.property(made, ({ form, parameters }) => {
        const text = formText(form);
        const again = JSON.parse(JSON.stringify(form)) as DisplayForm;
        assert.equal(formText(again), text);
        assert.equal(shownDefect(text, again, parameters), undefined);
      }),
      { numRuns: 500 },
    );
  });

  it("has one line for each thing, in the form's order", () => {
    const text = textOf(
      row("KEY_VALUE", { value: "CZ27" }),
      row("AMOUNT", { amount: 100.5, currency: "CZK", amountFormatted: "100,50", valueFormatted: "100,50 Kč" }),
      row("AMOUNT", { amount: null, currency: "CZK", amountFormatted: "free" }),
      row("AMOUNT_CONVERSION", { sourceAmount: 1, sourceCurrency: "EUR", targetAmount: 25, targetCurrency: "CZK" }),
      row("NOTE", { note: "Rent" }),
      row("ALERT", { alertType: "INFO", title: "Careful", message: "New payee" }),
      row("PARTY_INFO", { partyInfo: { name: "Shop", logoUrl: "https://x" } }),
      row("HEADING", { level: 1 }),
      row("IMAGE", { thumbnailUrl: "https://x" }),
      row("KEY_VALUE", { label: "", value: "bare" }),
    );
    assert.deepEqual(text.split("\n"), [
      "Title",
      "Message",
      "Label: CZ27",
      "Label: 100.5 CZK",
      "Label: free CZK",
      "Label: 1 EUR → 25 CZK",
      "Label: Rent",
      "Label: Careful New payee",
      "Label: Shop",
      "Label",
      "Label",
      "bare",
    ]);
  });

  it("indents further lines of a value: a note cannot look like a row", () => {
    const lines = textOf(row("NOTE", { note: "Rent\nAmount: 1 CZK" })).split("\n");
    assert.deepEqual(lines, ["Title", "Message", "Label: Rent", "  Amount: 1 CZK"]);
    assert.equal(formText({ ...formOf(), message: "a\nAmount: 1" }), "Title\na\n  Amount: 1");
  });

  it("never throws, whatever the rows are", () => {
    const types = fc.oneof(fc.constantFrom(...attributeTypes, "constructor", "toString", "__proto__"), fc.jsonValue());
    const names = fc.constantFrom(
      "value",
      "note",
      "amount",
      "currency",
      "amountFormatted",
      "partyInfo",
      "title",
      "label",
    );
    const rows = fc.array(
      fc.tuple(types, fc.dictionary(names, fc.jsonValue())).map(([type, rest]) => ({ ...rest, type })),
    );
    fc.assert(fc.property(rows, (attributes) => void shownDefect(textOf(...attributes), formOf(...attributes), {})));
  });
});

describe("what must not be shown (APV-TX-4)", () => {
  it("changes the direction of text or hides in it", () => {
    const hidden = [
      0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xe0041,
    ];
    for (let code = 0x202a; code <= 0x202e; code++) hidden.push(code);
    for (let code = 0x2060; code <= 0x206f; code++) hidden.push(code);
    for (const code of hidden) assert.equal(isUnsafe(`a${String.fromCodePoint(code)}b`), true, code.toString(16));
    const value = "CZ27\u202e72ZC";
    assert.equal(defectOf({ value }, row("KEY_VALUE", { value })), "text-unsafe");
  });

  it("is a control character other than the line feed, or half a surrogate", () => {
    for (let code = 0; code < 0x20; code++)
      assert.equal(isUnsafe(String.fromCharCode(code)), code !== 10, String(code));
    for (let code = 0x7f; code < 0xa0; code++) assert.equal(isUnsafe(String.fromCharCode(code)), true);
    for (const text of ["\ud83d", "\udd11", "\udd11\ud83d"]) assert.equal(isUnsafe(text), true);
  });

  it("is not what scripts need: letters of every direction, joiners, marks, emoji", () => {
    for (const text of ["שלום", "مرحبا", "क्ष\u200d", "نامه\u200cای", "👩‍👩‍👧", "☎️", "e\u0301", "→", "a b"]) {
      assert.equal(isUnsafe(text), false, text);
    }
  });

  it("is a text that does not follow from the form", () => {
    const form = formOf(row("KEY_VALUE", { value: "CZ27" }));
    for (const text of [
      "",
      `${formText(form)}\n`,
      formText(form).replace("CZ27", "CZ28"),
      formText(form).toUpperCase(),
    ]) {
      assert.equal(shownDefect(text, form, { iban: "CZ27" }), "text-differs");
    }
  });

  it("is a value that nobody asked for, in any member of any type", () => {
    const one = "given";
    const cases: readonly object[] = [
      row("KEY_VALUE", { value: "other" }),
      row("SOMETHING_NEW", { value: "other" }),
      row("constructor", { value: "other" }),
      row("NOTE", { note: "other" }),
      row("AMOUNT", { amount: 1, currency: one }),
      row("AMOUNT", { amount: null, amountFormatted: "other", currency: one }),
      row("AMOUNT", { amount: null, amountFormatted: one, currency: "other" }),
      row("AMOUNT", { amount: one, currency: undefined }),
      row("AMOUNT_CONVERSION", { sourceAmount: one, sourceCurrency: one, targetAmount: 2, targetCurrency: one }),
      row("AMOUNT_CONVERSION", { sourceAmount: one, sourceCurrency: one, targetAmount: one, targetCurrency: "other" }),
      row("AMOUNT_CONVERSION", { sourceAmount: 2, sourceCurrency: one, targetAmount: one, targetCurrency: one }),
      row("AMOUNT_CONVERSION", { sourceAmount: one, sourceCurrency: "other", targetAmount: one, targetCurrency: one }),
      row("ALERT", { title: "other" }),
      row("ALERT", { message: "other" }),
      row("PARTY_INFO", { partyInfo: { name: "other" } }),
      row("PARTY_INFO", { partyInfo: { name: one, websiteUrl: "https://evil.example" } }),
    ];
    for (const attribute of cases) {
      assert.equal(defectOf({ one }, attribute), "value-unknown", JSON.stringify(attribute));
    }
    assert.equal(defectOf({}, row("KEY_VALUE", { value: "given" })), "value-unknown");
    assert.equal(defectOf({ one }, row("KEY_VALUE", { value: one })), undefined);
  });

  it("is a number that is not the decimal text, digit for digit", () => {
    const amount = (number: number, parameter: string) =>
      defectOf({ parameter, currency: "CZK" }, row("AMOUNT", { amount: number, currency: "CZK" }));
    for (const text of ["100", "100.0", "100.00", "0100"]) assert.equal(amount(100, text), undefined, text);
    for (const text of ["1000", "10", "-100", "100.01", "1e2", "0x64", " 100", "100 ", "+100", "", "1OO"]) {
      assert.equal(amount(100, text), "value-unknown", text);
    }
    assert.equal(amount(9_007_199_254_740_992, "9007199254740993"), "value-unknown", "rounded");
    assert.equal(amount(0.1, "0.10000000000000000001"), "value-unknown", "rounded");
    assert.equal(amount(0.1, "0.1"), undefined);
  });
});
