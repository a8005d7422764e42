/** Clients as the provider asks for them, and as it writes those that register themselves. */
import { type Adapter, errors } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import type { AuthorizationTypes } from "../details/authorization-types.ts";
import { oidcClientToChange, replaceOidcClient } from "./change.ts";
import { type ClientMetadata, registered } from "./client.ts";
import { insertOidcClient } from "./create.ts";
import { findOidcClient, openMetadata, type OidcClientRow } from "./find.ts";
import { removeOidcClient } from "./remove.ts";

/** Such as are given out; anything else is nobody's. */
const clientId = /^[\x21-\x7e]{1,64}$/;

const remembered = 1000;

export function clientsOf(deps: Pick<Deps, "store" | "secrets" | "random">, types: AuthorizationTypes): Adapter {
  // Opening secrets costs more than reading the row: what is known is good for as long as the row is the same.
  const known = new Map<string, { readonly row: OidcClientRow; readonly metadata: ClientMetadata }>();
  const never = () => Promise.reject(new Error("Clients have nothing of this"));
  return {
    async find(id) {
      const row = clientId.test(id) ? await findOidcClient(deps, id) : undefined;
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
    async upsert(_id, payload) {
      const metadata = payload as unknown as ClientMetadata;
      const written = await deps.store.transaction(async (change) => {
        const row = await oidcClientToChange(deps, change, metadata.client_id);
        return row === undefined
          ? insertOidcClient(deps, change, metadata)
          : replaceOidcClient(deps, change, row, metadata);
      });
      if (!written) throw new errors.InvalidClientMetadata("client_name is taken");
    },
    async destroy(id) {
      if (isRefusal(await removeOidcClient(deps, { id }))) throw new errors.InvalidToken("client not found");
    },
    findByUserCode: never,
    findByUid: never,
    consume: never,
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
