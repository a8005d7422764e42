import assert from "node:assert/strict";
import { test } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import {
  composeOperationData,
  escapeField,
  parseOperationData,
  unescapeField,
  type OperationDataReason,
} from "@countersign/protocol/operation/data";
import fc from "fast-check";

test("data is composed from a template and read field by field (operation data)", () => {
  // 1. The server puts parameters into the template of the operation.
  const data = composeOperationData("A1*A${amount}${currency}*I${iban}*D${date}*N${note}", {
    amount: "100.50",
    currency: "CZK",
    iban: "CZ2730300000001165254011",
    date: "20240229",
    note: "rent *May*\nthank you \\o/",
  });
  // 2. What the user wrote cannot start a field.
  assert.equal(data, "A1*A100.50CZK*ICZ2730300000001165254011*D20240229*Nrent \\*May\\*\\nthank you \\\\o/");
  // 3. A reader has the values back.
  assert.deepEqual(parseOperationData(data as string), {
    version: "A",
    template: 1,
    fields: [
      { type: "amount", amount: "100.50", currency: "CZK" },
      { type: "account", iban: "CZ2730300000001165254011" },
      { type: "date", date: "2024-02-29" },
      { type: "note", text: "rent *May*\nthank you \\o/" },
    ],
  });
});

test("any text survives as a parameter and stays one field (composition)", () => {
  const text = fc.string({ unit: fc.constantFrom("*", "\\", "\n", "n", "$", "{", "}", "a", "ž", "🔑"), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (first, second) => {
      assert.equal(unescapeField(escapeField(first)), first);
      const data = composeOperationData("A0*T${first}*T${second}", { first, second });
      const parsed = parseOperationData(data as string);
      assert.ok(!isFailure(parsed));
      assert.deepEqual(parsed.fields, [
        { type: "text", text: first },
        { type: "text", text: second },
      ]);
    }),
    { numRuns: 500 },
  );
});

test("parameters are put in once, unknown places stay, other control characters are refused (composition)", () => {
  assert.equal(composeOperationData("A1*N${a}", { a: "${b}", b: "x" }), "A1*N${b}");
  assert.equal(composeOperationData("A1*N${a}*N${missing}*N$a${", { a: "$&" }), "A1*N$&*N${missing}*N$a${");
  assert.equal(composeOperationData("A1*N${constructor}", {}), "A1*N${constructor}");
  for (const value of ["\t", "a\r\n", "\u0000", "\u001f", "\u007f", "\u009f", "\ud800"]) {
    assert.deepEqual(composeOperationData("A1", { a: value }), { error: "operation-parameter-invalid" });
  }
});

test("fields are read by their letter, empty ones are empty, foreign letters are text (fields)", () => {
  const fields = (data: string) => {
    const parsed = parseOperationData(data);
    return isFailure(parsed) ? parsed : parsed.fields;
  };
  assert.deepEqual(fields("A2"), []);
  assert.deepEqual(fields("Z99*"), [{ type: "empty" }]);
  assert.deepEqual(fields("A1*A.325czk*A-1EUR"), [
    { type: "amount", amount: ".325", currency: "CZK" },
    { type: "amount", amount: "-1", currency: "EUR" },
  ]);
  assert.deepEqual(fields("A1*ISOMEIBAN1234,BIC*ISOMEIBAN,"), [
    { type: "account", iban: "SOMEIBAN1234", bic: "BIC" },
    { type: "account", iban: "SOMEIBAN" },
  ]);
  assert.deepEqual(fields("A1*Q12*Rref*Thello*Xnew"), [
    { type: "any-account", text: "12" },
    { type: "reference", text: "ref" },
    { type: "text", text: "hello" },
    { type: "unknown", letter: "X", text: "new" },
  ]);
});

test("a backslash takes one character with it, from the left (escapes)", () => {
  assert.equal(unescapeField("a\\\\n\\n\\*\\x"), "a\\n\n*\\x");
  const parsed = parseOperationData("A1*Ta\\\\*Tb");
  assert.ok(!isFailure(parsed) && parsed.fields.length === 2);
});

test("data with a wrong head or a field that is not of its type is refused with the reason (operation data)", () => {
  const rows: Readonly<Record<OperationDataReason, readonly string[]>> = {
    "control-character": ["A1*Ta\n", "A1\r", "A1*Ta\tb", "A1*T\u007f", "A1*T\u0085", "A1*A1\u0000CZK"],
    "text-malformed": ["A1*T\ud83d", "A1*T\udd11\ud83d", "A1*\ud83d*\udd11"],
    "operation-data-missing": [""],
    "version-invalid": ["1", "a1", "*", "Á1", " A1"],
    "template-invalid": ["A", "A100", "A1e", "A-1", "AA1", "A1 ", "A１", "A*T1", "A0x1"],
    "too-many-fields": [`A1${"*T".repeat(7)}`, "A1*******"],
    "field-type-invalid": ["A1*1", "A1*-", "A1* T", "A1*žx", "A1*🔑", "A1*\\*x"],
    "amount-invalid": [
      "A1*A",
      "A1*A0",
      "A1*ACZK",
      "A1*A1",
      "A1*A-CZK",
      "A1*A1,5CZK",
      "A1*A.CZK",
      "A1*A1.CZK",
      "A1*A1e3CZK",
      "A1*A+1CZK",
      "A1*A1 CZK",
      "A1*AxCZK",
      "A1*ANaNCZK",
      "A1*A1.2.3CZK",
      "A1*A--1CZK",
      "A1*A１CZK",
      "A1*A1CZſ",
    ],
    "account-invalid": [
      "A1*I",
      "A1*I,",
      "A1*I,BIC",
      "A1*Isomeiban,",
      "A1*IGOODIBAN,badbic",
      "A1*IA,B,C",
      "A1*IA,B,",
      "A1*IA B",
    ],
    "date-invalid": [
      "A1*D",
      "A1*D0",
      "A1*D2004",
      "A1*D20189999",
      "A1*D20180231",
      "A1*D20230229",
      "A1*D19000229",
      "A1*D00000101",
      "A1*D20180400",
      "A1*D20180001",
      "A1*D00000101x",
      "A1*D2018042５",
      "A1*D-2018042",
    ],
  };
  for (const [reason, texts] of Object.entries(rows)) {
    for (const data of texts) {
      assert.deepEqual(parseOperationData(data), { error: "operation-data-malformed", reason }, JSON.stringify(data));
    }
  }
});

test("every version and template is read, and six fields of any kind (operation data)", () => {
  for (const version of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    for (let template = 0; template < 100; template++) {
      assert.deepEqual(parseOperationData(`${version}${template}`), { version, template, fields: [] });
    }
  }
  assert.deepEqual(parseOperationData("B07"), { version: "B", template: 7, fields: [] });
  const six = parseOperationData("B2*Xtest*D20240229*D20000229*xlower**");
  assert.deepEqual(six, {
    version: "B",
    template: 2,
    fields: [
      { type: "unknown", letter: "X", text: "test" },
      { type: "date", date: "2024-02-29" },
      { type: "date", date: "2000-02-29" },
      { type: "unknown", letter: "x", text: "lower" },
      { type: "empty" },
      { type: "empty" },
    ],
  });
});

test("long hostile data costs time in proportion to its length", () => {
  const size = 1_000_000;
  for (const data of [
    `A1*${"\\".repeat(size)}`,
    "*".repeat(size),
    `A1*T${"\\*".repeat(size / 2)}`,
    "${".repeat(size / 2),
  ]) {
    const started = performance.now();
    parseOperationData(data);
    composeOperationData(data, { a: data });
    assert.ok(performance.now() - started < 2000, data.slice(0, 8));
  }
});
