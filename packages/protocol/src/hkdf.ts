/** HKDF with SHA-256 (RFC 5869). */
import { concat, type Bytes } from "./bytes.ts";
import type { CryptoProvider } from "./crypto.ts";

/** Up to 255 blocks of 32 bytes. */
export function hkdf(crypto: CryptoProvider, secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes {
  if (length > 255 * 32) throw new RangeError("HKDF with SHA-256 gives at most 8160 bytes");
  const extracted = crypto.hmacSha256(crypto.secretKey(salt.length === 0 ? new Uint8Array(32) : salt), secret);
  const key = crypto.secretKey(extracted);
  const output = new Uint8Array(length);
  let block: Bytes = new Uint8Array(0);
  for (let at = 0, count = 1; at < length; at += 32, count++) {
    block = crypto.hmacSha256(key, concat(block, info, Uint8Array.of(count)));
    output.set(block.subarray(0, length - at), at);
  }
  extracted.fill(0);
  return output;
}
