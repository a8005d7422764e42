/** One-time passwords by counter (RFC 4226) and by time (RFC 6238). */
import { HOTP, Secret } from "otpauth/bare";
import type { Bytes } from "../bytes.ts";
import { type OtpHash, otpHmac } from "../crypto-otp.ts";

export interface OtpOptions {
  readonly digits: number;
  readonly algorithm: OtpHash;
}

export function hotp(secret: Bytes, counter: number, { digits, algorithm }: OtpOptions): string {
  return HOTP.generate({
    secret: new Secret({ buffer: Uint8Array.from(secret).buffer }),
    algorithm,
    digits,
    counter,
    hmac: (_name, key, message) => otpHmac(algorithm, key, message),
  });
}

/** The counter of RFC 6238: whole periods since 1970. `now` in ms, `period` in seconds. */
export function timeStep(now: number, period: number): number {
  return Math.floor(now / 1000 / period);
}

export function totp(secret: Bytes, now: number, period: number, options: OtpOptions): string {
  return hotp(secret, timeStep(now, period), options);
}
