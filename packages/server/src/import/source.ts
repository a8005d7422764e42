/**
 * Reads the PostgreSQL database of a PowerAuth server, of any version from 1.4 on: columns that a version does not have
 * are null, tables it does not have are empty. Everything is read from one snapshot; where the account may, the tables
 * are locked against changes until the end.
 */
import pg from "pg";

type Kind = "text" | "number" | "boolean" | "instant";
export type Columns = Readonly<Record<string, Kind>>;

type ValueOf<K extends Kind> = K extends "text" ? string : K extends "boolean" ? boolean : number;
export type SourceRow<C extends Columns> = { readonly [N in keyof C]: ValueOf<C[N]> | null };

export interface Source {
  /** False where the account may not lock: then nothing but the operator's word says that the source is stopped. */
  readonly locked: boolean;
  /** All rows in order of `key`, in pages. Instants are epoch ms. */
  pages<C extends Columns>(table: string, key: string & keyof C, columns: C): AsyncIterable<SourceRow<C>[]>;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly url: string;
  /** Zone that the source wrote its timestamps in, as PostgreSQL names it. */
  readonly zone: string;
  readonly pageSize?: number;
}

export type SourceProblem = "unreachable" | "in-use" | "zone" | "not-powerauth" | "master-key";

/** What keeps a source from being read; no address and no credentials are in its text. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: SourceProblem;

  constructor(code: SourceProblem, message: string) {
    super(message);
    this.code = code;
  }
}

const lockedTables = ["pa_activation", "pa_token", "pa_operation"];

/** Throws SourceError. */
export async function openSource({ url, zone, pageSize = 500 }: SourceOptions): Promise<Source> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch {
    throw new SourceError("unreachable", "The source database cannot be reached, or refuses these credentials.");
  }
  try {
    await client.query("begin isolation level repeatable read");
    await setZone(client, zone);
    const present = await presentColumns(client);
    if (!present.has("pa_activation") || !present.has("pa_application")) {
      throw new SourceError("not-powerauth", "The source has no tables of a PowerAuth server.");
    }
    const locked = await lock(client);
    return {
      locked,
      pages: (table, key, columns) => pages(client, present.get(table), { table, key, columns, pageSize }),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function setZone(client: pg.Client, zone: string): Promise<void> {
  const { rows } = await client.query("select 1 from pg_timezone_names where name = $1", [zone]);
  if (rows.length === 0) throw new SourceError("zone", "There is no such time zone; names are like Europe/Prague.");
  await client.query("select set_config('timezone', $1, true)", [zone]);
}

/** Nobody who changes these tables is waited for: a source that is at work is not stopped. */
async function lock(client: pg.Client): Promise<boolean> {
  await client.query("savepoint unlocked");
  try {
    await client.query(`lock table ${lockedTables.join(", ")} in share mode nowait`);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "55P03") throw new SourceError("in-use", "The source is at work. Stop its server first.");
    // 42501: the account may only read. 42P01: an old source without one of the tables.
    if (code !== "42501" && code !== "42P01") throw error;
    await client.query("rollback to savepoint unlocked");
    return false;
  }
}

/** table → its columns, in the schemas that names without one are looked up in. */
async function presentColumns(client: pg.Client): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select table_name as "table", column_name as "column" from information_schema.columns
     where table_schema = any (current_schemas(false))`,
  );
  const found = new Map<string, Set<string>>();
  for (const { table, column } of rows) found.set(table, (found.get(table) ?? new Set<string>()).add(column));
  return found;
}

interface Paging<C extends Columns> {
  readonly table: string;
  readonly key: string;
  readonly columns: C;
  readonly pageSize: number;
}

let cursors = 0;

async function* pages<C extends Columns>(
  client: pg.Client,
  present: ReadonlySet<string> | undefined,
  { table, key, columns, pageSize }: Paging<C>,
): AsyncGenerator<SourceRow<C>[]> {
  if (present?.has(key) !== true) return;
  const selected = Object.entries(columns).map(([name, kind]) => expression(name, kind, present.has(name)));
  const cursor = `import_${++cursors}`;
  await client.query(
    `declare ${cursor} no scroll cursor for select ${selected.join(", ")} from ${table} order by ${table}.${key}`,
  );
  for (;;) {
    const { rows } = await client.query<SourceRow<C>>(`fetch ${pageSize} from ${cursor}`);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) break;
  }
  await client.query(`close ${cursor}`);
}

/** Timestamps without a zone are of the session's, which is the source's. */
function expression(name: string, kind: Kind, exists: boolean): string {
  if (!exists) return `null as ${name}`;
  if (kind === "boolean") return name;
  if (kind === "instant") return `floor(extract(epoch from ${name}::timestamptz) * 1000)::float8 as ${name}`;
  return `${name}::${kind === "text" ? "text" : "float8"} as ${name}`;
}
