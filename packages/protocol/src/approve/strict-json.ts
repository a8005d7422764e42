/**
 * JSON as signed messages must be: one object, UTF-8, no member twice at any depth. `JSON.parse` keeps the last of two
 * members, others keep the first: what was verified would not be what is read.
 */
import { fromUtf8, type Bytes } from "../bytes.ts";
import { isJsonObject, type JsonObject } from "../json.ts";

const deepest = 32;

/** Undefined unless the bytes are one such object, at most 32 levels deep. */
export function readStrictJsonObject(bytes: Bytes): JsonObject | undefined {
  const text = fromUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && membersOf(value, deepest) === colonsOf(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Every member of valid JSON has its colon; of two with one name, only one is left in the value. */
function colonsOf(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, "").split(":").length - 1;
}

/** How many members objects have, at any depth. Infinite when there are more levels than these. */
function membersOf(value: unknown, levels: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (levels === 0) return Number.POSITIVE_INFINITY;
  const held: readonly unknown[] = Object.values(value);
  return held.reduce<number>((sum, one) => sum + membersOf(one, levels - 1), Array.isArray(value) ? 0 : held.length);
}
