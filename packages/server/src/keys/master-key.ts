/** Where the master key comes from, and how a start finds out that it is the right one before anything is sealed. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { Kysely } from "kysely";
import { createSecrets, masterKeyCheck, type Place, type Secrets } from "./secrets.ts";
import { StoreError } from "../store/errors.ts";
import type { Schema } from "../store/schema.ts";

export const settingNames = {
  /** Check value of the key that seals. */
  check: "master-key-check",
  /** Check value of the key before, while a rotation is under way. */
  previousCheck: "master-key-previous-check",
  /** Key of the keyed hashes, sealed. */
  hashKey: "hash-key",
} as const;

export const hashKeyPlace: Place = { table: "setting", column: "value", row: settingNames.hashKey };

export interface MasterKeys {
  readonly masterKey: string;
  /** Keys before it, while a rotation is under way. */
  readonly previous: readonly string[];
}

/** The key beside embedded data, made when the data is. Throws MASTER_KEY_INVALID when it was lost. */
export function embeddedMasterKey(dataDirectory: string, random: RandomBytes, isNew: boolean): string {
  const file = join(dataDirectory, "master.key");
  if (!existsSync(file)) {
    if (!isNew) throw new StoreError("MASTER_KEY_INVALID", `${file} is missing; without it the data cannot be read.`);
    writeFileSync(file, `${Buffer.from(random(32)).toString("base64")}\n`, { mode: 0o600, flush: true, flag: "wx" });
  }
  return readFileSync(file, "utf8").trim();
}

/** Whether no start has left its check value yet. */
export async function isFirstStart(db: Kysely<Schema>, tenant: string): Promise<boolean> {
  return (await setting(db, tenant, settingNames.check)) === undefined;
}

/**
 * Compares the keys with the database and returns what seals and opens with them. Throws MASTER_KEY_MISMATCH when the
 * data was written under another key, or a rotation was left half way and the key before is not given.
 */
export async function secretsOf(
  db: Kysely<Schema>,
  tenant: string,
  keys: MasterKeys,
  random: RandomBytes,
): Promise<Secrets> {
  const check = masterKeyCheck(keys.masterKey);
  const previous = new Set(keys.previous.map(masterKeyCheck));
  const stored = await setting(db, tenant, settingNames.check);
  const before = await setting(db, tenant, settingNames.previousCheck);
  if (stored === undefined) await putSetting(db, tenant, settingNames.check, check);
  else if (stored !== check) {
    // A new key, given together with the stored one: from now on it seals, and the rotation has begun.
    if (!previous.has(stored) || before !== undefined) throw mismatch();
    await putSetting(db, tenant, settingNames.check, check);
    await putSetting(db, tenant, settingNames.previousCheck, stored);
  } else if (before !== undefined && !previous.has(before)) throw mismatch();

  const sealedKey = await setting(db, tenant, settingNames.hashKey);
  const plain = createSecrets(keys.masterKey, random, { previous: keys.previous });
  const hashKey = sealedKey === undefined ? random(32) : plain.open(hashKeyPlace, sealedKey);
  if (sealedKey === undefined) await putSetting(db, tenant, settingNames.hashKey, plain.seal(hashKeyPlace, hashKey));
  return createSecrets(keys.masterKey, random, { previous: keys.previous, hashKey });
}

function mismatch(): StoreError {
  return new StoreError("MASTER_KEY_MISMATCH", "The data was written under another master key.");
}

async function setting(db: Kysely<Schema>, tenant: string, name: string): Promise<string | undefined> {
  const found = await db
    .selectFrom("setting")
    .select("value")
    .where("tenant", "=", tenant)
    .where("name", "=", name)
    .executeTakeFirst();
  return found?.value;
}

async function putSetting(db: Kysely<Schema>, tenant: string, name: string, value: string): Promise<void> {
  await db
    .insertInto("setting")
    .values({ tenant, name, value })
    .onConflict((conflict) => conflict.columns(["tenant", "name"]).doUpdateSet({ value }))
    .execute();
}
