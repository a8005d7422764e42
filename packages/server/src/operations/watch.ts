/**
 * Wakes whoever waits for an operation. Only a hint, which can be lost: waiters look at the row now and then as well.
 */
import type { Committed } from "../store/store.ts";

export interface OperationWatch {
  /** Tells that the operation may have changed. */
  changed(operationId: string): void;
  /** Takes what a commit announced. */
  committed(news: Committed): void;
  /** Resolves at the next change, after `ms`, when `signal` aborts, or when the watch is closed. */
  next(operationId: string, ms: number, signal: AbortSignal): Promise<void>;
  /** Wakes everybody; from now on `next` resolves at once. */
  close(): void;
  readonly closed: boolean;
}

export function operationWatch(): OperationWatch {
  const waiting = new Map<string, Set<() => void>>();
  let closed = false;
  const changed = (operationId: string) => {
    for (const wake of waiting.get(operationId) ?? []) wake();
  };
  return {
    changed,
    committed({ hints, missed }) {
      for (const { subject } of hints) changed(subject);
      if (missed) for (const operationId of waiting.keys()) changed(operationId);
    },
    next(operationId, ms, signal) {
      if (closed || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const others = waiting.get(operationId) ?? new Set();
        waiting.set(operationId, others);
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          others.delete(wake);
          if (others.size === 0 && waiting.get(operationId) === others) waiting.delete(operationId);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        signal.addEventListener("abort", wake);
        others.add(wake);
      });
    },
    close() {
      closed = true;
      for (const wakes of waiting.values()) for (const wake of wakes) wake();
    },
    get closed() {
      return closed;
    },
  };
}
