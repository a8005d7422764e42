/** Tests of a move: a PowerAuth server's database, an import from it, and a server on what was imported. */
import { postgres, forEachStore, type TestStore } from "./stores.ts";
import type { TestContext } from "node:test";
import { importData, type ImportDataOptions, type ImportReport } from "../src/import-data.ts";
import { type Bank, type Credentials, startBank } from "./bank.ts";
import { createPowerAuthDatabase, type PowerAuthDatabase, type SourceApplication } from "./powerauth-database.ts";

export interface Move {
  readonly source: PowerAuthDatabase;
  readonly app: SourceApplication;
  /** Imports into the data of the test, which nothing has open. */
  run(more?: Partial<ImportDataOptions>): Promise<ImportReport>;
  /** A server on these data; `stop` it before the next import. */
  start(): Promise<{ readonly bank: Bank; stop(): Promise<void> }>;
  readonly store: TestStore;
}

/** Registers a test on both stores. */
export function moving(title: string, work: (move: Move, t: TestContext) => Promise<void>): void {
  forEachStore(title, async (store, t) => {
    if ((await postgres()) === undefined) return t.skip("PostgreSQL: not found");
    await store.close();
    const source = await createPowerAuthDatabase();
    const running = new Set<Bank>();
    let admin: Credentials | undefined;
    try {
      const app = await source.application("retail");
      const run = (more: Partial<ImportDataOptions> = {}) =>
        importData(store.location, {
          from: source.url,
          zone: "UTC",
          sourceMasterKey: source.masterKey,
          tenant: "default",
          dryRun: false,
          enableCallbacks: false,
          environment: { COUNTERSIGN_MASTER_KEY: store.masterKey },
          ...more,
        });
      const start = async () => {
        const bank = await startBank({ opened: await store.reopen(), ...(admin && { admin }) });
        admin = bank.admin;
        running.add(bank);
        return { bank, stop: async () => void (running.delete(bank) && (await bank.close())) };
      };
      await work({ source, app, run, start, store }, t);
    } finally {
      for (const bank of running) await bank.close();
      await source.close();
    }
  });
}

/** Read, imported, updated, kept, skipped, refused. */
export const counts = (report: ImportReport, table: string) => {
  const { read, imported, updated, kept, skipped, refused: wrong } = report.tables[table]!;
  return [read, imported, updated, kept, skipped, wrong];
};
