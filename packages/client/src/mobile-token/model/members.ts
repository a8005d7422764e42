/** Members of a server's JSON, read so that nothing throws: what is not of its kind counts as missing. */
import { isRecord } from "../../engine/transport.ts";

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

export type JsonObject = Readonly<Record<string, unknown>>;

/** Known values, and whatever a later server sends. */
export type Extensible<Known extends string> = Known | (string & {});

export function objectOf(value: unknown): JsonObject {
  return isRecord(value) ? value : {};
}

/** Empty when it is no text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Empty when it is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** `{ name: value }` when `value` is of the kind, else nothing: members without a value are left out. */
export function given<Name extends string, Value>(
  name: Name,
  value: unknown,
  is: (value: unknown) => value is Value,
): { readonly [N in Name]?: Value } {
  return (is(value) ? { [name]: value } : {}) as { readonly [N in Name]?: Value };
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
/** Anything but a missing member. */
export const isPresent = (value: unknown): value is JsonValue => value !== undefined;

/** The one of `known` that the value is, else `otherwise`. */
export function oneOf<const Known extends string, const Other extends string>(
  known: readonly Known[],
  value: unknown,
  otherwise: Other,
): Known | Other {
  return known.find((one) => one === value) ?? otherwise;
}
