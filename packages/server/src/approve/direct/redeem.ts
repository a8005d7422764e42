/** A back end redeems what a device signed directly: once, and only the client that the device named (APV-DCS-2). */
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { DirectRequestTable } from "../../store/schema.ts";
import type { OperationRow } from "../../store/store.ts";

export interface Redeemed {
  /** The person's answer, in the words of the template. */
  readonly status: string;
  readonly operation: OperationRow;
}

/**
 * Refuses `direct-request-unknown` also where it is another client's, `direct-request-used` and
 * `direct-request-expired`. Writes `direct-request.redeemed`.
 */
export async function redeemDirectRequest(
  { store }: Pick<Deps, "store">,
  { id, clientId }: { readonly id: string; readonly clientId: string },
): Promise<Redeemed | Refusal> {
  const row = await store.transaction(async ({ db, now, record }) => {
    const taken = await db
      .updateTable("direct_request")
      .set({ redeemed_at: now })
      .where("tenant", "=", store.tenant)
      .where("id", "=", id)
      .where("client_id", "=", clientId)
      .where("redeemed_at", "is", null)
      .where("expires_at", ">", now)
      .returningAll()
      .executeTakeFirst();
    if (taken === undefined) return undefined;
    const data = { requestId: id, clientId };
    record({ type: "direct-request.redeemed", subject: taken.operation_id, applications: [], data });
    return taken;
  });
  if (row === undefined) return refuse(await whyNot(store, id, clientId));
  const operation = await store.findOperation(row.operation_id);
  if (operation === undefined) throw new Error("A direct request names an operation that does not exist");
  const { answer } = JSON.parse(operation.additional_data) as { readonly answer: string };
  return { status: answer, operation };
}

async function whyNot(store: Deps["store"], id: string, clientId: string) {
  const row: DirectRequestTable | undefined = await store.read
    .selectFrom("direct_request")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined || row.client_id !== clientId) return "direct-request-unknown";
  return row.redeemed_at === null ? "direct-request-expired" : "direct-request-used";
}
