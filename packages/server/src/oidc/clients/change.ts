/** Changes a relying party, and gives it a new secret. Requests under way go on. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { Change } from "../../store/store.ts";
import type { ClientCheck } from "./check.ts";
import type { ClientMetadata } from "./client.ts";
import { needsSecret, newSecret, sealed, unknownReference } from "./create.ts";
import { type OidcClientRow, openMetadata } from "./find.ts";
import { keepSink } from "./sink.ts";

type ChangeDeps = Pick<Deps, "store" | "secrets" | "random">;

export interface OidcClientChange {
  readonly id: string;
  /** Takes the place of all there was, but for the id and the secret. */
  readonly metadata: Omit<ClientMetadata, "client_id">;
  /** API client that asks, for the audit. */
  readonly by?: string | undefined;
}

/**
 * The metadata as they stand now; with `client_secret` only where one was drawn, because the client had none before.
 * Refuses `not-found`, and `invalid-request` as at registration. Writes `oidc-client.changed`.
 */
export async function changeOidcClient(
  deps: ChangeDeps & { readonly oidc: ClientCheck },
  { id, metadata, by }: OidcClientChange,
): Promise<ClientMetadata | Refusal> {
  const shown = { ...metadata, client_id: id } as ClientMetadata;
  const drawn = needsSecret(metadata) ? newSecret(deps) : undefined;
  const defect = await deps.oidc.defectOf(withSecret(shown, drawn));
  if (defect !== undefined) return refuse("invalid-request", defect);
  return changed(deps, id, async (change, row) => {
    const unknown = await unknownReference(deps, change, shown);
    if (unknown !== undefined) return refuse("invalid-request", `${unknown} - unknown`);
    const known = openMetadata(deps, row)["client_secret"] as string | undefined;
    const secret = drawn === undefined ? undefined : (known ?? drawn);
    const isFree = await replaceOidcClient(deps, change, row, withSecret(shown, secret), by);
    if (!isFree) return refuse("invalid-request", "client_name - taken");
    return secret === known ? shown : withSecret(shown, secret);
  });
}

/**
 * A new secret in place of the old one, which ends at once. Refuses `not-found`, and `invalid-request` for a client that
 * proves who it is by something else. Writes `oidc-client.changed`.
 */
export async function rotateOidcSecret(
  deps: ChangeDeps,
  { id, by }: { readonly id: string; readonly by?: string | undefined },
): Promise<{ readonly client_id: string; readonly client_secret: string } | Refusal> {
  return changed(deps, id, async (change, row) => {
    const metadata = JSON.parse(row.metadata) as ClientMetadata;
    if (!needsSecret(metadata)) return refuse("invalid-request", "token_endpoint_auth_method - has no secret");
    const secret = newSecret(deps);
    await write(deps, change, withSecret(metadata, secret), row.sink_id);
    record(change, metadata, { by, rotated: true });
    return { client_id: id, client_secret: secret };
  });
}

async function changed<T>(
  { store }: Pick<Deps, "store">,
  id: string,
  apply: (change: Change, row: OidcClientRow) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return store.transaction(async (change) => {
    const row = await oidcClientToChange({ store }, change, id);
    return row === undefined ? refuse("not-found") : apply(change, row);
  });
}

/** Nobody else changes it while this transaction is open. */
export async function oidcClientToChange(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  id: string,
): Promise<OidcClientRow | undefined> {
  return db
    .selectFrom("oidc_client")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .$if(store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();
}

/** Part of a transaction: these metadata instead of all there was. False when the name is taken. */
export async function replaceOidcClient(
  deps: ChangeDeps,
  change: Change,
  row: OidcClientRow,
  metadata: ClientMetadata,
  by?: string,
): Promise<boolean> {
  if (await isTaken(change, row, metadata.client_name)) return false;
  await write(deps, change, metadata, await keepSink(deps, change, metadata, row.sink_id));
  record(change, metadata, { by });
  return true;
}

async function write(
  deps: ChangeDeps,
  { db, now }: Change,
  metadata: ClientMetadata,
  sinkId: string | null,
): Promise<void> {
  await db
    .updateTable("oidc_client")
    .set({ name: metadata.client_name, ...sealed(deps, metadata), sink_id: sinkId, changed_at: now })
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", metadata.client_id)
    .execute();
}

async function isTaken({ db }: Change, { tenant, id }: OidcClientRow, name: string): Promise<boolean> {
  const other = await db
    .selectFrom("oidc_client")
    .select("id")
    .where("tenant", "=", tenant)
    .where("name", "=", name)
    .where("id", "!=", id)
    .executeTakeFirst();
  return other !== undefined;
}

function record(
  change: Change,
  { client_id: id, client_name: name, countersign: settings }: ClientMetadata,
  { by, ...more }: { readonly by: string | undefined; readonly rotated?: true },
): void {
  change.record({
    type: "oidc-client.changed",
    subject: id,
    applications: [],
    data: { name, settings, clientId: by, ...more },
  });
}

function withSecret(metadata: ClientMetadata, secret: string | undefined): ClientMetadata {
  return secret === undefined ? metadata : { ...metadata, client_secret: secret };
}
