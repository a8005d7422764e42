import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalQuery,
  canonicalQueryDecodedTwice,
  formEncode,
} from "@countersign/protocol/powerauth/canonical-query";
import fc from "fast-check";

test("a query becomes one text however it was written (canonicalisation of GET data)", () => {
  // 1. Pairs are split at & and at the first =, pieces without = fall away.
  // 2. Names and values are decoded.
  // 3. Pairs are sorted by name, then by value.
  // 4. They are encoded again, in one way.
  assert.equal(canonicalQuery("b=2&a=x%20y&flag&b=1&c=a=b"), "a=x+y&b=1&b=2&c=a%3Db");
  assert.equal(canonicalQuery("c=a%3Db&b=1&b=2&a=x+y"), "a=x+y&b=1&b=2&c=a%3Db");
});

test("nothing that is left is the empty text, a malformed sequence is none (canonicalisation, steps 5 and 6)", () => {
  for (const query of ["", "&", "&&&", "flag", "flag&other"]) assert.equal(canonicalQuery(query), "");
  for (const query of ["a=%", "a=%4", "a=%zz", "%=a", "a=%-1", "a=%+1", "a=b&c=%e"]) {
    assert.equal(canonicalQuery(query), undefined, query);
    assert.equal(canonicalQueryDecodedTwice(query), undefined, query);
  }
  assert.equal(canonicalQuery("="), "=");
  assert.equal(canonicalQuery("flag%"), "", "a piece that is dropped is not decoded");
});

test("sorting is by UTF-16 units and encoding by UTF-8 bytes (canonicalisation, steps 3 and 4)", () => {
  assert.equal(canonicalQuery("%EF%BD%81=1&%F0%9F%98%80=2"), "%F0%9F%98%80=2&%EF%BD%81=1");
  assert.equal(canonicalQuery("a=%C3"), "a=%EF%BF%BD");
  assert.equal(canonicalQuery("a=%EF%BB%BFb"), "a=%EF%BB%BFb");
  assert.equal(formEncode("Az09-_.* ~!'()/ž"), "Az09-_.*+%7E%21%27%28%29%2F%C5%BE");
});

test("the canonical form of any parameters is that of URLSearchParams, sorted (canonicalisation)", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), (pairs) => {
      const query = new URLSearchParams(pairs).toString();
      const canonical = canonicalQuery(query)!;
      assert.deepEqual(
        [...new URLSearchParams(canonical)].map(String).sort(),
        [...new URLSearchParams(query)].map(String).sort(),
      );
      assert.equal(canonicalQuery(canonical), canonical);
      assert.equal(canonicalQuery(new URLSearchParams(pairs.toReversed()).toString()), canonical);
    }),
  );
});

test("decoding twice differs only where the value had escapes of its own (canonicalisation, servers)", () => {
  assert.equal(canonicalQuery("a=%2B&b=c"), "a=%2B&b=c");
  assert.equal(canonicalQueryDecodedTwice("a=%2B&b=c"), "a=+&b=c");
  assert.equal(canonicalQueryDecodedTwice("a=x%26b%3Dy"), "a=x&b=y");
  assert.equal(canonicalQueryDecodedTwice("a=%2525"), "a=%25");
  const plain = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.*"), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.tuple(plain, plain)), (pairs) => {
      const query = pairs.map(([name, value]) => `${name}=${value}`).join("&");
      assert.equal(canonicalQueryDecodedTwice(query), canonicalQuery(query));
    }),
  );
});

test("long hostile queries cost time in proportion to their length", () => {
  const size = 1_000_000;
  const hostile = [
    "&".repeat(size),
    "=".repeat(size),
    `a=${"%C3".repeat(size / 3)}`,
    `a=${"+".repeat(size)}`,
    "a=%".repeat(size / 3),
    "a&".repeat(size / 2),
    "a=b&".repeat(size / 4),
  ];
  for (const query of hostile) {
    // Of this thread: what else the machine does is no matter of the query.
    const started = process.threadCpuUsage();
    canonicalQuery(query);
    canonicalQueryDecodedTwice(query);
    const { user, system } = process.threadCpuUsage(started);
    assert.ok(user + system < 3_000_000, query.slice(0, 10));
  }
});
