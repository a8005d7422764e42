import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readOperation, type OperationAttribute, type UserOperation } from "@countersign/client/mobile-token";
import { pinAllowed } from "../../src/commands/device.ts";
import { formLine, formText } from "../../src/form.ts";

function operation(attributes: readonly OperationAttribute[], more: Partial<UserOperation> = {}): UserOperation {
  return {
    id: "op",
    name: "payment",
    data: "A1",
    status: "PENDING",
    operationCreated: undefined,
    operationExpires: new Date("2026-03-01T14:05:09Z"),
    allowedSignatureType: { type: "2FA", variants: ["possession_knowledge"], isBiometryAllowed: false },
    formData: { title: "Payment", message: "Please check", attributes },
    raw: {},
    ...more,
  };
}

/** As the SDK reads it. */
function row(type: string, label: string, more: Record<string, unknown>): OperationAttribute {
  const formData = { attributes: [{ type, id: "x", label, ...more }] };
  return readOperation({ id: "op", data: "A1", formData })!.formData.attributes[0]!;
}

describe("the form of an operation", () => {
  test("shows title, message, each row by its type, and when it ends", () => {
    const shown = formText(
      operation([
        row("AMOUNT", "Amount", { amount: 1, currency: "EUR", valueFormatted: "1,00 €" }),
        row("AMOUNT_CONVERSION", "Change", { sourceValueFormatted: "1 €", targetValueFormatted: "25 Kč" }),
        row("KEY_VALUE", "To", { value: "Anna" }),
        row("NOTE", "Note", { note: "Rent" }),
        row("ALERT", "Take care", { alertType: "WARNING", title: "New", message: "first payment" }),
        row("HEADING", "Details", {}),
      ]),
    );
    assert.equal(
      shown,
      [
        "Payment",
        "Please check",
        "  Amount     1,00 €",
        "  Change     1 € → 25 Kč",
        "  To         Anna",
        "  Note       Rent",
        "  Take care  New: first payment",
        "  Details    –",
        "  Expires    2026-03-01 14:05:09 UTC",
      ].join("\n"),
    );
  });

  test("hides nothing of a row whose type it does not know", () => {
    assert.equal(
      formLine(operation([row("MAP", "Place", { latitude: 50, longitude: 14 })])),
      'Place: {"latitude":50,"longitude":14}',
    );
  });

  test("lets no text move the cursor, begin a line or turn its order round", () => {
    const shown = formText(
      operation([row("KEY_VALUE", "Am\u001b[2Kount\n", { value: "1\u202e9" })], {
        formData: { title: "\u001b[8m", message: "\r", attributes: [] },
      }),
    );
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(shown.replaceAll("\n", ""), /[\u0000-\u001f\u202e]/);
    const attributes = formText(operation([row("KEY_VALUE", "A\u001b", { value: "1\u202e9\n" })]));
    assert.match(attributes, /A\\u\{1b\} +1\\u\{202e\}9\\u\{a\}/);
  });

  test("takes the name of the operation where there is no title", () => {
    const untitled = operation([], {
      formData: { title: "", message: "", attributes: [] },
      operationExpires: undefined,
    });
    assert.equal(formText(untitled).trim(), "payment");
  });
});

describe("the PIN of an operation", () => {
  const allowing = (type: string, variants: string[]) =>
    operation([], { allowedSignatureType: { type, variants, isBiometryAllowed: false } });

  test("is asked for unless the device alone will do", () => {
    assert.equal(pinAllowed(allowing("2FA", ["possession_biometry", "possession_knowledge"])), true);
    assert.equal(pinAllowed(allowing("1FA", [])), false);
  });

  test("does not help where only biometry is accepted", () => {
    assert.throws(() => pinAllowed(allowing("2FA", ["possession_biometry"])), { code: "factor-not-available" });
  });
});
