import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import {
  correctTypedCharacter,
  crc16,
  encodeActivationCode,
  isActivationCode,
  isTypedCharacter,
  parseActivationCode,
  signActivationCode,
  verifyActivationCode,
} from "@countersign/protocol/powerauth/activation-code";
import fc from "fast-check";
import { carry, flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const refused = { error: "activation-code-invalid" };
const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

testMixed("a code is drawn, signed, scanned and checked (activation code)", (client, server) => {
  // 1. The server draws ten bytes and writes them with their checksum.
  const code = encodeActivationCode(seededRandom(1)(10));
  // 2. It signs the text with the application's master key; both go into the QR code.
  const master = server.generateKeyPair(seededRandom(2));
  const scanned = `${code}#${signActivationCode(server, master.privateKey, code)}`;
  // 3. The device splits what it scanned.
  const parsed = parseActivationCode(scanned);
  assert.ok(!isFailure(parsed) && parsed.signature !== undefined);
  assert.equal(parsed.code, code);
  // 4. It verifies with the master key it was built with.
  const masterKey = carry(server, client, master.publicKey);
  assert.ok(verifyActivationCode(client, masterKey, parsed.code, parsed.signature));
});

test("known codes are read, and any ten bytes give a code that is valid (activation code)", () => {
  for (const code of ["AAAAA-AAAAA-AAAAA-AAAAA", "VVVVV-VVVVV-VVVVV-VTFVA", "W65WE-3T7VI-7FBS2-A4OYA"]) {
    assert.ok(isActivationCode(code));
    assert.deepEqual(parseActivationCode(code), { code });
  }
  assert.equal(encodeActivationCode(new Uint8Array(10)), "AAAAA-AAAAA-AAAAA-AAAAA");
  assert.equal(crc16(utf8("123456789")), 0xbb3d);
  fc.assert(fc.property(tenBytes, (bytes) => assert.ok(isActivationCode(encodeActivationCode(bytes)))));
  assert.throws(() => encodeActivationCode(new Uint8Array(9)), RangeError);
});

test("one mistyped character makes a code invalid, except in the spare bits of the last (activation code)", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  fc.assert(
    fc.property(tenBytes, fc.nat(18), fc.integer({ min: 1, max: 31 }), (bytes, position, shift) => {
      const code = encodeActivationCode(bytes);
      const index = position + Math.floor(position / 5);
      const other = alphabet[(alphabet.indexOf(code[index]!) + shift) % 32]!;
      assert.ok(!isActivationCode(code.slice(0, index) + other + code.slice(index + 1)));
    }),
  );
  assert.ok(isActivationCode("AAAAA-AAAAA-AAAAA-AAAAB"), "96 of the 100 bits count");
});

test("codes are refused in any other shape (activation code)", () => {
  const code = "W65WE-3T7VI-7FBS2-A4OYA";
  for (const text of [
    "",
    code.toLowerCase(),
    code.replaceAll("-", ""),
    ` ${code}`,
    `${code}\n`,
    `R:${code}`,
    `${code}#`,
    `${code}#A`,
    `${code}#AAA`,
    `${code}#AA-A`,
    `${code}#AAAA#`,
    `${code}#AAAA#AAAA`,
    `#AAAA`,
    "W65WE3-T7VI-7FBS2-A4OYA",
    "W65WE-3T7VI-7FBS2A-4OYA",
    "W65WE-3T7VI-7FBS2-A4OYA-",
    "A".repeat(100_000),
    "#".repeat(100_000),
  ]) {
    assert.deepEqual(parseActivationCode(text), refused, text.slice(0, 40));
  }
});

testOnBoth(
  "a signature is refused when one bit of it or one character of the code changes (activation code)",
  (crypto) => {
    const { privateKey, publicKey } = crypto.generateKeyPair(seededRandom(3));
    const bytes = seededRandom(4)(10);
    const code = encodeActivationCode(bytes);
    const signature = signActivationCode(crypto, privateKey, code);
    fc.assert(
      fc.property(fc.nat(100_000), (bit) => {
        assert.ok(!verifyActivationCode(crypto, publicKey, code, toBase64(flipBit(fromBase64(signature)!, bit))));
        assert.ok(!verifyActivationCode(crypto, publicKey, encodeActivationCode(flipBit(bytes, bit)), signature));
      }),
      { numRuns: 15 },
    );
    assert.ok(!verifyActivationCode(crypto, publicKey, code, ""));
    assert.ok(!verifyActivationCode(crypto, publicKey, code, `${signature}====`));
    assert.ok(!verifyActivationCode(crypto, crypto.generateKeyPair(seededRandom(5)).publicKey, code, signature));
  },
);

test("a signature that is Base64 only by shape is read and then does not verify (activation code)", () => {
  const parsed = parseActivationCode("DDDDD-DDDDD-DDDDD-D6UKA#ABC=");
  assert.deepEqual(parsed, { code: "DDDDD-DDDDD-DDDDD-D6UKA", signature: "ABC=" });
  assert.equal(fromBase64("ABC="), undefined);
});

test("typing is corrected to the alphabet, and to nothing else (activation code)", () => {
  for (let codePoint = 0; codePoint < 0x300; codePoint++) {
    const corrected = correctTypedCharacter(codePoint);
    const expected = String.fromCodePoint(codePoint).toUpperCase().replace("0", "O").replace("1", "I");
    if (/^[A-Za-z0-7]$/.test(String.fromCodePoint(codePoint))) assert.equal(String.fromCodePoint(corrected!), expected);
    else assert.equal(corrected, undefined);
    assert.equal(isTypedCharacter(codePoint), corrected === codePoint);
  }
});
