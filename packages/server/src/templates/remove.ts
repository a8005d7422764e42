/** Removes a template. Operations made from it keep all they need. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";

/** Refuses with `template-not-found`. Writes `template.removed`. */
export async function removeTemplate(
  deps: Pick<Deps, "store">,
  input: { readonly id: number; readonly clientId: string },
): Promise<{ readonly id: number } | Refusal> {
  return deps.store.transaction(async (change) => {
    const row = await change.db
      .deleteFrom("operation_template")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.id)
      .returning(["id", "name"])
      .executeTakeFirst();
    if (row === undefined) return refuse("template-not-found");
    change.record({
      type: "template.removed",
      subject: String(row.id),
      applications: [],
      data: { id: row.id, name: row.name, clientId: input.clientId },
    });
    return { id: row.id };
  });
}
