/** Registers a relying party. */
import { toBase64Url } from "@countersign/protocol/bytes";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { newUuid7 } from "../../ids.ts";
import type { Change } from "../../store/store.ts";
import { type ClientMetadata, secretMembers } from "./client.ts";
import { secretPlace } from "./find.ts";
import { keepSink } from "./sink.ts";
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
    ...(needsSecret(metadata) && { client_secret: newSecret(deps) }),
  } as ClientMetadata;
  const defect = await deps.oidc.defectOf(draft);
  if (defect !== undefined) return refuse("invalid-request", defect);
  return deps.store.transaction(async (change) => {
    const unknown = await unknownReference(deps, change, draft);
    if (unknown !== undefined) return refuse("invalid-request", `${unknown} - unknown`);
    if (!(await insertOidcClient(deps, change, draft, by))) return refuse("invalid-request", "client_name - taken");
    return draft;
  });
}

export function newSecret({ random }: Pick<Deps, "random">): string {
  return toBase64Url(random(32));
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
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("oidc_client")
    .values({ tenant, id, name, ...sealed(deps, metadata), sink_id: null, created_at: now, changed_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows !== 1n) return false;
  const sink = await keepSink(deps, { db, now }, metadata, null);
  if (sink !== null) {
    await db
      .updateTable("oidc_client")
      .set({ sink_id: sink })
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .execute();
  }
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

/** The member that names an application or a template that does not exist. */
export async function unknownReference(
  { store: { tenant } }: Pick<Deps, "store">,
  { db }: Pick<Change, "db">,
  { countersign: { applications, template, scopeTemplates = {} } }: Pick<ClientMetadata, "countersign">,
): Promise<string | undefined> {
  const found = await db
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", tenant)
    .where("id", "in", [...applications])
    .execute();
  if (found.length !== new Set(applications).size) return "countersign.applications";
  const named = new Set([...Object.values(scopeTemplates), ...(template === undefined ? [] : [template])]);
  if (named.size === 0) return undefined;
  const rows = await db
    .selectFrom("operation_template")
    .select("name")
    .where("tenant", "=", tenant)
    .where("name", "in", [...named])
    .execute();
  const known = new Set(rows.map(({ name }) => name));
  if (template !== undefined && !known.has(template)) return "countersign.template";
  return known.size === named.size ? undefined : "countersign.scopeTemplates";
}

const withoutSecret: readonly unknown[] = ["private_key_jwt", "none", "tls_client_auth", "self_signed_tls_client_auth"];

/** Whether the client proves who it is by a secret that we draw. */
export function needsSecret(metadata: Readonly<Record<string, unknown>>): boolean {
  return !withoutSecret.includes(metadata["token_endpoint_auth_method"]);
}
