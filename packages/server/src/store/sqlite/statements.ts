/** The statements of a flush on SQLite, numbered: the main thread sends numbers and values, the worker runs them. */
import {
  activationGuard,
  activationSet,
  inserted,
  insertedTables,
  operationGuard,
  operationSet,
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

function update(table: string, set: readonly string[], guard: readonly string[]): HotStatement {
  const assignments = set.map((column) => `"${column}" = ?`).join(", ");
  const still = guard.map((column) => ` and "${column}" is ?`).join("");
  return {
    sql: `update "${table}" set ${assignments} where tenant = ? and id = ?${still}`,
    values: [...set, "tenant", "id", ...guard.map((column) => `was_${column}`)],
    exact: true,
  };
}

function quoted(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(", ");
}

export const updateActivation = 0;
export const updateOperation = 1;
export const removeToken = 2;
export const insertOutbox = 3;
/** Inserts follow, in the order of `insertedTables`. */
export const firstInsert = 4;

export const hotStatements: readonly HotStatement[] = [
  update("activation", Object.keys(activationSet), activationGuard),
  update("operation", Object.keys(operationSet), operationGuard),
  { sql: "delete from token where tenant = ? and id = ?", values: ["tenant", "id"], exact: false },
  insert("outbox", ["tenant", "id", "sink_id", "event", "state", "attempts", "due_at", "locked_until"]),
  ...insertedTables.map((table) => insert(table, Object.keys(inserted[table]))),
];
