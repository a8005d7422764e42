/** Clients as the provider asks for them. They are changed by our own verbs only. */
import type { Adapter } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { AuthorizationTypes } from "../types.ts";
import { type ClientMetadata, registered } from "./client.ts";
import { findOidcClient, openMetadata, type OidcClientRow } from "./find.ts";

const remembered = 1000;

export function clientsOf(deps: Pick<Deps, "store" | "secrets">, types: AuthorizationTypes): Adapter {
  // Opening secrets costs more than reading the row: what is known is good for as long as the row is the same.
  const known = new Map<string, { readonly row: OidcClientRow; readonly metadata: ClientMetadata }>();
  const never = () => Promise.reject(new Error("Clients are changed elsewhere"));
  return {
    async find(id) {
      const row = await findOidcClient(deps, id);
      const before = known.get(id);
      if (
        row !== undefined &&
        before?.row.metadata === row.metadata &&
        before.row.secret_sealed === row.secret_sealed
      ) {
        return before.metadata;
      }
      known.delete(id);
      if (row === undefined) return undefined;
      const metadata = withKnown(types, registered(openMetadata(deps, row)));
      known.set(id, { row, metadata });
      if (known.size > remembered) known.delete(known.keys().next().value as string);
      return metadata;
    },
    upsert: never,
    findByUserCode: never,
    findByUid: never,
    consume: never,
    destroy: never,
    revokeByGrantId: never,
  };
}

/** A type that was removed is refused in requests; the client that was allowed it goes on. */
function withKnown(types: AuthorizationTypes, metadata: ClientMetadata): ClientMetadata {
  const { authorization_details_types: named } = metadata;
  return Array.isArray(named)
    ? { ...metadata, authorization_details_types: named.filter((type: string) => types.has(type)) }
    : metadata;
}
