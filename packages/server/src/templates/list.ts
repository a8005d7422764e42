/** All templates of the tenant, in the order they were made. */
import type { Deps } from "../deps.ts";
import { type Template, templateOf } from "./template.ts";

export async function listTemplates(deps: Pick<Deps, "store">): Promise<readonly Template[]> {
  const rows = await deps.store.read
    .selectFrom("operation_template")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .orderBy("id")
    .execute();
  return rows.map(templateOf);
}
