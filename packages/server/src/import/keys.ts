/** Key pairs as a PowerAuth server stores them: a private number and an encoded point, which must belong together. */
import { type Bytes, equalBytes, fromBase64 } from "@countersign/protocol/bytes";
import type { CryptoProvider, PublicKey } from "@countersign/protocol/crypto";

export interface KeyPairBytes {
  /** 32 bytes. */
  readonly privateKey: Bytes;
  /** 65 bytes, uncompressed. */
  readonly publicKey: Bytes;
}

/** Undefined when either is no key, or they are not of one pair. */
export function openKeyPair(
  crypto: CryptoProvider,
  privateKey: Bytes | undefined,
  publicKey: string | null,
): KeyPairBytes | undefined {
  const own = privateKey && crypto.importPrivateKey(privateKey);
  const open = openPoint(crypto, publicKey);
  if (own === undefined || open === undefined) return undefined;
  const point = crypto.exportPublicKey(open, "uncompressed");
  if (!equalBytes(point, crypto.exportPublicKey(crypto.publicKeyOf(own), "uncompressed"))) return undefined;
  return { privateKey: crypto.exportPrivateKey(own), publicKey: point };
}

export function openPoint(crypto: CryptoProvider, publicKey: string | null): PublicKey | undefined {
  const point = fromBase64(publicKey ?? "");
  return point && crypto.importPublicKey(point);
}
