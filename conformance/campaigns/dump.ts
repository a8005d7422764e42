/**
 * What is in the end: operations and receipts as the private API tells them, and rows and audit events as they stand in
 * the database, read with a connection of our own so that nobody's word has to be taken.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readReceiptClaims, type ReceiptClaims, receiptType } from "@countersign/protocol/receipt";
import { Client } from "pg";
import { runChild } from "./children.ts";
import type { Fleet } from "./fleet.ts";
import { isLost, memberOf, send } from "./http.ts";

export interface OperationRow {
  readonly id: string;
  readonly status: string;
  readonly external_id: string | null;
  readonly data: string;
  readonly failure_count: number;
  readonly expires_at: number;
}

export interface ActivationRow {
  readonly id: string;
  readonly status: string;
  readonly failed_attempts: number;
  readonly max_failed_attempts: number;
  readonly counter: number;
}

export interface AuditRow {
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  readonly type: string;
  readonly subject: string;
  /** JSON of the whole event. */
  readonly payload: string;
}

export interface Dump {
  readonly operations: readonly OperationRow[];
  readonly activations: readonly ActivationRow[];
  readonly audit: readonly AuditRow[];
  /** By operation; text says why there is none that verifies. */
  readonly receipts: ReadonlyMap<string, ReceiptClaims | string>;
  /** Output of `countersign audit verify` where it found something. */
  readonly auditProblem?: string | undefined;
  /** Lines of the servers' logs about what nobody had foreseen. */
  readonly unexpected: readonly string[];
}

const queries = {
  operations: "select id, status, external_id, data, failure_count, expires_at from operation",
  activations: "select id, status, failed_attempts, max_failed_attempts, counter from activation",
  audit: "select lane, seq, hash, type, subject, payload from audit_event order by lane, seq",
} as const;

type Tables = Pick<Dump, keyof typeof queries>;

/** Receipts are fetched from the running servers, which are then stopped; rows and audit are read after that. */
export async function dumpOf(fleet: Fleet): Promise<Dump> {
  const before = await readTables(fleet);
  const decided = before.operations.filter(({ status }) => status === "APPROVED" || status === "REJECTED");
  const receipts = await fetchReceipts(fleet, decided);
  const stopped = await Promise.all(fleet.servers.map((server) => server.kill("SIGTERM")));
  const tables = await readTables(fleet);
  const unexpected = fleet.servers.flatMap((server) => unexpectedLines(server.log()));
  if (stopped.includes(false)) unexpected.push("a server did not stop in time when it was asked to");
  return { ...tables, receipts, auditProblem: await verifyAudit(fleet), unexpected };
}

async function readTables({ store, dataDirectory }: Fleet): Promise<Tables> {
  const names = Object.keys(queries) as (keyof typeof queries)[];
  if (store === undefined) {
    const db = new DatabaseSync(join(dataDirectory, "countersign.db"), { readOnly: true });
    const rows = names.map((name) => [name, db.prepare(queries[name]).all()]);
    db.close();
    return Object.fromEntries(rows) as Tables;
  }
  const client = new Client({ connectionString: store });
  await client.connect();
  const rows: [string, unknown[]][] = [];
  for (const name of names) rows.push([name, (await client.query(queries[name])).rows.map(withNumbers)]);
  await client.end();
  return Object.fromEntries(rows) as unknown as Tables;
}

/** The driver gives 64-bit numbers as text. */
function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  const numbers = ["failure_count", "expires_at", "failed_attempts", "max_failed_attempts", "counter", "seq"];
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]),
  );
}

async function fetchReceipts(fleet: Fleet, operations: readonly OperationRow[]): Promise<Dump["receipts"]> {
  const keys = await fetchKeys(fleet);
  const receipts = new Map<string, ReceiptClaims | string>();
  const waiting = operations.map(({ id }) => id);
  const work = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const answer = await fleet.bank.call("GET", `/v1/operations/${id}/receipt`);
      const text = isLost(answer) || answer.status !== 200 ? undefined : memberOf(answer.json, "receipt");
      receipts.set(id, typeof text === "string" ? verified(text, keys) : JSON.stringify(answer));
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return receipts;
}

async function fetchKeys(fleet: Fleet): Promise<ReadonlyMap<string, KeyObject>> {
  const { public: url } = await fleet.servers[0]!.up();
  const answer = await send({ method: "GET", url: `${url}/.well-known/countersign/jwks.json` });
  const jwks = isLost(answer) ? [] : (memberOf(answer.json, "keys") as ({ kid: string } & Record<string, string>)[]);
  return new Map(jwks.map((key) => [key.kid, createPublicKey({ format: "jwk", key })]));
}

/** The claims of a compact JWS by one of the keys, or why there are none. */
function verified(receipt: string, keys: ReadonlyMap<string, KeyObject>): ReceiptClaims | string {
  const [header = "", payload = "", signature = ""] = receipt.split(".");
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  const { alg, kid, typ } = read(header) as Record<string, unknown>;
  const key = keys.get(String(kid));
  if (alg !== "ES256" || typ !== receiptType || key === undefined) return `the receipt's header is ${header}`;
  const signed = Buffer.from(`${header}.${payload}`);
  const valid = verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
  return valid ? (readReceiptClaims(read(payload)) ?? "the receipt lacks claims") : "the receipt's signature is wrong";
}

async function verifyAudit({ store, dataDirectory, environment }: Fleet): Promise<string | undefined> {
  const root = join(import.meta.dirname, "../..");
  const args = ["--conditions=@countersign/source", join(root, "packages/cli/src/main.ts"), "audit", "verify"];
  args.push("--data", dataDirectory, ...(store === undefined ? [] : ["--store", store]));
  const { NODE_OPTIONS: _, LD_PRELOAD: __, ...rest } = environment;
  const env = { ...process.env, ...rest };
  return runChild(process.execPath, args, { cwd: root, env }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

function unexpectedLines(log: string): string[] {
  return log.split("\n").filter((line) => line.includes("unexpected error"));
}
