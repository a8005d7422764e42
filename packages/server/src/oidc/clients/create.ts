/** Registers a relying party. */
import { toBase64Url } from "@countersign/protocol/bytes";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { newUuid7 } from "../../ids.ts";
import type { Change } from "../../store/store.ts";
import { type ClientMetadata, deliveryOf, secretMembers } from "./client.ts";
import { secretPlace } from "./find.ts";
import type { ClientCheck } from "./check.ts";

export interface NewOidcClient {
  /** OpenID client metadata without `client_id` and `client_secret`. */
  readonly metadata: Omit<ClientMetadata, "client_id">;
  /** API client that asks, for the audit. */
  readonly by?: string | undefined;
}

/**
 * The metadata with what was drawn: `client_id` and, where the client authenticates with one, `client_secret`, which is
 * shown once. Refuses `invalid-request`: metadata that do not fit together, a name that is taken, or an application that
 * does not exist. Writes `oidc-client.created`.
 */
export async function createOidcClient(
  deps: Pick<Deps, "store" | "secrets" | "random"> & { readonly oidc: ClientCheck },
  { metadata, by }: NewOidcClient,
): Promise<ClientMetadata | Refusal> {
  const draft = {
    ...metadata,
    client_id: newUuid7(deps.random, await deps.store.now()),
    ...(needsSecret(metadata) && { client_secret: toBase64Url(deps.random(32)) }),
  } as ClientMetadata;
  const defect = await deps.oidc.defectOf(draft);
  if (defect !== undefined) return refuse("invalid-request", defect);
  return deps.store.transaction(async (change) => {
    const missing = await missingApplication(deps, change, draft);
    if (missing) return refuse("invalid-request", "countersign.applications - unknown");
    if (!(await insertOidcClient(deps, change, draft, by))) return refuse("invalid-request", "client_name - taken");
    return draft;
  });
}

/** Part of a transaction. False when the name is taken. */
export async function insertOidcClient(
  deps: Pick<Deps, "store" | "secrets" | "random">,
  { db, now, record }: Change,
  metadata: ClientMetadata,
  by?: string,
): Promise<boolean> {
  const { tenant } = deps.store;
  const { client_id: id, client_name: name, countersign: settings } = metadata;
  const sinkId = await insertSink(deps, { db, now }, metadata);
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("oidc_client")
    .values({ tenant, id, name, ...sealed(deps, metadata), sink_id: sinkId, created_at: now, changed_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows !== 1n) return false;
  record({ type: "oidc-client.created", subject: id, applications: [], data: { name, settings, clientId: by } });
  return true;
}

/** Columns of the metadata: what is secret apart from the rest. */
export function sealed({ secrets }: Pick<Deps, "secrets">, metadata: ClientMetadata) {
  const entries = Object.entries(metadata);
  const isSecret = ([member]: readonly [string, unknown]) => (secretMembers as readonly string[]).includes(member);
  const hidden = entries.filter(isSecret);
  return {
    metadata: JSON.stringify(Object.fromEntries(entries.filter((entry) => !isSecret(entry)))),
    secret_sealed:
      hidden.length === 0
        ? null
        : secrets.seal(secretPlace(metadata.client_id), Buffer.from(JSON.stringify(Object.fromEntries(hidden)))),
  };
}

/** Whoever is told of results has a row that the outbox serves. */
async function insertSink(
  deps: Pick<Deps, "store" | "random">,
  { db, now }: Pick<Change, "db" | "now">,
  metadata: ClientMetadata,
): Promise<string | null> {
  const { backchannel_client_notification_endpoint: url } = metadata;
  const [application] = metadata.countersign.applications;
  if (deliveryOf(metadata) === "poll" || typeof url !== "string" || application === undefined) return null;
  const id = newUuid7(deps.random, now);
  await db
    .insertInto("sink")
    .values({
      tenant: deps.store.tenant,
      id,
      application_id: application,
      name: `oidc:${metadata.client_id}`,
      url,
      type: "BACKCHANNEL",
      attributes: "[]",
      enabled: 1,
      created_at: now,
      authentication_sealed: null,
      signing_secret_sealed: null,
      max_attempts: null,
      initial_backoff_ms: null,
      retention_seconds: null,
    })
    .execute();
  return id;
}

async function missingApplication(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  { countersign: { applications } }: ClientMetadata,
): Promise<boolean> {
  const found = await db
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("id", "in", [...applications])
    .execute();
  return found.length !== new Set(applications).size;
}

function needsSecret(metadata: Readonly<Record<string, unknown>>): boolean {
  const { token_endpoint_auth_method: method = "client_secret_basic" } = metadata;
  return typeof method === "string" && method.startsWith("client_secret");
}
