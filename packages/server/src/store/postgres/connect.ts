/** Connections to PostgreSQL: what is set on each, and what an error says about the connection. */
import pg from "pg";
import { StoreError } from "../errors.ts";

const int8 = pg.types.builtins.INT8;

/** int8 as numbers (instants and counters stay below 2^53); everything else as `pg` does it. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => (id === int8 ? Number : pg.types.getTypeParser(id, format)),
};

/** A commit is acknowledged once it is on disk; a transaction that a stopped process left open ends by itself. */
const session = `select set_config('synchronous_commit', case current_setting('synchronous_commit')
    when 'remote_apply' then 'remote_apply' else 'on' end, false),
  set_config('idle_in_transaction_session_timeout', '30s', false)`;

/** The pool waits for this promise before it hands the connection out; its types do not say so. */
type PoolOptions = Omit<pg.PoolConfig, "onConnect"> & { onConnect(client: pg.ClientBase): Promise<void> };

export function createPool(url: string, onLost: (error: Error) => void): pg.Pool {
  const options: PoolOptions = {
    connectionString: url,
    types,
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    onConnect: async (client) => void (await client.query(session)),
  };
  const pool = new pg.Pool(options);
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", onLost);
  // One that is in use tells its query; it too ends the process when nobody listens.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** The connection of the flushes: pipelined, and without plans that read whole tables. */
export async function connectFlusher(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    types,
    pipeline: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(`${session}, set_config('enable_seqscan', 'off', false),
      set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false)`);
  } catch (cause) {
    await client.end().catch(() => {});
    throw unavailable(cause);
  }
  return client;
}

/** Refuses a server that forgets acknowledged commits; says so, where it only may. */
export async function checkDurability(pool: pg.Pool, warn: (message: string) => void): Promise<void> {
  const { rows } = await pool.query<{ commit: string; fsync: string; pages: string }>(
    `select current_setting('synchronous_commit') as commit, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as pages`,
  );
  const { commit, fsync, pages } = rows[0]!;
  if (commit !== "on" && commit !== "remote_apply") {
    throw new StoreError("NOT_DURABLE", `PostgreSQL keeps synchronous_commit at ${commit}; it has to be on.`);
  }
  if (fsync !== "on") warn("PostgreSQL runs with fsync=off: a power cut can lose or corrupt acknowledged changes.");
  if (pages !== "on") warn("PostgreSQL runs with full_page_writes=off: a power cut can corrupt the data.");
}

export function unavailable(cause: unknown): StoreError {
  return new StoreError("STORE_UNAVAILABLE", "The database cannot be reached.", { cause });
}

function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && severity !== undefined ? code : undefined;
}

/** Whether the error ended the connection rather than the statement: then nobody heard the server's answer. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || state.startsWith("08") || state.startsWith("57P");
}

/**
 * What may work when it is done again, or one by one: "changed" for serialisation failures, deadlocks and lock
 * timeouts, "constraint" for values the tables refuse.
 */
export function repeatReason(error: unknown): "changed" | "constraint" | undefined {
  const state = sqlState(error);
  if (state === undefined) return undefined;
  if (state.startsWith("40") || state === "55P03") return "changed";
  return state.startsWith("22") || state.startsWith("23") ? "constraint" : undefined;
}
