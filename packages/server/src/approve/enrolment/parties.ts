/** The relying parties that a device of an application pins: those that sign every request (APV-RP-1). */
import type { JsonObject } from "@countersign/protocol/json";
import type { PinnedParty } from "@countersign/protocol/approve/parties";
import type { Deps } from "../../deps.ts";

interface Registered {
  readonly client_id: string;
  readonly countersign: { readonly applications: readonly string[] };
  readonly backchannel_authentication_request_signing_alg?: string;
  readonly jwks?: { readonly keys: readonly JsonObject[] };
}

/** As many as a record holds. */
const most = 16;

/** Those whose keys were registered; keys at an address of theirs could be exchanged by whoever answers there. */
export async function partiesOf(
  { store }: Pick<Deps, "store">,
  applicationId: string,
): Promise<readonly PinnedParty[]> {
  const rows = await store.read
    .selectFrom("oidc_client")
    .select("metadata")
    .where("tenant", "=", store.tenant)
    .where("metadata", "like", "%backchannel_authentication_request_signing_alg%")
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows
    .map(({ metadata }) => JSON.parse(metadata) as Registered)
    .filter(({ countersign }) => countersign.applications.includes(applicationId))
    .flatMap(({ client_id: id, jwks, backchannel_authentication_request_signing_alg: alg }) =>
      alg === undefined || jwks === undefined ? [] : [{ id, keys: jwks.keys }],
    )
    .slice(0, most);
}
