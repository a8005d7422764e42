/** What Kysely needs to work on `node:sqlite`: a driver over a function that runs one statement. */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { Database, prepareQuery, type Query, type SqlValue } from "./node-sqlite.ts";

/** A connection that runs one statement at a time, and the three words of a transaction. */
export interface Runner {
  run(sql: string, values: readonly SqlValue[]): Promise<QueryResult<unknown>>;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  release(): void;
}

export function sqliteDialect(acquire: () => Runner, destroy: () => void): Dialect {
  return {
    createAdapter: () => adapter,
    createDriver: () => driver(acquire, destroy),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Kysely's own would let one transaction hold up everybody else's reads. */
const adapter: DialectAdapter = {
  supportsCreateIfNotExists: true,
  supportsMultipleConnections: true,
  supportsOutput: false,
  supportsReturning: true,
  supportsTransactionalDdl: true,
  acquireMigrationLock: async () => {},
  releaseMigrationLock: async () => {},
};

interface RunnerConnection extends DatabaseConnection {
  readonly runner: Runner;
}

function driver(acquire: () => Runner, destroy: () => void): Driver {
  const of = (connection: DatabaseConnection): Runner => (connection as RunnerConnection).runner;
  const savepoint = (verb: string) => async (connection: DatabaseConnection, name: string) => {
    await connection.executeQuery(CompiledQuery.raw(`${verb} "${name.replaceAll('"', '""')}"`));
  };
  return {
    init: async () => {},
    acquireConnection: async () => connect(acquire()),
    beginTransaction: (connection) => of(connection).begin(),
    commitTransaction: (connection) => of(connection).commit(),
    rollbackTransaction: (connection) => of(connection).rollback(),
    savepoint: savepoint("savepoint"),
    rollbackToSavepoint: savepoint("rollback to"),
    releaseSavepoint: savepoint("release"),
    releaseConnection: async (connection) => of(connection).release(),
    destroy: async () => destroy(),
  };
}

function connect(runner: Runner): RunnerConnection {
  return {
    runner,
    executeQuery: <R>({ sql, parameters }: CompiledQuery) =>
      runner.run(sql, parameters as SqlValue[]) as Promise<QueryResult<R>>,
    async *streamQuery<R>({ sql, parameters }: CompiledQuery) {
      yield (await runner.run(sql, parameters as SqlValue[])) as QueryResult<R>;
    },
  };
}

/**
 * Reads on the main thread. Statements outside a transaction share one connection; each transaction has its own, so
 * that its snapshot is nobody else's.
 */
export function readerDialect(file: string): Dialect {
  const all: Reader[] = [];
  const spare: Reader[] = [];
  const open = (): Reader => {
    const reader = openReader(file);
    all.push(reader);
    return reader;
  };
  const shared = open();
  return sqliteDialect(
    () => {
      let own: Reader | undefined;
      const end = (word: "commit" | "rollback") => {
        if (own === undefined) return;
        if (own.db.isTransaction) own.db.exec(word);
        spare.push(own);
        own = undefined;
      };
      return {
        run: async (sql, values) => ({ rows: (own ?? shared).query(sql).all(...values) }),
        async begin() {
          own = spare.pop() ?? open();
          own.db.exec("begin");
        },
        commit: async () => end("commit"),
        rollback: async () => end("rollback"),
        release: () => end("rollback"),
      };
    },
    () => {
      for (const { db } of all) db.close();
    },
  );
}

export interface Reader {
  readonly db: Database;
  /** The prepared form of a statement, made once. */
  query(sql: string): Query;
}

export function openReader(file: string): Reader {
  const db = new Database(file, { readOnly: true, timeout: 5_000 });
  const queries = new Map<string, Query>();
  return {
    db,
    query(sql) {
      let query = queries.get(sql);
      if (query === undefined) {
        if (queries.size >= 500) queries.clear();
        queries.set(sql, (query = prepareQuery(db, sql)));
      }
      return query;
    },
  };
}
