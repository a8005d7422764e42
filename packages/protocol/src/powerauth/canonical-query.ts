/**
 * The query string of a GET request in the one form both sides sign (PowerAuth 3.x, canonicalisation of GET data).
 * Time grows with the length of the query, except for the sorting of its pairs.
 */
import { fromUtf8, utf8 } from "../bytes.ts";

/** Pairs decoded once, as client SDKs compute it. `""` when nothing is left, undefined for a malformed `%` sequence. */
export function canonicalQuery(raw: string): string | undefined {
  const pairs: [key: string, value: string][] = [];
  for (const piece of raw.split("&")) {
    const equals = piece.indexOf("=");
    if (equals === -1) continue;
    const key = formDecode(piece.slice(0, equals));
    const value = formDecode(piece.slice(equals + 1));
    if (key === undefined || value === undefined) return undefined;
    pairs.push([key, value]);
  }
  // By UTF-16 units, which is how `<` compares.
  pairs.sort(([keyA, valueA], [keyB, valueB]) => compare(keyA, keyB) || compare(valueA, valueB));
  return pairs.map(([key, value]) => `${formEncode(key)}=${formEncode(value)}`).join("&");
}

/** As some servers see it: decoded as a whole before it is split. Differs for values with `%`, `+`, `&` or `=`. */
export function canonicalQueryDecodedTwice(raw: string): string | undefined {
  const decoded = formDecode(raw);
  return decoded === undefined ? undefined : canonicalQuery(decoded);
}

/** `application/x-www-form-urlencoded`: `+` for a space, everything but `A–Z a–z 0–9 - _ . *` as UTF-8 bytes. */
export function formEncode(text: string): string {
  let encoded = "";
  for (const byte of utf8(text)) encoded += encodings[byte];
  return encoded;
}

const encodings: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-_.*]/.test(character)) return character;
  return character === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

/** Ill-formed UTF-8 becomes U+FFFD, as the reference decoder has it. Where there is none, texts are those of a device's own. */
const decoder = typeof TextDecoder === "function" ? new TextDecoder("utf-8", { ignoreBOM: true }) : undefined;

function formDecode(text: string): string | undefined {
  if (!text.includes("%")) return text.replaceAll("+", " ");
  const parts: string[] = [];
  let plainStart = 0;
  let position = 0;
  while (position < text.length) {
    if (text.charCodeAt(position) !== percent) {
      position++;
      continue;
    }
    parts.push(text.slice(plainStart, position).replaceAll("+", " "));
    const bytes: number[] = [];
    for (; position < text.length && text.charCodeAt(position) === percent; position += 3) {
      const byte = 16 * hexDigit(text.charCodeAt(position + 1)) + hexDigit(text.charCodeAt(position + 2));
      if (Number.isNaN(byte)) return undefined;
      bytes.push(byte);
    }
    const octets = Uint8Array.from(bytes);
    parts.push(decoder?.decode(octets) ?? fromUtf8(octets) ?? "\ufffd");
    plainStart = position;
  }
  parts.push(text.slice(plainStart).replaceAll("+", " "));
  return parts.join("");
}

const percent = 0x25;

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return Number.NaN;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
