/**
 * Turns within one process: callers under one name run one after another, in the order in which they came. Storage
 * implementations put it in front of whatever keeps other processes out.
 */
import { StorageError } from "./port.ts";

export type Turns = <T>(name: string, run: () => Promise<T>) => Promise<T>;

/** `timeout` in milliseconds bounds the wait, not the run. A caller that gives up leaves the queue. */
export function createTurns(timeout: number): Turns {
  const waiting = new Map<string, (() => void)[]>();

  function enter(name: string): Promise<void> {
    const queue = waiting.get(name);
    if (queue === undefined) {
      waiting.set(name, []);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(start), 1);
        reject(new StorageError("STORAGE_LOCKED", `Waited ${timeout} ms for the lock "${name}" held in this process`));
      }, timeout);
      queue.push(start);
    });
  }

  function leave(name: string): void {
    const next = waiting.get(name)?.shift();
    if (next === undefined) waiting.delete(name);
    else next();
  }

  return async (name, run) => {
    await enter(name);
    try {
      return await run();
    } finally {
      leave(name);
    }
  };
}
