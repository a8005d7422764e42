/** Display templates of the tenant, or of one operation type, by type and language. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type StoredTemplate, type TemplateKey, templateOf } from "./template.ts";

export async function listDisplayTemplates(
  deps: Pick<Deps, "store">,
  operationType?: string,
): Promise<readonly StoredTemplate[]> {
  let query = deps.store.read.selectFrom("display_template").selectAll().where("tenant", "=", deps.store.tenant);
  if (operationType !== undefined) query = query.where("operation_type", "=", operationType);
  return (await query.orderBy("operation_type").orderBy("language").execute()).map(templateOf);
}

/** Refuses with `template-not-found`. */
export async function findDisplayTemplate(
  deps: Pick<Deps, "store">,
  { operationType, language }: TemplateKey,
): Promise<StoredTemplate | Refusal> {
  const row = await deps.store.read
    .selectFrom("display_template")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("operation_type", "=", operationType)
    .where("language", "=", language)
    .executeTakeFirst();
  return row === undefined ? refuse("template-not-found") : templateOf(row);
}
