/** The keyed hashes of one-time passwords, which are older than everything else here: portable, for both sides. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { Bytes } from "./bytes.ts";

export type OtpHash = "SHA1" | "SHA256" | "SHA512";

const hashes = { SHA1: sha1, SHA256: sha256, SHA512: sha512 } as const;

export function otpHmac(algorithm: OtpHash, key: Bytes, data: Bytes): Bytes {
  return hmac(hashes[algorithm], key, data);
}

export function otpDigest(algorithm: OtpHash, data: Bytes): Bytes {
  return hashes[algorithm](data);
}
