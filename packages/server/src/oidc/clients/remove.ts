/**
 * Ends a relying party: from the next request on nobody knows it, and nothing more is sent to it. Only a poll that has to
 * wait may be told so once more by another node, until that one has heard of it (`backchannel/pending-answers.ts`).
 */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";

/** Refuses `not-found`. Its operations go on; nobody fetches their results. Writes `oidc-client.removed`. */
export async function removeOidcClient(
  { store }: Pick<Deps, "store">,
  { id, by }: { readonly id: string; readonly by?: string | undefined },
): Promise<{ readonly id: string } | Refusal> {
  const { tenant } = store;
  return store.transaction(async ({ db, record }) => {
    const removed = await db
      .deleteFrom("oidc_client")
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .returning(["name", "sink_id"])
      .executeTakeFirst();
    if (removed === undefined) return refuse("not-found");
    const { name, sink_id: sink } = removed;
    if (sink !== null) await db.deleteFrom("sink").where("tenant", "=", tenant).where("id", "=", sink).execute();
    record({ type: "oidc-client.removed", subject: id, applications: [], data: { name, clientId: by } });
    return { id };
  });
}
