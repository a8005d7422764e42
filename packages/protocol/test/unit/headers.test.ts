import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import {
  isUuid,
  readEncryptionHeader,
  readHeaderMembers,
  readSignatureHeader,
  readTokenHeader,
  writeEncryptionHeader,
  writeSignatureHeader,
  writeTokenHeader,
} from "@countersign/protocol/powerauth/headers";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";
import fc from "fast-check";
import { flipBit, seededRandom } from "../providers.ts";

const activationId = "2d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e";
const applicationKey = "w4+hAeogFLTZjcSjPwbG2g==";
const nonce = toBase64(seededRandom(1)(16));
const version = versionRow("3.3")!;
const signatureHeader = {
  activationId,
  applicationKey,
  nonce,
  signatureType: "possession_knowledge",
  signature: toBase64(seededRandom(2)(32)),
  version,
} as const;
const tokenHeader = {
  tokenId: activationId,
  tokenDigest: toBase64(seededRandom(3)(32)),
  nonce,
  timestamp: "1750000000123",
  version,
};

test("a header is written one way and read back whole (HTTP headers)", () => {
  // 1. A client writes the members, separated by comma and space.
  const text = writeSignatureHeader(signatureHeader);
  assert.equal(
    text,
    `PowerAuth pa_activation_id="${activationId}", pa_application_key="${applicationKey}", pa_nonce="${nonce}", ` +
      `pa_signature_type="possession_knowledge", pa_signature="${signatureHeader.signature}", pa_version="3.3"`,
  );
  // 2. The server reads typed values.
  const read = readSignatureHeader(text);
  assert.ok(!isFailure(read));
  assert.deepEqual({ ...read, nonce: toBase64(read.nonce) }, signatureHeader);
  // 3. Token and encryption headers go the same way.
  const token = readTokenHeader(writeTokenHeader(tokenHeader));
  assert.ok(!isFailure(token));
  assert.deepEqual({ ...token, nonce: toBase64(token.nonce), tokenDigest: toBase64(token.tokenDigest) }, tokenHeader);
  for (const header of [
    { applicationKey, version },
    { applicationKey, activationId, version },
  ]) {
    assert.deepEqual(readEncryptionHeader(writeEncryptionHeader(header)), header);
  }
});

test("members are read in any order and with the separators shipped clients use (HTTP headers)", () => {
  const spaced = `PowerAuth version="3.3" application_key="${applicationKey}" activation_id="${activationId}"`;
  const compact = `PowerAuth activation_id="${activationId}",version="3.3",application_key="${applicationKey}"`;
  const padded = `  PowerAuth  , version="3.3" \t,, application_key="${applicationKey}",activation_id="${activationId}" , `;
  const unquoted = `PowerAuth version=3.3, application_key=${applicationKey}, activation_id=${activationId}`;
  for (const text of [spaced, compact, padded, unquoted]) {
    assert.deepEqual(readEncryptionHeader(text), { applicationKey, activationId, version }, text);
  }
});

test("of members with one name the last counts, unknown ones are passed over (HTTP headers)", () => {
  const text = `PowerAuth version="9", x="", version="3.3", application_key="${applicationKey}", __proto__="y", constructor="z"`;
  assert.deepEqual(readEncryptionHeader(text), { applicationKey, version });
});

test("a value that is not PowerAuth and a list of members is malformed (HTTP headers)", () => {
  for (const text of [
    "",
    "PowerAuth",
    'powerauth version="3.3"',
    "Bearer x",
    'PowerAuthversion="3.3"',
    "PowerAuth version",
    'PowerAuth version="3.3',
    'PowerAuth ="3.3"',
    'PowerAuth version ="3.3"',
    'PowerAuth version="3.3"x="1"',
    'PowerAuth version="3.3";x="1"',
    'PowerAuth version=3"3"',
    'PowerAuth vérsion="3.3"',
  ]) {
    assert.equal(readHeaderMembers(text), undefined, text);
    assert.deepEqual(readSignatureHeader(text), { error: "header-malformed" });
    assert.deepEqual(readTokenHeader(text), { error: "header-malformed" });
    assert.deepEqual(readEncryptionHeader(text), { error: "header-malformed" });
  }
});

function withMember(text: string, name: string, value: string | undefined): string {
  const member = new RegExp(` ${name}="[^"]*"`);
  return text.replace(member, value === undefined ? ' other=""' : ` ${name}="${value}"`);
}

test("each member of the signature header is checked, with its own code (HTTP headers, validation)", () => {
  const good = writeSignatureHeader(signatureHeader);
  const cases: [string, string | undefined, string][] = [
    ["pa_activation_id", undefined, "activation-id-invalid"],
    ["pa_activation_id", "2d5784ce8cf54ea7aec81fa3d6a2975e", "activation-id-invalid"],
    ["pa_activation_id", activationId.replace("-4", "-6"), "activation-id-invalid"],
    ["pa_application_key", undefined, "application-key-invalid"],
    ["pa_application_key", "AAAA", "application-key-invalid"],
    ["pa_nonce", undefined, "nonce-invalid"],
    ["pa_nonce", toBase64(new Uint8Array(15)), "nonce-invalid"],
    ["pa_nonce", nonce.replace("==", ""), "nonce-invalid"],
    ["pa_signature_type", undefined, "signature-type-invalid"],
    ["pa_signature_type", "knowledge_biometry", "signature-type-invalid"],
    ["pa_signature", undefined, "signature-invalid"],
    ["pa_signature", "1234567a", "signature-invalid"],
    ["pa_signature", "12345678-1234567", "signature-invalid"],
    ["pa_signature", toBase64(new Uint8Array(15)), "signature-invalid"],
    ["pa_signature", toBase64(new Uint8Array(33)), "signature-invalid"],
    ["pa_signature", toBase64(new Uint8Array(64)), "signature-invalid"],
    ["pa_version", undefined, "signature-version-invalid"],
    ["pa_version", "3.4", "signature-version-invalid"],
  ];
  for (const [name, value, error] of cases) {
    assert.deepEqual(readSignatureHeader(withMember(good, name, value)), { error }, `${name} ${value}`);
  }
  for (const signature of [
    "12345678",
    "12345678-12345678-12345678",
    toBase64(new Uint8Array(16)),
    toBase64(new Uint8Array(48)),
  ]) {
    assert.ok(!isFailure(readSignatureHeader(withMember(good, "pa_signature", signature))), signature);
  }
  const loud = withMember(
    withMember(good, "pa_signature_type", "POSSESSION"),
    "pa_activation_id",
    activationId.toUpperCase(),
  );
  const read = readSignatureHeader(loud);
  assert.ok(!isFailure(read) && read.signatureType === "possession");
});

test("each member of the token header is checked, with its own code (tokens, validation)", () => {
  const good = writeTokenHeader(tokenHeader);
  const cases: [string, string | undefined, string][] = [
    ["token_id", undefined, "token-id-invalid"],
    ["token_id", "x", "token-id-invalid"],
    ["token_digest", undefined, "token-digest-invalid"],
    ["token_digest", toBase64(new Uint8Array(31)), "token-digest-invalid"],
    ["nonce", undefined, "token-nonce-invalid"],
    ["nonce", toBase64(new Uint8Array(17)), "token-nonce-invalid"],
    ["timestamp", undefined, "token-timestamp-invalid"],
    ["timestamp", "12345678", "token-timestamp-invalid"],
    ["timestamp", "1234567890123456", "token-timestamp-invalid"],
    ["timestamp", "-123456789", "token-timestamp-invalid"],
    ["timestamp", "１７５００００００", "token-timestamp-invalid"],
    ["version", undefined, "token-version-invalid"],
    ["version", "2.1", "token-version-invalid"],
  ];
  for (const [name, value, error] of cases) {
    assert.deepEqual(readTokenHeader(withMember(good, name, value)), { error }, `${name} ${value}`);
  }
});

test("the activation id belongs to the scope of the encryption (encryption header)", () => {
  const application = writeEncryptionHeader({ applicationKey, version });
  const activation = writeEncryptionHeader({ applicationKey, activationId, version });
  assert.ok(!isFailure(readEncryptionHeader(application, "application")));
  assert.ok(!isFailure(readEncryptionHeader(activation, "activation")));
  assert.deepEqual(readEncryptionHeader(activation, "application"), { error: "encryption-activation-id-not-expected" });
  assert.deepEqual(readEncryptionHeader(application, "activation"), { error: "encryption-activation-id-missing" });
  for (const [name, value, error] of [
    ["application_key", undefined, "encryption-application-key-invalid"],
    ["application_key", "AAAA", "encryption-application-key-invalid"],
    ["activation_id", "x", "encryption-activation-id-invalid"],
    ["version", "4.0", "encryption-version-invalid"],
  ] as const) {
    // The version stands first, where no space precedes it but that of the scheme.
    assert.deepEqual(readEncryptionHeader(withMember(activation, name, value)), { error }, `${name} ${value}`);
  }
});

test("a changed bit in a header's text never reads as the same members (HTTP headers)", () => {
  const bytes = Buffer.from(writeSignatureHeader(signatureHeader));
  const original = JSON.stringify(readSignatureHeader(bytes.toString("latin1")));
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const changed = Buffer.from(flipBit(bytes, bit)).toString("latin1");
      const read = readSignatureHeader(changed);
      if (isFailure(read)) return;
      // The letter case of ids and types, and the separators between members, mean nothing.
      const same = JSON.stringify({ ...read, activationId: read.activationId.toLowerCase() }) === original;
      const position = bit >> 3;
      const insideValue = (Buffer.from(changed).subarray(0, position).toString().split('"').length - 1) % 2 === 1;
      const isLetterCase = (bit & 7) === 5;
      assert.ok(!same || !insideValue || isLetterCase, changed);
    }),
    { numRuns: 1000 },
  );
});

test("nothing is written that would not be read back (HTTP headers)", () => {
  for (const bad of ["", 'a"b', "a b", "a\n", "ž"]) {
    assert.throws(() => writeSignatureHeader({ ...signatureHeader, signature: bad }), RangeError);
  }
  for (const row of versions) {
    const read = readSignatureHeader(writeSignatureHeader({ ...signatureHeader, version: row }));
    assert.ok(!isFailure(read) && read.version === row);
  }
});

test("ids are UUIDs of version 1 to 5 in any letter case", () => {
  assert.ok(isUuid(activationId) && isUuid(activationId.toUpperCase()));
  for (const text of ["", `${activationId} `, `{${activationId}}`, activationId.replace("-4", "-0"), "x".repeat(36)])
    assert.ok(!isUuid(text), text);
});

test("long hostile headers cost time in proportion to their length", () => {
  const size = 1_000_000;
  const hostile = [
    `PowerAuth ${" ".repeat(size)}`,
    `PowerAuth ${",".repeat(size)}x`,
    `PowerAuth ${"a".repeat(size)}`,
    `PowerAuth a="${"b".repeat(size)}`,
    `PowerAuth ${'a="b",'.repeat(size / 6)}`,
    `PowerAuth ${'a="'.repeat(size / 3)}`,
    `PowerAuth pa_signature="${"1".repeat(size)}"`,
    `${" ".repeat(size)}PowerAuth`,
  ];
  for (const text of hostile) {
    const started = performance.now();
    for (const read of [readSignatureHeader, readTokenHeader, readEncryptionHeader]) assert.ok(isFailure(read(text)));
    assert.ok(performance.now() - started < 2000, text.slice(0, 20));
  }
});
