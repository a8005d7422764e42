/** Removes a display template. What waits is then shown in another language, or plainly. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { nextRevision } from "./cache.ts";
import type { TemplateKey } from "./template.ts";

/** Refuses with `template-not-found`. Writes `display-template.removed`. */
export async function removeDisplayTemplate(
  deps: Pick<Deps, "store">,
  { operationType, language, clientId }: TemplateKey & { readonly clientId: string },
): Promise<TemplateKey | Refusal> {
  const { tenant } = deps.store;
  return deps.store.transaction(async (change) => {
    await nextRevision(change, tenant);
    const { numDeletedRows } = await change.db
      .deleteFrom("display_template")
      .where("tenant", "=", tenant)
      .where("operation_type", "=", operationType)
      .where("language", "=", language)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return refuse("template-not-found");
    change.record({
      type: "display-template.removed",
      subject: `${operationType}/${language}`,
      applications: [],
      data: { operationType, language, clientId },
    });
    return { operationType, language };
  });
}
