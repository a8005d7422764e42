/** Opens a store with everything that belongs to the same data: tables, master key, signing keys. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { Kysely, PostgresDialect } from "kysely";
import { embeddedMasterKey, isFirstStart, secretsOf } from "../keys/master-key.ts";
import type { Secrets } from "../keys/secrets.ts";
import { ensureSigningKeys, loadSigningKeys, type SigningKeys } from "../keys/signing-keys.ts";
import { StoreError } from "./errors.ts";
import { createPool } from "./postgres/connect.ts";
import { openPostgres } from "./postgres/postgres.ts";
import type { Schema } from "./schema.ts";
import { readerDialect } from "./sqlite/dialect.ts";
import { dataFile, openSqlite } from "./sqlite/sqlite.ts";
import type { Change, Store } from "./store.ts";

export type StoreLocation =
  | { readonly kind: "sqlite"; readonly dataDirectory: string }
  | { readonly kind: "postgres"; readonly url: string; readonly dataDirectory: string };

export interface OpenOptions {
  readonly tenant: string;
  readonly random: RandomBytes;
  /** 32 bytes, Base64. Required with PostgreSQL; made beside the data otherwise. */
  readonly masterKey?: string;
  /** Master keys before it, until `rotateMasterKey` has finished. */
  readonly previousMasterKeys?: readonly string[];
  /** Overrides the clock (SQLite) or the database's time (PostgreSQL); for tests. */
  readonly now?: () => number;
  /** How long an ordinary change waits for its turn, ms. */
  readonly waitMs?: number;
  /** Told what an operator should know of the database's settings. */
  readonly warn?: (message: string) => void;
}

export interface OpenedStore {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly signingKeys: SigningKeys;
  close(): Promise<void>;
}

/**
 * Throws StoreError: STORE_IN_USE, STORE_UNAVAILABLE, NOT_DURABLE, MASTER_KEY_INVALID, MASTER_KEY_MISMATCH, SCHEMA_NEWER.
 * Several nodes may start on one PostgreSQL at the same time: the first makes what is missing, the others wait.
 */
export async function openStore(location: StoreLocation, options: OpenOptions): Promise<OpenedStore> {
  const { tenant, random } = options;
  if (location.kind === "postgres" && options.masterKey === undefined) {
    throw new StoreError("MASTER_KEY_INVALID", "With PostgreSQL the master key has to be given: file or environment.");
  }
  let secrets: Secrets | undefined;
  const prepare = async ({ db, now }: Change) => {
    const isNew = await isFirstStart(db, tenant);
    const masterKey = options.masterKey ?? embeddedMasterKey(location.dataDirectory, random, isNew);
    secrets = await secretsOf(db, tenant, { masterKey, previous: options.previousMasterKeys ?? [] }, random);
    await ensureSigningKeys(db, tenant, now, secrets);
  };
  const store =
    location.kind === "postgres"
      ? await openPostgres({ ...options, url: location.url, prepare })
      : await openSqlite({ ...options, now: options.now ?? Date.now, dataDirectory: location.dataDirectory, prepare });
  try {
    if (secrets === undefined) throw new Error("The store opened without its preparation");
    const signingKeys = await loadSigningKeys(store, secrets);
    return { store, secrets, signingKeys, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

export interface ReadOnlyStore {
  readonly db: Kysely<Schema>;
  readonly dialect: Store["dialect"];
  close(): Promise<void>;
}

/** For checks that need no server and must change nothing. Does not mind a server that uses the same data. */
export async function openReadOnly(location: StoreLocation): Promise<ReadOnlyStore> {
  if (location.kind === "postgres") {
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: createPool(location.url, () => {}) }) });
    return { db, dialect: "postgres", close: () => db.destroy() };
  }
  const file = join(location.dataDirectory, dataFile);
  if (!existsSync(file)) throw new StoreError("STORE_UNAVAILABLE", `${file} does not exist.`);
  const db = new Kysely<Schema>({ dialect: readerDialect(file) });
  return { db, dialect: "sqlite", close: () => db.destroy() };
}
