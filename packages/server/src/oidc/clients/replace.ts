/** A relying party's metadata in place of those it had. */
import type { Deps } from "../../deps.ts";
import type { Change } from "../../store/store.ts";
import type { ClientMetadata } from "./client.ts";
import { sealed } from "./create.ts";
import { keepSink } from "./sink.ts";

/** Part of a transaction. False when the name is taken. Writes `oidc-client.changed`. */
export async function replaceOidcClient(
  deps: Pick<Deps, "store" | "secrets" | "random">,
  { db, now, record }: Change,
  metadata: ClientMetadata,
  by?: string,
): Promise<boolean> {
  const { tenant } = deps.store;
  const { client_id: id, client_name: name, countersign: settings } = metadata;
  const same = await db
    .selectFrom("oidc_client")
    .select("id")
    .where("tenant", "=", tenant)
    .where("name", "=", name)
    .where("id", "!=", id)
    .executeTakeFirst();
  if (same !== undefined) return false;
  const { sink_id: sink } = await db
    .selectFrom("oidc_client")
    .select("sink_id")
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const sinkId = await keepSink(deps, { db, now }, metadata, sink);
  await db
    .updateTable("oidc_client")
    .set({ name, ...sealed(deps, metadata), sink_id: sinkId, changed_at: now })
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .execute();
  record({ type: "oidc-client.changed", subject: id, applications: [], data: { name, settings, clientId: by } });
  return true;
}
