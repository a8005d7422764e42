/** Rows and screens of an operation: every known type, what is odd about them, and what nobody knows yet. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  attributeText,
  detailVisual,
  listVisual,
  readOperation,
  readPostApprovalScreen,
  readUi,
  shownAmount,
  shownConversion,
  type OperationAttribute,
} from "../../src/mobile-token/index.ts";

function attributesOf(...attributes: readonly unknown[]): readonly OperationAttribute[] {
  return readOperation({ id: "1", data: "A1", formData: { attributes } })!.formData.attributes;
}

function attribute(raw: Record<string, unknown>): OperationAttribute {
  return attributesOf(raw)[0]!;
}

const row = { id: "a", label: "A" };

describe("a row", () => {
  const known: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
    [{ type: "AMOUNT", amount: 1.5, currency: "EUR", valueFormatted: "1,50 €" }, {}],
    [{ type: "AMOUNT", amount: "12345678901234567890.01", currency: "CZK" }, {}],
    [{ type: "AMOUNT", currency: "CZK" }, {}],
    [{ type: "AMOUNT_CONVERSION", dynamic: true, sourceAmount: 1.26, targetAmount: 1710, targetCurrency: "USD" }, {}],
    [{ type: "KEY_VALUE", value: "x" }, {}],
    [{ type: "NOTE", note: "x\ny" }, {}],
    [{ type: "HEADING", level: 2 }, {}],
    [{ type: "HEADING" }, {}],
    [{ type: "ALERT", alertType: "ERROR", title: "T", message: "M" }, {}],
    [{ type: "ALERT", alertType: "TYPO", message: "M" }, { alertType: "INFO" }],
    [{ type: "IMAGE", thumbnailUrl: "https://a", originalUrl: "https://b" }, {}],
    [
      { type: "PARTY_INFO", partyInfo: { name: "N", logoUrl: "https://l", description: "D", websiteUrl: "https://w" } },
      {},
    ],
  ];
  for (const [raw, otherwise] of known) {
    test(`of type ${String(raw.type)} is read: ${Object.keys(raw).slice(1).join(", ")}`, () => {
      const whole = { ...row, ...raw };
      assert.deepEqual(attribute(whole), { ...whole, ...otherwise, raw: whole });
    });
  }

  const broken = [
    { type: "KEY_VALUE" },
    { type: "NOTE", note: 7 },
    { type: "IMAGE" },
    { type: "PARTY_INFO", partyInfo: "Bob" },
    { type: "HOLOGRAM", depth: 3 },
    { type: 7 },
  ];
  for (const raw of broken) {
    test(`like ${JSON.stringify(raw)} is UNKNOWN and kept as received, beside its neighbours`, () => {
      const neighbour = { type: "NOTE", id: "n", label: "N", note: "x" };
      const rows = attributesOf(neighbour, { ...row, ...raw }, neighbour);
      assert.deepEqual(rows[1], { type: "UNKNOWN", ...row, raw: { ...row, ...raw } });
      assert.deepEqual(
        rows.map(({ type }) => type),
        ["NOTE", "UNKNOWN", "NOTE"],
      );
    });
  }

  test("takes a number where a text is meant, and leaves out what is of another kind", () => {
    assert.equal(attributeText(attribute({ ...row, type: "KEY_VALUE", value: 5 })), "5");
    const odd = attribute({ ...row, type: "AMOUNT", amount: "much", currency: 7 });
    assert.ok(!("amount" in odd) && !("currency" in odd));
  });

  test("of an amount is shown as the server formatted it, or else plainly, without rounding or exponents", () => {
    const shown = (raw: Record<string, unknown>) => {
      const read = attribute({ ...row, type: "AMOUNT", ...raw });
      assert.ok(read.type === "AMOUNT");
      return shownAmount(read);
    };
    const plain = { amount: "965165234082.23", currency: "CZK", value: "965165234082.23 CZK" };
    assert.deepEqual(shown({ amount: 965165234082.23, currency: "CZK" }), plain);
    assert.deepEqual(shown({ amount: 1e21 }).amount, "1000000000000000000000");
    assert.deepEqual(shown({ amount: 5e-8 }).amount, "0.00000005");
    assert.deepEqual(shown({ amount: 1, amountFormatted: "1,00", currency: "EUR", currencyFormatted: "€" }), {
      amount: "1,00",
      currency: "€",
      value: "1,00 €",
    });
    assert.deepEqual(shown({ currency: "CZK" }), { currency: "CZK" });
    const conversion = attribute({
      type: "AMOUNT_CONVERSION",
      sourceAmount: 1.26,
      sourceCurrency: "ETC",
      targetValueFormatted: "$5",
    });
    assert.ok(conversion.type === "AMOUNT_CONVERSION");
    const sides = shownConversion(conversion);
    assert.deepEqual([sides.source.value, sides.target.value], ["1.26 ETC", "$5"]);
    assert.equal(attributeText(conversion), "1.26 ETC → $5");
  });
});

const ui = (value: Record<string, unknown>) => readUi(value);

describe("screens before an approval", () => {
  test("come as a list with elements and controls", () => {
    const screen = {
      id: "id1",
      type: "WARNING",
      heading: "Watch out!",
      message: "An attack?",
      backButton: true,
      image: "picture",
      elements: [
        { id: "e1", type: "ALERT", style: "DANGER", text: "Stop" },
        { id: "e2", type: "BUTTON", action: "PHONE", actionSettings: "REJECT", text: "Call", href: "+420123456789" },
        { id: "e3", type: "LIST_ITEM", icon: "dot", text: "One" },
        { id: "e4", type: "LISTITEM", text: "Two" },
        { id: "e5", type: "SLOT_MACHINE", text: "Three" },
        "odd",
      ],
      controls: {
        flip: true,
        axis: "VERTICAL",
        decline: { type: "REJECT", text: "No" },
        approve: { type: "BUTTON", text: "Yes", counter: 10 },
      },
    };
    const [read, other] = ui({ preApprovalScreens: [screen, { type: "HOLOGRAM", heading: "H" }] }).preApprovalScreens!;
    const { elements, raw, ...rest } = read!;
    const { elements: _, ...expected } = screen;
    assert.deepEqual(rest, expected);
    assert.equal(raw, screen);
    assert.deepEqual(
      elements!.map(({ type, id }) => [type, id]),
      [
        ["ALERT", "e1"],
        ["BUTTON", "e2"],
        ["LIST_ITEM", "e3"],
        ["LIST_ITEM", "e4"],
        ["UNKNOWN", "e5"],
      ],
    );
    assert.deepEqual([other!.type, other!.heading, other!.message, other!.raw.type], ["UNKNOWN", "H", "", "HOLOGRAM"]);
  });

  test("of the older form become a list of one, with a slider where it asks for one", () => {
    const legacy = { type: "WARNING", heading: "H", message: "M", items: ["1", "2", 3], approvalType: "SLIDER" };
    const read = ui({ preApprovalScreen: legacy });
    assert.deepEqual(read.preApprovalScreen, { ...legacy, items: ["1", "2"], raw: legacy });
    const [screen] = read.preApprovalScreens!;
    assert.deepEqual(screen!.controls, { flip: true, decline: { type: "BACK" }, approve: { type: "SLIDER" } });
    assert.equal(screen!.image, "fallback_image");
    const items = screen!.elements!.map(({ type, icon, text }) => [type, icon, text]);
    assert.deepEqual(items, [
      ["LIST_ITEM", "fallback_icon", "1"],
      ["LIST_ITEM", "fallback_icon", "2"],
    ]);
    const bare = ui({ preApprovalScreen: { type: "QR_SCAN", items: [], approvalType: "BUTTON" } })
      .preApprovalScreens![0]!;
    assert.ok(!("controls" in bare) && !("elements" in bare));
    assert.deepEqual([bare.type, bare.heading, bare.message], ["QR_SCAN", "", ""]);
  });

  test("of a fraud warning without heading and message are read, as servers send it for a risk", () => {
    const [screen] = ui({ preApprovalScreen: { type: "WARNING", approvalType: "SLIDER" } }).preApprovalScreens!;
    assert.deepEqual([screen!.type, screen!.heading], ["WARNING", ""]);
  });

  test("in a list win over the older form, even when the list is empty; without either there are none", () => {
    assert.deepEqual(ui({ preApprovalScreens: [], preApprovalScreen: { type: "INFO" } }).preApprovalScreens, []);
    assert.equal(ui({ flipButtons: true, preApprovalScreen: "odd" }).preApprovalScreens, undefined);
  });
});

describe("the screen after an approval", () => {
  const base = { heading: "H", message: "M" };

  for (const type of ["MERCHANT_REDIRECT", "REDIRECT"]) {
    test(`${type} leads to an address`, () => {
      const payload = { redirectText: "Go", redirectUrl: "https://shop", countdown: 5 };
      const raw = { type, ...base, payload };
      assert.deepEqual(readPostApprovalScreen(raw), { type: "MERCHANT_REDIRECT", ...base, payload, raw });
    });
  }

  test("REVIEW has rows, GENERIC any JSON, and an unknown one keeps its payload", () => {
    const note = { type: "NOTE", id: "1", label: "L", note: "N" };
    const review = readPostApprovalScreen({ type: "REVIEW", ...base, payload: { attributes: [note, 7] } });
    assert.equal(review?.type === "REVIEW" && review.payload.attributes.map(({ type }) => type).join(), "NOTE,UNKNOWN");
    for (const payload of [{ nested: [1, true, null] }, "text", null, [1]]) {
      assert.deepEqual(readPostApprovalScreen({ type: "GENERIC", payload })?.payload, payload);
    }
    const future = readPostApprovalScreen({ type: "FUTURE_TYPE", ...base, payload: { x: 1 } });
    assert.deepEqual(
      [future?.type, future?.raw.type, future?.heading, future?.payload],
      ["UNKNOWN", "FUTURE_TYPE", "H", { x: 1 }],
    );
    assert.equal(readPostApprovalScreen({ type: "MERCHANT_REDIRECT", ...base })?.type, "UNKNOWN");
    assert.equal(readPostApprovalScreen("odd"), undefined);
  });
});

describe("templates", () => {
  const attributes = [
    { type: "HEADING", id: "head", label: "Money" },
    { type: "AMOUNT", id: "amount", label: "Amount", amount: 10, currency: "EUR" },
    { type: "KEY_VALUE", id: "to", label: "To", value: "Bob" },
    { type: "IMAGE", id: "picture", label: "", thumbnailUrl: "https://p" },
    { type: "HOLOGRAM", id: "odd", label: "Odd" },
  ];
  const laidOut = (templates: unknown) =>
    readOperation({ id: "1", data: "A1", formData: { title: "T", message: "M", attributes }, ui: { templates } })!;

  test("of a list fill in values; a text with a gap falls back to the form's own", () => {
    const list = {
      style: "POSITIVE",
      header: "${to} gets ${amount}",
      title: "${nobody}",
      message: "${odd}",
      image: "picture",
    };
    const { image, ...visual } = listVisual(laidOut({ list }));
    assert.deepEqual(visual, { style: "POSITIVE", header: "Bob gets 10 EUR", title: "T", message: "M" });
    assert.equal(image?.thumbnailUrl, "https://p");
    assert.deepEqual(listVisual(laidOut(undefined)), { title: "T", message: "M" });
    assert.deepEqual(listVisual(laidOut({ list: { header: "${nobody}", image: "to" } })), { title: "T", message: "M" });
  });

  test("of a detail lay rows out; what they leave out comes last, and every row comes out once", () => {
    const sections = [
      {
        style: "MONEY",
        title: "head",
        cells: [{ name: "amount", canCopy: true, collapsable: "NO" }, { name: "gone" }, {}],
      },
      { title: "gone", cells: [] },
      "odd",
    ];
    const visual = detailVisual(laidOut({ detail: { style: "S", showTitleAndMessage: false, sections } }));
    assert.ok(!("title" in visual) && !("message" in visual));
    assert.equal(visual.style, "S");
    const shown = visual.sections.map(({ title, cells }) => [title, cells.map(({ name }) => name)]);
    assert.deepEqual(shown, [
      ["Money", ["amount"]],
      [undefined, ["to", "picture", "odd"]],
    ]);
    assert.equal(visual.sections[0]!.cells[0]!.canCopy, true);
    const plain = detailVisual(laidOut({ detail: "odd" }));
    assert.deepEqual([plain.title, plain.sections.length, plain.sections[0]!.cells.length], ["T", 1, 5]);
    // A row that lends its label to a section still shows its own value.
    const lent = detailVisual(laidOut({ detail: { sections: [{ title: "to", cells: [] }] } }));
    assert.deepEqual(
      lent.sections[0]!.cells.map(({ name }) => name),
      ["to"],
    );
  });

  test("whatever they say, every row of the form is shown", () => {
    const name = fc.constantFrom("head", "amount", "to", "picture", "odd", "gone");
    const cell = fc.oneof(fc.record({ name, visibleTitle: fc.boolean() }), fc.jsonValue());
    const section = fc.oneof(fc.record({ title: name, cells: fc.array(cell) }), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(section), (sections) => {
        const visual = detailVisual(laidOut({ detail: { sections } }));
        const shown = new Set(visual.sections.flatMap(({ cells }) => cells.map(({ attribute: one }) => one.id)));
        const titled = visual.sections.some(({ title }) => title === "Money");
        return attributes.every(({ id }) => shown.has(id) || (id === "head" && titled));
      }),
    );
  });
});
