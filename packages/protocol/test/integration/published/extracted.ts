/** Cases taken from the unit tests of the reference implementation and of its mobile core. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toBase64, toHex, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import { proximityOtp, verifyProximityOtp } from "@countersign/protocol/operation/proximity";
import {
  correctTypedCharacter,
  crc16,
  isActivationCode,
  isTypedCharacter,
  parseActivationCode,
} from "@countersign/protocol/powerauth/activation-code";
import { canonicalQuery, formEncode } from "@countersign/protocol/powerauth/canonical-query";
import { x963 } from "@countersign/protocol/powerauth/keys";
import { isPuk, parseRecoveryCode, verifyPuk } from "@countersign/protocol/powerauth/recovery";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import { argon2Of } from "../../../../../vectors/argon2.ts";
import type { PublishedCheck } from "./official.ts";
import { base64, hex, publishedFolder, readPublished, type PublishedRow, type Values } from "./read.ts";

export const extractedChecks: ReadonlyMap<string, PublishedCheck> = new Map<string, PublishedCheck>([
  ["reference/extracted/activation-codes.json", (_, content) => checkActivationCodes(content as ActivationCodes)],
  ["reference/extracted/crc16.json", each<PublishedRow>((_, row) => checkCrc16(row))],
  ["reference/extracted/invalid-points.json", each<Values>(checkInvalidPoint)],
  ["reference/extracted/kdf-x963-sha256.json", each<PublishedRow>(checkX963)],
  ["reference/extracted/pbkdf2-sha1.json", each<Pbkdf2Row>(checkPbkdf2)],
  ["reference/extracted/point-conversion.json", each<Values>(checkPointConversion)],
  ["reference/extracted/query-map-normalization.json", each<QueryMapRow>((_, row) => checkQueryMap(row))],
  ["reference/extracted/signature-base-string.json", each<BaseStringRow>((_, row) => checkBaseString(row))],
  [
    "reference/extracted/url-form-encoding.json",
    each<Values>((_, row) => assert.equal(formEncode(row.input!), row.output)),
  ],
]);

function each<Row>(check: (crypto: CryptoProvider, row: Row) => void): PublishedCheck {
  return (crypto, content) => {
    const rows = content as readonly Row[];
    assert.ok(rows.length > 0);
    for (const row of rows) check(crypto, row);
  };
}

interface ActivationCodes {
  readonly activationValid: readonly string[];
  readonly activationInvalid: readonly string[];
  readonly recoveryValid: readonly string[];
  readonly recoveryInvalid: readonly string[];
  readonly pukValid: readonly string[];
  readonly pukInvalid: readonly string[];
  readonly parser: readonly { kind: string; input: string; valid: boolean; code?: string; signature?: string }[];
  readonly autocorrect: readonly { readonly in: string; readonly out: string }[];
  readonly autocorrectInvalidChars: readonly string[];
}

function checkActivationCodes(content: ActivationCodes): void {
  for (const code of content.activationValid) assert.ok(isActivationCode(code), code);
  for (const code of content.activationInvalid) assert.ok(!isActivationCode(code), code);
  for (const code of content.recoveryValid) assert.ok(!isFailure(parseRecoveryCode(code)), code);
  for (const code of content.recoveryInvalid) assert.ok(isFailure(parseRecoveryCode(code)), code);
  for (const puk of content.pukValid) assert.ok(isPuk(puk), puk);
  for (const puk of content.pukInvalid) assert.ok(!isPuk(puk), puk);
  for (const { kind, input, valid, code, signature } of content.parser) {
    const parsed = kind === "recovery" ? parseRecoveryCode(input) : parseActivationCode(input);
    assert.equal(!isFailure(parsed), valid, input);
    if (isFailure(parsed)) continue;
    assert.equal(parsed.code, code);
    assert.equal(("signature" in parsed && parsed.signature) || "", signature ?? "");
  }
  for (const { in: typed, out } of content.autocorrect) {
    const corrected = [...typed].map((character) => correctTypedCharacter(character.codePointAt(0)!)!);
    assert.equal(String.fromCodePoint(...corrected), out);
    assert.ok(corrected.every(isTypedCharacter));
  }
  for (const character of content.autocorrectInvalidChars.join("")) {
    assert.equal(correctTypedCharacter(character.codePointAt(0)!), undefined);
  }
}

export const argon2File = "reference/extracted/argon2.json";

/** Independent of the provider, so one Argon2 is enough; OpenSSL's is the fast one. */
export function checkArgon2File(): void {
  const rows = readPublished<readonly Values[]>(argon2File);
  assert.ok(rows.length > 0);
  for (const { password, hash, valid } of rows) assert.equal(verifyPuk(argon2Of("node"), password!, hash!), valid);
}

function checkCrc16({ input, output }: PublishedRow): void {
  assert.equal(crc16(utf8(input.text!)).toString(16).padStart(4, "0").toUpperCase(), output.crc16);
}

function checkInvalidPoint(crypto: CryptoProvider, row: Values): void {
  assert.equal(crypto.importPublicKey(base64(row.publicKey)), undefined);
}

function checkX963(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const expected = output.keyHex!;
  assert.equal(
    toHex(x963(crypto, hex(input.secretHex), hex(input.sharedInfoHex), expected.length / 2)),
    expected.toLowerCase(),
  );
}

interface Pbkdf2Row {
  readonly input: {
    readonly password: string;
    readonly salt: string;
    readonly iterations: number;
    readonly length: number;
  };
  readonly outputHex: string;
}

function checkPbkdf2(crypto: CryptoProvider, { input, outputHex }: Pbkdf2Row): void {
  const key = crypto.pbkdf2Sha1(utf8(input.password), utf8(input.salt), input.iterations, input.length);
  assert.equal(toHex(key), outputHex);
}

/** Coordinates may have a leading sign byte; the point must be one that is accepted, and come out as given. */
function checkPointConversion(crypto: CryptoProvider, row: Values): void {
  const coordinate = (text: string | undefined) => base64(text).slice(-32);
  const point = Uint8Array.of(4, ...coordinate(row.x), ...coordinate(row.y));
  assert.equal(toBase64(point), row.encoded);
  const compressed = crypto.exportPublicKey(crypto.importPublicKey(point)!, "compressed");
  assert.deepEqual(crypto.exportPublicKey(crypto.importPublicKey(compressed)!, "uncompressed"), point);
}

interface QueryMapRow {
  readonly input: Values;
  readonly output: string;
}

function checkQueryMap({ input, output }: QueryMapRow): void {
  assert.equal(canonicalQuery(new URLSearchParams(input).toString()), output);
}

interface BaseStringRow {
  readonly input: Readonly<Record<"method" | "uriId" | "nonce" | "body", string | null>>;
  readonly output: string;
}

function checkBaseString({ input, output }: BaseStringRow): void {
  const body = input.body === null ? undefined : utf8(input.body);
  assert.equal(signatureBase(input.method ?? undefined, input.uriId ?? undefined, input.nonce ?? "", body), output);
}

export const totpFile = "reference/extracted/totp.csv";

/** Columns: seconds, time of day, counter, password, algorithm, seed. Passwords by HMAC-SHA-512 are not used here. */
export function checkTotpFile(crypto: CryptoProvider): number {
  const lines = readFileSync(join(publishedFolder, totpFile), "utf8").trim().split("\n").slice(1);
  const rows = lines.map((line) => line.split(",").map((cell) => cell.trim())).filter((row) => row[4] === "HmacSHA256");
  for (const [seconds, , , otp, , seed] of rows) {
    const now = Number(seconds) * 1000;
    const key = fromHex(seed!)!;
    assert.equal(proximityOtp(crypto, key, now), otp);
    assert.ok(verifyProximityOtp(crypto, key, otp!, now + 30_000));
    assert.ok(!verifyProximityOtp(crypto, key, otp!, now + 60_000));
  }
  return rows.length;
}
