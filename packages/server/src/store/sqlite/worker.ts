/**
 * The thread that owns the only writing connection of the embedded store. It answers one message at a time, in order:
 * a whole flush, or one step of an ordinary transaction. It knows nothing of commands; those stay in the main thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Database, type SqlValue, type Statement } from "./node-sqlite.ts";
import { hotStatements } from "./statements.ts";

export type Request =
  /** Number of a hot statement, then the values of all its runs, one after the other. */
  | { readonly op: "flush"; readonly steps: readonly (readonly [number, readonly SqlValue[]])[] }
  | { readonly op: "query"; readonly sql: string; readonly values: readonly SqlValue[] }
  | { readonly op: "begin" | "commit" | "rollback" | "close" };

export type Reply =
  | { readonly rows: readonly object[]; readonly changes: number; readonly insertId: number }
  /**
   * "changed" and "constraint": rolled back, nothing written. "failed": rolled back, the database refused.
   * "unknown": COMMIT failed, or the transaction was gone after an error.
   */
  | {
      readonly failed: "changed" | "constraint" | "failed" | "unknown";
      readonly message: string;
      readonly errcode?: number;
    };

const nothing: Reply = { rows: [], changes: 0, insertId: 0 };

/** Pages the log may grow to before it is moved into the database even when there is no idle moment: 32 MiB. */
const checkpointPages = 8_192;
/** Statements that fill it; corrected by what each checkpoint finds. */
let checkpointRuns = 8_192;
const idleMs = 100;

const db = new Database((workerData as { file: string }).file, { timeout: 5_000 });
db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma wal_autocheckpoint = 0;
  pragma cache_size = -16000; pragma temp_store = memory; pragma journal_size_limit = 67108864`);

const hot: (Statement | undefined)[] = [];
const ordinary = new Map<string, Statement>();
const begin = db.prepare("begin immediate");
const commit = db.prepare("commit");

let runs = 0;
let lastWork = 0;
let timer: NodeJS.Timeout | undefined;

function flush(steps: readonly (readonly [number, readonly SqlValue[]])[]): Reply {
  begin.run();
  try {
    for (const [number, values] of steps) {
      const { sql, values: names, exact } = hotStatements[number]!;
      const statement = (hot[number] ??= db.prepare(sql));
      for (let at = 0; at < values.length; at += names.length) {
        const { changes } = statement.run(...values.slice(at, at + names.length));
        if (exact && changes !== 1) {
          db.exec("rollback");
          return { failed: "changed", message: "A row changed while the flush was computed" };
        }
      }
      runs += values.length / names.length;
    }
  } catch (error) {
    return undo(error);
  }
  return end();
}

function end(): Reply {
  try {
    commit.run();
    return nothing;
  } catch (error) {
    // Whether the commit reached the disk is not known: a later start may find it in the log.
    if (db.isTransaction) db.exec("rollback");
    return { failed: "unknown", ...described(error) };
  }
}

function undo(error: unknown): Reply {
  if (!db.isTransaction) return { failed: "unknown", ...described(error) };
  db.exec("rollback");
  const { errcode } = described(error);
  return { failed: refusesValue(errcode) ? "constraint" : "failed", ...described(error) };
}

/** SQLITE_CONSTRAINT, SQLITE_TOOBIG and SQLITE_MISMATCH say something about the value; others about the database. */
function refusesValue(errcode: number | undefined): boolean {
  const primary = (errcode ?? 0) & 0xff;
  return primary === 19 || primary === 18 || primary === 20 || errcode === undefined;
}

function described(error: unknown): { message: string; errcode?: number } {
  const { message, errcode } = error as { message: string; errcode?: number };
  return { message, errcode };
}

function query(sql: string, values: readonly SqlValue[]): Reply {
  const statement = ordinary.get(sql) ?? db.prepare(sql);
  if (ordinary.size > 500) ordinary.clear();
  ordinary.set(sql, statement);
  runs += 1;
  if (statement.columns().length > 0) return { ...nothing, rows: statement.all(...values) };
  const { changes, lastInsertRowid } = statement.run(...values);
  return { rows: [], changes: Number(changes), insertId: Number(lastInsertRowid) };
}

function answer(request: Request): Reply {
  try {
    switch (request.op) {
      case "flush":
        return flush(request.steps);
      case "query":
        return query(request.sql, request.values);
      case "begin":
        begin.run();
        return nothing;
      case "commit":
        return end();
      case "rollback":
        if (db.isTransaction) db.exec("rollback");
        return nothing;
      case "close":
        return close();
    }
  } catch (error) {
    return { failed: "failed", ...described(error) };
  }
}

/** Without room to move the log it stays where it is; the next start reads it. */
function close(): Reply {
  clearTimeout(timer);
  if (db.isTransaction) db.exec("rollback");
  try {
    db.exec("pragma wal_checkpoint(truncate)");
  } finally {
    db.close();
  }
  return nothing;
}

/** Moves the log into the database while nobody waits, or when it has grown too long. */
function checkpoint(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!db.isOpen || runs === 0) return;
  if (db.isTransaction || (runs < checkpointRuns && performance.now() - lastWork < idleMs)) {
    timer = setTimeout(checkpoint, idleMs);
    return;
  }
  try {
    const { log } = db.prepare("pragma wal_checkpoint(passive)").get() as { log: number };
    // Enough of a sample to say how many statements fill the log.
    if (log > 1_000) checkpointRuns = Math.min(100_000, Math.max(1_000, Math.round((runs * checkpointPages) / log)));
  } catch {
    // A full disk, say. The log stays valid and the next turn tries again.
  }
  runs = 0;
}

const port = parentPort!;
port.on("message", (request: Request) => {
  port.postMessage(answer(request));
  if (request.op === "close") return port.close();
  lastWork = performance.now();
  if (runs >= checkpointRuns && !db.isTransaction) checkpoint();
  else timer ??= setTimeout(checkpoint, idleMs);
});
port.postMessage("ready");
