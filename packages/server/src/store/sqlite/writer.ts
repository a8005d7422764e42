/** The main thread's end of the writing thread: one request, one reply, one at a time. */
import { Worker } from "node:worker_threads";
import type { QueryResult } from "kysely";
import { StoreError } from "../errors.ts";
import { FlushRepeat } from "../group-commit.ts";
import type { SqlValue } from "./node-sqlite.ts";
import type { Reply, Request } from "./worker.ts";
import { sqliteDialect } from "./dialect.ts";

export interface Writer {
  /** One durable transaction. Throws FlushRepeat after a clean rollback, StoreError otherwise. */
  flush(steps: readonly (readonly [number, readonly SqlValue[]])[]): Promise<void>;
  /** For Kysely; the caller holds the lock for the whole transaction. */
  readonly dialect: ReturnType<typeof sqliteDialect>;
  close(): Promise<void>;
}

export async function startWriter(file: string): Promise<Writer> {
  const worker = spawn(file);
  let pending: { resolve: (reply: Reply) => void; reject: (error: unknown) => void } | undefined;
  let dead: StoreError | undefined;

  const fail = (cause: unknown): void => {
    dead ??= new StoreError("STORE_UNAVAILABLE", "The writing thread of the store has stopped.", { cause });
    pending?.reject(new StoreError("OUTCOME_UNKNOWN", "The store stopped before it answered.", { cause }));
    pending = undefined;
  };
  worker.on("error", fail);
  worker.on("exit", fail);
  worker.on("message", (reply: Reply) => {
    const waiting = pending;
    pending = undefined;
    waiting?.resolve(reply);
  });
  // The thread speaks first, once its connection is open.
  await new Promise((resolve, reject) => (pending = { resolve, reject })).catch((cause: unknown) => {
    throw new StoreError("STORE_UNAVAILABLE", "The data file cannot be opened for writing.", { cause });
  });

  function ask(request: Request): Promise<Reply> {
    if (dead) return Promise.reject(dead);
    if (pending) return Promise.reject(new TypeError("The writing thread is asked one thing at a time"));
    return new Promise((resolve, reject) => {
      pending = { resolve, reject };
      worker.postMessage(request);
    });
  }

  async function must(request: Request): Promise<Extract<Reply, { rows: unknown }>> {
    const reply = await ask(request);
    if ("failed" in reply) throw failure(reply);
    return reply;
  }

  return {
    async flush(steps) {
      const reply = await ask({ op: "flush", steps });
      if (!("failed" in reply)) return;
      if (reply.failed === "changed" || reply.failed === "constraint") {
        throw new FlushRepeat(reply.failed, failure(reply));
      }
      throw reply.failed === "unknown"
        ? failure(reply)
        : new StoreError("STORE_UNAVAILABLE", "The database refused the change.", { cause: failure(reply) });
    },
    dialect: sqliteDialect(
      () => ({
        async run(sql, values): Promise<QueryResult<unknown>> {
          const reply = await must({ op: "query", sql, values });
          return {
            rows: reply.rows.map((row) => ({ ...row })),
            numAffectedRows: BigInt(reply.changes),
            insertId: BigInt(reply.insertId),
          };
        },
        begin: async () => void (await must({ op: "begin" })),
        commit: async () => void (await must({ op: "commit" })),
        rollback: async () => void (await must({ op: "rollback" })),
        release: () => {},
      }),
      () => {},
    ),
    async close() {
      if (dead) return;
      const gone = new Promise((resolve) => worker.once("exit", resolve));
      await must({ op: "close" });
      await gone;
    },
  };
}

/** Runs from source under type stripping, and compiled. Only the options that decide what is imported are passed on. */
function spawn(file: string): Worker {
  const source = import.meta.url.endsWith(".ts");
  const execArgv = process.execArgv.filter((option) => /^(--conditions=|-C=|--experimental-strip-types)/.test(option));
  return new Worker(new URL(source ? "./worker.ts" : "./worker.js", import.meta.url), {
    workerData: { file },
    execArgv,
  });
}

function failure(reply: Extract<Reply, { failed: unknown }>): Error {
  if (reply.failed === "unknown") {
    return new StoreError("OUTCOME_UNKNOWN", "The commit failed on its way to the disk.", {
      cause: new Error(reply.message),
    });
  }
  return Object.assign(new Error(reply.message), { errcode: reply.errcode });
}
