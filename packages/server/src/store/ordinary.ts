/** Ordinary transactions, the same on both dialects: one at a time, because they share one lane of the audit. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { ControlledTransaction } from "kysely";
import { chainEvent, type ChainedEvent, type Head } from "../audit/chain.ts";
import type { EventDraft } from "../audit/event.ts";
import { openLane } from "../audit/lane.ts";
import { StoreError } from "./errors.ts";
import type { FifoLock } from "./fifo-lock.ts";
import { type Announced, announcementOf } from "./announce.ts";
import { eventMaker } from "./flush.ts";
import { addToOutbox } from "./outbox.ts";
import type { Schema } from "./schema.ts";
import type { Change } from "./store.ts";

export interface OrdinaryOptions {
  readonly tenant: string;
  readonly random: RandomBytes;
  readonly lock: FifoLock;
  begin(): Promise<{ readonly db: ControlledTransaction<Schema>; readonly now: number }>;
  /** Commits durably. Throws OUTCOME_UNKNOWN when that cannot be known; the lane is then left for a new one. */
  commit(db: ControlledTransaction<Schema>, last: ChainedEvent["row"] | undefined): Promise<void>;
  /** Keeps other nodes from opening lanes and making checkpoints until this transaction ends. */
  excludeNodes(db: ControlledTransaction<Schema>): Promise<void>;
  /** Told what a commit announced, and whether it added rows to the outbox. */
  committed(announced: readonly Announced[], queued: boolean): void;
}

export interface Ordinary {
  transaction<T>(work: (change: Change) => Promise<T>): Promise<T>;
  /** Opens a lane for the flusher, in a transaction of its own. The caller holds the lock where one is needed. */
  openFlushLane(): Promise<Head>;
}

interface Draft {
  readonly event: EventDraft;
  readonly decision: Parameters<Change["record"]>[1];
}

export function createOrdinary(options: OrdinaryOptions): Ordinary {
  const { tenant, random, lock } = options;
  let head: Head | undefined;

  return {
    transaction: (work) => lock.run(() => run(work)),
    async openFlushLane() {
      const { result } = await attempt(async (db, now) => {
        await options.excludeNodes(db);
        return openLane(db, { tenant, purpose: "flush", now }, random);
      });
      return result;
    },
  };

  async function run<T>(work: (change: Change) => Promise<T>): Promise<T> {
    const drafts: Draft[] = [];
    let open = true;
    try {
      const { result, end, announced, queued } = await attempt(async (db, now) => {
        const done = await work({
          db,
          now,
          record(event, decision) {
            if (!open) throw new TypeError("The transaction has ended");
            drafts.push({ event, decision });
          },
          excludeOtherNodes: () => options.excludeNodes(db),
        });
        open = false;
        return done;
      }, drafts);
      head = end;
      options.committed(announced, queued);
      return result;
    } catch (error) {
      if (error instanceof StoreError && error.code === "OUTCOME_UNKNOWN") head = undefined;
      throw error;
    }
  }

  async function attempt<T>(
    work: (db: ControlledTransaction<Schema>, now: number) => Promise<T>,
    drafts: readonly Draft[] = [],
  ): Promise<{ result: T; end: Head | undefined } & Omit<Recorded, "chained">> {
    const { db, now } = await options.begin();
    let result: T;
    let recorded: Recorded = { chained: [], announced: [], queued: false };
    try {
      result = await work(db, now);
      if (drafts.length > 0) recorded = await record(db, now, drafts);
    } catch (error) {
      await giveUp(db);
      throw error;
    }
    const { chained, announced, queued } = recorded;
    try {
      await options.commit(db, chained.at(-1)?.row);
    } catch (error) {
      await giveUp(db);
      throw error;
    }
    return { result, end: chained.at(-1)?.head ?? head, announced, queued };
  }

  async function record(db: ControlledTransaction<Schema>, now: number, drafts: readonly Draft[]): Promise<Recorded> {
    if (head === undefined) await options.excludeNodes(db);
    let end = head ?? (await openLane(db, { tenant, purpose: "ordinary", now }, random));
    const made = eventMaker(random, drafts.length, now);
    const chained = drafts.map(({ event }) => {
      const next = chainEvent(end, tenant, event, made());
      end = next.head;
      return next;
    });
    await db
      .insertInto("audit_event")
      .values(chained.map(({ row }) => row))
      .execute();
    for (const [at, { row }] of chained.entries()) {
      const { decision } = drafts[at]!;
      if (decision !== undefined) await db.insertInto("decision").values(decision(row)).execute();
    }
    const announced = chained.flatMap(({ row }, at) => announcementOf(row, drafts[at]!.event) ?? []);
    let queued = false;
    for (const news of announced) queued = (await addToOutbox(db, tenant, news)) || queued;
    return { chained, announced, queued };
  }
}

interface Recorded {
  readonly chained: readonly ChainedEvent[];
  readonly announced: readonly Announced[];
  readonly queued: boolean;
}

/** Releases the connection whatever state the transaction is in; the reason is already on its way to the caller. */
export async function giveUp(db: ControlledTransaction<Schema>): Promise<void> {
  await db
    .rollback()
    .execute()
    .catch(() => {});
}
