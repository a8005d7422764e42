/** Opens a store with everything that belongs to the same data: tables, master key, signing keys. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { createSecrets, type Secrets } from "../secrets.ts";
import { ensureSigningKeys, loadSigningKeys, type SigningKeys } from "../signing-keys.ts";
import { StoreError } from "./errors.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import type { Change, Store } from "./store.ts";

export type StoreLocation =
  | { readonly kind: "sqlite"; readonly dataDirectory: string }
  | { readonly kind: "postgres"; readonly url: string; readonly dataDirectory: string };

export interface OpenOptions {
  readonly tenant: string;
  readonly random: RandomBytes;
  /** 32 bytes, Base64. Required with PostgreSQL; made beside the data otherwise. */
  readonly masterKey?: string;
  /** Overrides the database's time; for tests. */
  readonly now?: () => number;
}

export interface OpenedStore {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly signingKeys: SigningKeys;
  close(): Promise<void>;
}

/** Throws StoreError: STORE_IN_USE, STORE_UNAVAILABLE, MASTER_KEY_INVALID, MASTER_KEY_MISMATCH, SCHEMA_NEWER. */
export async function openStore(location: StoreLocation, options: OpenOptions): Promise<OpenedStore> {
  const { tenant, random, now } = options;
  let secrets: Secrets | undefined;
  if (location.kind === "postgres" && options.masterKey === undefined) {
    throw new StoreError("MASTER_KEY_INVALID", "With PostgreSQL the master key has to be given: file or environment.");
  }
  const prepare = async (change: Change) => {
    secrets = createSecrets(options.masterKey ?? ownMasterKey(location.dataDirectory, random), random);
    await checkMasterKey(change, tenant, secrets);
    await ensureSigningKeys(change, tenant, secrets);
  };
  const store =
    location.kind === "postgres"
      ? await openPostgres({ url: location.url, tenant, random, now, prepare })
      : await openSqlite({ dataDirectory: location.dataDirectory, tenant, random, now: now ?? Date.now, prepare });
  if (secrets === undefined) throw new Error("The store opened without its preparation");
  const signingKeys = await loadSigningKeys(store, secrets);
  return { store, secrets, signingKeys, close: () => store.close() };
}

function ownMasterKey(dataDirectory: string, random: RandomBytes): string {
  const file = join(dataDirectory, "master.key");
  if (!existsSync(file)) {
    writeFileSync(file, `${Buffer.from(random(32)).toString("base64")}\n`, { mode: 0o600, flush: true, flag: "wx" });
  }
  return readFileSync(file, "utf8").trim();
}

/** A value that only the right master key makes: found before anything is sealed or opened with a wrong one. */
async function checkMasterKey(change: Change, tenant: string, secrets: Secrets): Promise<void> {
  const expected = createHash("sha256").update(secrets.hash("master-key-check", tenant)).digest("base64url");
  await change.db
    .insertInto("setting")
    .values({ tenant, name: "master-key-check", value: expected })
    .onConflict((conflict) => conflict.columns(["tenant", "name"]).doNothing())
    .execute();
  const { value } = await change.db
    .selectFrom("setting")
    .select("value")
    .where("tenant", "=", tenant)
    .where("name", "=", "master-key-check")
    .executeTakeFirstOrThrow();
  if (value !== expected) throw new StoreError("MASTER_KEY_MISMATCH", "The data was written under another master key.");
}
