/** One flush on PostgreSQL: lock and read, compute, write, commit; and what to say when the connection breaks. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type pg from "pg";
import type { Head } from "../../audit/chain.ts";
import type { Announced } from "../announce.ts";
import { StoreError } from "../errors.ts";
import { type FlushRows, type Plan, planFlush } from "../flush.ts";
import { type FlushedItem, FlushRepeat } from "../group-commit.ts";
import { connectFlusher, isConnectionLost, repeatReason, unavailable } from "./connect.ts";
import { readRows } from "./read.ts";
import { writeRequest } from "./statements.ts";
import type { AuditEventTable } from "../schema.ts";
import type { HotCommand } from "../store.ts";

export interface FlusherOptions {
  readonly url: string;
  readonly tenant: string;
  readonly random: RandomBytes;
  /** Overrides the database's time; for tests. */
  readonly now?: (() => number) | undefined;
  openLane(): Promise<Head>;
  hasLanded: HasLanded;
  /** Told what a flush announced, and whether it added rows to the outbox. */
  committed(announced: readonly Announced[], queued: boolean): void;
}

/**
 * Whether a commit whose answer was lost reached the database: looks for an event that was written with it. Undefined
 * when that cannot be found out.
 */
export type HasLanded = (event: AuditEventTable | undefined, transactionId: string) => Promise<boolean | undefined>;

export interface Flusher {
  readonly flush: (commands: readonly HotCommand<unknown>[]) => Promise<readonly FlushedItem[]>;
  close(): Promise<void>;
}

/** A flush that was computed and written, and only waits for its commit. */
interface Computed {
  readonly plan: Plan;
  /** Which commands it holds; the others were locked elsewhere. */
  readonly held: ReadonlySet<HotCommand<unknown>>;
  readonly transactionId: string | undefined;
  readonly queued: boolean;
}

export function createFlusher(options: FlusherOptions): Flusher {
  const { tenant, random } = options;
  let client: pg.Client | undefined;
  let head: Head | undefined;

  return {
    async flush(commands) {
      const { connection, start } = await ready();
      let computed: Computed;
      try {
        computed = await compute(connection, commands, start);
      } catch (error) {
        throw await rolledBack(connection, error);
      }
      try {
        const { command } = await connection.query("commit");
        // An aborted transaction answers COMMIT with ROLLBACK, and no error.
        if (command !== "COMMIT") throw new FlushRepeat("changed");
      } catch (error) {
        if (error instanceof FlushRepeat || repeatReason(error)) throw await rolledBack(connection, error);
        await afterLostCommit(connection, computed, error);
      }
      head = computed.plan.head;
      options.committed(computed.plan.announced, computed.queued);
      return inOrder(commands, computed);
    },
    async close() {
      const open = client;
      client = undefined;
      await open?.end().catch(() => {});
    },
  };

  async function ready(): Promise<{ connection: pg.Client; start: Head }> {
    try {
      head ??= await options.openLane();
    } catch (error) {
      throw isConnectionLost(error) ? unavailable(error) : error;
    }
    if (client === undefined) {
      const fresh = await connectFlusher(options.url);
      fresh.once("end", () => {
        if (client === fresh) client = undefined;
      });
      client = fresh;
    }
    return { connection: client, start: head };
  }

  async function compute(
    connection: pg.Client,
    commands: readonly HotCommand<unknown>[],
    start: Head,
  ): Promise<Computed> {
    const { rows, skipped } = await readRows(connection, commands, tenant);
    const held = skipped.size === 0 ? commands : commands.filter((command) => !skipped.has(command));
    const timed: FlushRows = options.now ? { ...rows, now: options.now() } : rows;
    const plan = planFlush(held, timed, { tenant, head: start, random });
    const request = writeRequest(plan, tenant);
    if (request === undefined) return { plan, held: new Set(held), transactionId: undefined, queued: false };
    const { name, text, values, expected, outboxAt } = request;
    const written = await connection.query<{ n: number[]; xid: string }>({ name, text, values: [...values] });
    const { n, xid } = written.rows[0]!;
    if (expected.some((count, at) => count !== -1 && count !== n[at])) throw new FlushRepeat("changed");
    return { plan, held: new Set(held), transactionId: xid, queued: (n[outboxAt] ?? 0) > 0 };
  }

  /** Leaves the connection without a transaction, or leaves the connection; says what may be done about it. */
  async function rolledBack(connection: pg.Client, error: unknown): Promise<unknown> {
    if (!(error instanceof FlushRepeat) && isConnectionLost(error)) {
      discard(connection);
      return unavailable(error);
    }
    await connection.query("rollback").catch(() => discard(connection));
    if (error instanceof FlushRepeat) return error;
    if ((error as { table?: string }).table === "audit_event") {
      // The lane is not where we thought: start a new one rather than fail for ever.
      head = undefined;
      return new FlushRepeat("changed", error);
    }
    const reason = repeatReason(error);
    return reason
      ? new FlushRepeat(reason, error)
      : new StoreError("STORE_UNAVAILABLE", "The database refused the change.", { cause: error });
  }

  async function afterLostCommit(connection: pg.Client, computed: Computed, cause: unknown): Promise<void> {
    discard(connection);
    // Nothing was written, so nothing can be lost.
    if (computed.transactionId === undefined) return;
    const event = computed.plan.inserts.get("audit_event")?.at(-1) as AuditEventTable | undefined;
    const landed = await options.hasLanded(event, computed.transactionId);
    if (landed === true) return;
    if (landed === false) throw unavailable(cause);
    head = undefined;
    options.committed(computed.plan.announced, computed.queued);
    throw new StoreError("OUTCOME_UNKNOWN", "The connection broke around the commit.", { cause });
  }

  function discard(connection: pg.Client): void {
    if (client === connection) client = undefined;
    connection.end().catch(() => {});
  }
}

function inOrder(commands: readonly HotCommand<unknown>[], { plan, held }: Computed): FlushedItem[] {
  let at = 0;
  return commands.map((command) => (held.has(command) ? plan.outcomes[at++]! : "skipped"));
}
