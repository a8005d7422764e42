/** Finds activations for the back office: by user, by many conditions, and their history. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { isOneOf, newestPage, type Page, type Place } from "../lists/newest-page.ts";
import type { ActivationStatus } from "../store/schema.ts";
import type { ActivationRow } from "../store/store.ts";
import { flagsOf, statusAt } from "./activation.ts";

export interface ActivationList {
  readonly userId: string;
  /** All of these; undefined for every application. */
  readonly applicationIds?: readonly string[] | undefined;
  readonly statuses?: readonly ActivationStatus[] | undefined;
  /** From 0. */
  readonly page: number;
  readonly pageSize: number;
}

/** Newest first. `status` of the rows is the one at this moment. */
export async function listActivations(deps: Pick<Deps, "store">, input: ActivationList): Promise<ActivationRow[]> {
  const now = await deps.store.now();
  let query = deps.store.read
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "=", input.userId);
  if (input.applicationIds !== undefined) {
    if (input.applicationIds.length === 0) return [];
    query = query.where("application_id", "in", [...input.applicationIds]);
  }
  if (input.statuses !== undefined && input.statuses.length > 0) {
    query = query.where(statusIs(input.statuses, now));
  }
  const rows = await query
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(input.pageSize)
    .offset(input.page * input.pageSize)
    .execute();
  return rows.map((row) => ({ ...row, status: statusAt(row, now) }));
}

export interface ActivationSearch {
  readonly userId?: string | undefined;
  /** Undefined for every application. */
  readonly applications?: readonly string[] | undefined;
  readonly statuses?: readonly ActivationStatus[] | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** Newest first, page by page. `status` of the rows is the one at this moment. */
export async function searchActivations(
  deps: Pick<Deps, "store">,
  { userId, applications, statuses, after, limit }: ActivationSearch,
): Promise<Page<ActivationRow>> {
  const now = await deps.store.now();
  const { rows, ...more } = await newestPage(deps.store, "activation", {
    indexed: [userId === undefined ? undefined : sql`user_id = ${userId}`],
    filtered: [
      applications === undefined ? undefined : isOneOf("application_id", applications),
      statuses === undefined ? undefined : statusIs(statuses, now),
    ],
    after,
    limit,
  });
  return { rows: rows.map((row) => ({ ...row, status: statusAt(row, now) })), ...more };
}

export interface ActivationLookup {
  readonly userIds: readonly string[];
  readonly applicationIds?: readonly string[] | undefined;
  /** Epoch ms, inclusive. */
  readonly lastUsedAfter?: number | undefined;
  readonly lastUsedBefore?: number | undefined;
  readonly status?: ActivationStatus | undefined;
  /** All of these flags. */
  readonly flags?: readonly string[] | undefined;
}

/** In order of id. `status` of the rows is the one at this moment. */
export async function lookupActivations(deps: Pick<Deps, "store">, input: ActivationLookup): Promise<ActivationRow[]> {
  if (input.userIds.length === 0 || input.applicationIds?.length === 0) return [];
  const now = await deps.store.now();
  let query = deps.store.read
    .selectFrom("activation")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "in", [...input.userIds]);
  if (input.applicationIds !== undefined) query = query.where("application_id", "in", [...input.applicationIds]);
  if (input.lastUsedAfter !== undefined) query = query.where("last_used_at", ">=", input.lastUsedAfter);
  if (input.lastUsedBefore !== undefined) query = query.where("last_used_at", "<=", input.lastUsedBefore);
  if (input.status !== undefined) query = query.where(statusIs([input.status], now));
  const rows = await query.orderBy("id").execute();
  const wanted = input.flags ?? [];
  return rows
    .filter((row) => wanted.every((flag) => flagsOf(row).includes(flag)))
    .map((row) => ({ ...row, status: statusAt(row, now) }));
}

export interface HistoryItem {
  /** UUIDv7 of the entry. */
  readonly id: string;
  readonly activationId: string;
  readonly status: ActivationStatus;
  readonly reason: string | null;
  readonly externalUserId: string | null;
  readonly name: string | null;
  readonly at: number;
}

/** Oldest first, from and to inclusive, epoch ms. Empty for an unknown activation. */
export async function activationHistory(
  deps: Pick<Deps, "store">,
  input: { readonly activationId: string; readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<HistoryItem[]> {
  let query = deps.store.read
    .selectFrom("activation_history")
    .selectAll()
    .where("tenant", "=", deps.store.tenant)
    .where("activation_id", "=", input.activationId);
  if (input.from !== undefined) query = query.where("at", ">=", input.from);
  if (input.to !== undefined) query = query.where("at", "<=", input.to);
  const rows = await query.orderBy("at").orderBy("id").execute();
  return rows.map((row) => ({
    id: row.id,
    activationId: row.activation_id,
    status: row.status,
    reason: row.reason,
    externalUserId: row.external_user_id,
    name: row.name,
    at: row.at,
  }));
}

/** Overdue rows count as REMOVED, written down or not. */
export function statusIs(statuses: readonly ActivationStatus[], now: number) {
  const removed = statuses.includes("REMOVED");
  const others = statuses.filter((status) => status !== "REMOVED");
  const waiting = sql`(status in ('CREATED', 'PENDING_COMMIT') and expires_at <= ${now})`;
  const named = others.length === 0 ? sql`1 = 0` : sql`(status in (${sql.join(others)}) and not ${waiting})`;
  return removed ? sql<boolean>`(status = 'REMOVED' or ${waiting} or ${named})` : sql<boolean>`(${named})`;
}
