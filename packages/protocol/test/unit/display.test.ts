import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalDisplay,
  chooseTemplate,
  display,
  type DisplayedOperation,
  type DisplayTemplate,
} from "@countersign/protocol/operation/display";
import type { AttributeTemplate } from "@countersign/protocol/operation/display-attributes";
import type { Ui } from "@countersign/protocol/operation/display-ui";
import { arePlacesWhole, fillPlaces } from "@countersign/protocol/operation/places";
import fc from "fast-check";

const operation = (more: Partial<DisplayedOperation> = {}): DisplayedOperation => ({
  operationType: "payment",
  parameters: { amount: "1250.00", currency: "EUR", payee: "Jane" },
  riskFlags: "",
  proximityCheck: false,
  ...more,
});
const template = (more: Partial<DisplayTemplate> = {}): DisplayTemplate => ({
  language: "en",
  title: "Payment",
  message: "To ${payee}",
  attributes: [],
  ...more,
});
const rows = (attributes: readonly Partial<AttributeTemplate>[], parameters: Record<string, string>) =>
  display(
    operation({ parameters }),
    template({ attributes: attributes.map((one) => ({ id: "a", type: "KEY_VALUE", text: "A", params: {}, ...one })) }),
  ).formData.attributes;

test("what is shown, attested and kept is one display (form data)", () => {
  // 1. A template and an operation make a form in the language of the template.
  const shown = display(
    operation(),
    template({
      resultTexts: { success: "Paid to ${payee}" },
      attributes: [
        { id: "amount", type: "AMOUNT", text: "Amount", params: { amount: "amount", currency: "currency" } },
      ],
    }),
  );
  assert.deepEqual(shown, {
    formData: {
      title: "Payment",
      message: "To Jane",
      resultTexts: { success: "Paid to Jane" },
      attributes: [
        {
          type: "AMOUNT",
          id: "amount",
          label: "Amount",
          amount: 1250,
          currency: "EUR",
          amountFormatted: "1,250.00",
          currencyFormatted: "€",
          valueFormatted: "€1,250.00",
        },
      ],
    },
    language: "en",
  });
  // 2. It has one text, which is what gets hashed: of the two members that the device receives.
  const received = JSON.parse(JSON.stringify({ formData: shown.formData, ui: shown.ui }));
  assert.equal(canonicalDisplay(shown), canonicalDisplay(received));
  assert.match(canonicalDisplay(shown), /^\{"formData":\{"attributes":\[\{"amount":1250,/);
});

test("without a template every parameter is a line under the operation type, in no language", () => {
  assert.deepEqual(display(operation({ parameters: { ip: "10.0.0.1", os: "x" } }), undefined), {
    formData: {
      title: "payment",
      message: "",
      attributes: [
        { type: "KEY_VALUE", id: "ip", label: "ip", value: "10.0.0.1" },
        { type: "KEY_VALUE", id: "os", label: "os", value: "x" },
      ],
    },
    language: "und",
  });
});

test("the language asked for, else English, else the first by name", () => {
  const of = (...languages: string[]) => new Map(languages.map((one) => [one, one]));
  assert.equal(chooseTemplate(of("cs", "en", "de"), "de"), "de");
  assert.equal(chooseTemplate(of("cs", "en", "de"), "sk"), "en");
  assert.equal(chooseTemplate(of("de", "cs"), "sk"), "cs");
  assert.equal(chooseTemplate(of(), "sk"), undefined);
});

test("places are filled once: a value with a place in it, quotes or backslashes is shown as it is", () => {
  const parameters = { a: "${b}", b: "B", quote: '"},"x":"', back: "\\", empty: "" };
  assert.equal(fillPlaces("${a}|${b}|${quote}|${back}|${empty}|", parameters), '${b}|B|"},"x":"|\\||');
  assert.equal(fillPlaces("${no}|${no:-else}|${b:-else}|${no:-}|${no:-a:-b}", parameters), "${no}|else|B||a:-b");
  assert.equal(
    fillPlaces("${constructor} ${__proto__} ${toString:-none}", parameters),
    "${constructor} ${__proto__} none",
  );
  const shown = display(operation({ parameters }), template({ message: "${quote}", ui: uiWith("${quote}") }));
  assert.equal(shown.formData.message, parameters.quote);
  assert.deepEqual(shown.ui, uiWith(parameters.quote));
});

function uiWith(heading: string): Ui {
  return { preApprovalScreen: { type: "INFO", heading, message: "m" } };
}

test("no value of a parameter can add a member or change another text", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const shown = display(
        operation({ parameters: { a, b } }),
        template({ title: "${a}", message: "${b}", ui: uiWith("${a}${b}") }),
      );
      assert.deepEqual(shown.formData, { title: a, message: b, attributes: [] });
      assert.deepEqual(shown.ui, uiWith(a + b));
    }),
  );
});

test("a template's places must be whole and named", () => {
  for (const right of ["", "$5", "{x}", "${a}", "${a:-b} ${c}", "${a:-}", "$", "100 $ {a}"])
    assert.ok(arePlacesWhole(right));
  for (const wrong of ["${", "${a", "${}", "${:-x}", "${a${b}}", "${a{b}"]) assert.ok(!arePlacesWhole(wrong), wrong);
});

test("each type of row has its members; a row without what it cannot be without is left out (attributes)", () => {
  const all = {
    k: "v",
    n: "line\nline",
    u: "https://a/b.png",
    o: "https://a/c.png",
    t: "Title",
    m: "Text",
    w: "WARNING",
  };
  const own = (type: string, params: Record<string, string>, parameters: Record<string, string> = all) => {
    const [row] = rows([{ type, params }], parameters);
    if (row === undefined) return undefined;
    const { type: shownType, id, label, ...rest } = row;
    assert.deepEqual([id, label], ["a", "A"]);
    return { type: shownType, ...rest };
  };
  assert.deepEqual(own("KEY_VALUE", { value: "k" }), { type: "KEY_VALUE", value: "v" });
  assert.deepEqual(own("NOTE", { note: "n" }), { type: "NOTE", note: "line\nline" });
  assert.deepEqual(own("HEADING", {}), { type: "HEADING", level: 0 });
  assert.deepEqual(own("HEADING", { level: "l" }, { l: "2" }), { type: "HEADING", level: 2 });
  assert.deepEqual(own("HEADING", { level: "l" }, { l: "big" }), { type: "HEADING", level: 0 });
  assert.deepEqual(own("ALERT", {}), { type: "ALERT", alertType: "INFO" });
  assert.deepEqual(own("ALERT", { alertType: "w", title: "t", message: "m" }), {
    type: "ALERT",
    alertType: "WARNING",
    title: "Title",
    message: "Text",
  });
  assert.deepEqual(own("ALERT", { alertType: "k" }), { type: "ALERT", alertType: "INFO" });
  assert.deepEqual(own("IMAGE", { thumbnailUrl: "u" }), { type: "IMAGE", thumbnailUrl: all.u });
  assert.deepEqual(own("IMAGE", { thumbnailUrl: "u", originalUrl: "o" }), {
    type: "IMAGE",
    thumbnailUrl: all.u,
    originalUrl: all.o,
  });
  assert.deepEqual(own("PARTY_INFO", { logoUrl: "u", name: "t", description: "m", websiteUrl: "gone" }), {
    type: "PARTY_INFO",
    partyInfo: { logoUrl: all.u, name: "Title", description: "Text" },
  });
  assert.deepEqual(own("SPARKLINE", { value: "k" }), { type: "KEY_VALUE", value: "v" });
  for (const [type, params] of [
    ["KEY_VALUE", { value: "gone" }],
    ["NOTE", { note: "constructor" }],
    ["IMAGE", { thumbnailUrl: "gone", originalUrl: "o" }],
    ["AMOUNT", { amount: "k", currency: "gone" }],
    ["AMOUNT_CONVERSION", { sourceAmount: "k", sourceCurrency: "k", targetAmount: "k", targetCurrency: "gone" }],
    ["SPARKLINE", { value: "gone" }],
  ] as const) {
    assert.equal(own(type, params), undefined, type);
  }
});

test("a conversion has both sides formatted, and is dynamic only when told so (AMOUNT_CONVERSION)", () => {
  const params = { sourceAmount: "a", sourceCurrency: "b", targetAmount: "c", targetCurrency: "d", dynamic: "e" };
  const [row] = rows([{ type: "AMOUNT_CONVERSION", params }], { a: "100", b: "EUR", c: "2520.5", d: "XYZ", e: "TRUE" });
  assert.deepEqual(row, {
    type: "AMOUNT_CONVERSION",
    id: "a",
    label: "A",
    dynamic: true,
    sourceAmount: 100,
    sourceCurrency: "EUR",
    sourceAmountFormatted: "100.00",
    sourceCurrencyFormatted: "€",
    sourceValueFormatted: "€100.00",
    targetAmount: 2520.5,
    targetCurrency: "XYZ",
    targetAmountFormatted: "2,520.5",
    targetCurrencyFormatted: "XYZ",
    targetValueFormatted: "2,520.5\u00a0XYZ",
  });
});

test("labels of rows are the template's own and have no places", () => {
  assert.equal(rows([{ text: "${k}", params: { value: "k" } }], { k: "v" })[0]?.label, "${k}");
});

test("risk flags make the ui where the template has none: X flips, C blocks on call, F warns with words (riskFlags)", () => {
  const ui = (riskFlags: string, own?: Ui) => display(operation({ riskFlags }), template({ ui: own })).ui;
  const { preApprovalScreen, ...rest } = ui("XFC") ?? {};
  assert.deepEqual(rest, { flipButtons: true, blockApprovalOnCall: true });
  assert.deepEqual([preApprovalScreen?.type, preApprovalScreen?.approvalType], ["WARNING", "SLIDER"]);
  assert.ok(preApprovalScreen?.heading && preApprovalScreen.message, "apps fail on a screen without words");
  assert.deepEqual(ui("X"), { flipButtons: true });
  assert.deepEqual(ui("C"), { blockApprovalOnCall: true });
  for (const none of ["", "B", "QZ"]) assert.equal(ui(none), undefined);
  // A template's ui wins entirely, also an empty one.
  assert.deepEqual(ui("XFC", { flipButtons: false }), { flipButtons: false });
});

test("a screen that asks for a scan is shown only where a proximity check is asked for (QR_SCAN)", () => {
  const scan = { type: "QR_SCAN", heading: "Scan", message: "the code" } as const;
  const info = { ...scan, type: "INFO" } as const;
  const ui = (own: Ui, proximityCheck: boolean) => display(operation({ proximityCheck }), template({ ui: own })).ui;
  const both: Ui = { preApprovalScreen: scan, preApprovalScreens: [info, scan], flipButtons: true };
  assert.deepEqual(ui(both, true), both);
  assert.deepEqual(ui(both, false), { preApprovalScreens: [info], flipButtons: true });
  assert.equal(ui({ preApprovalScreen: scan, preApprovalScreens: [scan] }, false), undefined);
});

test("places in `templates` name rows of the form: they are left to the device", () => {
  const templates = { list: { header: "${amount}", title: "${payee}" } };
  const ui: Ui = {
    templates,
    postApprovalScreen: { type: "GENERIC", heading: "${payee}", message: "", payload: { a: ["${payee}", 1, null] } },
  };
  assert.deepEqual(display(operation(), template({ ui })).ui, {
    templates,
    postApprovalScreen: { type: "GENERIC", heading: "Jane", message: "", payload: { a: ["Jane", 1, null] } },
  });
});

test("the text does not depend on the order in which members were set, and tells any two displays apart", () => {
  const text = fc.string({ maxLength: 6 });
  const form = fc.record({ title: text, message: text, attributes: fc.constant([]) });
  fc.assert(
    fc.property(form, form, (a, b) => {
      const shuffled = { attributes: a.attributes, title: a.title, message: a.message };
      const of = (formData: typeof a) => canonicalDisplay({ formData });
      assert.equal(of(shuffled), of(a));
      assert.equal(of(a) === of(b), a.title === b.title && a.message === b.message);
    }),
  );
});

test("who asks and the words on the other screen are shown whatever a template says, once (CIBA binding_message)", () => {
  const owed = { clientName: "Web shop", bindingMessage: "A7K2" };
  const shown = (more: Partial<DisplayTemplate>) =>
    display(operation({ parameters: owed }), template({ message: "", ...more })).formData;
  assert.deepEqual(shown({}).attributes, [
    { type: "KEY_VALUE", id: "clientName", label: "Requested by", value: "Web shop" },
    { type: "KEY_VALUE", id: "bindingMessage", label: "Reference", value: "A7K2" },
  ]);
  assert.deepEqual(
    shown({ language: "cs" }).attributes.map(({ label }) => label),
    ["Žádá", "Označení"],
  );
  const placed = shown({
    message: "${clientName} asks",
    attributes: [{ id: "code", type: "KEY_VALUE", text: "Code", params: { value: "bindingMessage" } }],
  });
  assert.equal(placed.message, "Web shop asks");
  assert.deepEqual(
    placed.attributes.map(({ id }) => id),
    ["code"],
  );
});

test("details without a place in the template are rows of their own (RFC 9396)", () => {
  const shown = display(
    operation({ parameters: { amount: "1.00", "/creditor/na~1me": "Jane", "/urgent": "true" } }),
    template({ message: "Pay ${amount}" }),
  );
  assert.deepEqual(shown.formData.attributes, [
    { type: "KEY_VALUE", id: "/creditor/na~1me", label: "na/me", value: "Jane" },
    { type: "KEY_VALUE", id: "/urgent", label: "urgent", value: "true" },
  ]);
});
