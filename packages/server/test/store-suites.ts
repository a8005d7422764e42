/** Whole suites on both dialects: what `stores.ts` does for one test, for many that share one store. */
import { describe } from "node:test";
import type { OpenOptions } from "../src/store/open.ts";
import { postgres, type TestStore, withStore } from "./stores.ts";

const cluster = await postgres();

/**
 * Calls `define` once for each dialect, inside a suite of that name. Each `open` gives fresh data; its `close` releases
 * them. Without PostgreSQL its half is skipped, visibly.
 */
export function suiteOnEachStore(
  define: (dialect: "sqlite" | "postgres", open: (options?: Partial<OpenOptions>) => Promise<TestStore>) => void,
): void {
  for (const dialect of ["sqlite", "postgres"] as const) {
    const skip = dialect === "postgres" && cluster === undefined ? "PostgreSQL: not found" : false;
    describe(dialect, { skip }, () => define(dialect, (options) => open(dialect, options)));
  }
}

/** `withStore` holds a store while its work runs: here the work lasts until `close`. */
function open(dialect: "sqlite" | "postgres", options: Partial<OpenOptions> = {}): Promise<TestStore> {
  return new Promise((resolve, reject) => {
    const noSkip = { skip: () => reject(new Error("PostgreSQL is gone")) };
    const held = withStore(dialect, options, noSkip as never, (store) => {
      return new Promise((release) => {
        const close = () => (release(), held);
        resolve({ ...store, close });
      });
    });
    held.catch(reject);
  });
}
