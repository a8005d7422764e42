/**
 * Signed statements about the ends of the lanes. Each names every lane that moved or was opened since the one before
 * and carries that one's hash, so the last of them vouches for the whole audit up to its time.
 */
import { hash } from "node:crypto";
import type { Kysely } from "kysely";
import type { SigningKeys } from "../keys/signing-keys.ts";
import { StoreError } from "../store/errors.ts";
import type { Schema } from "../store/schema.ts";
import type { Change, Store } from "../store/store.ts";
import type { Head } from "./chain.ts";
import { appendCheckpoints, lastFiled } from "./checkpoint-file.ts";

/** `typ` in the protected header of the compact JWS. */
export const checkpointType = "countersign-checkpoint+jwt";

export interface CheckpointClaims {
  readonly ver: 1;
  readonly tenant: string;
  /** From 1, without gaps. */
  readonly seq: number;
  readonly at: number;
  /** Hash of the checkpoint before, empty text for the first. */
  readonly previous: string;
  readonly heads: readonly Head[];
  /** Last entries of beginnings that were pruned on purpose: whatever else is missing was taken away. */
  readonly pruned?: readonly Head[];
}

/** SHA-256 over the compact JWS, in Base64. */
export function checkpointHash(statement: string): string {
  return hash("sha256", statement, "base64");
}

export interface CheckpointOptions {
  readonly store: Store;
  readonly signingKeys: SigningKeys;
  /** Where the copy outside the database goes, `checkpoints.jsonl` in the data directory by default. */
  readonly file: string;
}

/**
 * Makes a checkpoint when something changed since the last one and that is at least `minimumAgeMs` old; always brings
 * the file up to date. Returns the number of the checkpoint, or undefined when none was made. Throws CONFLICT when the
 * file holds checkpoints the database has lost.
 */
export function makeCheckpoint(options: CheckpointOptions, minimumAgeMs = 0): Promise<number | undefined> {
  return checkpointWith(options, async ({ now }, last) =>
    last !== undefined && now - last.at < minimumAgeMs ? undefined : [],
  );
}

/**
 * One checkpoint, in a transaction that keeps others from making one. `prune` may remove beginnings of lanes in it and
 * returns their last entries, or undefined to make none. Returns and throws like `makeCheckpoint`.
 */
export async function checkpointWith(
  options: CheckpointOptions,
  prune: (change: Change, last: { readonly at: number } | undefined) => Promise<readonly Head[] | undefined>,
): Promise<number | undefined> {
  const { store, signingKeys, file } = options;
  const { tenant } = store;
  const filed = await lastFiled(file);
  const made = await store.transaction(async (change) => {
    const { db, now } = change;
    await change.excludeOtherNodes();
    const last = await db
      .selectFrom("audit_checkpoint")
      .select(["seq", "hash", "at"])
      .where("tenant", "=", tenant)
      .orderBy("seq", "desc")
      .limit(1)
      .executeTakeFirst();
    if (filed > (last?.seq ?? 0)) {
      throw new StoreError("CONFLICT", "The checkpoint file is ahead of the database: was a backup restored?");
    }
    const heads = await movedHeads(db, tenant);
    const pruned = await prune(change, last);
    if (pruned === undefined || heads.length + pruned.length === 0) return undefined;
    const seq = (last?.seq ?? 0) + 1;
    const claims: CheckpointClaims = {
      ver: 1,
      tenant,
      seq,
      at: now,
      previous: last?.hash ?? "",
      heads,
      ...(pruned.length > 0 && { pruned }),
    };
    const statement = await signingKeys.sign("checkpoint", checkpointType, claims);
    await db
      .insertInto("audit_checkpoint")
      .values({ tenant, seq, statement, hash: checkpointHash(statement), at: now })
      .execute();
    for (const head of heads) {
      await db
        .updateTable("audit_lane")
        .set({ covered_seq: head.seq })
        .where("tenant", "=", tenant)
        .where("id", "=", head.lane)
        .execute();
    }
    return seq;
  });
  await fileNewCheckpoints(store, file, filed);
  return made;
}

/** Ends of the lanes that have entries, or were opened, since a checkpoint last named them. */
async function movedHeads(db: Kysely<Schema>, tenant: string): Promise<Head[]> {
  const lanes = await db
    .selectFrom("audit_lane as l")
    .select(["l.id", "l.covered_seq", "l.linked_to"])
    .select((e) =>
      e
        .selectFrom("audit_event as e")
        .select((f) => f.fn.max("e.seq").as("seq"))
        .where("e.tenant", "=", tenant)
        .whereRef("e.lane", "=", "l.id")
        .as("seq"),
    )
    .where("l.tenant", "=", tenant)
    .orderBy("l.epoch")
    .execute();
  const heads: Head[] = [];
  for (const lane of lanes) {
    const seq = lane.seq ?? 0;
    if (seq <= lane.covered_seq) continue;
    const end = await db
      .selectFrom("audit_event")
      .select("hash")
      .where("tenant", "=", tenant)
      .where("lane", "=", lane.id)
      .where("seq", "=", seq)
      .executeTakeFirst();
    heads.push({ lane: lane.id, seq, hash: end?.hash ?? lane.linked_to });
  }
  return heads;
}

const pageSize = 200;

/** Also brings what other nodes made, or a crash kept from being written. */
async function fileNewCheckpoints(store: Store, file: string, filed: number): Promise<void> {
  for (let from = filed; ;) {
    const rows = await store.read
      .selectFrom("audit_checkpoint")
      .select(["seq", "statement"])
      .where("tenant", "=", store.tenant)
      .where("seq", ">", from)
      .orderBy("seq")
      .limit(pageSize)
      .execute();
    if (rows.length > 0) await appendCheckpoints(file, rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    from = last.seq;
  }
}
