/** Relying parties as an operator sees them: without secrets. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { ClientMetadata } from "./client.ts";
import { findOidcClient } from "./find.ts";

/** In order of their names. */
export async function listOidcClients({ store }: Pick<Deps, "store">): Promise<readonly ClientMetadata[]> {
  const rows = await store.read
    .selectFrom("oidc_client")
    .select("metadata")
    .where("tenant", "=", store.tenant)
    .orderBy("name")
    .execute();
  return rows.map(({ metadata }) => JSON.parse(metadata) as ClientMetadata);
}

/** Refuses `not-found`. */
export async function oidcClientDetail(deps: Pick<Deps, "store">, id: string): Promise<ClientMetadata | Refusal> {
  const row = await findOidcClient(deps, id);
  return row === undefined ? refuse("not-found") : (JSON.parse(row.metadata) as ClientMetadata);
}
