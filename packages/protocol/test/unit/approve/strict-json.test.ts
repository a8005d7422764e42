/** Strict JSON against `JSON.parse`, and against a reader of members written a second time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concat, utf8 } from "../../../src/bytes.ts";
import { readStrictJsonObject } from "../../../src/approve/strict-json.ts";
import { inTime } from "../../../../../tools/fuzz/inputs.ts";

const read = (text: string) => readStrictJsonObject(utf8(text));

test("an object without members twice is read as JSON.parse reads it, at any depth and with any white space (APV-OBJ-4)", () => {
  const objects = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 });
  fc.assert(
    fc.property(objects, fc.constantFrom(0, 1, "\t", "\n", " \r\n"), (object, space) => {
      const text = JSON.stringify(object, undefined, space);
      assert.deepEqual(read(text), JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test("a member twice is refused at any depth, however its name is written (APV-OBJ-4)", () => {
  const escaped = (name: string) =>
    [...name].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  const names = fc.stringMatching(/^[a-z_]{1,6}$/);
  const wraps = fc.array(fc.constantFrom(["[", "]"], ['{"in":', "}"], ['[1,"x:{",', ",null]"]), { maxLength: 8 });
  fc.assert(
    fc.property(names, fc.boolean(), wraps, (name, isEscaped, around) => {
      const second = isEscaped ? escaped(name) : name;
      const inner = (other: string) => `{"${name}":1,"between":[{"${name}":2}],"${other}":{}}`;
      const whole = (object: string) =>
        `{"root":${around.reduce((text, [before, after]) => before + text + after, object)}}`;
      assert.equal(read(whole(inner(second))), undefined);
      assert.notEqual(read(whole(inner(`${second}.`))), undefined);
    }),
    { numRuns: 300 },
  );
  assert.equal(read(String.raw`{"a":1,"\u0061":2}`), undefined);
  assert.equal(read(String.raw`{"\"":1,"\u0022":2}`), undefined);
  assert.equal(read(String.raw`{"__proto__":1,"__proto__":2}`), undefined);
  assert.equal(read(String.raw`{"\ud83d\udd11":1,"🔑":2}`), undefined);
});

test("names that look alike are different members: nothing is folded, trimmed or normalised", () => {
  for (const [one, other] of [
    ["a", "A"],
    ["a", "a "],
    ["é", "e\u0301"],
    ["", " "],
    ["constructor", "__proto__"],
  ] as const) {
    const text = JSON.stringify([one, other]).replace('","', '":1,"').replace("[", "{").replace("]", ":2}");
    assert.deepEqual(Object.keys(read(text) ?? {}).length, 2, text);
  }
  assert.ok(Object.hasOwn(read('{"__proto__":{"a":1}}') ?? {}, "__proto__"));
  assert.equal((read('{"__proto__":{"a":1}}') as { a?: unknown }).a, undefined);
});

test("strings that hold brackets, colons and quotes are no structure", () => {
  const strings = fc.string({ unit: fc.constantFrom(...'"\\{}[]:,a\n\u2028') });
  fc.assert(
    fc.property(fc.dictionary(strings, strings), (object) => {
      const text = JSON.stringify(object);
      assert.deepEqual(read(text), JSON.parse(text));
    }),
  );
});

test("32 levels are read, 33 are not", () => {
  const nested = (levels: number, [open, close]: readonly [string, string]) =>
    `{"a":${open.repeat(levels - 1)}1${close.repeat(levels - 1)}}`;
  for (const pair of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    assert.notEqual(read(nested(32, pair)), undefined);
    assert.equal(read(nested(33, pair)), undefined);
    assert.equal(read(nested(10_000, pair)), undefined);
  }
});

test("what is no object, or not JSON, or not UTF-8, is refused (APV-OBJ-4)", () => {
  for (const text of [
    "",
    " ",
    "null",
    "1",
    '"a"',
    "[]",
    "[{}]",
    "{",
    "}",
    "{}{}",
    "{},",
    "{a:1}",
    "{'a':1}",
    "{//\n}",
  ]) {
    assert.equal(read(text), undefined, text);
  }
  for (const text of ['{"a":01}', '{"a":1,}', '{"a":NaN}', '{"a":"\n"}', "\ufeff{}", "{}\u0000", '{"a":+1}']) {
    assert.equal(read(text), undefined, text);
  }
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
    const inString = concat(utf8('{"a":"'), Uint8Array.from(bytes), utf8('"}'));
    assert.equal(readStrictJsonObject(inString), undefined, String(bytes));
  }
});

test("no text of the longest message takes more than 50 ms: nothing in it backtracks", () => {
  const most = 64 * 1024;
  const filled = (before: string, piece: string, after: string) =>
    before + piece.repeat(Math.floor((most - before.length - after.length) / piece.length)) + after;
  const texts = [
    filled('{"a":"', "x", '"}'),
    filled('{"a":"', "\\\\", '"}'),
    filled('{"a":"', "\\\\", ""),
    filled('{"a":"', '\\"', '"}'),
    filled('{"a":"', '\\"', ""),
    filled("", '"', ""),
    filled("", "{", ""),
    filled("{", '"":', ""),
    filled('{"a":', "[", ""),
    filled('{"a":[', "{},", "{}]}"),
    filled('{"a":[', '"",', '""]}'),
    `{${Array.from({ length: 6000 }, (_, at) => `"${at}":1`).join(",")}}`,
    filled("{", " ", "}"),
    filled('{"a":"', "\ud83d\udd11", '"}'),
  ];
  for (const text of texts) inTime(() => read(text));
  assert.deepEqual(Object.keys(read(texts[0]!) ?? {}), ["a"]);
});
