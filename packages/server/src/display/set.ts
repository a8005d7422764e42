/** Adds the template of an operation type and language, or takes the place of the one that was there. */
import type { Deps } from "../deps.ts";
import type { Refusal } from "../errors.ts";
import {
  checkContent,
  contentColumns,
  type StoredTemplate,
  type TemplateContent,
  type TemplateKey,
  templateOf,
} from "./template.ts";
import { nextRevision } from "./cache.ts";

export interface SetTemplate extends TemplateKey {
  readonly content: TemplateContent;
  readonly clientId: string;
}

/** Refuses with `invalid-request`. Writes `display-template.set`. */
export async function setDisplayTemplate(
  deps: Pick<Deps, "store">,
  { operationType, language, content, clientId }: SetTemplate,
): Promise<StoredTemplate | Refusal> {
  const broken = checkContent(content);
  if (broken !== undefined) return broken;
  const { tenant } = deps.store;
  return deps.store.transaction(async (change) => {
    const columns = { ...contentColumns(content), updated_at: change.now };
    await nextRevision(change, tenant);
    const row = await change.db
      .insertInto("display_template")
      .values({ tenant, operation_type: operationType, language, ...columns })
      .onConflict((conflict) => conflict.columns(["tenant", "operation_type", "language"]).doUpdateSet(columns))
      .returningAll()
      .executeTakeFirstOrThrow();
    const template = templateOf(row);
    change.record({
      type: "display-template.set",
      subject: `${operationType}/${language}`,
      applications: [],
      data: { ...template, clientId },
    });
    return template;
  });
}
