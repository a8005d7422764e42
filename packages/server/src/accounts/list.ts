/** All API clients, without secrets. */
import type { Deps } from "../deps.ts";
import { type ApiClient, apiClientOf } from "./api-client.ts";

/** In order of their names. */
export async function listApiClients(deps: Pick<Deps, "store">): Promise<(ApiClient & { createdAt: number })[]> {
  const rows = await deps.store.read
    .selectFrom("api_client")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .orderBy("name")
    .execute();
  return rows.map((row) => ({ ...apiClientOf(row), createdAt: row.created_at }));
}
