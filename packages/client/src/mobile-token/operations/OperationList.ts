/**
 * The operations that wait for the person, as last loaded, and everything that keeps them up to date: loading, polling,
 * live updates. Applications see it as part of `Operations`.
 *
 * Each load and each decision raises `#revision`. A list that was asked for before a decision, and arrives after it, may
 * still show what is decided: it is dropped and asked for again.
 */
import type { CallOptions } from "../../engine/transport.ts";
import { openWithToken, readWithToken, type Connection, type MobileTokenCallOptions } from "../connection.ts";
import { requireInstance, type Owned } from "../instances.ts";
import { MobileTokenLogger } from "../logging/MobileTokenLogger.ts";
import { asMobileTokenError, MobileTokenError } from "../MobileTokenError.ts";
import { readDate } from "../model/dates.ts";
import { readOperations, type UserOperation } from "../model/operation.ts";
import { followOperations } from "./live.ts";

/** Members that are there are called. What they throw is logged and goes no further. */
export interface OperationsListener {
  /** After each load, even without a change, and after each decision and claim. */
  operationsChanged?(
    operations: readonly UserOperation[],
    removed: readonly UserOperation[],
    added: readonly UserOperation[],
  ): void;
  operationsFailed?(error: MobileTokenError): void;
  operationsLoading?(loading: boolean): void;
  /** Live updates only: a message came, or any number of them when there is no id. */
  inboxChanged?(messageId: string | undefined): void;
}

export type OperationsFetchResult =
  | { readonly operations: readonly UserOperation[]; readonly error?: undefined }
  | { readonly operations?: undefined; readonly error: MobileTokenError };

const path = "/api/auth/token/app/operation/list";
/** Lists dropped in one load before one is taken as it is. */
const mostRounds = 4;
const defaultInterval = 7_000;
const shortestInterval = 5_000;

export class OperationList {
  listener: OperationsListener | undefined;
  protected readonly connection: Connection;
  #operations: readonly UserOperation[] = [];
  #lastFetchResult: OperationsFetchResult | undefined;
  #serverTime: { readonly server: number; readonly device: number } | undefined;
  #revision = 0;
  /** Loads are numbered as they start; an older one does not replace what a newer one brought. */
  #started = 0;
  #taken = 0;
  #loading = 0;
  #shared: { readonly language: string; readonly list: Promise<UserOperation[]> } | undefined;
  #polling: Task | undefined;
  #live: Task | undefined;
  #pollsInstead = false;

  /** @internal */
  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * What waits for this person, newest first. An entry without id or data is left out; anything else odd is kept. Calls
   * at the same time share one request, unless they say how it is to be made. Repeated after failures that pass.
   */
  async getOperations(options?: MobileTokenCallOptions): Promise<UserOperation[]> {
    if (options?.timeout !== undefined || options?.requestProcessor !== undefined) return this.#load(options);
    const { acceptLanguage: language } = this.connection.settings;
    if (this.#shared?.language !== language) {
      const list = this.#load().finally(() => {
        if (this.#shared?.list === list) this.#shared = undefined;
      });
      this.#shared = { language, list };
    }
    return [...(await untilAborted(this.#shared.list, options?.signal))];
  }

  /** The same as `getOperations`. */
  pendingList(options?: MobileTokenCallOptions): Promise<UserOperation[]> {
    return this.getOperations(options);
  }

  /** What the last load came to, less what was decided since. Undefined before the first one. */
  get lastFetchResult(): OperationsFetchResult | undefined {
    return this.#lastFetchResult;
  }

  get isLoadingOperations(): boolean {
    return this.#loading > 0;
  }

  /** Now, by the clock of the server that sent the last list. Undefined before one that told the time. */
  get currentServerDate(): Date | undefined {
    const known = this.#serverTime;
    return known && new Date(known.server + this.#device().now() - known.device);
  }

  /**
   * Loads every so many milliseconds, at least 5000, and at once unless `delayStart`. While a load is under way none is
   * started. A second start changes nothing. Ends with `stopPolling`, and when the instance is deconfigured.
   */
  startPolling(interval: number = defaultInterval, delayStart = false): void {
    if (this.isPolling) {
      MobileTokenLogger.warn("Polling runs already");
      return;
    }
    if (!(interval >= shortestInterval)) {
      MobileTokenLogger.warn(`The interval of polling is raised to ${shortestInterval} ms`);
      interval = shortestInterval;
    }
    const { timers } = this.#device();
    let cancel: () => void = () => undefined;
    const next = () => (cancel = timers.after(interval, poll));
    const poll = () => {
      next();
      if (!this.isLoadingOperations) this.#refresh();
    };
    this.#polling = this.#task(() => cancel());
    if (delayStart) next();
    else poll();
  }

  stopPolling(): void {
    this.#polling?.end();
    this.#polling = undefined;
  }

  get isPolling(): boolean {
    return this.#polling?.isRunning === true;
  }

  /**
   * Loads at once, and again as soon as the server says that something changed. Where the platform cannot stream, or the
   * server has no news, polling takes its place. A second start changes nothing. Ends with `stopLive`, and when the
   * instance is deconfigured.
   */
  startLive(): void {
    if (this.isLive) return;
    const controller = new AbortController();
    const device = this.#device();
    this.#live = this.#task(() => controller.abort());
    const live = {
      device,
      open: (options: CallOptions) => openWithToken(this.connection, "/live", options),
      onOperations: () => this.#refresh(),
      onInbox: (id: string | undefined) => this.#tell((listener) => listener.inboxChanged?.(id)),
      onUnavailable: () => {
        MobileTokenLogger.info("There are no live updates: polling takes their place");
        this.#pollsInstead = !this.isPolling;
        if (this.#pollsInstead) this.startPolling();
      },
    };
    void followOperations(live, controller.signal);
  }

  /** Also stops the polling that took its place. */
  stopLive(): void {
    this.#live?.end();
    this.#live = undefined;
    if (this.#pollsInstead) this.stopPolling();
    this.#pollsInstead = false;
  }

  /** From `startLive` on, whichever way it goes. */
  get isLive(): boolean {
    return this.#live?.isRunning === true;
  }

  /** Whatever is on its way was asked for before this. */
  protected changed(): void {
    this.#revision++;
  }

  protected removeFromList(id: string): void {
    const removed = this.#operations.filter((operation) => operation.id === id);
    this.#replace(
      this.#operations.filter((operation) => operation.id !== id),
      removed,
      [],
    );
  }

  protected addToList(operation: UserOperation): void {
    const others = this.#operations.filter(({ id }) => id !== operation.id);
    this.#replace([operation, ...others], [], others.length === this.#operations.length ? [operation] : []);
  }

  /** In the background: failures are the listener's. What is under way is asked for again. */
  #refresh(): void {
    this.changed();
    this.getOperations().catch(() => undefined);
  }

  async #load(options?: MobileTokenCallOptions): Promise<UserOperation[]> {
    const number = ++this.#started;
    if (++this.#loading === 1) this.#tell((listener) => listener.operationsLoading?.(true));
    try {
      for (let round = 1; ; round++) {
        const revision = this.#revision;
        const operations = await this.#fetch(options);
        if (revision !== this.#revision && round < mostRounds) continue;
        if (number > this.#taken) this.#take(number, operations);
        if (revision !== this.#revision) this.#device().timers.after(0, () => this.#refresh());
        return operations;
      }
    } catch (error) {
      const failure = asMobileTokenError(error);
      if (number > this.#taken) this.#lastFetchResult = { error: failure };
      this.#tell((listener) => listener.operationsFailed?.(failure));
      throw failure;
    } finally {
      if (--this.#loading === 0) this.#tell((listener) => listener.operationsLoading?.(false));
    }
  }

  async #fetch(options?: MobileTokenCallOptions): Promise<UserOperation[]> {
    const { responseObject, currentTimestamp } = await readWithToken(this.connection, path, undefined, options);
    if (!Array.isArray(responseObject)) {
      throw new MobileTokenError("network_invalidResponseObject", "The server's answer has no list of operations");
    }
    const server = readDate(currentTimestamp);
    if (server !== undefined) this.#serverTime = { server: server.getTime(), device: this.#device().now() };
    const operations = readOperations(responseObject);
    const left = responseObject.length - operations.length;
    if (left > 0) MobileTokenLogger.warn(`${left} entries of the list have no id or no data`);
    return operations;
  }

  #take(number: number, operations: readonly UserOperation[]): void {
    this.#taken = number;
    const before = this.#operations;
    const lacks = (list: readonly UserOperation[]) => (one: UserOperation) => !list.some(({ id }) => id === one.id);
    this.#lastFetchResult = { operations };
    this.#replace(operations, before.filter(lacks(operations)), operations.filter(lacks(before)));
  }

  #replace(
    operations: readonly UserOperation[],
    removed: readonly UserOperation[],
    added: readonly UserOperation[],
  ): void {
    this.#operations = operations;
    if (this.#lastFetchResult?.operations !== undefined) this.#lastFetchResult = { operations };
    this.#tell((listener) => listener.operationsChanged?.(operations, removed, added));
  }

  #tell(call: (listener: OperationsListener) => void): void {
    try {
      if (this.listener !== undefined) call(this.listener);
    } catch {
      MobileTokenLogger.error("The listener of operations failed");
    }
  }

  #device() {
    try {
      return requireInstance(this.connection.powerAuth.instanceId).device;
    } catch (error) {
      throw asMobileTokenError(error);
    }
  }

  /** Something that ends by itself with the instance. */
  #task(stop: () => void): Task {
    const { owned } = requireInstance(this.connection.powerAuth.instanceId);
    const task: Task = {
      isRunning: true,
      end() {
        task.isRunning = false;
        owned.delete(task);
        stop();
      },
    };
    owned.add(task);
    return task;
  }
}

interface Task extends Owned {
  isRunning: boolean;
}

/** The caller gives up; what others wait for goes on. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const canceled = () => new MobileTokenError("canceled", "The call was cancelled");
  return new Promise((resolve, reject) => {
    const abort = () => reject(canceled());
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
