/** Settings of an application beyond its keys: who may vouch for a user, what may be spawned from an activation. */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import { Value } from "typebox/value";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type ConfigurationKey, configurationKeys, type ConfigurationValues } from "./configuration-keys.ts";

export interface ConfigurationInput {
  readonly applicationId: string;
  readonly key: string;
  readonly clientId?: string | undefined;
}

export interface ConfigurationItem {
  readonly key: string;
  readonly values: readonly unknown[];
}

/**
 * Replaces the values of a key. Refuses `invalid-request` for a key this server has no use for and for values that do not
 * fit it, `application-not-found`. The audit names the key and never a value.
 */
export async function setConfiguration(
  deps: Pick<Deps, "store" | "secrets">,
  input: ConfigurationInput & { readonly values: readonly unknown[] },
): Promise<ConfigurationItem | Refusal> {
  const { applicationId, key, values } = input;
  if (!isKey(key)) return refuse("invalid-request", "key - unknown");
  const problem = problemOf(key, values);
  if (problem !== undefined) return refuse("invalid-request", `values - ${problem}`);
  const id = rowId(applicationId, key);
  const sealed = deps.secrets.seal(place(id), utf8(JSON.stringify(values)));
  return deps.store.transaction(async (change) => {
    const application = await change.db
      .selectFrom("application")
      .select("id")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", applicationId)
      .executeTakeFirst();
    if (application === undefined) return refuse("application-not-found");
    const written = { values_sealed: sealed, updated_at: change.now };
    await change.db
      .insertInto("application_config")
      .values({ tenant: deps.store.tenant, id, application_id: applicationId, key, ...written })
      .onConflict((conflict) => conflict.columns(["tenant", "id"]).doUpdateSet(written))
      .execute();
    change.record(configured(input));
    return { key, values };
  });
}

/** Nothing happens where nothing is set. Refuses `invalid-request` and `application-not-found`. */
export async function removeConfiguration(
  deps: Pick<Deps, "store">,
  input: ConfigurationInput,
): Promise<undefined | Refusal> {
  const { applicationId, key } = input;
  if (!isKey(key)) return refuse("invalid-request", "key - unknown");
  if (!(await applicationExists(deps, applicationId))) return refuse("application-not-found");
  return deps.store.transaction(async (change) => {
    const removed = await change.db
      .deleteFrom("application_config")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", rowId(applicationId, key))
      .returning("id")
      .executeTakeFirst();
    if (removed !== undefined)
      change.record({ ...configured(input), data: { ...configured(input).data, removed: true } });
    return undefined;
  });
}

/** Everything set, secrets included, in order of key. Refuses `application-not-found`. */
export async function listConfiguration(
  deps: Pick<Deps, "store" | "secrets">,
  applicationId: string,
): Promise<readonly ConfigurationItem[] | Refusal> {
  if (!(await applicationExists(deps, applicationId))) return refuse("application-not-found");
  const rows = await deps.store.read
    .selectFrom("application_config")
    .select(["id", "key", "values_sealed"])
    .where("tenant", "=", deps.store.tenant)
    .where("application_id", "=", applicationId)
    .orderBy("key")
    .execute();
  return rows.map((row) => ({ key: row.key, values: opened(deps, row) }));
}

/** The values of one key; none where it is not set. */
export async function configurationOf<K extends ConfigurationKey>(
  deps: Pick<Deps, "store" | "secrets">,
  applicationId: string,
  key: K,
): Promise<readonly ConfigurationValues[K][]> {
  const row = await deps.store.read
    .selectFrom("application_config")
    .select(["id", "values_sealed"])
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", rowId(applicationId, key))
    .executeTakeFirst();
  return row === undefined ? [] : (opened(deps, row) as ConfigurationValues[K][]);
}

/** What is wrong with values for a key; names the member and the rule, never the value. */
export function problemOf(key: ConfigurationKey, values: readonly unknown[]): string | undefined {
  const { schema, rule } = configurationKeys[key];
  if (values.length === 0 || values.length > 100) return "1 to 100";
  for (const value of values) {
    if (Value.Check(schema, value)) continue;
    const [error] = Value.Errors(schema, value);
    return `${error?.instancePath.split("/").filter(Boolean).join(".") || "item"} - ${error?.keyword ?? "not valid"}`;
  }
  return rule(values as never);
}

export function isKey(key: string): key is ConfigurationKey {
  return Object.hasOwn(configurationKeys, key);
}

/** Id of a row: no key has a space. */
export function rowId(applicationId: string, key: ConfigurationKey): string {
  return `${key} ${applicationId}`;
}

/** Where the ciphertext of a row's values is bound to. */
export function place(id: string): { table: string; column: string; row: string } {
  return { table: "application_config", column: "values_sealed", row: id };
}

function opened(deps: Pick<Deps, "secrets">, row: { readonly id: string; readonly values_sealed: string }): unknown[] {
  return JSON.parse(fromUtf8(deps.secrets.open(place(row.id), row.values_sealed)) ?? "[]") as unknown[];
}

function configured({ applicationId, key, clientId }: ConfigurationInput) {
  const data = { key, clientId };
  return { type: "application.configured", subject: applicationId, applications: [applicationId], data } as const;
}

async function applicationExists(deps: Pick<Deps, "store">, applicationId: string): Promise<boolean> {
  const row = await deps.store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", applicationId)
    .executeTakeFirst();
  return row !== undefined;
}
