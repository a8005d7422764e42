/** Runs one test on both dialects, each on fresh data of its own. Without PostgreSQL its half is skipped, visibly. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { type Postgres, startPostgres, type TestDatabase } from "../../../tools/postgres.ts";
import { type OpenedStore, openStore, type OpenOptions, type StoreLocation } from "../src/store/open.ts";
import type { Store } from "../src/store/store.ts";

export interface TestStore extends OpenedStore {
  readonly dialect: Store["dialect"];
  readonly location: StoreLocation;
  readonly masterKey: string;
  readonly dataDirectory: string;
  /** Opens the same data once more: another node on PostgreSQL, a second process in effect on SQLite. */
  reopen(options?: Partial<OpenOptions>): Promise<OpenedStore>;
}

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

let cluster: Promise<Postgres | undefined> | undefined;

// Here, and not where it is started: a hook that a test registers ends with that test.
after(async () => (await cluster)?.remove());

/** One cluster for the file, or the one the runner names. Gone when the file's tests are. */
export function postgres(): Promise<Postgres | undefined> {
  return (cluster ??= startPostgres());
}

/** Registers two tests, `title (sqlite)` and `title (postgres)`. What they open is closed after them. */
export function forEachStore(
  title: string,
  work: (store: TestStore, t: TestContext) => Promise<void>,
  options: Partial<OpenOptions> = {},
): void {
  test(`${title} (sqlite)`, (t) => withStore("sqlite", options, t, work));
  test(`${title} (postgres)`, (t) => withStore("postgres", options, t, work));
}

/** For a test on one dialect. */
export async function withStore(
  dialect: Store["dialect"],
  options: Partial<OpenOptions>,
  t: TestContext,
  work: (store: TestStore, t: TestContext) => Promise<void>,
): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "countersign-store-"));
  let database: TestDatabase | undefined;
  const opened: OpenedStore[] = [];
  try {
    let location: StoreLocation = { kind: "sqlite", dataDirectory };
    if (dialect === "postgres") {
      database = await (await postgres())?.createDatabase();
      if (database === undefined) return t.skip("PostgreSQL: not found");
      location = { kind: "postgres", url: database.url, dataDirectory };
    }
    const masterKey = options.masterKey ?? randomBytes(32).toString("base64");
    const open = async (more: Partial<OpenOptions> = {}) => {
      const one = await openStore(location, { tenant: "default", random, masterKey, ...options, ...more });
      opened.push(one);
      return one;
    };
    const first = await open();
    await work({ ...first, dialect, location, masterKey, dataDirectory, reopen: open }, t);
  } finally {
    for (const one of opened) await one.close();
    await database?.drop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
