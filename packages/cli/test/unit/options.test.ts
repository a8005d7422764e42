import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listed, pair, wholeNumber } from "../../src/options.ts";

describe("values of options", () => {
  test("are whole numbers where numbers are asked for, and nothing that merely begins like one", () => {
    assert.equal(wholeNumber("0"), 0);
    assert.equal(wholeNumber("300"), 300);
    for (const text of ["", "-1", "1.5", "1e3", "0x10", "12a", " 1", "9999999999"])
      assert.throws(() => wholeNumber(text));
  });

  test("are pairs at the first equals sign, each name once, also names every object has", () => {
    assert.deepEqual(pair("note=a=b", pair("amount=")), { amount: "", note: "a=b" });
    for (const text of ["", "=x", "amount"]) assert.throws(() => pair(text));
    assert.throws(() => pair("a=2", pair("a=1")));
    assert.deepEqual(Object.keys(pair("constructor=x")), ["constructor"]);
  });

  test("are gathered in order", () => {
    assert.deepEqual(listed("b", listed("a")), ["a", "b"]);
  });
});
