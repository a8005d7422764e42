/**
 * Batching of the hot commands, the same on both dialects: whatever waits while one flush runs goes into the next one.
 *
 * A flush holds at most one command for each activation, operation, token, record and claim; others wait in order. When a
 * flush has to be repeated its commands run one by one, so that a bad one never fails its neighbours.
 */
import { StoreError } from "./errors.ts";
import { claimKey, type ItemOutcome } from "./flush.ts";
import { type HotCommand, recordKey } from "./store.ts";

export interface GroupCommit {
  commit<T>(command: HotCommand<T>): Promise<T>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

/** What came of a command in a flush: an outcome that is durable, or its rows were locked elsewhere. */
export type FlushedItem = ItemOutcome | "skipped";

/** Thrown by a flush that was rolled back whole and may be run again, command by command. */
export class FlushRepeat extends Error {
  readonly reason: "changed" | "constraint";

  constructor(reason: "changed" | "constraint", cause?: unknown) {
    super(`The flush has to be repeated: ${reason}`, { cause });
    this.name = "FlushRepeat";
    this.reason = reason;
  }
}

export interface GroupCommitOptions {
  /**
   * Commits the outcomes of all commands in one transaction and returns them in order. Throws FlushRepeat after a clean
   * rollback, StoreError when the flush failed or its outcome is unknown.
   */
  readonly flush: (commands: readonly HotCommand<unknown>[]) => Promise<readonly FlushedItem[]>;
  readonly size?: number;
  /** Commands that may wait; one more is refused with STORE_BUSY. */
  readonly waiting?: number;
  /** How long a command may wait for rows that are locked elsewhere, in ms. */
  readonly lockMs?: number;
}

interface Item {
  readonly command: HotCommand<unknown>;
  readonly keys: readonly string[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** When its rows were first found locked. */
  skippedAt?: number;
}

/** "Losers re-read and verify again, three times at most." */
const attempts = 3;

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { flush, size = 64, waiting = 10_000, lockMs = 5_000 } = options;
  let queue: Item[] = [];
  let running = false;
  let scheduled = false;
  let idlers: (() => void)[] = [];

  return {
    commit<T>(command: HotCommand<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (queue.length >= waiting) {
          reject(new StoreError("STORE_BUSY", "The store is busy: too many changes are waiting."));
          return;
        }
        queue.push({ command, keys: keysOf(command), resolve: resolve as (value: unknown) => void, reject });
        schedule();
      });
    },
    idle() {
      if (!running && queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => idlers.push(resolve));
    },
  };

  /** Starts after the current turn of the event loop, so that requests that arrived together share a flush. */
  function schedule(): void {
    if (running || scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void run();
    });
  }

  async function run(): Promise<void> {
    running = true;
    while (queue.length > 0) {
      const batch = take();
      const skipped = await runBatch(batch);
      if (skipped.length === 0) continue;
      queue = [...carryOver(skipped), ...queue];
      if (skipped.length === batch.length) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    running = false;
    const waiters = idlers;
    idlers = [];
    for (const resolve of waiters) resolve();
  }

  /** The first commands of the queue that share no key with each other or with one that stays behind. */
  function take(): Item[] {
    const batch: Item[] = [];
    const rest: Item[] = [];
    const held = new Set<string>();
    for (const item of queue) {
      if (batch.length < size && !item.keys.some((key) => held.has(key))) batch.push(item);
      else rest.push(item);
      for (const key of item.keys) held.add(key);
    }
    queue = rest;
    return batch;
  }

  /** Commands that waited too long are refused; nothing of theirs was written. */
  function carryOver(skipped: readonly Item[]): Item[] {
    const now = performance.now();
    return skipped.filter((item) => {
      item.skippedAt ??= now;
      if (now - item.skippedAt < lockMs) return true;
      item.reject(new StoreError("STORE_BUSY", "The store is busy: the rows stayed locked."));
      return false;
    });
  }

  async function runBatch(batch: readonly Item[]): Promise<Item[]> {
    try {
      const outcomes = await flush(batch.map((item) => item.command));
      return batch.filter((item, at) => settle(item, outcomes[at]!) === "skipped");
    } catch (error) {
      if (error instanceof FlushRepeat) return oneByOne(batch, error);
      for (const item of batch) item.reject(error);
      return [];
    }
  }

  async function oneByOne(batch: readonly Item[], first: FlushRepeat): Promise<Item[]> {
    const skipped: Item[] = [];
    for (const item of batch) {
      // A lone command that was already refused by a constraint would only be refused again.
      let last: FlushRepeat | undefined = batch.length === 1 ? first : undefined;
      for (let attempt = last === undefined ? 0 : 1; attempt < attempts; attempt++) {
        if (last?.reason === "constraint") break;
        const outcome = await runAlone(item);
        if (outcome === "skipped") skipped.push(item);
        last = outcome instanceof FlushRepeat ? outcome : undefined;
        if (last === undefined) break;
      }
      if (last !== undefined) item.reject(refusal(last));
    }
    return skipped;
  }

  async function runAlone(item: Item): Promise<"settled" | "skipped" | FlushRepeat> {
    try {
      const [outcome] = await flush([item.command]);
      return settle(item, outcome!);
    } catch (error) {
      if (error instanceof FlushRepeat) return error;
      item.reject(error);
      return "settled";
    }
  }
}

function settle(item: Item, outcome: FlushedItem): "settled" | "skipped" {
  if (outcome === "skipped") return "skipped";
  if ("error" in outcome) item.reject(outcome.error);
  else item.resolve(outcome.result);
  return "settled";
}

function refusal({ reason, cause }: FlushRepeat): StoreError {
  return reason === "constraint"
    ? new StoreError("CONSTRAINT", "The change breaks a rule of the tables.", { cause })
    : new StoreError("CONFLICT", "The rows kept changing while the outcome was computed.", { cause });
}

function keysOf(command: HotCommand<unknown>): string[] {
  const { activationId, operationId, tokenId, records, claims } = command;
  const keys: string[] = [];
  if (activationId !== undefined) keys.push(`a${activationId}`);
  if (operationId !== undefined) keys.push(`o${operationId}`);
  if (tokenId !== undefined) keys.push(`t${tokenId}`);
  if (records !== undefined) for (const record of records) keys.push(`p${recordKey(record)}`);
  if (claims !== undefined) for (const claim of claims) keys.push(claimKey(claim));
  return keys;
}
