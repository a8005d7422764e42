import assert from "node:assert/strict";
import { test } from "node:test";
import { isShownPicture } from "../../src/authenticator/operations/form/picture.ts";
import { readText } from "../../src/authenticator/operations/transaction-text.ts";
import { cs } from "../../src/authenticator/texts/cs.ts";
import { en } from "../../src/authenticator/texts/en.ts";

test("a text of a transaction is laid out line by line, and nothing of it is lost or made up", () => {
  const { title, rows } = readText("Payment\namount: 1250.00 EUR\nnote: Rent\n  amount: 1.00 EUR\nA line");
  assert.equal(title, "Payment");
  assert.deepEqual(rows, [
    { label: "amount", value: "1250.00 EUR" },
    { label: "note", value: "Rent\namount: 1.00 EUR" },
    { label: "", value: "A line" },
  ]);
  assert.deepEqual(readText("Only this"), { title: "Only this", rows: [] });
});

test("pictures and links lead to TLS only, or to this machine", () => {
  for (const url of ["https://bank.example/logo.png", "http://localhost:8080/a", "http://127.0.0.1/a"]) {
    assert.equal(isShownPicture(url), true, url);
  }
  for (const url of [
    "http://bank.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "blob:x",
    "/a",
    "",
    "ftp://x/",
  ]) {
    assert.equal(isShownPicture(url), false, url);
  }
});

test("every text of one language is there in the other, takes as much, and says something", () => {
  const compare = (model: object, other: object, path: string) => {
    assert.deepEqual(Object.keys(other).sort(), Object.keys(model).sort(), path);
    for (const [name, value] of Object.entries(model)) {
      const twin: unknown = (other as Record<string, unknown>)[name];
      assert.equal(typeof twin, typeof value, `${path}.${name}`);
      if (typeof value === "object") compare(value as object, twin as object, `${path}.${name}`);
      else if (typeof value === "string") assert.ok(value !== "" && twin !== "", `${path}.${name}`);
    }
  };
  compare(en, cs, "texts");
});
