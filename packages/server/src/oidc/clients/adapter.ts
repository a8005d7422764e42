/** Clients as the provider asks for them. They are changed by our own verbs only. */
import type { Adapter } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import type { AuthorizationTypes } from "../types.ts";
import { type ClientMetadata, registered } from "./client.ts";
import { findOidcClient, openMetadata } from "./find.ts";

export function clientsOf(deps: Pick<Deps, "store" | "secrets">, types: AuthorizationTypes): Adapter {
  const never = () => Promise.reject(new Error("Clients are changed elsewhere"));
  return {
    async find(id) {
      const row = await findOidcClient(deps, id);
      return row && withKnown(types, registered(openMetadata(deps, row)));
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
