/** What an import did, table by table, and what it would not take. */

export interface ImportCounts {
  /** Rows of the source. */
  read: number;
  /** Rows that were not there; in a dry run, those that would be taken. */
  imported: number;
  /** Rows that were there, and moved on. */
  updated: number;
  /** Rows that were there, at least as far on as in the source. */
  kept: number;
  /** Rows that have no place here; see `skipped`. */
  skipped: number;
  /** Rows that are not right; see `refused`. */
  refused: number;
}

export interface NamedRow {
  readonly table: string;
  /** Id or name of the row; never a key, a token or a person. */
  readonly id: string;
  readonly reason: string;
}

export interface ImportReport {
  readonly dryRun: boolean;
  /** Whether the source was locked against changes while it was read. */
  readonly locked: boolean;
  readonly tables: Readonly<Record<string, Readonly<ImportCounts>>>;
  /** Rows that were not taken because something is wrong with them, one by one. */
  readonly refused: readonly NamedRow[];
  /** Rows without a place here: reason → how many. */
  readonly skipped: Readonly<Record<string, number>>;
}

export interface Tally {
  /** Of one table. */
  counts(table: string): ImportCounts;
  /** Both return what stands for no row. */
  refuse(table: string, id: string, reason: string): undefined;
  skip(table: string, reason: string): undefined;
  report(of: { readonly dryRun: boolean; readonly locked: boolean }): ImportReport;
}

export function createTally(): Tally {
  const tables: Record<string, ImportCounts> = {};
  const refused: NamedRow[] = [];
  const skipped: Record<string, number> = {};
  const counts = (table: string) =>
    (tables[table] ??= { read: 0, imported: 0, updated: 0, kept: 0, skipped: 0, refused: 0 });
  return {
    counts,
    refuse(table, id, reason) {
      counts(table).refused += 1;
      refused.push({ table, id, reason });
    },
    skip(table, reason) {
      counts(table).skipped += 1;
      const named = `${table}: ${reason}`;
      skipped[named] = (skipped[named] ?? 0) + 1;
    },
    report: (of) => ({ ...of, tables, refused, skipped }),
  };
}
