import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalForm, displayForm } from "@countersign/protocol/operation/display";
import fc from "fast-check";

test("what is shown, attested and kept is one form (display form)", () => {
  // 1. An operation becomes a form: its type is the title, each parameter a line.
  const form = displayForm({ operationType: "login", parameters: { ip: "10.0.0.1", browser: "Firefox" } });
  assert.deepEqual(form, {
    title: "login",
    message: "",
    attributes: [
      { type: "KEY_VALUE", id: "ip", label: "ip", value: "10.0.0.1" },
      { type: "KEY_VALUE", id: "browser", label: "browser", value: "Firefox" },
    ],
  });
  // 2. The form has one text, which is what gets hashed.
  assert.equal(
    canonicalForm(form),
    '{"attributes":[{"id":"ip","label":"ip","type":"KEY_VALUE","value":"10.0.0.1"},' +
      '{"id":"browser","label":"browser","type":"KEY_VALUE","value":"Firefox"}],"message":"","title":"login"}',
  );
});

test("title and message are shown where the operation has them", () => {
  const form = displayForm({ operationType: "payment", title: "Payment", message: "To Jane", parameters: {} });
  assert.deepEqual(form, { title: "Payment", message: "To Jane", attributes: [] });
});

test("the text does not depend on the order in which members were set, and tells any two forms apart", () => {
  const text = fc.string({ maxLength: 6 });
  const form = fc.record({ title: text, message: text, attributes: fc.constant([]) });
  fc.assert(
    fc.property(form, form, (a, b) => {
      const shuffled = { attributes: a.attributes, title: a.title, message: a.message };
      assert.equal(canonicalForm(shuffled), canonicalForm(a));
      assert.equal(canonicalForm(a) === canonicalForm(b), a.title === b.title && a.message === b.message);
    }),
  );
});
