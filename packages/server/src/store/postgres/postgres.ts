/** The store on PostgreSQL: many stateless nodes, one database. A pool for reads and changes, a connection for flushes. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import { type ControlledTransaction, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { type Announced, commitHub } from "../announce.ts";
import { StoreError } from "../errors.ts";
import { createFifoLock } from "../fifo-lock.ts";
import { createGroupCommit } from "../group-commit.ts";
import { migrate } from "../migrate.ts";
import { createOrdinary, giveUp } from "../ordinary.ts";
import { checkDurability, createPool, isConnectionLost, unavailable } from "./connect.ts";
import { createFlusher, type HasLanded } from "./flush.ts";
import { createNotifier } from "./notify.ts";
import { byId, createFinder, ofContainer, only } from "./read.ts";
import { clock } from "./statements.ts";
import type { AuditEventTable, Schema } from "../schema.ts";
import type { ActivationRow, Change, OperationRow, Store, TokenRow } from "../store.ts";

export interface PostgresOptions {
  readonly url: string;
  readonly tenant: string;
  readonly random: RandomBytes;
  /** Overrides the database's time; for tests. */
  readonly now?: (() => number) | undefined;
  /** How long a change waits for its turn, ms. */
  readonly waitMs?: number;
  /** Runs in the first transaction of the start; other nodes wait for it. */
  readonly prepare?: (change: Change) => Promise<void>;
  readonly warn?: (message: string) => void;
}

/** Keys of the advisory locks: one keeps other nodes out of the start, one out of lanes and checkpoints. */
const startLock = 0x434f5331;
const auditLock = 0x434f5332;

export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const { url, tenant, random, now } = options;
  const pool = createPool(url, () => {});
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  const lock = createFifoLock(options.waitMs ?? 10_000);
  const hasLanded = createLookBack(pool, tenant);
  const hub = commitHub();
  const notifier = createNotifier({ url, tenant, hear: (news) => hub.publish(news) });
  const committed = (announced: readonly Announced[], queued: boolean) => {
    hub.publish({ hints: announced, queued });
    notifier.tell(announced);
  };
  const ordinary = createOrdinary({ tenant, random, lock, begin, commit, excludeNodes: excludeOtherNodes, committed });
  const openLane = () => ordinary.openFlushLane();
  const flusher = createFlusher({ url, tenant, random, now, openLane, hasLanded, committed });
  const group = createGroupCommit({ flush: flusher.flush });

  try {
    await checkDurability(pool, options.warn ?? ((message) => process.emitWarning(message)));
    await alone(url, async () => {
      await migrate(db, "postgres");
      if (options.prepare) await ordinary.transaction(options.prepare);
    });
    notifier.start();
  } catch (error) {
    await notifier.close();
    await pool.end();
    throw isConnectionLost(error) && !(error instanceof StoreError) ? unavailable(error) : error;
  }

  let closed: Promise<void> | undefined;
  const refuse = () => Promise.reject(new StoreError("STORE_CLOSED", "The store is closed."));
  return {
    dialect: "postgres",
    tenant,
    read: db,
    rows: async (text, values) => (await pool.query<object & pg.QueryResultRow>(text, [...values])).rows,
    now: askedTogether(() => readClock(db)),
    findActivation: only(createFinder(pool, byId<ActivationRow>("activation"), tenant)),
    findOperation: only(createFinder(pool, byId<OperationRow>("operation"), tenant)),
    findToken: only(createFinder(pool, byId<TokenRow>("token"), tenant)),
    findContainer: createFinder(pool, ofContainer, tenant),
    transaction: (work) => (closed ? refuse() : ordinary.transaction(work)),
    commit: (command) => (closed ? refuse() : group.commit(command)),
    onCommit: (listener) => hub.subscribe(listener),
    close: () => (closed ??= close()),
  };

  async function close(): Promise<void> {
    await group.idle();
    await lock.idle();
    await flusher.close();
    await notifier.close();
    await db.destroy();
  }

  async function readClock(on: Kysely<Schema>): Promise<number> {
    if (now) return now();
    const { rows } = await sql<{ now: number }>`select ${sql.raw(clock)} as now`.execute(on);
    return rows[0]!.now;
  }

  async function begin(): Promise<{ db: ControlledTransaction<Schema>; now: number }> {
    let change: ControlledTransaction<Schema> | undefined;
    try {
      change = await db.startTransaction().execute();
      return { db: change, now: await readClock(change) };
    } catch (error) {
      if (change) await giveUp(change);
      throw isConnectionLost(error) ? unavailable(error) : error;
    }
  }

  async function commit(change: ControlledTransaction<Schema>, event: AuditEventTable | undefined): Promise<void> {
    const transactionId = event && (await currentTransaction(change));
    try {
      await change.commit().execute();
    } catch (cause) {
      if (!isConnectionLost(cause)) throw cause;
      // Gives the dead connection back: a transaction that failed to commit keeps it.
      await giveUp(change);
      const landed = transactionId ? await hasLanded(event, transactionId) : undefined;
      if (landed === true) return;
      if (landed === false) throw unavailable(cause);
      throw new StoreError("OUTCOME_UNKNOWN", "The connection broke around the commit.", { cause });
    }
  }
}

/** Whoever asks in one turn of the event loop shares one answer, which is asked for after all of them did. */
function askedTogether<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () =>
    (asked ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      asked = undefined;
      return ask();
    }));
}

async function currentTransaction(db: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ xid: string }>`select pg_current_xact_id()::text as xid`.execute(db);
  return rows[0]!.xid;
}

/** Keeps other nodes from opening lanes and making checkpoints until the transaction ends. */
export async function excludeOtherNodes(db: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(auditLock)})`.execute(db);
}

/** Runs the start of one node at a time, under a lock that ends with its connection. */
async function alone(url: string, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(`select pg_advisory_lock(${startLock})`);
    await work();
  } finally {
    await client.end().catch(() => {});
  }
}

const lookBackMs = 3_000;

/**
 * Looks for an event of the lost commit on another connection. The transaction's id only tells when to stop waiting:
 * after a crash it may have been given to somebody else, the event's id not.
 */
function createLookBack(pool: pg.Pool, tenant: string): HasLanded {
  return async (event, transactionId) => {
    if (event === undefined) return undefined;
    const until = performance.now() + lookBackMs;
    let final = false;
    while (true) {
      try {
        const { rows } = await pool.query<{ found: boolean; status: string | null }>(
          `select exists (select 1 from audit_event where tenant = $1 and lane = $2 and seq = $3 and id = $4) as found,
             pg_xact_status($5::xid8) as status`,
          [tenant, event.lane, event.seq, event.id, transactionId],
        );
        const { found, status } = rows[0]!;
        if (found) return true;
        if (status === "aborted") return false;
        // Committed between the two answers of this query, or not our transaction any more: one more look decides.
        if (status === "committed" && final) return undefined;
        final = status === "committed";
      } catch {
        // Not back yet, or the id is from before a crash.
      }
      if (performance.now() > until) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
}
