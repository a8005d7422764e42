/**
 * A sink: an address of an application that wants to hear of its activations or operations. From the moment it exists
 * the store writes an outbox row for each event; `delivery/` sends them. This file only reads.
 */
import type { Selectable } from "kysely";
import type { Deps } from "../deps.ts";
import type { SinkTable, SinkType } from "../store/schema.ts";

export type Sink = Selectable<SinkTable>;

/** In PowerAuth form. */
export const callbackTypes = ["ACTIVATION_STATUS_CHANGE", "OPERATION_STATUS_CHANGE"] as const;
export const webhookTypes = ["WEBHOOK", "SECURITY_EVENTS"] as const;

/** In order of creation. `applications` undefined for all. */
export async function listSinks(
  deps: Pick<Deps, "store">,
  which: { readonly types: readonly SinkType[]; readonly applications?: readonly string[] | undefined },
): Promise<readonly Sink[]> {
  const { types, applications } = which;
  return deps.store.read
    .selectFrom("sink")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("type", "in", types)
    .$if(applications !== undefined, (query) => query.where("application_id", "in", [...(applications ?? [])]))
    .orderBy("created_at")
    .orderBy("id")
    .execute();
}

/** Undefined when there is none of these types. */
export async function findSink(
  deps: Pick<Deps, "store">,
  id: string,
  types: readonly SinkType[],
): Promise<Sink | undefined> {
  return deps.store.read
    .selectFrom("sink")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .where("type", "in", types)
    .executeTakeFirst();
}
