/**
 * Pages of a table, newest first, by the place of the last row rather than by number: rows that are added meanwhile
 * come before the first page, so that nothing is skipped and nothing comes twice.
 *
 * A page costs a bounded amount of work: at most `mostScanned` rows are looked at for conditions that no index answers.
 * A page may therefore hold fewer rows than asked for, or none, and still have a next one.
 */
import { type RawBuilder, sql } from "kysely";
import type { Schema } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

/** Where a row stands in the order: time in epoch ms, then id. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins; absent after the last one. */
  readonly next?: Place;
}

export type Condition = RawBuilder<unknown>;

export interface Query {
  /** Answered by an index, or by none of the rows. */
  readonly indexed: readonly (Condition | undefined)[];
  /** Looked at row by row. They may name the row as `r`. */
  readonly filtered: readonly (Condition | undefined)[];
  /** Place of the last row of the page before. */
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** The tables that are listed by time, and the column that holds it. */
const timeOf = {
  operation: "created_at",
  activation: "created_at",
  audit_event: "at",
  inbox_message: "created_at",
} as const;

export type Listed = keyof typeof timeOf;

const mostScanned = 2_000;

export async function newestPage<T extends Listed>(
  store: Pick<Store, "read" | "tenant">,
  table: T,
  query: Query,
): Promise<Page<Schema[T]>> {
  const { after, limit } = query;
  const time = sql.ref(timeOf[table]);
  const filtered = query.filtered.filter((one) => one !== undefined);
  const conditions = [
    sql`tenant = ${store.tenant}`,
    ...query.indexed.filter((one) => one !== undefined),
    ...(after === undefined ? [] : [sql`(${time}, id) < (${after.at}, ${after.id})`]),
  ];
  const indexed = (columns: RawBuilder<unknown>) =>
    sql`select ${columns} from ${sql.table(table)} as r where ${sql.join(conditions, sql` and `)}
      order by ${time} desc, id desc`;
  const found =
    filtered.length === 0
      ? sql<Schema[T]>`${indexed(sql`*`)} limit ${limit + 1}`
      : sql<Schema[T]>`select * from (${indexed(sql`*`)} limit ${mostScanned}) as r
          where ${sql.join(filtered, sql` and `)} order by ${time} desc, id desc limit ${limit + 1}`;
  const { rows } = await found.execute(store.read);
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: placeOf(table, rows[limit - 1] as Schema[T]) };
  if (filtered.length === 0) return { rows };
  // The scan may have ended before the table did.
  const last = sql<Place>`${indexed(sql`${time} as at, id`)} limit 1 offset ${mostScanned - 1}`;
  const [next] = (await last.execute(store.read)).rows;
  return next === undefined ? { rows } : { rows, next };
}

function placeOf<T extends Listed>(table: T, row: Schema[T]): Place {
  const columns = row as unknown as Readonly<Record<string, unknown>>;
  return { at: columns[timeOf[table]] as number, id: row.id };
}

/** `column in (…)`; of no values, nothing. */
export function isOneOf(column: string, values: readonly string[]): Condition {
  return values.length === 0 ? sql`1 = 0` : sql`${sql.ref(column)} in (${sql.join([...values])})`;
}
