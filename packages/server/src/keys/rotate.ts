/** Rotation of the master key: everything sealed is opened with the key that sealed it and sealed with the new one. */
import { type Kysely, sql } from "kysely";
import { hashKeyPlace, settingNames } from "./master-key.ts";
import type { Place, Secrets } from "./secrets.ts";
import type { Schema } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

/** Empty text stands where there is nothing to seal, as null does. */
interface SealedColumn {
  readonly table: keyof Schema;
  readonly column: string;
  /** Column whose value is the `row` the secret is bound to; together with the tenant it finds the row. */
  readonly row: string;
}

/** Every `_sealed` column there is; a test holds this list against the tables. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: "signing_key", column: "private_sealed", row: "kid" },
  { table: "application", column: "master_private_sealed", row: "id" },
  { table: "application_version", column: "application_secret_sealed", row: "application_key" },
  { table: "activation", column: "server_private_sealed", row: "id" },
  { table: "activation", column: "keys_sealed", row: "id" },
  { table: "temporary_key", column: "private_sealed", row: "id" },
  { table: "token", column: "secret_sealed", row: "id" },
  { table: "operation", column: "proximity_seed_sealed", row: "id" },
  { table: "application_config", column: "values_sealed", row: "id" },
  { table: "sink", column: "authentication_sealed", row: "id" },
  { table: "sink", column: "signing_secret_sealed", row: "id" },
  { table: "push_gateway", column: "settings_sealed", row: "id" },
  { table: "push_device", column: "token_sealed", row: "activation_id" },
];

const pageSize = 200;

/**
 * Seals everything again with the current key of `secrets`, which must also hold the previous ones. Safe to stop and
 * start again: what is done is passed over. Once it returns, the previous keys are needed no more. Returns how many
 * secrets were sealed again.
 */
export async function rotateMasterKey(store: Store, secrets: Secrets): Promise<number> {
  let count = 0;
  for (const place of sealedColumns) count += await resealColumn(store, secrets, place);
  await store.transaction(async ({ db, record }) => {
    count += await resealHashKey(db, store.tenant, secrets);
    await db
      .deleteFrom("setting")
      .where("tenant", "=", store.tenant)
      .where("name", "=", settingNames.previousCheck)
      .execute();
    record({ type: "key.rotated", subject: secrets.keyId, applications: [], data: { use: "master", resealed: count } });
  });
  return count;
}

async function resealColumn(store: Store, secrets: Secrets, { table, column, row }: SealedColumn): Promise<number> {
  let count = 0;
  for (let from = ""; ;) {
    const page = await store.transaction(async ({ db }) => {
      const { rows } = await sql<{ row: string; sealed: string }>`
        select ${sql.ref(row)} as "row", ${sql.ref(column)} as sealed from ${sql.table(table)}
        where tenant = ${store.tenant} and ${sql.ref(row)} > ${from} and ${sql.ref(column)} <> ''
        order by ${sql.ref(row)} limit ${sql.lit(pageSize)}`.execute(db);
      for (const found of rows) {
        if (secrets.keyIdOf(found.sealed) === secrets.keyId) continue;
        const place: Place = { table, column, row: found.row };
        const sealed = secrets.seal(place, secrets.open(place, found.sealed));
        // Only what was read is replaced: the row may have been given a new secret meanwhile.
        await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${sealed} where tenant = ${store.tenant}
          and ${sql.ref(row)} = ${found.row} and ${sql.ref(column)} = ${found.sealed}`.execute(db);
        count += 1;
      }
      return rows;
    });
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return count;
    from = last.row;
  }
}

async function resealHashKey(db: Kysely<Schema>, tenant: string, secrets: Secrets): Promise<number> {
  const found = await db
    .selectFrom("setting")
    .select("value")
    .where("tenant", "=", tenant)
    .where("name", "=", settingNames.hashKey)
    .executeTakeFirstOrThrow();
  if (secrets.keyIdOf(found.value) === secrets.keyId) return 0;
  const value = secrets.seal(hashKeyPlace, secrets.open(hashKeyPlace, found.value));
  await db
    .updateTable("setting")
    .set({ value })
    .where("tenant", "=", tenant)
    .where("name", "=", settingNames.hashKey)
    .execute();
  return 1;
}
