/**
 * Takes over the data of a PowerAuth server, so that its devices go on with this one and notice nothing.
 *
 * An import may be repeated, after a kill or on top of what has happened here since: what is there is never taken back.
 * Each page of the source is one transaction with one entry in the audit.
 */
import type { SecretKey } from "@countersign/protocol/crypto";
import type { Deps } from "../deps.ts";
import type { Change, Store } from "../store/store.ts";
import { importActivations } from "./activations.ts";
import { importApplications } from "./applications.ts";
import { importOperations } from "./operations.ts";
import type { RecordKeys } from "./record-encryption.ts";
import { importRegistrations } from "./registrations.ts";
import { createTally, type ImportReport, type Tally } from "./report.ts";
import type { Columns, Source, SourceRow } from "./source.ts";
import { importTemplates } from "./templates.ts";

export type ImportDeps = Pick<Deps, "secrets" | "crypto" | "random" | "config"> & {
  /** Undefined for a dry run: everything is read and checked, nothing is written. */
  readonly store: Store | undefined;
};

export interface ImportOptions {
  /** Key that the source encrypted its secrets with, 16 bytes. */
  readonly masterKey?: SecretKey | undefined;
  /** Whether imported callbacks are called from the first event on. */
  readonly enableCallbacks?: boolean | undefined;
  /** Told after each page. */
  readonly onProgress?: ((table: string, done: number) => void) | undefined;
}

/** What the parts of an import share. */
export interface Import {
  readonly deps: ImportDeps;
  readonly source: Source;
  readonly tally: Tally;
  readonly keys: RecordKeys;
  readonly enableCallbacks: boolean;
  /** The source's numbers of applications that were taken, and their names. */
  readonly applications: Map<number, string>;
  /** Application of each activation that was taken. */
  readonly activations: Map<string, { readonly applicationId: string; readonly userId: string }>;
  /**
   * Reads a table and writes it page by page. `prepare` looks at one row and says what is to be written, undefined for
   * nothing; `write` has all of a page in one transaction.
   */
  table<C extends Columns, T>(step: TableStep<C, T>): Promise<void>;
}

export interface TableStep<C extends Columns, T> {
  readonly table: string;
  readonly key: string & keyof C;
  readonly columns: C;
  readonly prepare: (row: SourceRow<C>) => T | undefined;
  readonly write: (change: Change, prepared: readonly T[]) => Promise<void>;
}

export async function importPowerAuth(
  deps: ImportDeps,
  source: Source,
  { masterKey, enableCallbacks = false, onProgress }: ImportOptions = {},
): Promise<ImportReport> {
  const tally = createTally();
  const context: Import = {
    deps,
    source,
    tally,
    keys: { crypto: deps.crypto, masterKey },
    enableCallbacks,
    applications: new Map(),
    activations: new Map(),
    async table({ table, key, columns, prepare, write }) {
      const counts = tally.counts(table);
      for await (const rows of source.pages(table, key, columns)) {
        counts.read += rows.length;
        const prepared = rows.map(prepare).filter((one) => one !== undefined);
        if (deps.store === undefined) counts.imported += prepared.length;
        else if (prepared.length > 0) await inOneChange(deps.store, table, counts, (change) => write(change, prepared));
        onProgress?.(table, counts.read);
      }
    },
  };
  await importApplications(context);
  await importActivations(context);
  await importTemplates(context);
  await importOperations(context);
  await importRegistrations(context);
  return tally.report({ dryRun: deps.store === undefined, locked: source.locked });
}

/** Counts only what was committed. */
async function inOneChange(
  store: Store,
  table: string,
  counts: { imported: number; updated: number; kept: number },
  write: (change: Change) => Promise<void>,
): Promise<void> {
  const { imported, updated, kept } = counts;
  await store.transaction(async (change) => {
    Object.assign(counts, { imported, updated, kept });
    await write(change);
    const done = {
      imported: counts.imported - imported,
      updated: counts.updated - updated,
      kept: counts.kept - kept,
    };
    change.record({ type: "data.imported", subject: table, applications: [], data: { from: "powerauth", ...done } });
  });
}
