/**
 * The cryptography PowerAuth 3.x stands on, as one small synchronous interface with two implementations:
 * `crypto-node.ts` (OpenSSL, for servers and terminals) and `crypto-noble.ts` (portable).
 *
 * Curve is P-256 and hash SHA-256 throughout. Keys are opaque and belong to the provider that made them.
 */
import { fromBase64, type Bytes, type RandomBytes } from "./bytes.ts";
import { failure, type Failure } from "./errors.ts";

declare const kind: unique symbol;

/** A symmetric key of any length. */
export interface SecretKey {
  readonly [kind]: "secret";
}
export interface PrivateKey {
  readonly [kind]: "private";
}
export interface PublicKey {
  readonly [kind]: "public";
}
export interface KeyPair {
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
}

/** SEC1 form of a public key: 33 or 65 bytes. */
export type PointFormat = "compressed" | "uncompressed";

/** `der` everywhere except in a JWS, which carries `jose`: 32 bytes `r`, 32 bytes `s`. */
export type SignatureFormat = "der" | "jose";

export interface CryptoProvider {
  readonly name: "node" | "noble";

  secretKey(bytes: Bytes): SecretKey;
  secretBytes(key: SecretKey): Bytes;

  sha256(data: Bytes): Bytes;
  hmacSha256(key: SecretKey, data: Bytes): Bytes;
  /** PBKDF2 with HMAC-SHA-1. */
  pbkdf2Sha1(password: Bytes, salt: Bytes, iterations: number, length: number): Bytes;

  /** AES-128-CBC, with PKCS#7 when `padding`. Throws for unpadded data that is no multiple of 16 bytes. */
  aesCbcEncrypt(key: SecretKey, iv: Bytes, data: Bytes, options: { readonly padding: boolean }): Bytes;
  /** Undefined for a length that is no multiple of 16 bytes, and for wrong padding. */
  aesCbcDecrypt(key: SecretKey, iv: Bytes, data: Bytes, options: { readonly padding: boolean }): Bytes | undefined;

  /** Draws the private scalar from `random`, so that a given source gives a given pair on every provider. */
  generateKeyPair(random: RandomBytes): KeyPair;
  /** Big-endian number without fixed length, as Java and C++ peers write it. Undefined outside 1 … n-1. */
  importPrivateKey(bytes: Bytes): PrivateKey | undefined;
  /** 32 bytes. */
  exportPrivateKey(key: PrivateKey): Bytes;
  /** Takes 33 bytes 02/03 or 65 bytes 04, on the curve; refuses every other encoding. */
  importPublicKey(sec1: Bytes): PublicKey | undefined;
  exportPublicKey(key: PublicKey, format: PointFormat): Bytes;
  publicKeyOf(key: PrivateKey): PublicKey;

  /** X coordinate of the shared point, 32 bytes. */
  ecdh(privateKey: PrivateKey, publicKey: PublicKey): Bytes;
  /** ECDSA. The nonce comes from the provider: derived from key and data (noble) or from OpenSSL (node). */
  sign(privateKey: PrivateKey, data: Bytes, format: SignatureFormat): Bytes;
  /** Accepts canonical DER only and both values of `s`. */
  verify(publicKey: PublicKey, data: Bytes, signature: Bytes, format: SignatureFormat): boolean;
}

/** Of the group of P-256. */
export const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** 32 bytes from a number in signed or minimal form (PowerAuth 3.x, key encodings); undefined when out of range. */
export function scalarFrom(bytes: Bytes): Bytes | undefined {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  if (bytes.length - start > 32) return undefined;
  const scalar = new Uint8Array(32);
  scalar.set(bytes.subarray(start), 32 - (bytes.length - start));
  return isScalar(scalar) ? scalar : undefined;
}

/** Rejection sampling: each scalar is equally likely. */
export function drawScalar(random: RandomBytes): Bytes {
  for (;;) {
    const candidate = Uint8Array.from(random(32));
    if (candidate.length !== 32) throw new RangeError("The random source returned another length");
    if (isScalar(candidate)) return candidate;
  }
}

/** A public key as messages carry it: Base64 of a SEC1 point. `public-key-invalid` for anything else. */
export function readPublicKey(crypto: CryptoProvider, text: string): PublicKey | Failure {
  const point = fromBase64(text);
  return (point && crypto.importPublicKey(point)) ?? failure("public-key-invalid");
}

/** First byte and length decide; whether the point is on the curve is for the provider. */
export function isPointEncoding(sec1: Bytes): boolean {
  if (sec1.length === 33) return sec1[0] === 2 || sec1[0] === 3;
  return sec1.length === 65 && sec1[0] === 4;
}

function isScalar(bytes: Bytes): boolean {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value > 0n && value < order;
}
