/** Adds an event to the outbox in an ordinary transaction; flushes have statements of their own for it. */
import { type Kysely, sql } from "kysely";
import { type Announced, sinkTypesOf } from "./announce.ts";
import type { Schema } from "./schema.ts";

/** Rows exist only for enabled sinks of the event's applications that listen to its type. Whether there were any. */
export async function addToOutbox(db: Kysely<Schema>, tenant: string, event: Announced): Promise<boolean> {
  const types = sinkTypesOf(event.type);
  if (types.length === 0) return false;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("outbox")
    .columns(["tenant", "id", "sink_id", "event", "state", "attempts", "due_at", "locked_until"])
    .expression((e) =>
      e
        .selectFrom("sink")
        .select([
          "tenant",
          sql<string>`${sql.lit(`${event.id}.`)} || id`.as("id"),
          "id as sink_id",
          sql<string>`cast(${event.payload} as text)`.as("event"),
          sql.lit("PENDING").as("state"),
          sql.lit(0).as("attempts"),
          sql<number>`cast(${event.at} as bigint)`.as("due_at"),
          sql.lit(0).as("locked_until"),
        ])
        .where("tenant", "=", tenant)
        .where("enabled", "=", 1)
        .where("type", "in", [...types])
        .where("application_id", "in", [...event.applications])
        .$if(event.sink !== null, (query) => query.where("id", "=", event.sink)),
    )
    .executeTakeFirstOrThrow();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}
