/** A lock within one process: first come, first served, and nobody waits for ever. */
import { StoreError } from "./errors.ts";

export interface FifoLock {
  /** Runs `work` alone. Throws STORE_BUSY when the turn does not come within `waitMs`. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when everything that asked before has finished. */
  idle(): Promise<void>;
}

export function createFifoLock(waitMs: number): FifoLock {
  const waiting: { start: () => void }[] = [];
  let held = false;

  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) held = false;
    else next.start();
  };

  const acquire = (): Promise<void> | undefined => {
    if (!held) {
      held = true;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const entry = { start: () => (clearTimeout(timer), resolve()) };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(new StoreError("STORE_BUSY", "The store is busy: another change did not finish in time."));
      }, waitMs);
      waiting.push(entry);
    });
  };

  return {
    async run(work) {
      const turn = acquire();
      if (turn !== undefined) await turn;
      try {
        return await work();
      } finally {
        release();
      }
    },
    async idle() {
      await this.run(async () => {});
    },
  };
}
