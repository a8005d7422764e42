/** Takes an API client its access; from the next request on. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";

/** Refuses `not-found`. */
export async function removeApiClient(
  deps: Pick<Deps, "store">,
  input: { readonly id: string; readonly clientId?: string | undefined },
): Promise<{ id: string } | Refusal> {
  return deps.store.transaction(async (change) => {
    const removed = await change.db
      .deleteFrom("api_client")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.id)
      .returning("name")
      .executeTakeFirst();
    if (removed === undefined) return refuse("not-found");
    const data = { name: removed.name, clientId: input.clientId };
    change.record({ type: "api-client.removed", subject: input.id, applications: [], data });
    return { id: input.id };
  });
}
