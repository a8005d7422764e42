/** The chain of checkpoints: signatures, links, the file outside the database, and what they say of the lanes. */
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import type { Kysely } from "kysely";
import type { AuditCheckpointTable, AuditLaneTable, Schema } from "../store/schema.ts";
import type { Head } from "./chain.ts";
import { type CheckpointClaims, checkpointHash, checkpointType } from "./checkpoint.ts";
import { type FiledCheckpoint, readCheckpointFile } from "./checkpoint-file.ts";
import type { AuditProblem } from "./verify.ts";

/** What the checkpoints say, as far as the lanes need it. */
export interface Covered {
  readonly count: number;
  /** Hash of the last one, empty text when there is none. */
  readonly last: string;
  /** Last head of each lane they name. */
  readonly heads: ReadonlyMap<string, Head>;
  /** Last entry of each lane that was pruned, as a checkpoint says. */
  readonly pruned: ReadonlyMap<string, Head>;
  /** Checkpoint hashes, of those that lanes are linked to. */
  readonly known: ReadonlySet<string>;
}

interface Options {
  readonly db: Kysely<Schema>;
  readonly tenant: string;
  readonly keys: JSONWebKeySet;
  readonly checkpointFile?: string;
  /** How much of the file belongs to the snapshot. */
  readonly fileBytes: number;
  readonly lanes: readonly AuditLaneTable[];
  readonly report: (problem: AuditProblem) => void;
}

const pageSize = 200;

export async function verifyCheckpoints(options: Options): Promise<Covered> {
  const { db, tenant, lanes, report } = options;
  const readClaims = claimsReader(options.keys);
  const starts = await firstEntries(db, tenant, lanes);
  const linked = new Set(lanes.map((lane) => lane.linked_to));
  const heads = new Map<string, Head>();
  const pruned = new Map<string, Head>();
  const known = new Set<string>();
  const file =
    options.checkpointFile === undefined ? undefined : readCheckpointFile(options.checkpointFile, options.fileBytes);
  let count = 0;
  let last = "";
  const nextFiled = async () => file?.next();
  let filed = await nextFiled();

  for await (const row of checkpointRows(db, tenant)) {
    const seq = count + 1;
    if (row.seq !== seq) report({ code: "CHECKPOINT_MISSING", checkpoint: seq });
    filed = await compareWithFile(row, filed);
    await take(row.seq, row.statement, row);
    count = row.seq;
    last = row.hash;
  }
  // What only the file still has was removed from the database, and may tell what else was.
  while (filed !== undefined && !filed.done) {
    const line = filed.value;
    if (line && line.seq > count) {
      report({ code: "CHECKPOINT_MISSING", checkpoint: line.seq });
      await take(line.seq, line.statement, undefined);
    }
    filed = await nextFiled();
  }
  return { count, last, heads, pruned, known };

  async function compareWithFile(row: FiledCheckpoint, next: typeof filed): Promise<typeof filed> {
    if (next === undefined || next.done) return next;
    if (next.value?.seq !== row.seq || next.value.statement !== row.statement) {
      report({ code: "FILE_DIFFERS", checkpoint: row.seq });
    }
    return nextFiled();
  }

  async function take(seq: number, statement: string, row: AuditCheckpointTable | undefined): Promise<void> {
    const claims = await readClaims(statement);
    if (claims === undefined) {
      report({ code: "CHECKPOINT_SIGNATURE", checkpoint: seq });
      return;
    }
    const own = claims.tenant === tenant && claims.seq === seq;
    const kept = row === undefined || (row.hash === checkpointHash(statement) && row.at === claims.at);
    const follows = row === undefined || claims.previous === last;
    if (!own || !kept || !follows) report({ code: "CHECKPOINT_CHANGED", checkpoint: seq });
    if (!own) return;
    const hash = checkpointHash(statement);
    if (linked.has(hash)) known.add(hash);
    for (const head of claims.heads) {
      heads.set(head.lane, head);
      const start = starts.get(head.lane);
      // The chain up to the last head is checked entry by entry; earlier heads show where it was rewritten.
      if (start !== undefined && head.seq >= start) await compareWithEntry(seq, head);
    }
    for (const head of claims.pruned ?? []) pruned.set(head.lane, head);
  }

  async function compareWithEntry(checkpoint: number, { lane, seq, hash }: Head): Promise<void> {
    const entry = await db
      .selectFrom("audit_event")
      .select("hash")
      .where("tenant", "=", tenant)
      .where("lane", "=", lane)
      .where("seq", "=", seq)
      .executeTakeFirst();
    if (entry && entry.hash !== hash) report({ code: "HEAD_DIFFERS", lane, seq, checkpoint });
  }
}

async function* checkpointRows(db: Kysely<Schema>, tenant: string): AsyncGenerator<AuditCheckpointTable> {
  for (let from = Number.MIN_SAFE_INTEGER; ;) {
    const rows = await db
      .selectFrom("audit_checkpoint")
      .selectAll()
      .where("tenant", "=", tenant)
      .where("seq", ">", from)
      .orderBy("seq")
      .limit(pageSize)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    from = last.seq;
  }
}

/** Number of the first entry that each lane still has. */
async function firstEntries(
  db: Kysely<Schema>,
  tenant: string,
  lanes: readonly AuditLaneTable[],
): Promise<Map<string, number>> {
  const starts = new Map<string, number>();
  for (const { id } of lanes) {
    const start = await db
      .selectFrom("audit_event")
      .select("seq")
      .where("tenant", "=", tenant)
      .where("lane", "=", id)
      .orderBy("seq")
      .limit(1)
      .executeTakeFirst();
    if (start) starts.set(id, start.seq);
  }
  return starts;
}

/** Undefined when the signature does not verify, or what is signed is no checkpoint. */
function claimsReader(keys: JSONWebKeySet): (statement: string) => Promise<CheckpointClaims | undefined> {
  const find = createLocalJWKSet(keys);
  return async (statement) => {
    try {
      const { payload, protectedHeader } = await compactVerify(statement, find, { algorithms: ["ES256"] });
      if (protectedHeader.typ !== checkpointType) return undefined;
      const claims = JSON.parse(Buffer.from(payload).toString("utf8")) as CheckpointClaims;
      return claims.ver === 1 && Array.isArray(claims.heads) ? claims : undefined;
    } catch {
      return undefined;
    }
  };
}
