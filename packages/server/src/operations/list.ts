/** Which operations a device or a back office is told about. Overdue ones are expired for every reader. */
import { type ExpressionBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import { isOneOf, newestPage, type Page, type Place } from "../lists/newest-page.ts";
import type { OperationStatus, Schema } from "../store/schema.ts";
import type { ActivationRow, OperationRow } from "../store/store.ts";
import { settled } from "./expire.ts";

/** A literal, so that the index of pending operations is used: it is partial, and a parameter could be anything. */
const pending = sql.lit<"PENDING">("PENDING");

/** What a device may see is decided by these four; the rest of its row does not matter. */
export type Viewer = Pick<ActivationRow, "id" | "user_id" | "application_id" | "flags">;

/** Newest operations a device is shown; there is no second page. */
const mostForDevice = 100;

/**
 * Newest first, at most 100. `pending` leaves out all that can no longer be decided. An operation that asks for an
 * activation flag is shown to activations with that flag only, so never to one without any.
 */
export async function listForDevice(
  deps: Pick<Deps, "store">,
  viewer: Viewer,
  which: "pending" | "all",
): Promise<readonly OperationRow[]> {
  const { tenant } = deps.store;
  const now = await deps.store.now();
  const flags = JSON.parse(viewer.flags) as string[];
  const values = { tenant, user: viewer.user_id, application: viewer.application_id, activation: viewer.id, now };
  const named = Object.fromEntries(flags.map((flag, at) => [`flag${at}`, flag]));
  const rows = await deviceQuery(which, flags.length)(deps.store, { ...values, ...named });
  return Promise.all(rows.map((row) => settled(deps, row, now)));
}

type DeviceValues = Readonly<Record<string, string | number>> & {
  readonly tenant: string;
  readonly user: string;
  readonly application: string;
  readonly activation: string;
  readonly now: number;
};
type DeviceQuery = ReturnType<typeof builtOnce<DeviceValues, OperationRow>>;

/** One query for each number of flags: every list in a statement has its length. */
const deviceQueries = new Map<string, DeviceQuery>();
const mostDeviceQueries = 200;

function deviceQuery(which: "pending" | "all", flags: number): DeviceQuery {
  const key = `${which} ${flags}`;
  const known = deviceQueries.get(key);
  if (known !== undefined) return known;
  const made = builtOnce<DeviceValues, OperationRow>((db, mark) => {
    const names = Array.from({ length: flags }, (_, at) => mark(`flag${at}`) as string);
    let query = db
      .selectFrom("operation as o")
      .selectAll("o")
      .where("o.tenant", "=", mark("tenant"))
      .where("o.user_id", "=", mark("user"))
      .where(ofApplications(mark("tenant"), [mark("application")]))
      .where((e) => e.or([e("o.activation_id", "is", null), e("o.activation_id", "=", mark("activation"))]))
      .where(withFlags(names));
    if (which === "pending") query = query.where("o.status", "=", pending).where("o.expires_at", ">", mark("now"));
    return newestFirst(query).limit(mostForDevice);
  });
  if (deviceQueries.size < mostDeviceQueries) deviceQueries.set(key, made);
  return made;
}

export interface BackOfficeFilter {
  readonly userId?: string;
  readonly externalId?: string;
  /** At least one of these. */
  readonly applications: readonly string[];
  /** Only operations that this activation can see. */
  readonly activationId?: string | undefined;
  readonly pendingOnly?: boolean;
  /** From 0. */
  readonly page: number;
  readonly size: number;
}

/** Newest first. Refuses with `application-not-found` when one of the applications is unknown. */
export async function listForBackOffice(
  deps: Pick<Deps, "store">,
  filter: BackOfficeFilter,
): Promise<readonly OperationRow[] | Refusal> {
  const { tenant } = deps.store;
  const known = await deps.store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", tenant)
    .where("id", "in", filter.applications)
    .execute();
  if (known.length !== new Set(filter.applications).size) return refuse("application-not-found");
  const now = await deps.store.now();
  let query = deps.store.read
    .selectFrom("operation as o")
    .selectAll("o")
    .where("o.tenant", "=", tenant)
    .where(ofApplications(tenant, filter.applications));
  if (filter.userId !== undefined) query = query.where("o.user_id", "=", filter.userId);
  if (filter.externalId !== undefined) query = query.where("o.external_id", "=", filter.externalId);
  if (filter.pendingOnly === true) query = query.where("o.status", "=", pending).where("o.expires_at", ">", now);
  if (filter.activationId !== undefined) {
    const { activationId } = filter;
    const activation = await deps.store.findActivation(activationId);
    query = query
      .where((e) => e.or([e("o.activation_id", "is", null), e("o.activation_id", "=", activationId)]))
      .where(withFlags(activation === undefined ? [] : (JSON.parse(activation.flags) as string[])));
  }
  const rows = await newestFirst(query)
    .limit(filter.size)
    .offset(filter.page * filter.size)
    .execute();
  return Promise.all(rows.map((row) => settled(deps, row, now)));
}

type Rows = Schema & { o: Schema["operation"] };

function newestFirst<T>(query: SelectQueryBuilder<Rows, "o", T>): SelectQueryBuilder<Rows, "o", T> {
  return query.orderBy("o.created_at", "desc").orderBy("o.id", "desc");
}

function ofApplications(tenant: string, ids: readonly string[]) {
  return (e: ExpressionBuilder<Rows, "o">) =>
    e.exists(
      e
        .selectFrom("operation_application as a")
        .select("a.operation_id")
        .where("a.tenant", "=", tenant)
        .where("a.application_id", "in", ids)
        .whereRef("a.operation_id", "=", "o.id"),
    );
}

function withFlags(flags: readonly string[]) {
  return (e: ExpressionBuilder<Rows, "o">) =>
    flags.length === 0
      ? e("o.activation_flag", "is", null)
      : e.or([e("o.activation_flag", "is", null), e("o.activation_flag", "in", flags)]);
}

export interface OperationSearch {
  readonly userId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly statuses?: readonly OperationStatus[] | undefined;
  readonly template?: string | undefined;
  /** At least one of these; undefined for every application. */
  readonly applications?: readonly string[] | undefined;
  /** Created from here on, and before there; epoch ms. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** Newest first, page by page. `status` of the rows is the one at this moment. */
export async function searchOperations(deps: Pick<Deps, "store">, input: OperationSearch): Promise<Page<OperationRow>> {
  const { userId, externalId, template, from, to, statuses, applications } = input;
  const now = await deps.store.now();
  const { rows, ...more } = await newestPage(deps.store, "operation", {
    indexed: [
      userId === undefined ? undefined : sql`user_id = ${userId}`,
      externalId === undefined ? undefined : sql`external_id = ${externalId}`,
      from === undefined ? undefined : sql`created_at >= ${from}`,
      to === undefined ? undefined : sql`created_at < ${to}`,
    ],
    filtered: [
      statuses === undefined ? undefined : statusIs(statuses, now),
      template === undefined ? undefined : sql`template_name = ${template}`,
      applications === undefined
        ? undefined
        : sql`exists (select 1 from operation_application as a where a.tenant = r.tenant and a.operation_id = r.id
            and ${isOneOf("a.application_id", applications)})`,
    ],
    after: input.after,
    limit: input.limit,
  });
  return { rows: await Promise.all(rows.map((row) => settled(deps, row, now))), ...more };
}

/** Overdue rows count as EXPIRED, written down or not. */
function statusIs(statuses: readonly OperationStatus[], now: number) {
  const ways = statuses.map((status) => {
    if (status === "PENDING") return sql`(status = 'PENDING' and expires_at > ${now})`;
    if (status === "EXPIRED") return sql`(status = 'EXPIRED' or (status = 'PENDING' and expires_at <= ${now}))`;
    return sql`status = ${status}`;
  });
  return ways.length === 0 ? sql`1 = 0` : sql`(${sql.join(ways, sql` or `)})`;
}
