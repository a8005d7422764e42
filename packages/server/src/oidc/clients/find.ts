/** One relying party with its secrets, as the provider asks for it. */
import type { Selectable } from "kysely";
import type { Deps } from "../../deps.ts";
import { builtOnce } from "../../lists/built-once.ts";
import type { OidcClientTable } from "../../store/schema.ts";
import type { ClientMetadata } from "./client.ts";

export type OidcClientRow = Selectable<OidcClientTable>;

const clientQuery = builtOnce<{ readonly tenant: string; readonly id: string }, OidcClientRow>((db, mark) =>
  db.selectFrom("oidc_client").selectAll().where("tenant", "=", mark("tenant")).where("id", "=", mark("id")),
);

export async function findOidcClient({ store }: Pick<Deps, "store">, id: string): Promise<OidcClientRow | undefined> {
  const [row] = await clientQuery(store, { tenant: store.tenant, id });
  return row;
}

export function openMetadata({ secrets }: Pick<Deps, "secrets">, row: OidcClientRow): ClientMetadata {
  const open = JSON.parse(row.metadata) as ClientMetadata;
  if (row.secret_sealed === null) return open;
  const hidden = new TextDecoder().decode(secrets.open(secretPlace(row.id), row.secret_sealed));
  return { ...open, ...(JSON.parse(hidden) as object) };
}

export function secretPlace(clientId: string) {
  return { table: "oidc_client", column: "secret_sealed", row: clientId };
}
