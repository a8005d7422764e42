/** Changes everything of a template but its name. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { checkTemplate, contentColumns, type Template, type TemplateContent, templateOf } from "./template.ts";

/** Refuses with `invalid-request` or `template-not-found`. Writes `template.updated`. */
export async function updateTemplate(
  deps: Pick<Deps, "store">,
  input: { readonly id: number; readonly content: TemplateContent; readonly clientId: string },
): Promise<Template | Refusal> {
  const broken = checkTemplate(input.content);
  if (broken !== undefined) return broken;
  return deps.store.transaction(async (change) => {
    const row = await change.db
      .updateTable("operation_template")
      .set(contentColumns(input.content))
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return refuse("template-not-found");
    const template = templateOf(row);
    change.record({
      type: "template.updated",
      subject: String(template.id),
      applications: [],
      data: { ...template, clientId: input.clientId },
    });
    return template;
  });
}
