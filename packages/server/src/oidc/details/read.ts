/**
 * What authorization details have to be beside their schema (RFC 9396): told exactly, and fit to be shown. They are read
 * more than once, here, by the provider and on a device, and all must read the same.
 */
import { readStrictJsonObject } from "@countersign/protocol/approve/strict-json";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import { utf8 } from "@countersign/protocol/bytes";
import { exactNumber } from "@countersign/protocol/operation/amount";

const mostCharacters = 8192;

/** Why nobody can be asked for details of this text, a JSON array; undefined where there is no reason. */
export function textDefect(text: string): string | undefined {
  if (text.length > mostCharacters) return `longer than ${mostCharacters} characters`;
  if (readStrictJsonObject(utf8(`{"details":${text}}`)) === undefined) return "a member twice, or nested too deeply";
  const [strings, rest] = split(text);
  if (!strings.every((one) => !isUnsafe(JSON.parse(one) as string))) return "characters that nobody can be shown";
  const numbers = rest.match(/-?\d[\d.eE+-]*/g) ?? [];
  return numbers.every((one) => exactNumber(one) !== null)
    ? undefined
    : "a number that is not exact everywhere: plain decimals of few digits, or text";
}

/** The strings of a JSON text, and what stands around them. */
function split(text: string): readonly [readonly string[], string] {
  const string = /"(?:[^"\\]|\\.)*"/g;
  return [text.match(string) ?? [], text.replace(string, " ")];
}
