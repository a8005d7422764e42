/** The statements of a flush on SQLite, numbered: the main thread sends numbers and values, the worker runs them. */
import {
  activationGuard,
  activationSet,
  inserted,
  insertedTables,
  operationGuard,
  operationSet,
  recordGuard,
  recordSet,
} from "../hot-columns.ts";

export interface HotStatement {
  readonly sql: string;
  /** Names of the values of one run, in order. */
  readonly values: readonly string[];
  /** Whether each run must change exactly one row, or the flush is repeated. */
  readonly exact: boolean;
}

function insert(table: string, columns: readonly string[]): HotStatement {
  const marks = columns.map(() => "?").join(", ");
  return { sql: `insert into "${table}" (${quoted(columns)}) values (${marks})`, values: columns, exact: true };
}

function update(
  table: string,
  set: Readonly<Record<string, unknown>>,
  guard: readonly string[],
  unchanged: readonly string[],
  key: readonly string[] = ["id"],
): HotStatement {
  const columns = Object.keys(set).filter((column) => !unchanged.includes(column));
  const assignments = columns.map((column) => `"${column}" = ?`).join(", ");
  const still = guard.map((column) => ` and "${column}" is ?`).join("");
  return {
    sql: `update "${table}" set ${assignments} where tenant = ?${key.map((one) => ` and "${one}" = ?`).join("")}${still}`,
    values: [...columns, "tenant", ...key, ...guard.map((column) => `was_${column}`)],
    exact: true,
  };
}

function quoted(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(", ");
}

/** A way to update a row, and the columns it leaves alone. */
export interface Update {
  readonly number: number;
  readonly unchanged: readonly string[];
}

/**
 * SQLite writes an index again when one of its columns is set, even to the value it has: so the columns that stand in
 * indexes are left out where they do not change. The first that fits is used.
 */
export const updateActivation: readonly Update[] = [
  { number: 0, unchanged: ["status"] },
  { number: 1, unchanged: [] },
];
export const updateOperation: readonly Update[] = [
  { number: 2, unchanged: ["status", "user_id"] },
  { number: 3, unchanged: ["user_id"] },
  { number: 4, unchanged: [] },
];
export const removeToken = 5;
export const insertOutbox = 6;
export const updateRecord = 7;
/** Inserts follow, in the order of `insertedTables`. */
export const firstInsert = 8;

export const hotStatements: readonly HotStatement[] = [
  ...updateActivation.map(({ unchanged }) => update("activation", activationSet, activationGuard, unchanged)),
  ...updateOperation.map(({ unchanged }) => update("operation", operationSet, operationGuard, unchanged)),
  { sql: "delete from token where tenant = ? and id = ?", values: ["tenant", "id"], exact: false },
  insert("outbox", ["tenant", "id", "sink_id", "event", "state", "attempts", "due_at", "locked_until"]),
  update("oidc_record", recordSet, recordGuard, [], ["model", "id"]),
  ...insertedTables.map((table) => insert(table, Object.keys(inserted[table]))),
];
