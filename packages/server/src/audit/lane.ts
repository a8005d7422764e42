/** Opening a lane: a fresh chain for one process start and one purpose, linked to the last checkpoint. */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { Kysely } from "kysely";
import { newUuid7 } from "../ids.ts";
import type { AuditLaneTable, Schema } from "../store/schema.ts";
import type { Head } from "./chain.ts";

/**
 * Writes the lane's row and returns its empty head. Runs inside a transaction that excludes checkpoints and other
 * openings, so that a lane no checkpoint names is always linked to the last one.
 */
export async function openLane(
  db: Kysely<Schema>,
  lane: { readonly tenant: string; readonly purpose: AuditLaneTable["purpose"]; readonly now: number },
  random: RandomBytes,
): Promise<Head> {
  const { tenant, purpose, now } = lane;
  const last = await db
    .selectFrom("audit_lane")
    .select((e) => e.fn.max("epoch").as("epoch"))
    .where("tenant", "=", tenant)
    .executeTakeFirst();
  const checkpoint = await db
    .selectFrom("audit_checkpoint")
    .select("hash")
    .where("tenant", "=", tenant)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const id = newUuid7(random, now);
  const linked_to = checkpoint?.hash ?? "";
  const epoch = (last?.epoch ?? 0) + 1;
  await db
    .insertInto("audit_lane")
    .values({ tenant, id, epoch, purpose, linked_to, opened_at: now, covered_seq: -1 })
    .execute();
  return { lane: id, seq: 0, hash: linked_to };
}
