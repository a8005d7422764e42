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
  /**
   * Columns that find the row together with the tenant. The secret is bound to the value of a single one, and to the JSON
   * array of several.
   */
  readonly row: string | readonly string[];
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
  { table: "issued_transaction", column: "message_sealed", row: ["operation_id", "activation_id"] },
  { table: "otp_secret", column: "secret_sealed", row: ["activation_id", "label"] },
  { table: "oidc_client", column: "secret_sealed", row: "id" },
  { table: "oidc_record", column: "payload_sealed", row: ["model", "id"] },
  { table: "user_code", column: "code_sealed", row: "user_id" },
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
  const names = typeof row === "string" ? [row] : row;
  const key = sql.join(names.map((name) => sql.ref(name)));
  const selected = sql.join(names.map((name, at) => sql`${sql.ref(name)} as ${sql.ref(`key${at}`)}`));
  let count = 0;
  for (let from: readonly string[] = names.map(() => ""); ;) {
    const page = await store.transaction(async ({ db }) => {
      const { rows } = await sql<Record<string, string> & { sealed: string }>`
        select ${selected}, ${sql.ref(column)} as sealed from ${sql.table(table)}
        where tenant = ${store.tenant} and (${key}) > (${sql.join([...from])}) and ${sql.ref(column)} <> ''
        order by ${key} limit ${sql.lit(pageSize)}`.execute(db);
      const found = rows.map((one) => ({
        key: names.map((_name, at) => one[`key${at}`] as string),
        sealed: one.sealed,
      }));
      for (const { key: values, sealed: before } of found) {
        if (secrets.keyIdOf(before) === secrets.keyId) continue;
        const place: Place = { table, column, row: typeof row === "string" ? values.join() : JSON.stringify(values) };
        const sealed = secrets.seal(place, secrets.open(place, before));
        // Only what was read is replaced: the row may have been given a new secret meanwhile.
        await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${sealed} where tenant = ${store.tenant}
          and (${key}) = (${sql.join(values)}) and ${sql.ref(column)} = ${before}`.execute(db);
        count += 1;
      }
      return found;
    });
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return count;
    from = last.key;
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
