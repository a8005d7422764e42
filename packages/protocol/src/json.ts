/** JSON as it comes from a peer: objects of unknown members, or nothing. */
import { fromUtf8, type Bytes } from "./bytes.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined unless the bytes are UTF-8 of one JSON object. */
export function readJsonObject(bytes: Bytes): JsonObject | undefined {
  const text = fromUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For optional members, which peers leave out or set to null. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}
