/**
 * Bytes and the texts that carry them: joining, comparing, big-endian numbers, UTF-8, hexadecimal, Base64.
 *
 * Decoders are strict. What does not come out of the matching encoder is refused, because signatures are computed over
 * re-encoded text and two spellings of one value would be two requests.
 */

export type Bytes = Uint8Array;

/** Source of random bytes. It comes in as an argument wherever bytes are drawn. */
export type RandomBytes = (length: number) => Bytes;

export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Constant time for equal lengths, false for different ones. Lengths are not secret. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a[index]! ^ b[index]!;
  return difference === 0;
}

/** `equalBytes` for ASCII texts such as decimal and Base64 signatures. */
export function equalTexts(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}

export function be2(value: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new RangeError("Not a 16-bit number");
  return new Uint8Array([value >>> 8, value & 0xff]);
}

export function be4(value: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError("Not a 32-bit number");
  return new Uint8Array([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
}

/** 64 bits. Negative bigints are written in two's complement, as indexes of recovery PUKs need. */
export function be8(value: number | bigint): Bytes {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("Not an unsigned 64-bit number");
    view.setUint32(0, Math.floor(value / 0x100000000));
    view.setUint32(4, value % 0x100000000);
    return bytes;
  }
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError("Not a 64-bit number");
  view.setBigUint64(0, BigInt.asUintN(64, value));
  return bytes;
}

/** Each item as a 4-byte length and its bytes; a missing item is the length zero (PowerAuth 3.2, ECIES shared info). */
export function lengthPrefixed(...items: readonly (Bytes | undefined)[]): Bytes {
  const parts: Bytes[] = [];
  for (const item of items) {
    parts.push(be4(item === undefined ? 0 : item.length));
    if (item !== undefined) parts.push(item);
  }
  return concat(...parts);
}

const encoder = new TextEncoder();
// Not on every React Native.
const hasDecoder = typeof TextDecoder === "function";
const strictDecoder = hasDecoder ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }) : undefined;

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** Undefined unless the bytes are well-formed UTF-8. A leading byte order mark is kept. */
export function fromUtf8(bytes: Bytes): string | undefined {
  if (strictDecoder === undefined) return decodeUtf8(bytes);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** `fromUtf8` for platforms without a decoder. Refuses overlong forms, surrogates and everything past U+10FFFF. */
export function decodeUtf8(bytes: Bytes): string | undefined {
  let text = "";
  for (let index = 0; index < bytes.length;) {
    const first = bytes[index++]!;
    const [more, least, mask] = first < 0x80 ? ascii : first < 0xe0 ? two : first < 0xf0 ? three : four;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) return undefined;
    let codePoint = first & mask;
    for (let count = 0; count < more; count++) {
      const next = bytes[index++] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      codePoint = (codePoint << 6) | (next & 0x3f);
    }
    const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
    if (codePoint < least || codePoint > 0x10ffff || isSurrogate) return undefined;
    text += String.fromCodePoint(codePoint);
  }
  return text;
}

/** Bytes that follow the first one, smallest code point of that length, what the first one holds of it. */
const ascii = [0, 0, 0x7f] as const;
const two = [1, 0x80, 0x1f] as const;
const three = [2, 0x800, 0x0f] as const;
const four = [3, 0x10000, 0x07] as const;

export function toHex(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

/** Accepts both letter cases. */
export function fromHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16);
  return bytes;
}

const standardAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const standardCodes = encoder.encode(standardAlphabet);
const urlCodes = encoder.encode(urlAlphabet);
const standardValues = valuesOf(standardCodes);
const urlValues = valuesOf(urlCodes);
const padding = 0x3d;

/** RFC 4648 Base64, padded. */
export function toBase64(bytes: Bytes): string {
  return encode(bytes, standardCodes, true);
}

/** Undefined for a foreign character, wrong or missing padding, white space, or spare bits that are not zero. */
export function fromBase64(text: string): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padded = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return decode(text, text.length - padded, standardValues);
}

/** RFC 4648 Base64 with the URL alphabet, not padded. */
export function toBase64Url(bytes: Bytes): string {
  return encode(bytes, urlCodes, false);
}

export function fromBase64Url(text: string): Bytes | undefined {
  return decode(text, text.length, urlValues);
}

function encode(bytes: Bytes, codes: Bytes, padded: boolean): string {
  const whole = Math.floor(bytes.length / 3);
  const rest = bytes.length - 3 * whole;
  const text = new Uint8Array(4 * whole + (rest === 0 ? 0 : padded ? 4 : rest + 1));
  let out = 0;
  for (let index = 0; index < 3 * whole; index += 3) {
    const group = (bytes[index]! << 16) | (bytes[index + 1]! << 8) | bytes[index + 2]!;
    text[out++] = codes[group >>> 18]!;
    text[out++] = codes[(group >>> 12) & 63]!;
    text[out++] = codes[(group >>> 6) & 63]!;
    text[out++] = codes[group & 63]!;
  }
  if (rest > 0) {
    const group = (bytes[3 * whole]! << 16) | (rest === 2 ? bytes[3 * whole + 1]! << 8 : 0);
    text[out++] = codes[group >>> 18]!;
    text[out++] = codes[(group >>> 12) & 63]!;
    if (rest === 2) text[out++] = codes[(group >>> 6) & 63]!;
    while (out < text.length) text[out++] = padding;
  }
  return fromUtf8(text)!;
}

/** `length` characters of `text` without padding. */
function decode(text: string, length: number, values: Uint8Array): Bytes | undefined {
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let out = 0;
  let buffer = 0;
  let bits = 0;
  for (let index = 0; index < length; index++) {
    const value = values[text.charCodeAt(index)] ?? foreign;
    if (value === foreign) return undefined;
    buffer = ((buffer << 6) | value) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (buffer >>> bits) & 0xff;
    }
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

const foreign = 0xff;

function valuesOf(codes: Bytes): Uint8Array {
  const values = new Uint8Array(128).fill(0xff);
  codes.forEach((code, value) => (values[code] = value));
  return values;
}
