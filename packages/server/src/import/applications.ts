/** Applications with their master keys, their versions, and those of their settings that this server has a use for. */
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isName, masterKeyPlace } from "../applications/application.ts";
import { isKey, place, problemOf, rowId } from "../applications/configuration.ts";
import { secretPlace } from "../applications/version.ts";
import type { ApplicationTable, ApplicationVersionTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";
import type { Import } from "./import.ts";
import { openKeyPair } from "./keys.ts";
import { openText } from "./record-encryption.ts";

/** Devices in the field may be of the oldest version: whoever was served there is served here. */
const minVersion = "3.0";

export async function importApplications(context: Import): Promise<void> {
  const newest = await newestKeys(context);
  await context.table({
    table: "pa_application",
    key: "id",
    columns: { id: "number", name: "text", roles: "text" },
    prepare: (row) => application(context, newest, row.id, row.name, row.roles),
    async write(change, rows) {
      for (const { number, ...row } of rows) await writeApplication(context, change, number, row);
    },
  });
  await importVersions(context);
  await importSettings(context);
}

interface MasterKey {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly at: number;
}

/** An application may have had several; new activations have used the newest. */
async function newestKeys({ source }: Import): Promise<ReadonlyMap<number, MasterKey>> {
  const newest = new Map<number, MasterKey>();
  const columns = {
    id: "number",
    application_id: "number",
    master_key_private_base64: "text",
    master_key_public_base64: "text",
    timestamp_created: "instant",
  } as const;
  for await (const rows of source.pages("pa_master_keypair", "id", columns)) {
    for (const { application_id: of, master_key_private_base64: own, master_key_public_base64: open, ...row } of rows) {
      const at = row.timestamp_created ?? 0;
      if (of === null || own === null || open === null || at < (newest.get(of)?.at ?? -1)) continue;
      newest.set(of, { privateKey: own, publicKey: open, at });
    }
  }
  return newest;
}

function application(
  { deps, tally, applications }: Import,
  newest: ReadonlyMap<number, MasterKey>,
  number: number | null,
  name: string | null,
  roles: string | null,
): (Omit<ApplicationTable, "tenant"> & { readonly number: number }) | undefined {
  const table = "pa_application";
  const id = name ?? String(number);
  if (number === null || !isName(id)) return tally.refuse(table, String(number), "name");
  const stored = newest.get(number);
  if (stored === undefined) return tally.refuse(table, id, "no-master-key-pair");
  const pair = openKeyPair(deps.crypto, fromBase64(stored.privateKey), stored.publicKey);
  if (pair === undefined) return tally.refuse(table, id, "master-key-pair");
  applications.set(number, id);
  return {
    number,
    id,
    roles: JSON.stringify(textsIn(roles)),
    master_public_key: toBase64(pair.publicKey),
    master_private_sealed: deps.secrets.seal(masterKeyPlace(id), pair.privateKey),
    min_version: minVersion,
    created_at: stored.at,
  };
}

/** An application of this name with other keys is another one: nothing of it is taken. */
async function writeApplication(
  { deps, tally, applications }: Import,
  change: Change,
  number: number,
  row: Omit<ApplicationTable, "tenant">,
): Promise<void> {
  const counts = tally.counts("pa_application");
  const tenant = deps.config.tenant;
  const inserted = await change.db
    .insertInto("application")
    .values({ tenant, ...row })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (inserted !== undefined) {
    counts.imported += 1;
    return;
  }
  const { master_public_key: key } = await change.db
    .selectFrom("application")
    .select("master_public_key")
    .where("tenant", "=", tenant)
    .where("id", "=", row.id)
    .executeTakeFirstOrThrow();
  if (key === row.master_public_key) {
    counts.kept += 1;
    return;
  }
  applications.delete(number);
  tally.refuse("pa_application", row.id, "another-of-this-name");
}

async function importVersions(context: Import): Promise<void> {
  const { deps, tally, applications } = context;
  const table = "pa_application_version";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "number",
      application_id: "number",
      name: "text",
      application_key: "text",
      application_secret: "text",
      supported: "boolean",
    },
    prepare(row): Omit<ApplicationVersionTable, "tenant" | "created_at"> | undefined {
      const applicationId = applications.get(row.application_id ?? -1);
      if (applicationId === undefined) return tally.skip(table, "application-not-taken");
      const { application_key: key, application_secret: secret } = row;
      const id = row.name ?? String(row.id);
      const bytes = fromBase64(secret ?? "");
      if (!isName(id) || key === null || fromBase64(key)?.length !== 16 || bytes?.length !== 16) {
        return tally.refuse(table, `${applicationId}/${row.id}`, "key-or-secret");
      }
      return {
        application_id: applicationId,
        id,
        application_key: key,
        application_secret_sealed: deps.secrets.seal(secretPlace(key), bytes),
        supported: row.supported === true ? 1 : 0,
      };
    },
    async write(change, rows) {
      const tenant = deps.config.tenant;
      for (const row of rows) {
        const inserted = await change.db
          .insertInto("application_version")
          .values({ tenant, ...row, created_at: change.now })
          .onConflict((conflict) => conflict.doNothing())
          .returning("id")
          .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

async function importSettings(context: Import): Promise<void> {
  const { deps, tally, applications, keys } = context;
  const table = "pa_application_config";
  await context.table({
    table,
    key: "id",
    columns: {
      id: "number",
      application_id: "number",
      config_key: "text",
      config_values: "text",
      encryption_mode: "text",
    },
    prepare(row) {
      const applicationId = applications.get(row.application_id ?? -1);
      if (applicationId === undefined) return tally.skip(table, "application-not-taken");
      const key = row.config_key ?? "";
      if (!isKey(key)) return tally.skip(table, `key ${key}`);
      const name = `${applicationId}/${key}`;
      const opened = openText(keys, row.config_values ?? "[]", row.encryption_mode, [applicationId]);
      if ("problem" in opened) return tally.refuse(table, name, opened.problem);
      const values = parsed(opened.value);
      const problem = Array.isArray(values) ? problemOf(key, values) : "not a list";
      if (problem !== undefined) return tally.refuse(table, name, problem);
      const id = rowId(applicationId, key);
      const sealed = deps.secrets.seal(place(id), utf8(JSON.stringify(values)));
      return { id, application_id: applicationId, key, values_sealed: sealed };
    },
    async write(change, rows) {
      for (const row of rows) {
        const inserted = await change.db
          .insertInto("application_config")
          .values({ tenant: deps.config.tenant, ...row, updated_at: change.now })
          .onConflict((conflict) => conflict.doNothing())
          .returning("id")
          .executeTakeFirst();
        tally.counts(table)[inserted === undefined ? "kept" : "imported"] += 1;
      }
    },
  });
}

/** A JSON value, or undefined. */
export function parsed(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The texts of a JSON array; none for anything else. */
export function textsIn(text: string | null): string[] {
  const value = parsed(text);
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
