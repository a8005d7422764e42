/** A container's rows as they are now, held until the commit, so that changes of one container follow each other. */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { ContainerTable } from "../../store/schema.ts";
import type { ActivationRow, Change } from "../../store/store.ts";

export interface Held {
  readonly activation: ActivationRow;
  readonly container: ContainerTable;
}

/** Refuses `container-blocked` and `container-removed`: what a device asks is for an active container only. */
export async function holdContainer(
  { store }: Pick<Deps, "store">,
  { db }: Change,
  id: string,
): Promise<Held | Refusal> {
  const activation = await db
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .$if(store.dialect === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();
  if (activation === undefined || activation.status === "REMOVED") return refuse("container-removed");
  if (activation.status !== "ACTIVE") return refuse("container-blocked");
  const container = await db
    .selectFrom("container")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("activation_id", "=", id)
    .executeTakeFirstOrThrow();
  return { activation, container };
}
