/** One template, by its number or by its name. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type Template, templateOf } from "./template.ts";

/** Refuses with `template-not-found`. */
export async function templateDetail(
  deps: Pick<Deps, "store">,
  key: { readonly id: number } | { readonly name: string },
): Promise<Template | Refusal> {
  const query = deps.store.read.selectFrom("operation_template").selectAll().where("tenant", "=", deps.store.tenant);
  const row = await (
    "id" in key ? query.where("id", "=", key.id) : query.where("name", "=", key.name)
  ).executeTakeFirst();
  return row === undefined ? refuse("template-not-found") : templateOf(row);
}
