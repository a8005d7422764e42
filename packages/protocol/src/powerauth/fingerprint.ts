/** The eight digits both screens show after a key exchange (PowerAuth 3.x, activation fingerprint). */
import { concat, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, PublicKey } from "../crypto.ts";

export function activationFingerprint(
  crypto: CryptoProvider,
  devicePublicKey: PublicKey,
  activationId: string,
  serverPublicKey: PublicKey,
): string {
  const device = coordinate(crypto, devicePublicKey);
  const hash = crypto.sha256(concat(device, utf8(activationId), coordinate(crypto, serverPublicKey)));
  const number = new DataView(hash.buffer, hash.byteOffset + 28).getUint32(0) & 0x7fffffff;
  return String(number % 100_000_000).padStart(8, "0");
}

/** X without leading zero bytes: the reference hashes the number, not the encoding. */
function coordinate(crypto: CryptoProvider, key: PublicKey): Bytes {
  const x = crypto.exportPublicKey(key, "compressed").subarray(1);
  const start = x.findIndex((byte) => byte !== 0);
  return x.subarray(start === -1 ? x.length : start);
}
