/**
 * How a device keeps what is secret (Approve protocol §13): sealed under a symmetric key, or, under a silent lock, masked so
 * that every key opens it to something well-formed.
 */
import { compactDecrypt, CompactEncrypt, importJWK, type CryptoKey } from "jose";
import { fromHex, toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { order, type CryptoProvider } from "../crypto.ts";
import { hkdf } from "../hkdf.ts";
import type { PublicJwk } from "./keys.ts";

/** AES-256-GCM. The tag binds the text to its purpose. */
export async function sealAtRest(key: Bytes, purpose: string, secret: Bytes): Promise<string> {
  return new CompactEncrypt(secret).setProtectedHeader({ alg: "dir", enc: "A256GCM", purpose }).encrypt(key);
}

/** Undefined for another key, another purpose, or a damaged text. */
export async function openAtRest(key: Bytes, purpose: string, sealed: string): Promise<Bytes | undefined> {
  try {
    const options = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, options);
    return protectedHeader.purpose === purpose ? plaintext : undefined;
  } catch {
    return undefined;
  }
}

/** `d' = d − mask mod n` (APV-LOCK-2). Uniform whatever `d` is, because the mask is. */
export function maskScalar(crypto: CryptoProvider, key: Bytes, id: string, scalar: Bytes): Bytes {
  return toScalar(numberOf(scalar) - maskOf(crypto, key, id, 0));
}

/** In 1 … n−1 for every key: a mask that would give zero is derived anew. */
export function unmaskScalar(crypto: CryptoProvider, key: Bytes, id: string, masked: Bytes): Bytes {
  for (let round = 0; ; round++) {
    const scalar = toScalar(numberOf(masked) + maskOf(crypto, key, id, round));
    if (scalar.some((byte) => byte !== 0)) return scalar;
  }
}

/** Its own inverse: secrets that are any bytes, such as those of one-time passwords. */
export function maskBytes(crypto: CryptoProvider, key: Bytes, id: string, bytes: Bytes): Bytes {
  const mask = hkdf(crypto, key, utf8(id), utf8("countersign mask of bytes"), bytes.length);
  return mask.map((byte, at) => byte ^ bytes[at]!);
}

/** The pair in WebCrypto; it does not give the private key out again. */
export async function importAgreement({ kty, crv, x, y }: PublicJwk, scalar: Bytes): Promise<CryptoKey> {
  const key = await importJWK({ kty, crv, x, y, d: toBase64Url(scalar) }, "ECDH-ES");
  if (key instanceof Uint8Array) throw new TypeError("Not a key of P-256");
  return key;
}

export function publicJwk(crypto: CryptoProvider, scalar: Bytes): PublicJwk | undefined {
  const key = crypto.importPrivateKey(scalar);
  if (key === undefined) return undefined;
  const point = crypto.exportPublicKey(crypto.publicKeyOf(key), "uncompressed");
  return { kty: "EC", crv: "P-256", x: toBase64Url(point.subarray(1, 33)), y: toBase64Url(point.subarray(33)) };
}

/** 384 bits, so that the remainder is as good as uniform (FIPS 186-5, A.2.1). */
function maskOf(crypto: CryptoProvider, key: Bytes, id: string, round: number): bigint {
  return numberOf(hkdf(crypto, key, utf8(id), utf8(`countersign mask of a scalar ${round}`), 48));
}

function numberOf(bytes: Bytes): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toScalar(value: bigint): Bytes {
  const reduced = ((value % order) + order) % order;
  return fromHex(reduced.toString(16).padStart(64, "0"))!;
}
