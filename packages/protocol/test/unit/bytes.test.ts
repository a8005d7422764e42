import assert from "node:assert/strict";
import { test } from "node:test";
import {
  be2,
  be4,
  be8,
  concat,
  decodeUtf8,
  equalBytes,
  equalTexts,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  lengthPrefixed,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from "@countersign/protocol/bytes";
import fc from "fast-check";

const anyBytes = fc.uint8Array({ maxLength: 80 });

test("a text goes out as bytes and comes back unchanged", () => {
  // 1. Text becomes UTF-8.
  const bytes = utf8("žluť 🔑");
  // 2. Bytes travel as Base64.
  const text = toBase64(bytes);
  assert.equal(text, Buffer.from("žluť 🔑").toString("base64"));
  // 3. The reader decodes both layers and has what the writer had.
  assert.equal(fromUtf8(fromBase64(text)!), "žluť 🔑");
});

test("Base64 and hexadecimal agree with Buffer and come back for any bytes", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const buffer = Buffer.from(bytes);
      assert.equal(toBase64(bytes), buffer.toString("base64"));
      assert.equal(toBase64Url(bytes), buffer.toString("base64url"));
      assert.equal(toHex(bytes), buffer.toString("hex"));
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
      assert.deepEqual(fromBase64Url(toBase64Url(bytes)), bytes);
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
    }),
  );
});

test("a Base64 text that decodes is the one text its bytes encode to", () => {
  const almostBase64 = fc.string({ unit: fc.constantFrom(..."ABQgwz0189+/-_= \n"), maxLength: 12 });
  fc.assert(
    fc.property(almostBase64, (text) => {
      const [standard, url] = [fromBase64(text), fromBase64Url(text)];
      if (standard !== undefined) assert.equal(toBase64(standard), text);
      if (url !== undefined) assert.equal(toBase64Url(url), text);
    }),
    { numRuns: 2000 },
  );
});

test("Base64 is refused with foreign characters, bad padding, white space or spare bits that are set", () => {
  for (const text of [
    "A",
    "AA",
    "AAA",
    "AA=A",
    "A===",
    "====",
    "AAAA=",
    "AB==",
    "AAB=",
    "AA-_",
    "AAAA\n",
    " AAA",
    "ÁAAA",
    "AAAA====",
  ]) {
    assert.equal(fromBase64(text), undefined, text);
  }
  for (const text of ["A", "AB", "AAB", "AA==", "AA+/", "AA A"]) assert.equal(fromBase64Url(text), undefined, text);
  assert.deepEqual(fromBase64(""), new Uint8Array(0));
});

test("text that is not well-formed UTF-8 is refused", () => {
  assert.equal(fromUtf8(Uint8Array.of(0xc3)), undefined);
  assert.equal(fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), undefined);
  assert.equal(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), "\ufeffA");
});

test("hexadecimal of odd length or with other characters is refused", () => {
  for (const text of ["0", "0g", "0x00", " 00"]) assert.equal(fromHex(text), undefined, text);
});

test("numbers are written big-endian, and refused outside their size", () => {
  assert.equal(toHex(concat(be2(0x0102), be4(0xfffefdfc), be8(0x1fffffffffffff))), "0102fffefdfc001fffffffffffff");
  assert.equal(toHex(be8(2n ** 64n - 1n)), "ffffffffffffffff");
  assert.equal(toHex(be8(-2n)), "fffffffffffffffe");
  for (const write of [
    () => be2(65_536),
    () => be4(-1),
    () => be8(2 ** 53),
    () => be8(-1),
    () => be8(2n ** 64n),
    () => be4(0.5),
  ]) {
    assert.throws(write, RangeError);
  }
  fc.assert(fc.property(fc.maxSafeNat(), (n) => assert.deepEqual(be8(n), be8(BigInt(n)))));
});

test("the decoder for platforms without one agrees with the platform's, for texts and for any bytes", () => {
  const native = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const expected = (bytes: Uint8Array) => {
    try {
      return native.decode(bytes);
    } catch {
      return undefined;
    }
  };
  const agree = (bytes: Uint8Array) => assert.equal(decodeUtf8(bytes), expected(bytes), toHex(bytes));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => agree(utf8(text))));
  fc.assert(fc.property(anyBytes, agree));
  const edges =
    "c080 c1bf e08080 e09fbf eda080 edbfbf f0808080 f08fbfbf f48fbfbf f4908080 f5808080 ff 80 c3 e282 efbbbf41 c341";
  for (const edge of edges.split(" ")) agree(fromHex(edge)!);
  for (let first = 0; first < 256; first++)
    for (const next of [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]) {
      agree(Uint8Array.of(first, next, 0x80, 0x80));
      agree(Uint8Array.of(first, next));
    }
});

test("length prefixes give a missing item the length zero (ECIES, shared info 2)", () => {
  assert.equal(
    toHex(lengthPrefixed(utf8("ab"), undefined, new Uint8Array(0), Uint8Array.of(9))),
    "000000026162000000000000000000000001" + "09",
  );
});

test("comparison tells any difference of content or length", () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      const same = Buffer.compare(a, b) === 0;
      assert.equal(equalBytes(a, b), same);
      assert.equal(equalTexts(toHex(a), toHex(b)), same);
    }),
  );
  assert.ok(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
  assert.ok(!equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)));
});
