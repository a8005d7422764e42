/**
 * Ends what nobody has to keep: beginnings of lanes, as far as they are too old. The checkpoint made in the same
 * transaction names the last entry of each, so that the chain still verifies, and a beginning that vanished by any other
 * hand does not pass for one of these.
 */
import type { Kysely } from "kysely";
import type { Schema } from "../store/schema.ts";
import type { Head } from "./chain.ts";
import { type CheckpointOptions, checkpointWith } from "./checkpoint.ts";

/** Entries removed in one transaction. */
const batch = 2_000;
const mostBatches = 20;

/** Removes entries from before `cutoff`, epoch ms, in bounded steps, and returns how many. The next turn goes on. */
export async function pruneAudit(options: CheckpointOptions, cutoff: number): Promise<number> {
  const { store } = options;
  let removed = 0;
  for (let round = 0; round < mostBatches; round++) {
    const lane = await oldestLane(store.read, store.tenant, cutoff);
    if (lane === undefined) break;
    await checkpointWith(options, async ({ db }) => {
      const cut = await cutOf(db, store.tenant, lane, cutoff);
      if (cut === undefined) return undefined;
      const { numDeletedRows } = await db
        .deleteFrom("audit_event")
        .where("tenant", "=", store.tenant)
        .where("lane", "=", lane)
        .where("seq", "<=", cut.seq)
        .executeTakeFirstOrThrow();
      removed += Number(numDeletedRows);
      return [cut];
    });
  }
  return removed;
}

async function oldestLane(db: Kysely<Schema>, tenant: string, cutoff: number): Promise<string | undefined> {
  const oldest = await db
    .selectFrom("audit_event")
    .select("lane")
    .where("tenant", "=", tenant)
    .where("at", "<", cutoff)
    .orderBy("at")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return oldest?.lane;
}

/** The last entry of the beginning that is too old, at most `batch` entries long. */
async function cutOf(db: Kysely<Schema>, tenant: string, lane: string, cutoff: number): Promise<Head | undefined> {
  const entries = await db
    .selectFrom("audit_event")
    .select(["seq", "hash", "at"])
    .where("tenant", "=", tenant)
    .where("lane", "=", lane)
    .orderBy("seq")
    .limit(batch)
    .execute();
  const young = entries.findIndex(({ at }) => at >= cutoff);
  const last = young < 0 ? entries.at(-1) : entries[young - 1];
  return last && { lane, seq: last.seq, hash: last.hash };
}
