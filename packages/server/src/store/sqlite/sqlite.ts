/**
 * The embedded store: `node:sqlite` in WAL mode with `synchronous=FULL`, for one process.
 *
 * All writing goes through one thread. Whoever holds the lock is the only writer there is, so a flush reads its rows
 * on the main thread's read-only connection, computes the outcomes, and sends the thread what to write in one message.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type ControlledTransaction, Kysely } from "kysely";
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { Head } from "../../audit/chain.ts";
import { isStoreError, StoreError } from "../errors.ts";
import { createFifoLock } from "../fifo-lock.ts";
import { type Announced, commitHub, sinkTypesOf } from "../announce.ts";
import { claimKey, planFlush, type FlushRows, type Plan } from "../flush.ts";
import { createGroupCommit } from "../group-commit.ts";
import { containerKeys, insertedTables } from "../hot-columns.ts";
import { migrate } from "../migrate.ts";
import { Database, prepareQuery, type SqlValue } from "./node-sqlite.ts";
import { createOrdinary } from "../ordinary.ts";
import type { OidcRecordTable, Schema, SinkTable } from "../schema.ts";
import { openReader, readerDialect } from "./dialect.ts";
import * as statements from "./statements.ts";
import { startWriter, type Writer } from "./writer.ts";
import {
  type ActivationRow,
  type Change,
  type ContainerKeyRow,
  type HotCommand,
  type OperationRow,
  recordKey,
  type Store,
  type TokenRow,
} from "../store.ts";

export interface SqliteOptions {
  readonly dataDirectory: string;
  readonly tenant: string;
  readonly random: RandomBytes;
  readonly now: () => number;
  /** How long a change waits for its turn, ms. */
  readonly waitMs?: number;
  /** Runs in the first transaction of the start. */
  readonly prepare?: (change: Change) => Promise<void>;
}

/** Name of the data file in the data directory. */
export const dataFile = "countersign.db";

export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { dataDirectory } = options;
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const guard = takeGuard(join(dataDirectory, "in-use.db"));
  let writer: Writer | undefined;
  try {
    const file = join(dataDirectory, dataFile);
    writer = await startWriter(file);
    return await open(writer, file, guard, options);
  } catch (error) {
    await writer?.close().catch(() => {});
    guard.close();
    throw error;
  }
}

async function open(writer: Writer, file: string, guard: Database, options: SqliteOptions): Promise<Store> {
  const { tenant, random, now } = options;
  const writing = new Kysely<Schema>({ dialect: writer.dialect });
  const lock = createFifoLock(options.waitMs ?? 10_000);
  const hub = commitHub();
  const ordinary = createOrdinary({
    tenant,
    random,
    lock,
    begin: async () => ({ db: await writing.startTransaction().execute(), now: now() }),
    commit: async (db: ControlledTransaction<Schema>) => void (await db.commit().execute()),
    excludeNodes: async () => {},
    committed: (announced, queued) => hub.publish({ hints: announced, queued }),
  });
  await migrate(writing, "sqlite");
  if (options.prepare) await ordinary.transaction(options.prepare);
  let head: Head | undefined;

  const reader = openReader(file);
  const rows = prepareRows(reader.db, tenant);
  const group = createGroupCommit({ flush: (commands) => lock.run(() => flush(commands)) });
  const read = new Kysely<Schema>({ dialect: readerDialect(file) });
  let closed: Promise<void> | undefined;

  return {
    dialect: "sqlite",
    tenant,
    read,
    rows: async (sql, parameters) => reader.query(sql).all(...(parameters as SqlValue[])),
    now: async () => now(),
    findActivation: async (id) => rows.activation(id),
    findOperation: async (id) => rows.operation(id),
    findToken: async (id) => rows.token(id),
    findContainer: async (activationId) => rows.container(activationId),
    transaction: (work) => (closed ? Promise.reject(stopped()) : ordinary.transaction(work)),
    commit: (command) => (closed ? Promise.reject(stopped()) : group.commit(command)),
    onCommit: (listener) => hub.subscribe(listener),
    close: () => (closed ??= close()),
  };

  async function flush(commands: readonly HotCommand<unknown>[]): Promise<Plan["outcomes"]> {
    head ??= await ordinary.openFlushLane();
    const plan = planFlush(commands, rows.forFlush(commands, now()), { tenant, head, random });
    const { announced } = plan;
    const queue = announced.length > 0 ? outboxRows(announced, rows.enabledSinks()) : [];
    const steps = stepsOf(plan, tenant, queue);
    if (steps.length === 0) return plan.outcomes;
    const news = { hints: announced, queued: queue.length > 0 };
    try {
      await writer.flush(steps);
    } catch (error) {
      if (isStoreError(error, "OUTCOME_UNKNOWN")) hub.publish(news);
      // A new lane, where the end of this one is not known or not where we thought.
      if (isStoreError(error, "OUTCOME_UNKNOWN") || /audit_event/.test(String(causeOf(error)))) head = undefined;
      throw error;
    }
    head = plan.head;
    hub.publish(news);
    return plan.outcomes;
  }

  async function close(): Promise<void> {
    await group.idle();
    await lock.idle();
    await read.destroy();
    reader.db.close();
    try {
      await writer.close();
    } finally {
      guard.close();
    }
  }
}

/** A second file, held exclusively: death releases it, and it can be held without disturbing the data file. */
function takeGuard(file: string): Database {
  const guard = new Database(file, { timeout: 0 });
  try {
    guard.exec("pragma journal_mode = delete; begin exclusive");
    return guard;
  } catch (cause) {
    guard.close();
    if (((cause as { errcode?: number }).errcode ?? 0) % 256 !== 5) throw cause;
    throw new StoreError("STORE_IN_USE", `Another Countersign process is using the data directory of ${file}.`, {
      cause,
    });
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function stopped(): StoreError {
  return new StoreError("STORE_CLOSED", "The store is closed.");
}

/** The prepared look-ups of the hot paths. */
function prepareRows(db: Database, tenant: string) {
  const byId = <T>(table: string) => {
    const query = prepareQuery(db, `select * from "${table}" where tenant = ? and id = ?`);
    return (id: string): T | undefined => query.first(tenant, id) as T | undefined;
  };
  const activation = byId<ActivationRow>("activation");
  const operation = byId<OperationRow>("operation");
  const token = byId<TokenRow>("token");
  const container = prepareQuery(db, `${containerKeys} where c.tenant = ? and c.activation_id = ?`);
  const record = prepareQuery(db, "select * from oidc_record where tenant = ? and model = ? and id = ?");
  const version = prepareQuery(
    db,
    "select supported from application_version where tenant = ? and application_key = ?",
  );
  const replay = prepareQuery(db, "select 1 from replay where tenant = ? and subject = ? and nonce = ?");
  const idempotency = prepareQuery(db, "select 1 from idempotency where tenant = ? and client_id = ? and key = ?");
  const sinks = prepareQuery(db, "select id, application_id, type from sink where tenant = ? and enabled = 1");
  const begin = db.prepare("begin");
  const end = db.prepare("commit");

  return {
    activation,
    operation,
    token,
    container: (activationId: string) => container.all(tenant, activationId) as ContainerKeyRow[],
    enabledSinks: () => sinks.all(tenant) as Pick<SinkTable, "id" | "application_id" | "type">[],
    forFlush(commands: readonly HotCommand<unknown>[], at: number): FlushRows {
      const activations = new Map<string, ActivationRow>();
      const operations = new Map<string, OperationRow>();
      const tokens = new Map<string, TokenRow>();
      const records = new Map<string, OidcRecordTable>();
      const supported = new Map<string, boolean>();
      const taken = new Set<string>();
      begin.run();
      try {
        for (const { activationId, operationId, tokenId, records: wanted, applicationKey, claims } of commands) {
          put(activations, activationId, activation);
          put(operations, operationId, operation);
          put(tokens, tokenId, token);
          for (const { model, id } of wanted ?? []) {
            const found = record.first(tenant, model, id) as OidcRecordTable | undefined;
            if (found !== undefined) records.set(recordKey(found), found);
          }
          put(supported, applicationKey, (key) => {
            const found = version.first(tenant, key) as { supported: number } | undefined;
            return found && found.supported === 1;
          });
          for (const claim of claims ?? []) {
            const found =
              claim.table === "replay"
                ? replay.first(tenant, claim.row.subject, claim.row.nonce)
                : idempotency.first(tenant, claim.row.client_id, claim.row.key);
            if (found) taken.add(claimKey(claim));
          }
        }
      } finally {
        end.run();
      }
      return { activations, operations, tokens, records, supported, taken, now: at };
    },
  };
}

function put<T>(found: Map<string, T>, id: string | undefined, find: (id: string) => T | undefined): void {
  if (id === undefined || found.has(id)) return;
  const row = find(id);
  if (row !== undefined) found.set(id, row);
}

type Steps = [number, SqlValue[]][];

function stepsOf(plan: Plan, tenant: string, queue: readonly object[]): Steps {
  const steps: Steps = [];
  const add = (number: number, rows: readonly object[]): void => {
    if (rows.length === 0) return;
    const names = statements.hotStatements[number]!.values;
    const values: SqlValue[] = [];
    for (const row of rows as readonly Record<string, SqlValue>[]) {
      for (const name of names) values.push(name === "tenant" ? tenant : (row[name] as SqlValue));
    }
    steps.push([number, values]);
  };
  add(
    statements.removeToken,
    plan.removedTokens.map((id) => ({ id })),
  );
  for (const [at, table] of insertedTables.entries()) {
    add(statements.firstInsert + at, plan.inserts.get(table) ?? []);
  }
  add(statements.insertOutbox, queue);
  // Last, so that a value the tables refuse is found first, as it is on PostgreSQL.
  addUpdates(statements.updateActivation, plan.activations);
  addUpdates(statements.updateOperation, plan.operations);
  add(statements.updateRecord, plan.records);
  return steps;

  function addUpdates(ways: readonly statements.Update[], rows: readonly object[]): void {
    const chosen = Map.groupBy(rows as readonly Record<string, SqlValue>[], (row) =>
      ways.find(({ unchanged }) => unchanged.every((column) => row[column] === row[`was_${column}`])),
    );
    for (const [way, own] of chosen) add(way!.number, own);
  }
}

function hearsOf(sink: Pick<SinkTable, "id" | "application_id" | "type">, event: Announced): boolean {
  if (event.sink !== null && event.sink !== sink.id) return false;
  return sinkTypesOf(event.type).includes(sink.type) && event.applications.includes(sink.application_id);
}

function outboxRows(
  announced: readonly Announced[],
  sinks: readonly Pick<SinkTable, "id" | "application_id" | "type">[],
): object[] {
  if (sinks.length === 0) return [];
  return announced.flatMap((event) =>
    sinks
      .filter((sink) => hearsOf(sink, event))
      .map((sink) => ({
        id: `${event.id}.${sink.id}`,
        sink_id: sink.id,
        event: event.payload,
        state: "PENDING",
        attempts: 0,
        due_at: event.at,
        locked_until: 0,
      })),
  );
}
