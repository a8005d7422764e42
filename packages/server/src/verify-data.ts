/** Verifies the audit of data where they lie, with a server on them or without: what `countersign audit verify` calls. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JSONWebKeySet } from "jose";
import { type AuditReport, verifyAudit } from "./audit/verify.ts";
import { openReadOnly, type ReadOnlyStore, type StoreLocation } from "./store/open.ts";

export type { AuditProblem, AuditReport } from "./audit/verify.ts";

export interface VerifyDataOptions {
  readonly tenant: string;
  /** Keys of the checkpoints, pinned beforehand. Without them the database's own are taken, which prove less. */
  readonly keys?: JSONWebKeySet | undefined;
  /** Copy of the checkpoints outside the database; `checkpoints.jsonl` in the data directory, where there is one. */
  readonly checkpointFile?: string | undefined;
}

export interface VerifiedData extends AuditReport {
  readonly keys: "pinned" | "from the data";
  /** The copy that was compared. */
  readonly checkpointFile?: string;
}

/** Changes nothing. Throws StoreError STORE_UNAVAILABLE when there are no data to read. */
export async function verifyData(location: StoreLocation, options: VerifyDataOptions): Promise<VerifiedData> {
  const store = await openReadOnly(location);
  try {
    const checkpointFile = options.checkpointFile ?? ownCheckpoints(location);
    const report = await verifyAudit({
      db: store.db,
      dialect: store.dialect,
      tenant: options.tenant,
      keys: options.keys ?? (await keysOf(store, options.tenant)),
      ...(checkpointFile !== undefined && { checkpointFile }),
    });
    const keys = options.keys === undefined ? "from the data" : "pinned";
    return { ...report, keys, ...(checkpointFile !== undefined && { checkpointFile }) };
  } finally {
    await store.close();
  }
}

function ownCheckpoints({ dataDirectory }: StoreLocation): string | undefined {
  const file = join(dataDirectory, "checkpoints.jsonl");
  return existsSync(file) ? file : undefined;
}

async function keysOf({ db }: ReadOnlyStore, tenant: string): Promise<JSONWebKeySet> {
  const rows = await db.selectFrom("signing_key").select("public_jwk").where("tenant", "=", tenant).execute();
  return { keys: rows.map((row) => JSON.parse(row.public_jwk) as JSONWebKeySet["keys"][number]) };
}
