/** What requests and answers of `/v1` share: closed objects, pages, instants in UTC, problem details. */
import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { RefusedError, refuse } from "../../errors.ts";
import type { Page, Place } from "../../lists/newest-page.ts";
import { epochMs } from "../members.ts";

/** An object with these members and no others. */
export function closed<P extends TProperties>(members: P) {
  return Type.Object(members, { additionalProperties: false });
}

export const noQuery = closed({});

/** A query member that may come once or several times. */
export function oneOrMany<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Array(schema, { minItems: 1, maxItems: 20 })]);
}

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return value === undefined || Array.isArray(value) ? (value as readonly T[] | undefined) : [value as T];
}

/** Text, because nothing in a query is coerced. */
export const paging = {
  limit: Type.Optional(
    Type.String({
      pattern: "^([1-9]|[1-9][0-9]|1[0-9][0-9]|200)$",
      description: "Most items of a page: 1 to 200, 50 by default",
    }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: "`nextCursor` of the page before" })),
};

const defaultLimit = 50;

/** ISO 8601 in UTC: a `+` in a query is a blank. */
export const queryInstant = Type.String({
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?Z$",
  description: "ISO 8601 in UTC, such as 2026-11-27T08:00:00Z",
});

/** Epoch ms, undefined where it is absent. Throws `invalid-request` for a date that does not exist. */
export function queryMs(value: string | undefined, member: string): number | undefined {
  return value === undefined ? undefined : epochMs(value, member);
}

/** Throws `invalid-request` for a cursor that is none of ours. */
export function pageOf(query: { readonly limit?: string; readonly cursor?: string }) {
  const limit = query.limit === undefined ? defaultLimit : Number(query.limit);
  return { limit, after: query.cursor === undefined ? undefined : placeOf(query.cursor) };
}

function placeOf(cursor: string): Place {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(decoded(cursor)) ?? [];
  if (at === undefined || id === undefined) throw new RefusedError(refuse("invalid-request", "cursor - none of ours"));
  return { at: Number(at), id };
}

function decoded(cursor: string): string {
  return /^[A-Za-z0-9_-]+$/.test(cursor) ? Buffer.from(cursor, "base64url").toString("latin1") : "";
}

function cursorOf({ at, id }: Place): string {
  return Buffer.from(`${at}.${id}`).toString("base64url");
}

/** A page as it is answered. It may be empty and still have a next one. */
export function pageSchema<T extends TSchema>(item: T) {
  return closed({
    items: Type.Array(item),
    nextCursor: Type.Optional(
      Type.String({ description: "Present while there is more; a page may be short, or empty, before the last one" }),
    ),
  });
}

export function pageJson<Row, Json>({ rows, next }: Page<Row>, json: (row: Row) => Json) {
  return { items: rows.map(json), ...(next !== undefined && { nextCursor: cursorOf(next) }) };
}

/** Everything there is, in one answer. */
export function itemsSchema<T extends TSchema>(item: T) {
  return closed({ items: Type.Array(item) });
}

export const utcSchema = Type.String({ format: "date-time", description: "ISO 8601 in UTC" });

export function utc(ms: number): string {
  return new Date(ms).toISOString();
}

/** The member where there is a value; members without one are left out. */
export function given<K extends string, T>(name: K, value: T | null | undefined): { readonly [P in K]?: T } {
  return (value === null || value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: T };
}

export const problemSchema = closed({
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: "Stable; what programs go by" }),
  detail: Type.Optional(Type.String({ description: "Names members and rules, never values" })),
});

export type Problem = Static<typeof problemSchema>;
