/** Shared members of request bodies: dates both ways, texts a database can keep, objects of bounded depth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Value } from "typebox/value";
import { compactDate, epochMs, instant, isoDate, name, parameters, plainObject } from "../../src/api/members.ts";
import { RefusedError } from "../../src/errors.ts";

const at = Date.UTC(2022, 7, 25, 22, 34, 58, 702);

function read(value: string | number): number | "refused" {
  if (!Value.Check(instant, value)) return "refused";
  try {
    return epochMs(value, "timestamp");
  } catch (error) {
    assert.ok(error instanceof RefusedError && error.refusal.refused === "invalid-request");
    return "refused";
  }
}

test("Each surface writes dates in its own form: with ms and colon, or with neither (PowerAuth servers)", () => {
  assert.equal(isoDate(at), "2022-08-25T22:34:58.702+00:00");
  assert.equal(compactDate(at), "2022-08-25T22:34:58+0000");
  assert.equal(isoDate(0), "1970-01-01T00:00:00.000+00:00");
});

test("Dates are read as ISO 8601 with any offset, with or without seconds and fraction, or as epoch milliseconds", () => {
  for (const same of [
    at,
    "2022-08-25T22:34:58.702Z",
    "2022-08-25T22:34:58.702+00:00",
    "2022-08-25T22:34:58.702+0000",
    "2022-08-26T00:34:58.702+02:00",
    "2022-08-25T17:04:58.702-05:30",
    "2022-08-25T22:34:58.702000000Z",
  ]) {
    assert.equal(read(same), at, String(same));
  }
  assert.equal(read("2022-08-25T22:34Z"), Date.UTC(2022, 7, 25, 22, 34));
  assert.equal(read("2024-02-29T00:00:00Z"), Date.UTC(2024, 1, 29));
});

test("What is no date is refused: impossible days, no offset, text, fractions of a millisecond, negative numbers", () => {
  for (const wrong of [
    "2023-02-29T00:00:00Z",
    "2022-02-30T00:00:00Z",
    "2022-13-01T00:00:00Z",
    "2022-00-10T00:00:00Z",
    "2022-08-25T25:00:00Z",
    "2022-08-25T22:61:00Z",
    "2022-08-25T22:34:58+19:00",
    "2022-08-25T22:34:58+01:60",
    "2022-08-25T22:34:58",
    "2022-08-25",
    "tomorrow",
    "",
    " 2022-08-25T22:34:58Z",
    "2022-08-25T22:34:58Z\n",
    1.5,
    -1,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
  ]) {
    assert.equal(read(wrong), "refused", JSON.stringify(wrong));
  }
});

test("Property: a date written in either form is read as the same instant", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      assert.equal(read(isoDate(ms)), ms);
      assert.equal(read(compactDate(ms)), ms - (ms % 1000));
    }),
  );
});

test("Texts that PostgreSQL or UTF-8 cannot keep are refused, in values and in member names", () => {
  for (const wrong of ["", "a\u0000b", "\ud800", "a\udc00", "x".repeat(256)])
    assert.equal(Value.Check(name, wrong), false);
  for (const right of ["a", "řízek 🍖", "\n", "x".repeat(255)]) assert.equal(Value.Check(name, right), true);
  assert.equal(Value.Check(parameters, { amount: "100", note: "" }), true);
  for (const wrong of [{ amount: 100 }, { amount: null }, { amount: "\ud800" }, [], "text"]) {
    assert.equal(Value.Check(parameters, wrong), false, JSON.stringify(wrong));
  }
});

test("Objects of any shape are taken up to a depth that can be handled; deeper ones are refused by name", () => {
  const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as object;
  assert.deepEqual(plainObject({ a: [1, { b: null }] }, "x"), { a: [1, { b: null }] });
  assert.equal(plainObject(null, "x"), undefined);
  assert.equal(plainObject(undefined, "x"), undefined);
  assert.ok(plainObject(nested(30), "x"));
  for (const levels of [40, 100_000]) {
    assert.throws(
      () => plainObject(nested(levels), "mobileTokenData"),
      (error) => error instanceof RefusedError && error.refusal.detail === "mobileTokenData - nested too deeply",
    );
  }
});
