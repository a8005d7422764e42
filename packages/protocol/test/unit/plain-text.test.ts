/** Which texts a person can be shown exactly as they are signed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { textDefect } from "@countersign/protocol/operation/plain-text";

test("each code point but control characters and lone surrogates is plain (offline signatures)", () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const isControl = codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f);
    const isLone = codePoint >= 0xd800 && codePoint <= 0xdfff;
    const expected = isControl ? "control-character" : isLone ? "text-malformed" : undefined;
    if (textDefect(`a${String.fromCodePoint(codePoint)}b`, { lineFeed: false }) !== expected) {
      assert.fail(`U+${codePoint.toString(16)} is not ${expected}`);
    }
  }
});

test("a line feed is plain where lines are allowed, and halves of a pair only in their order", () => {
  assert.equal(textDefect("a\nb", { lineFeed: true }), undefined);
  assert.equal(textDefect("a\r\nb", { lineFeed: true }), "control-character");
  assert.equal(textDefect("\ud83d\udd11", { lineFeed: false }), undefined);
  for (const text of ["\ud83d", "\udd11", "\udd11\ud83d", "\ud83d\ud83d\udd11", "\ud83da"]) {
    assert.equal(textDefect(text, { lineFeed: false }), "text-malformed");
  }
});
