/** Adds a template under a name that was free. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Change } from "../store/store.ts";
import { checkTemplate, contentColumns, type Template, type TemplateContent, templateOf } from "./template.ts";

/** Refuses with `invalid-request` or `template-exists`. Writes `template.created`. */
export async function createTemplate(
  deps: Pick<Deps, "store">,
  input: { readonly name: string; readonly content: TemplateContent; readonly clientId: string },
): Promise<Template | Refusal> {
  if (input.name.length === 0 || input.name.length > 255) return refuse("invalid-request", "template: name");
  const broken = checkTemplate(input.content);
  if (broken !== undefined) return broken;
  return deps.store.transaction(async (change) => {
    const id = await nextId(change, deps.store.tenant);
    const row = await change.db
      .insertInto("operation_template")
      .values({
        tenant: deps.store.tenant,
        id,
        name: input.name,
        ...contentColumns({ approval: null, ...input.content }),
      })
      .onConflict((conflict) => conflict.columns(["tenant", "name"]).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return refuse("template-exists");
    const template = templateOf(row);
    change.record({
      type: "template.created",
      subject: String(template.id),
      applications: [],
      data: { ...template, clientId: input.clientId },
    });
    return template;
  });
}

/** A counter row gives each number out once, also between nodes: its update holds the row until the commit. */
async function nextId(change: Change, tenant: string): Promise<number> {
  const { value } = await change.db
    .insertInto("setting")
    .values({ tenant, name: "template-id", value: "1" })
    .onConflict((conflict) =>
      conflict
        .columns(["tenant", "name"])
        .doUpdateSet({ value: sql<string>`cast(cast(setting.value as integer) + 1 as text)` }),
    )
    .returning("value")
    .executeTakeFirstOrThrow();
  return Number(value);
}
