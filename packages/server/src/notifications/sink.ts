/**
 * A sink: an address of an application that wants to hear of its activations or operations. From the moment it exists
 * the store writes an outbox row for each event; this file only says who listens.
 */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import type { SinkTable } from "../store/schema.ts";

export type SinkType = SinkTable["type"];

export interface Sink {
  readonly id: string;
  readonly applicationId: string;
  /** Unique within the application. */
  readonly name: string;
  readonly url: string;
  readonly type: SinkType;
  /** Names of the attributes to send. */
  readonly attributes: readonly string[];
}

type NewSink = Omit<Sink, "id"> & { readonly clientId: string };

/** Refuses with `application-not-found` or `invalid-request`. Writes `sink.created`. */
export async function createSink(deps: Pick<Deps, "store" | "random">, input: NewSink): Promise<Sink | Refusal> {
  if (!isAddress(input.url)) return refuse("invalid-request", "callbackUrl - not an HTTP address");
  const { tenant } = deps.store;
  return deps.store.transaction(async (change) => {
    const application = await change.db
      .selectFrom("application")
      .select("id")
      .where("tenant", "=", tenant)
      .where("id", "=", input.applicationId)
      .executeTakeFirst();
    if (application === undefined) return refuse("application-not-found");
    const row = await change.db
      .insertInto("sink")
      .values({
        tenant,
        id: newUuid7(deps.random, change.now),
        application_id: input.applicationId,
        name: input.name,
        url: input.url,
        type: input.type,
        attributes: JSON.stringify([...new Set(input.attributes)]),
        enabled: 1,
        created_at: change.now,
      })
      .onConflict((conflict) => conflict.columns(["tenant", "application_id", "name"]).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return refuse("invalid-request", "name - taken");
    const sink = sinkOf(row);
    const { applicationId, name, type } = sink;
    change.record({
      type: "sink.created",
      subject: sink.id,
      applications: [],
      data: { applicationId, name, type, clientId: input.clientId },
    });
    return sink;
  });
}

/** In order of creation. */
export async function listSinks(deps: Pick<Deps, "store">, applicationId: string): Promise<readonly Sink[]> {
  const rows = await deps.store.read
    .selectFrom("sink")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("application_id", "=", applicationId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map(sinkOf);
}

/** Undefined when there is none. */
export async function findSink(deps: Pick<Deps, "store">, id: string): Promise<Sink | undefined> {
  const row = await deps.store.read
    .selectFrom("sink")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : sinkOf(row);
}

/** What was not delivered yet is dropped with it. False when it did not exist. Writes `sink.removed`. */
export async function removeSink(
  deps: Pick<Deps, "store">,
  input: { readonly id: string; readonly clientId: string },
): Promise<boolean> {
  return deps.store.transaction(async (change) => {
    const row = await change.db
      .deleteFrom("sink")
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", input.id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return false;
    const { applicationId, name, type } = sinkOf(row);
    change.record({
      type: "sink.removed",
      subject: input.id,
      applications: [],
      data: { applicationId, name, type, clientId: input.clientId },
    });
    return true;
  });
}

function sinkOf(row: SinkTable): Sink {
  return {
    id: row.id,
    applicationId: row.application_id,
    name: row.name,
    url: row.url,
    type: row.type,
    attributes: JSON.parse(row.attributes) as string[],
  };
}

/** Where it may lead is checked when it is called; a user name or password in it would end up in logs. */
function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === "https:" || url?.protocol === "http:") && url.username === "" && url.password === "";
}
