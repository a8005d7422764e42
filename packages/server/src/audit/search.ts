/** Reads the audit: newest first, page by page, each event with what can be said of it by itself. */
import { sql } from "kysely";
import { type ApiClient, mayUse } from "../accounts/api-client.ts";
import type { Deps } from "../deps.ts";
import { newestPage, type Page, type Place } from "../lists/newest-page.ts";
import type { AuditEventTable } from "../store/schema.ts";
import { entryHash } from "./chain.ts";
import type { Event } from "./event.ts";
import { payloadFits } from "./verify-lanes.ts";

export interface AuditSearch {
  readonly subject?: string | undefined;
  readonly type?: string | undefined;
  /** Recorded from here on, and before there; epoch ms. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
  /** Events of none of its applications do not exist for it. */
  readonly client: Pick<ApiClient, "applications">;
}

export interface AuditEntry {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly at: number;
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  /** Absent once it was erased, and where it is not what was recorded. */
  readonly data?: Event["data"];
  /** Whether entry and payload are what their hashes were made from. The whole chain is checked by `audit verify`. */
  readonly integrity: "intact" | "erased" | "changed";
  /** Whether a checkpoint vouches for it already. */
  readonly covered: boolean;
}

export async function searchAudit(deps: Pick<Deps, "store">, input: AuditSearch): Promise<Page<AuditEntry>> {
  const { subject, type, from, to, client } = input;
  const { rows, ...more } = await newestPage(deps.store, "audit_event", {
    indexed: [
      subject === undefined ? undefined : sql`subject = ${subject}`,
      from === undefined ? undefined : sql`at >= ${from}`,
      to === undefined ? undefined : sql`at < ${to}`,
    ],
    filtered: [type === undefined ? undefined : sql`type = ${type}`],
    after: input.after,
    limit: input.limit,
  });
  const visible = client.applications === undefined ? rows : await ofApplications(deps, rows, client);
  const covered = await coveredLanes(deps, visible);
  return { rows: visible.map((row) => entryOf(row, row.seq <= (covered.get(row.lane) ?? 0))), ...more };
}

function entryOf(row: AuditEventTable, covered: boolean): AuditEntry {
  const { id, type, subject, at, lane, seq, hash, salt, payload } = row;
  const erased = salt === null && payload === null;
  const intact = entryHash(row) === hash && (erased || payloadFits(row));
  const data = intact && payload !== null ? { data: (JSON.parse(payload) as Event).data } : {};
  const integrity = !intact ? "changed" : erased ? "erased" : "intact";
  return { id, type, subject, at, lane, seq, hash, ...data, integrity, covered };
}

/** Last entry of each lane that a checkpoint names. */
async function coveredLanes(
  { store }: Pick<Deps, "store">,
  rows: readonly AuditEventTable[],
): Promise<ReadonlyMap<string, number>> {
  const lanes = [...new Set(rows.map(({ lane }) => lane))];
  if (lanes.length === 0) return new Map();
  const found = await store.read
    .selectFrom("audit_lane")
    .select(["id", "covered_seq"])
    .where("tenant", "=", store.tenant)
    .where("id", "in", lanes)
    .execute();
  return new Map(found.map(({ id, covered_seq }) => [id, covered_seq]));
}

/** By what the events are about, so that it does not matter whether their payloads are still there. */
async function ofApplications(
  { store }: Pick<Deps, "store">,
  rows: readonly AuditEventTable[],
  client: AuditSearch["client"],
): Promise<readonly AuditEventTable[]> {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  if (subjects.length === 0) return [];
  const { read, tenant } = store;
  const [activations, operations, tokens] = await Promise.all([
    read
      .selectFrom("activation")
      .select(["id", "application_id"])
      .where("tenant", "=", tenant)
      .where("id", "in", subjects)
      .execute(),
    read
      .selectFrom("operation_application")
      .select(["operation_id as id", "application_id"])
      .where("tenant", "=", tenant)
      .where("operation_id", "in", subjects)
      .execute(),
    read
      .selectFrom("token as t")
      .innerJoin("activation as a", (join) =>
        join.onRef("a.tenant", "=", "t.tenant").onRef("a.id", "=", "t.activation_id"),
      )
      .select(["t.id", "a.application_id"])
      .where("t.tenant", "=", tenant)
      .where("t.id", "in", subjects)
      .execute(),
  ]);
  const mine = new Set(
    [...activations, ...operations, ...tokens].filter((one) => mayUse(client, one.application_id)).map(({ id }) => id),
  );
  return rows.filter(
    ({ type, subject }) => mine.has(subject) || (type.startsWith("application.") && mayUse(client, subject)),
  );
}
