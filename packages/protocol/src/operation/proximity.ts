/**
 * The one-time password that proves the device is near the screen (PowerAuth 3.x, proximity check): RFC 6238 with
 * HMAC-SHA-256. A password is good for its step and a few steps after it, never ahead of time, and not for single use.
 */
import { Secret, TOTP } from "otpauth/bare";
import type { Bytes } from "../bytes.ts";
import { equalTexts } from "../bytes.ts";
import type { CryptoProvider } from "../crypto.ts";

export interface ProximityOptions {
  /** 1 to 8. */
  readonly digits?: number;
  /** Seconds. */
  readonly step?: number;
}

/** `now` in milliseconds since the epoch. */
export function proximityOtp(crypto: CryptoProvider, seed: Bytes, now: number, options: ProximityOptions = {}): string {
  const { digits = 8, step = 30 } = options;
  return TOTP.generate({
    secret: new Secret({ buffer: Uint8Array.from(seed).buffer }),
    algorithm: "SHA256",
    digits,
    period: step,
    timestamp: now,
    hmac: (_algorithm, key, message) => crypto.hmacSha256(crypto.secretKey(key), message),
  });
}

/** Tries the current step and `backward` steps before it. */
export function verifyProximityOtp(
  crypto: CryptoProvider,
  seed: Bytes,
  otp: string,
  now: number,
  options: ProximityOptions & { readonly backward?: number } = {},
): boolean {
  const { step = 30, backward = 1 } = options;
  let matches = 0;
  for (let offset = 0; offset <= backward; offset++) {
    const time = now - offset * step * 1000;
    if (equalTexts(proximityOtp(crypto, seed, time, options), otp)) matches++;
  }
  return matches > 0;
}
