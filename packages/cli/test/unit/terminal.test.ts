import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { facts, instant, table, visible } from "../../src/terminal.ts";
import { shortened, wrapped } from "../../src/demo/story.ts";

describe("text from elsewhere", () => {
  test("cannot move the cursor, clear the screen or ring", () => {
    assert.equal(visible("1\u001b[2K\r9 EUR\u0007"), "1\\u{1b}[2K\\u{d}9 EUR\\u{7}");
    assert.equal(visible("a\u009b31mb\u007f"), "a\\u{9b}31mb\\u{7f}");
  });

  test("cannot begin a line of its own, in any of the ways there are", () => {
    assert.equal(visible("a\nb\u2028c\u2029d\u0085e"), "a\\u{a}b\\u{2028}c\\u{2029}d\\u{85}e");
  });

  test("cannot be shown in another order than it has, nor hide characters (UAX #9)", () => {
    for (const character of "\u061c\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff") {
      const code = character.codePointAt(0)?.toString(16) ?? "";
      assert.equal(visible(`1${character}2`), `1\\u{${code}}2`);
    }
  });

  test("is left alone where it is only text, in any script", () => {
    for (const text of ["Rent, December", "žluťoučký", "日本語", "مرحبا", "🏦 Bank", "a\u0301"])
      assert.equal(visible(text), text);
  });

  test("is made harmless in facts and tables as well", () => {
    assert.equal(facts([["note", "\u001b[1A"]]), "  note  \\u{1b}[1A");
    assert.equal(table(["NOTE"], [["a\nb"]]), "NOTE\na\\u{a}b");
  });
});

describe("facts and tables", () => {
  test("stand in columns, leave out what has no value, and say none for nothing", () => {
    assert.equal(
      facts([
        ["a", 1],
        ["long", 0],
        ["gone", undefined],
        ["empty", ""],
        ["no", false],
      ]),
      "  a     1\n  long  0\n  no    false",
    );
    assert.equal(
      table(
        ["ID", "NAME"],
        [
          ["1", "x"],
          ["22", ""],
        ],
      ),
      "ID  NAME\n1   x\n22",
    );
    assert.equal(table(["ID"], []), "none");
  });

  test("give times in UTC whatever the machine's zone", () => {
    assert.equal(instant(Date.UTC(2026, 2, 1, 14, 5, 9, 999)), "2026-03-01 14:05:09 UTC");
  });
});

describe("the story's lines", () => {
  test("break at spaces, else where the line is full, and lose nothing", () => {
    assert.deepEqual(wrapped("one two three", 8), ["one two", "three"]);
    assert.deepEqual(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert.deepEqual(wrapped("", 4), [""]);
    assert.deepEqual(wrapped("    abcdefgh", 6), ["    ab", "cdefgh"]);
  });

  test("shorten a long text to its two ends", () => {
    assert.equal(shortened("abcdefghijkl", 7), "abcd…kl");
    assert.equal(shortened("abc", 7), "abc");
  });
});
