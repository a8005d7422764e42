/**
 * Activation codes: ten random bytes with a checksum, as text a person can type (PowerAuth 3.x, activation code).
 * The code is not a secret of its own strength: it is short-lived and good for one activation.
 */
import { be2, concat, equalBytes, fromBase64, toBase64, utf8, type Bytes } from "../bytes.ts";
import type { CryptoProvider, PrivateKey, PublicKey } from "../crypto.ts";
import { failure, type Failure } from "../errors.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const randomBytes = 10;
const codeShape = /^[A-Z2-7]{5}(?:-[A-Z2-7]{5}){3}$/;

/** `W65WE-3T7VI-7FBS2-A4OYA` from ten random bytes. */
export function encodeActivationCode(bytes: Bytes): string {
  if (bytes.length !== randomBytes) throw new RangeError("An activation code is made of 10 bytes");
  const digits = base32(concat(bytes, be2(crc16(bytes))));
  return [digits.slice(0, 5), digits.slice(5, 10), digits.slice(10, 15), digits.slice(15)].join("-");
}

/** Shape and checksum. The four spare bits of the last character are not looked at, as everywhere in the protocol. */
export function isActivationCode(text: string): boolean {
  if (text.length !== 23 || !codeShape.test(text)) return false;
  const bytes = fromBase32(text.replaceAll("-", ""));
  return equalBytes(be2(crc16(bytes.subarray(0, randomBytes))), bytes.subarray(randomBytes));
}

export interface ScannedActivationCode {
  readonly code: string;
  /** Base64. Present in codes that were scanned; where present it must verify before keys are exchanged. */
  readonly signature?: string | undefined;
}

/** Reads `CODE` or `CODE#SIGNATURE`. The signature is checked for its shape only. */
export function parseActivationCode(text: string): ScannedActivationCode | Failure {
  const parts = text.split("#", 3);
  const [code, signature] = parts as [string, string | undefined];
  if (parts.length > 2 || !isActivationCode(code)) return failure("activation-code-invalid");
  if (signature === undefined) return { code };
  return isBase64Shaped(signature) ? { code, signature } : failure("activation-code-invalid");
}

/** Base64 of the DER signature with the application's master key. */
export function signActivationCode(crypto: CryptoProvider, masterPrivateKey: PrivateKey, code: string): string {
  return toBase64(crypto.sign(masterPrivateKey, utf8(code), "der"));
}

export function verifyActivationCode(
  crypto: CryptoProvider,
  masterPublicKey: PublicKey,
  code: string,
  signature: string,
): boolean {
  const bytes = fromBase64(signature);
  return bytes !== undefined && crypto.verify(masterPublicKey, utf8(code), bytes, "der");
}

/** Whether a code may contain the character as it is; the hyphen is put in by the input field. */
export function isTypedCharacter(codePoint: number): boolean {
  return (codePoint >= 0x41 && codePoint <= 0x5a) || (codePoint >= 0x32 && codePoint <= 0x37);
}

/** Upper case, `O` for `0` and `I` for `1`; undefined for a character that no code contains. */
export function correctTypedCharacter(codePoint: number): number | undefined {
  if (codePoint >= 0x61 && codePoint <= 0x7a) return codePoint - 0x20;
  if (codePoint === 0x30) return 0x4f;
  if (codePoint === 0x31) return 0x49;
  return isTypedCharacter(codePoint) ? codePoint : undefined;
}

/** CRC-16/ARC. */
export function crc16(bytes: Bytes): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

/** Alphabet, length and padding. Shipped readers take any spare bits here; verifying is strict. */
function isBase64Shaped(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function base32(bytes: Bytes): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(buffer >>> bits) & 31];
    }
  }
  return bits === 0 ? text : text + alphabet[(buffer << (5 - bits)) & 31];
}

/** The text consists of characters of the alphabet. */
function fromBase32(text: string): Bytes {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let out = 0;
  let buffer = 0;
  let bits = 0;
  for (const character of text) {
    buffer = ((buffer << 5) | alphabet.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (buffer >>> bits) & 0xff;
    }
  }
  return bytes;
}
