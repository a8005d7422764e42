/** Checks the shape of a message: which members it has and what each holds. What is signed is still not trusted. */
import { fromBase64Url } from "../bytes.ts";
import { isJsonObject, type JsonObject } from "../json.ts";

export type Check = (value: unknown) => boolean;

export interface Shape {
  readonly required: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
  /** Members that this version does not know are let pass; only the server's messages may have them. */
  readonly open?: true;
}

export function matches(value: unknown, { required, optional = {}, open }: Shape): value is JsonObject {
  if (!isJsonObject(value)) return false;
  for (const member in required) {
    if (!Object.hasOwn(value, member) || !required[member]!(value[member])) return false;
  }
  for (const member of Object.keys(value)) {
    if (Object.hasOwn(required, member)) continue;
    const check = Object.hasOwn(optional, member) ? optional[member] : undefined;
    if (check === undefined ? open !== true : !check(value[member])) return false;
  }
  return true;
}

export const shaped =
  (shape: Shape): Check =>
  (value) =>
    matches(value, shape);

/** No NUL and no half of a surrogate pair: neither database nor UTF-8 carries them. */
const storable = /^[^\u0000\ud800-\udfff]*$/u;

export const text =
  (most: number, least = 1): Check =>
  (value) =>
    typeof value === "string" && value.length >= least && value.length <= most && storable.test(value);

/** Whole seconds since 1970. */
export const seconds: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

export const count: Check = seconds;

export const flag: Check = (value) => typeof value === "boolean";

export const object: Check = isJsonObject;

export const exactly =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

/** Canonical Base64url of so many bytes. */
export const bytesOf =
  (length: number): Check =>
  (value) =>
    typeof value === "string" && fromBase64Url(value)?.length === length;

export const listOf =
  (item: Check, most: number, least = 0): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every(item);

/** SHA-256. */
export const digest: Check = bytesOf(32);
/** 128 random bits. */
export const unique: Check = bytesOf(16);
/** An issuer, an audience. */
export const url: Check = text(2048);
/** Ids of containers and transactions. */
export const uuid: Check = (value) =>
  typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value);
