/** Clients as the provider asks for them. They are changed by our own verbs only. */
import type { Adapter } from "oidc-provider";
import type { Deps } from "../../deps.ts";
import { registered } from "./client.ts";
import { findOidcClient, openMetadata } from "./find.ts";

export function clientsOf(deps: Pick<Deps, "store" | "secrets">): Adapter {
  const never = () => Promise.reject(new Error("Clients are changed elsewhere"));
  return {
    async find(id) {
      const row = await findOidcClient(deps, id);
      return row && registered(openMetadata(deps, row));
    },
    upsert: never,
    findByUserCode: never,
    findByUid: never,
    consume: never,
    destroy: never,
    revokeByGrantId: never,
  };
}
