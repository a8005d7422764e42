/**
 * Verification of the audit without a server: reads the tables, the checkpoints and, where given, the file that holds
 * them outside the database, and says where they do not fit together. Works page by page, whatever the size.
 *
 * Erased payloads, and beginnings that were pruned as a checkpoint says, are part of the design and are counted, not
 * reported.
 */
import { stat } from "node:fs/promises";
import type { JSONWebKeySet } from "jose";
import type { Kysely } from "kysely";
import type { Schema } from "../store/schema.ts";
import { verifyCheckpoints } from "./verify-checkpoints.ts";
import { verifyLanes } from "./verify-lanes.ts";

export type AuditProblemCode =
  /** An entry, or its payload, is not what its hash was made from. */
  | "ENTRY_CHANGED"
  | "PAYLOAD_CHANGED"
  /** Entries are missing between two that are there, or an entry does not follow the one before it. */
  | "ENTRY_MISSING"
  | "CHAIN_BROKEN"
  /** The lane ends before, or does not agree with, what a checkpoint says. */
  | "TRUNCATED"
  | "HEAD_DIFFERS"
  /** The lane begins after its first entry, and no checkpoint says that what came before was pruned. */
  | "BEGINNING_MISSING"
  | "LANE_MISSING"
  /** Entries or a lane that no opened lane accounts for. */
  | "LANE_UNKNOWN"
  | "CHECKPOINT_CHANGED"
  | "CHECKPOINT_MISSING"
  | "CHECKPOINT_SIGNATURE"
  /** The file and the database hold different checkpoints under one number. */
  | "FILE_DIFFERS";

export interface AuditProblem {
  readonly code: AuditProblemCode;
  readonly lane?: string;
  /** Of the entry in its lane. */
  readonly seq?: number;
  /** Number of the checkpoint. */
  readonly checkpoint?: number;
}

export interface AuditReport {
  readonly ok: boolean;
  readonly lanes: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Entries whose payload was erased. */
  readonly erased: number;
  /** Lanes whose beginning was pruned. */
  readonly pruned: number;
  /** Entries after the last checkpoint: chained, but nobody has signed for them yet. */
  readonly uncovered: number;
  /** The first thousand. */
  readonly problems: readonly AuditProblem[];
}

export interface VerifyOptions {
  readonly db: Kysely<Schema>;
  readonly dialect: "sqlite" | "postgres";
  readonly tenant: string;
  /** Public keys of checkpoints, pinned beforehand; those that whoever wrote the database chose prove little. */
  readonly keys: JSONWebKeySet;
  readonly checkpointFile?: string;
}

const mostProblems = 1_000;

export async function verifyAudit(options: VerifyOptions): Promise<AuditReport> {
  const problems: AuditProblem[] = [];
  const report = (problem: AuditProblem): void => {
    if (problems.length < mostProblems) problems.push(problem);
  };
  // What the file holds now is in the snapshot that follows; what is appended later need not be.
  const fileBytes = options.checkpointFile === undefined ? 0 : await sizeOf(options.checkpointFile);
  // One snapshot, so that a server at work does not look like a forger.
  const snapshot = options.db.transaction();
  const reading = options.dialect === "postgres" ? snapshot.setIsolationLevel("repeatable read") : snapshot;
  return reading.execute(async (db) => {
    const { tenant } = options;
    const lanes = await db.selectFrom("audit_lane").selectAll().where("tenant", "=", tenant).orderBy("epoch").execute();
    const checkpoints = await verifyCheckpoints({ ...options, db, fileBytes, lanes, report });
    const counted = await verifyLanes({ db, tenant, lanes, checkpoints, report });
    return { ok: problems.length === 0, ...counted, checkpoints: checkpoints.count, problems };
  });
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file)).size;
}
