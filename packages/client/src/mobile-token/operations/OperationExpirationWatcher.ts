/**
 * Tells when operations have expired. It is a hint to load the list again: only the server says what an operation's state
 * is, and an application should hide nothing by itself.
 */
import { platformTimers, type Timers } from "../../platform/timers.ts";
import { MobileTokenLogger } from "../logging/MobileTokenLogger.ts";

export interface ExpirableOperation {
  readonly id: string;
  readonly data: string;
  /** One without a date that can be read never expires. */
  readonly operationExpires: Date | undefined;
}

export interface ExpirationWatcherConfiguration<Operation extends ExpirableOperation> {
  /** Called once for each operation that has expired; it is watched no more then. */
  readonly onExpired: (expired: readonly Operation[]) => void;
  /** Milliseconds since the epoch, best by the server's clock. */
  readonly now?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
}

/** Milliseconds. A watcher never fires sooner after a change, so that it does not ask a server in a tight loop. */
const shortestDelay = 5_000;
/** Timers of the platforms overflow at 2³¹ ms. */
const longestDelay = 86_400_000;

/** Two operations are the same when id, data and date are. */
export class OperationExpirationWatcher<Operation extends ExpirableOperation = ExpirableOperation> {
  readonly #onExpired: (expired: readonly Operation[]) => void;
  readonly #now: () => number;
  readonly #timers: Timers;
  #watched: readonly Operation[] = [];
  #cancel: () => void = () => undefined;

  constructor({ onExpired, now = Date.now, timers = platformTimers }: ExpirationWatcherConfiguration<Operation>) {
    this.#onExpired = onExpired;
    this.#now = now;
    this.#timers = timers;
  }

  /** Also takes those that have expired already: they are told after the shortest delay. Gives what is watched now. */
  add(...operations: readonly Operation[]): readonly Operation[] {
    const before = this.#watched.length;
    for (const operation of operations) {
      if (!this.#watched.some((other) => isSame(other, operation))) this.#watched = [...this.#watched, operation];
    }
    if (this.#watched.length > before) this.#schedule();
    return this.#watched;
  }

  remove(...operations: readonly Operation[]): readonly Operation[] {
    this.#watched = this.#watched.filter((one) => !operations.some((other) => isSame(one, other)));
    this.#schedule();
    return this.#watched;
  }

  removeAll(): void {
    this.#watched = [];
    this.#schedule();
  }

  getWatched(): readonly Operation[] {
    return this.#watched;
  }

  #schedule(): void {
    this.#cancel();
    this.#cancel = () => undefined;
    const times = this.#watched.map(({ operationExpires }) => operationExpires?.getTime() ?? Number.POSITIVE_INFINITY);
    const earliest = Math.min(...times);
    if (earliest === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(Math.max(earliest - this.#now(), shortestDelay), longestDelay);
    this.#cancel = this.#timers.after(delay, () => this.#fire());
  }

  #fire(): void {
    const now = this.#now();
    const isExpired = ({ operationExpires }: Operation) =>
      operationExpires !== undefined && operationExpires.getTime() <= now;
    const expired = this.#watched.filter(isExpired);
    this.#watched = this.#watched.filter((operation) => !isExpired(operation));
    this.#schedule();
    if (expired.length === 0) return;
    MobileTokenLogger.info(`${expired.length} operations have expired`);
    this.#onExpired(expired);
  }
}

function isSame(one: ExpirableOperation, other: ExpirableOperation): boolean {
  const expires = one.operationExpires?.getTime() === other.operationExpires?.getTime();
  return one.id === other.id && one.data === other.data && expires;
}
