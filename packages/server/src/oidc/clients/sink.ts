/** Where a relying party is told of results: a row that the outbox serves, for clients of ping and push. */
import type { Deps } from "../../deps.ts";
import { newUuid7 } from "../../ids.ts";
import type { Change } from "../../store/store.ts";
import { type ClientMetadata, deliveryOf } from "./client.ts";

/**
 * Part of a transaction. Makes the row, changes the one that is there (what waits for it goes to the new address), or
 * removes it with what waits. Its id, or null where the client asks by itself.
 */
export async function keepSink(
  deps: Pick<Deps, "store" | "random">,
  { db, now }: Pick<Change, "db" | "now">,
  metadata: ClientMetadata,
  current: string | null,
): Promise<string | null> {
  const { tenant } = deps.store;
  const { backchannel_client_notification_endpoint: url } = metadata;
  const [application] = metadata.countersign.applications;
  if (deliveryOf(metadata) === "poll" || typeof url !== "string" || application === undefined) {
    if (current !== null) await db.deleteFrom("sink").where("tenant", "=", tenant).where("id", "=", current).execute();
    return null;
  }
  if (current !== null) {
    await db
      .updateTable("sink")
      .set({ url, application_id: application })
      .where("tenant", "=", tenant)
      .where("id", "=", current)
      .execute();
    return current;
  }
  const id = newUuid7(deps.random, now);
  await db
    .insertInto("sink")
    .values({
      tenant,
      id,
      application_id: application,
      name: `oidc:${metadata.client_id}`,
      url,
      type: "BACKCHANNEL",
      attributes: "[]",
      enabled: 1,
      created_at: now,
      authentication_sealed: null,
      signing_secret_sealed: null,
      max_attempts: null,
      initial_backoff_ms: null,
      retention_seconds: null,
    })
    .execute();
  return id;
}
