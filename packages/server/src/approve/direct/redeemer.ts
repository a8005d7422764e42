/** Whether a client may be named in a direct request of a device: an API client, or an OpenID client, of its application. */
import { apiClientOf, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";

/** How the client redeems it; undefined for one that may not. */
export async function redeemerOf(
  { store }: Pick<Deps, "store">,
  id: string,
  applicationId: string,
): Promise<"api" | "oidc" | undefined> {
  const row = await store.read
    .selectFrom("api_client")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row !== undefined) {
    const client = apiClientOf(row);
    return client.permissions.has("relying-party") && mayUse(client, applicationId) ? "api" : undefined;
  }
  const party = await store.read
    .selectFrom("oidc_client")
    .select("metadata")
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  if (party === undefined) return undefined;
  const { countersign } = JSON.parse(party.metadata) as { readonly countersign: { readonly applications: string[] } };
  return countersign.applications.includes(applicationId) ? "oidc" : undefined;
}
