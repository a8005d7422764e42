import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage } from "../../src/texts/language.ts";

test("the first wanted language that there is, by its primary tag, and English otherwise", () => {
  assert.equal(chooseLanguage(["de-DE", "cs-CZ", "en"]), "cs");
  assert.equal(chooseLanguage(["EN-us", "cs"]), "en");
  assert.equal(chooseLanguage(["fr"]), "en");
  assert.equal(chooseLanguage([]), "en");
});
