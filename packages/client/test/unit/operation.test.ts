/** The model of an operation: what is known is read, what is odd is kept, and nothing fails a list. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readDate } from "../../src/mobile-token/model/dates.ts";
import { readOperation, readOperations } from "../../src/mobile-token/model/operation.ts";

const minimal = { id: "1", data: "A1" };

describe("readOperation", () => {
  test("reads what servers send", () => {
    const raw = {
      id: "0",
      name: "authorize_payment",
      data: "A1*A100CZK",
      status: "REJECTED",
      statusReason: "TOO_LATE",
      operationCreated: "2018-06-21T13:41:41+0000",
      operationExpires: "2018-06-21T13:46:45+0000",
      allowedSignatureType: { type: "2FA", variants: ["possession_knowledge", "possession_biometry"] },
      formData: {
        title: "Payment",
        message: "Hello,\nconfirm",
        resultTexts: { success: "Done", failure: null },
        attributes: [
          { type: "KEY_VALUE", id: "a", label: "A", value: "x" },
          { type: "AMOUNT", id: "b", label: "B", amount: 1.5, currency: "EUR" },
        ],
      },
      ui: { flipButtons: true },
      later: { anything: 1 },
    };
    const operation = readOperation(raw)!;
    assert.equal(operation.name, "authorize_payment");
    assert.equal(operation.status, "REJECTED");
    assert.equal(operation.statusReason, "TOO_LATE");
    assert.equal(operation.operationCreated?.getTime(), 1529588501000);
    assert.equal(operation.operationExpires?.getTime(), 1529588805000);
    assert.deepEqual(operation.allowedSignatureType, { ...raw.allowedSignatureType, isBiometryAllowed: true });
    const attributes = raw.formData.attributes.map((row) => ({ ...row, raw: row }));
    assert.deepEqual(operation.formData, { ...raw.formData, resultTexts: { success: "Done" }, attributes });
    assert.deepEqual(operation.ui, { flipButtons: true, raw: raw.ui });
    assert.equal(operation.raw, raw);
  });

  test("keeps values and types that are not known yet", () => {
    const operation = readOperation({
      ...minimal,
      status: "HALF_APPROVED",
      allowedSignatureType: { type: "3FA", variants: ["possession_iris", 7] },
      formData: { attributes: [{ type: "HOLOGRAM", id: "h", label: "H", depth: 3 }] },
    })!;
    assert.equal(operation.status, "HALF_APPROVED");
    const variants = ["possession_iris"];
    assert.deepEqual(operation.allowedSignatureType, { type: "3FA", variants, isBiometryAllowed: false });
    const raw = { type: "HOLOGRAM", id: "h", label: "H", depth: 3 };
    assert.deepEqual(operation.formData.attributes, [{ type: "UNKNOWN", id: "h", label: "H", raw }]);
  });

  test("fills in what is missing: PENDING, two factors, an empty form, no dates", () => {
    const operation = readOperation(minimal)!;
    assert.equal(operation.status, "PENDING");
    assert.deepEqual(operation.allowedSignatureType, { type: "2FA", variants: [], isBiometryAllowed: false });
    assert.deepEqual(operation.formData, { title: "", message: "", attributes: [] });
    assert.equal(operation.operationExpires, undefined);
    assert.ok(!("ui" in operation) && !("statusReason" in operation));
  });

  test("shows a row that is broken instead of hiding it", () => {
    const { attributes } = readOperation({
      ...minimal,
      formData: { attributes: ["text", { label: 7 }, null] },
    })!.formData;
    assert.deepEqual(attributes, [
      { type: "UNKNOWN", id: "", label: "", raw: { value: "text" } },
      { type: "UNKNOWN", id: "", label: "", raw: { label: 7 } },
      { type: "UNKNOWN", id: "", label: "", raw: { value: null } },
    ]);
  });

  test("of a list, everything with an id and data comes out, whatever stands between", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.jsonValue()), (before, after) => {
        const isPlain = (value: unknown) => readOperation(value) === undefined;
        const list = [
          ...before.filter(isPlain),
          minimal,
          ...after.filter(isPlain),
          { ...minimal, formData: before, ui: after },
        ];
        return readOperations(list).length === 2;
      }),
    );
  });

  test("no JSON makes it throw", () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom("PENDING", "2018-06-21T13:41:41+0000"));
    const odd = fc.record({
      id: fc.constant("1"),
      data: fc.constant("A1"),
      status: member,
      operationCreated: member,
      allowedSignatureType: member,
      formData: fc.oneof(member, fc.record({ attributes: fc.array(member), resultTexts: member, title: member })),
      ui: member,
    });
    fc.assert(fc.property(odd, (value) => readOperation(value)?.id === "1"));
  });
});

describe("readDate", () => {
  const moment = Date.UTC(2018, 6, 2, 14, 43, 13);
  const rows: readonly (readonly [unknown, number | undefined])[] = [
    ["2018-07-02T14:43:13+0000", moment],
    ["2018-07-02T14:43:13Z", moment],
    ["2018-07-02T16:43:13+02:00", moment],
    ["2018-07-02T16:43:13+0200", moment],
    ["2018-07-02T14:43:13.5Z", moment + 500],
    ["2018-07-02T14:43:13.123456789+00:00", moment + 123],
    ["2018-07-02T10:13:13-0430", moment],
    ["2018-07-02T14:43:13.007Z", moment + 7],
    ["0099-01-01T00:00:00Z", undefined],
    ["2018-07-02T14:43:13+1900", undefined],
    ["2018-07-02T14:43:60Z", undefined],
    ["2018-07-02T14:43:13+00:0", undefined],
    [moment, moment],
    ["2018-02-31T14:43:13Z", undefined],
    ["2018-13-01T14:43:13Z", undefined],
    ["2018-07-02T25:43:13Z", undefined],
    ["2018-07-02T14:43:13", undefined],
    ["2018-07-02", undefined],
    ["", undefined],
    [null, undefined],
    [Number.NaN, undefined],
    [9e15, undefined],
  ];
  for (const [text, expected] of rows) {
    test(`reads ${String(text)} as ${expected === undefined ? "no date" : new Date(expected).toISOString()}`, () => {
      assert.equal(readDate(text)?.getTime(), expected);
    });
  }
});
