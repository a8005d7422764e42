/**
 * The tables, for both dialects from one definition.
 *
 * Only keys begin with the tenant. Other indexes have it further on: one that began with it would tempt PostgreSQL,
 * while a table is small, to walk a whole tenant instead of looking up one id, and to keep that plan as it grows.
 *
 * Columns read `name kind`: `t` text, `i` integer, a trailing `?` where null is allowed. Text compares by bytes on both
 * dialects, so that lists come in the same order.
 */

export type Dialect = "sqlite" | "postgres";

export interface Table {
  readonly columns: string;
  readonly key: string;
  /** Column lists of further unique keys, with an optional `where`. */
  readonly unique?: readonly string[];
  readonly index?: readonly string[];
  /** `(columns) references table (columns)`, all within one tenant. */
  readonly foreign?: readonly string[];
  /** Small rows that are found by their key only: SQLite keeps them in the key's own tree. */
  readonly clustered?: boolean;
  /** Rows that are updated in place: PostgreSQL leaves room for the new version on the same page. */
  readonly updated?: boolean;
}

const kinds = {
  sqlite: { t: "text", i: "integer" },
  postgres: { t: 'text collate "C"', i: "bigint" },
} as const;

export function createTables(dialect: Dialect, tables: Readonly<Record<string, Table>>): string[] {
  return Object.entries(tables).flatMap(([name, table]) => create(dialect, name, table));
}

/** New columns of tables that exist; null, or the default given after `=`, in their rows. */
export function addColumns(dialect: Dialect, columns: Readonly<Record<string, string>>): string[] {
  return Object.entries(columns).flatMap(([name, definition]) =>
    definition.split(",").map((column) => `alter table "${name}" add column ${columnOf(dialect, column)}`),
  );
}

/** Further indexes of tables that exist: name → table and columns. */
export function addIndexes(indexes: Readonly<Record<string, readonly [table: string, columns: string]>>): string[] {
  return Object.entries(indexes).map(
    ([name, [table, columns]]) => `create index "${name}" on "${table}" (${quote(columns)})`,
  );
}

function columnOf(dialect: Dialect, column: string): string {
  const [, label, kind, optional, initial] = /^\s*(\w+) ([ti])(\??)(?:=(\w+))?\s*$/.exec(column) ?? [];
  if (label === undefined) throw new TypeError(`Not a column: ${column}`);
  const type = kinds[dialect][kind as "t" | "i"];
  return `"${label}" ${type}${optional ? "" : " not null"}${initial === undefined ? "" : ` default ${kind === "t" ? `'${initial}'` : initial}`}`;
}

function create(dialect: Dialect, name: string, table: Table): string[] {
  const columns = table.columns.split(",").map((column) => columnOf(dialect, column));
  const body = [
    ...columns,
    `primary key (${quote(table.key)})`,
    ...(table.foreign ?? []).map((reference) => `foreign key ${reference}`),
  ].join(", ");
  const options =
    dialect === "sqlite"
      ? ` strict${table.clustered ? ", without rowid" : ""}`
      : table.updated
        ? " with (fillfactor = 80)"
        : "";
  const indexes = [
    ...(table.unique ?? []).map((keys, at) => index("unique index", `${name}_unique_${at + 1}`, keys)),
    ...(table.index ?? []).map((keys, at) => index("index", `${name}_index_${at + 1}`, keys)),
  ];
  return [`create table "${name}" (${body})${options}`, ...indexes];

  function index(kind: string, label: string, definition: string): string {
    const [keys = "", condition] = definition.split(" where ");
    return `create ${kind} "${label}" on "${name}" (${quote(keys)})${condition ? ` where ${condition}` : ""}`;
  }
}

function quote(columns: string): string {
  return columns
    .split(",")
    .map((column) => `"${column.trim()}"`)
    .join(", ");
}
