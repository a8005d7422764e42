/** Which devices a transaction is for, and the reference that each of them gets. */
import type { Deps } from "../../deps.ts";
import { applicationsOf } from "../../operations/operation.ts";
import type { OperationRow } from "../../store/store.ts";
import { findContainer } from "../container.ts";
import { referenceFor } from "./reference.ts";

export interface Addressed {
  readonly containerId: string;
  readonly reference: string;
}

const most = 20;

/** Of the user's active devices those that were used last; the one it is bound to, where it is bound to one. */
export async function referencesFor(
  deps: Pick<Deps, "store" | "signingKeys" | "publicUrl">,
  operation: OperationRow,
): Promise<readonly Addressed[]> {
  const { store } = deps;
  if (operation.user_id === null || operation.status !== "PENDING") return [];
  let query = store.read
    .selectFrom("activation")
    .select("id")
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", operation.user_id)
    .where("application_id", "in", applicationsOf(operation))
    .where("protocol", "=", "approve")
    .where("status", "=", "ACTIVE");
  if (operation.activation_id !== null) query = query.where("id", "=", operation.activation_id);
  const rows = await query.orderBy("last_used_at", "desc").orderBy("id").limit(most).execute();
  const now = await store.now();
  const addressed = await Promise.all(
    rows.map(async ({ id }) => {
      const container = await findContainer(deps, id);
      return container && { containerId: id, reference: await referenceFor(deps, operation, container, now) };
    }),
  );
  return addressed.filter((one) => one !== undefined);
}
