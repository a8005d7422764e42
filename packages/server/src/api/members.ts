/** Members that request bodies share, the dates each surface speaks, and the checks a JSON schema cannot make. */
import { type Static, type TSchema, Type } from "typebox";
import { RefusedError, refuse } from "../errors.ts";
import type { Notify } from "../push/request.ts";

/** No NUL, which PostgreSQL does not store, and no half of a surrogate pair, which UTF-8 does not carry. */
const storable = "^[^\\u0000\\ud800-\\udfff]*$";

export function text(most: number, least = 1) {
  return Type.String({ minLength: least, maxLength: most, pattern: storable });
}

/** Absent and null mean the same on PowerAuth surfaces: shipped clients send both. */
export function orNull<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

/** Names of people, applications, flags and the like. */
export const name = text(255);

/** Ids are looked up, never interpreted: anything else than a known one is unknown. */
export const id = text(64);

/** Any JSON object; see `plainObject` for its depth. */
export const jsonObject = Type.Record(Type.String(), Type.Unknown());

/** Texts by text. */
export const parameters = Type.Record(text(255), Type.String({ pattern: storable }));

/** ISO 8601 with an offset, or epoch milliseconds. */
export const instant = Type.Union([
  Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:?\\d\\d)$" }),
  Type.Integer({ minimum: 0, maximum: 253_402_300_799_999 }),
]);

/** Epoch ms of an `instant`. Throws `invalid-request` with the member's name for a date that does not exist. */
export function epochMs(value: string | number, member: string): number {
  if (typeof value === "number") return value;
  const [, date, time = "", sign, hours, minutes] =
    /^(\d{4}-\d\d-\d\d)T([\d:.]+)(?:Z|([+-])(\d\d):?(\d\d))$/.exec(value) ?? [];
  const day = new Date(`${date}T00:00:00Z`);
  const local = Date.parse(`${date}T${time}Z`);
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date ?? "-");
  if (!exists || Number.isNaN(local) || Number(hours ?? 0) > 18 || Number(minutes ?? 0) > 59 || local < 0) {
    throw new RefusedError(refuse("invalid-request", `${member} - not a date`));
  }
  return local - (sign === "-" ? -offset : offset);
}

/** `2022-08-25T22:34:58.702+00:00`, the form of `/rest/v3`. */
export function isoDate(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+00:00");
}

/** `2018-07-02T14:43:13+0000`, the form of the Mobile Token API. */
export function compactDate(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "+0000");
}

/** Existing back offices read some ids as numbers: the last 52 bits of a UUID, all of them random. */
export function numericId(uuid: string): number {
  return Number.parseInt(uuid.replaceAll("-", "").slice(-13), 16);
}

/** Whether the devices of the user are called, and whether they show it. */
export const notify = Type.Union([
  Type.Boolean(),
  Type.Object({ silent: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
]);

/** Undefined where nobody is to be called. */
export function notifyOf(value: Static<typeof notify> | null | undefined): Notify | undefined {
  if (value === undefined || value === null || value === false) return undefined;
  return { silent: value !== true && value.silent === true };
}

const mostLevels = 32;

/** The object, or undefined where it is absent. Throws `invalid-request` when it is nested too deeply to be handled. */
export function plainObject<T extends object>(value: T | null | undefined, member: string): T | undefined {
  if (value === null || value === undefined) return undefined;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostLevels) throw new RefusedError(refuse("invalid-request", `${member} - nested too deeply`));
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return value;
}
