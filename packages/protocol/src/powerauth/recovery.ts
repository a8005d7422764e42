/**
 * Recovery codes and their PUKs (PowerAuth 3.x, recovery codes). Deprecated in the protocol: here so that published
 * vectors can be checked and old codes read.
 */
import { be8, equalBytes, fromBase64, toBase64, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider } from "../crypto.ts";
import { failure, type Failure } from "../errors.ts";
import { encodeActivationCode, isActivationCode } from "./activation-code.ts";
import { deriveKeyRaw, x963 } from "./keys.ts";

export interface RecoveryData {
  readonly code: string;
  /** One per index, ten digits each. */
  readonly puks: readonly string[];
}

const pukMask = 0xffffffffffn;

/** `indexes` are signed 64-bit numbers. */
export function deriveRecoveryData(
  crypto: CryptoProvider,
  secret: Bytes,
  nonce: Bytes,
  indexes: readonly bigint[],
): RecoveryData {
  const derived = x963(crypto, secret, nonce, 26);
  const base = crypto.secretKey(derived.slice(10));
  const puks = indexes.map((index) => {
    const key = crypto.secretBytes(deriveKeyRaw(crypto, base, be8(index)));
    const number = new DataView(key.buffer, key.byteOffset + 8).getBigUint64(0) & pukMask;
    return String(number % 10_000_000_000n).padStart(10, "0");
  });
  return { code: encodeActivationCode(derived.slice(0, 10)), puks };
}

/** Typed or scanned: the scanned form has `R:` in front. Never carries a signature. */
export function parseRecoveryCode(text: string): { readonly code: string } | Failure {
  const code = text.startsWith("R:") ? text.slice(2) : text;
  return isActivationCode(code) ? { code } : failure("recovery-code-invalid");
}

export function isPuk(text: string): boolean {
  return text.length === 10 && /^[0-9]+$/.test(text);
}

export type Argon2Variant = "argon2i" | "argon2d" | "argon2id";

/** Argon2 version 0x13. Comes in as an argument: it is slow in JavaScript and part of few platforms. */
export type Argon2 = (
  variant: Argon2Variant,
  password: Bytes,
  salt: Bytes,
  cost: { readonly memory: number; readonly passes: number; readonly lanes: number; readonly length: number },
) => Bytes;

const pukCost = { memory: 32_768, passes: 3, lanes: 16, length: 32 } as const;

/** `$argon2i$v=19$m=32768,t=3,p=16$SALT$TAG`. The salt has 16 random bytes. */
export function hashPuk(argon2: Argon2, puk: string, salt: Bytes): string {
  const tag = argon2("argon2i", utf8(puk), salt, pukCost);
  const { memory, passes, lanes } = pukCost;
  return `$argon2i$v=19$m=${memory},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Undefined for a hash of an unknown form; version 16, which has no `$v=`, is one of them. */
export function verifyPuk(argon2: Argon2, puk: string, hash: string): boolean | undefined {
  const parts = /^\$(argon2(?:i|d|id))\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([^$]{1,128})\$([^$]{1,128})$/.exec(
    hash,
  );
  if (parts === null) return undefined;
  const [variant, memory, passes, lanes, saltText, tagText] = parts.slice(1) as [
    Argon2Variant,
    string,
    string,
    string,
    string,
    string,
  ];
  const salt = fromBase64(padded(saltText));
  const tag = fromBase64(padded(tagText));
  if (salt === undefined || tag === undefined || tag.length < 4) return undefined;
  const cost = { memory: Number(memory), passes: Number(passes), lanes: Number(lanes), length: tag.length };
  return equalBytes(argon2(variant, utf8(puk), salt, cost), tag);
}

function unpadded(bytes: Bytes): string {
  return toBase64(bytes).replaceAll("=", "");
}

function padded(text: string): string {
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}
