/** The only import of `node:sqlite`: the class will be renamed, and a rename should cost one line. */
import * as sqlite from "node:sqlite";

type DatabaseClass = typeof sqlite.DatabaseSync;

export const Database: DatabaseClass =
  (sqlite as unknown as { Database?: DatabaseClass }).Database ?? sqlite.DatabaseSync;

export type Database = sqlite.DatabaseSync;
export type Statement = sqlite.StatementSync;
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A prepared query that gives plain objects: node:sqlite's own have no prototype and cost more. */
export interface Query {
  first(...values: SqlValue[]): object | undefined;
  all(...values: SqlValue[]): object[];
}

export function prepareQuery(db: Database, sql: string): Query {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  const names = statement.columns().map((column) => column.name);
  const toRow = (values: readonly SqlValue[]): object => {
    const row: Record<string, SqlValue> = {};
    for (let at = 0; at < names.length; at++) row[names[at]!] = values[at]!;
    return row;
  };
  return {
    first(...values) {
      const found = statement.get(...values) as unknown as SqlValue[] | undefined;
      return found === undefined ? undefined : toRow(found);
    },
    all: (...values) => (statement.all(...values) as unknown as SqlValue[][]).map(toRow),
  };
}
