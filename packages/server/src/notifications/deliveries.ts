/** What became of the events of a sink, for its operator; and sending them again. */
import type { Event } from "../audit/event.ts";
import type { Deps } from "../deps.ts";
import type { OutboxTable } from "../store/schema.ts";
import { listOutbox, type Page } from "./delivery/queue.ts";

export interface DeliveryRecord {
  readonly id: string;
  readonly event: Pick<Event, "id" | "type" | "subject" | "at">;
  readonly state: OutboxTable["state"];
  readonly attempts: number;
  /** Code of the last failed try. */
  readonly lastFailure: string | null;
  /** When the next try may start, epoch ms; null once there is none. */
  readonly dueAt: number | null;
  readonly settledAt: number | null;
}

/** Newest events first. */
export async function listDeliveries(
  deps: Pick<Deps, "store">,
  sinkId: string,
  page: Page,
): Promise<readonly DeliveryRecord[]> {
  const rows = await listOutbox(deps.store, sinkId, page);
  return rows.map((row) => {
    const { id, type, subject, at } = JSON.parse(row.event) as Event;
    return {
      id: row.id,
      event: { id, type, subject, at },
      state: row.state,
      attempts: row.attempts,
      lastFailure: row.last_failure,
      dueAt: row.state === "PENDING" ? row.due_at : null,
      settledAt: row.settled_at,
    };
  });
}
