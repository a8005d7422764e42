/** How operations fare over time: what became of those created in each step, how long it took, what went wrong. */
import { type RawBuilder, sql } from "kysely";
import type { Deps } from "../deps.ts";
import { isOneOf } from "../lists/newest-page.ts";
import type { OperationStatus } from "../store/schema.ts";

export interface StatisticsQuery {
  /** Created from here on, and before there; epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Of at least one of these; undefined for every application. */
  readonly applications?: readonly string[] | undefined;
}

export interface Step {
  readonly at: number;
  readonly statuses: Readonly<Partial<Record<OperationStatus, number>>>;
  /** Tries to decide that came to nothing. */
  readonly failedAttempts: number;
}

export interface Statistics {
  /** Steps in which something was created, in order. */
  readonly steps: readonly Step[];
  /** Decided by a person, by the time it took; `upTo` is absent for all that took longer. */
  readonly latency: readonly { readonly upTo?: number; readonly count: number }[];
  readonly failures: readonly { readonly outcome: string; readonly count: number }[];
  /** Waiting for a decision at this moment. */
  readonly pending: number;
}

/** Seconds. */
const latencies = [5, 15, 30, 60, 120, 300] as const;

export async function statistics(deps: Pick<Deps, "store">, query: StatisticsQuery): Promise<Statistics> {
  const { read, tenant } = deps.store;
  const now = await deps.store.now();
  const { from, to, stepMs, applications } = query;
  const mine: RawBuilder<unknown> =
    applications === undefined
      ? sql``
      : sql`and exists (select 1 from operation_application as a where a.tenant = o.tenant
          and a.operation_id = o.id and ${isOneOf("a.application_id", applications)})`;
  const within = sql`o.tenant = ${tenant} and o.created_at >= ${from} and o.created_at < ${to} ${mine}`;
  const step = sql<number>`(o.created_at - cast(${from} as bigint)) / cast(${stepMs} as bigint)`;
  const status = sql<OperationStatus>`case when o.status = 'PENDING' and o.expires_at <= ${now}
    then 'EXPIRED' else o.status end`;
  const took = sql`o.finalized_at - o.created_at`;
  const faster = latencies.map(
    (seconds) => sql`cast(sum(case when ${took} <= ${seconds * 1000} then 1 else 0 end) as integer) as
      ${sql.ref(`s${seconds}`)}`,
  );
  const [counts, times, attempts, waiting] = await Promise.all([
    sql<{ step: number; status: OperationStatus; count: number }>`
      select ${step} as step, ${status} as status, count(*) as count
      from operation as o where ${within} group by 1, 2`.execute(read),
    sql<Record<string, number | null>>`select ${sql.join(faster)}, count(*) as "all" from operation as o
      where ${within} and o.status in ('APPROVED', 'REJECTED')`.execute(read),
    sql<{ step: number; outcome: string; count: number }>`
      select ${step} as step, t.outcome, count(*) as count
      from operation as o join operation_attempt as t on t.tenant = o.tenant and t.operation_id = o.id
      where ${within} and t.outcome <> 'decided' group by 1, 2`.execute(read),
    sql<{ count: number }>`select count(*) as count from operation as o
      where o.tenant = ${tenant} and o.status = 'PENDING' and o.expires_at > ${now} ${mine}`.execute(read),
  ]);
  return {
    steps: stepsOf(query, counts.rows, attempts.rows),
    latency: latencyOf(times.rows[0] ?? {}),
    failures: failuresOf(attempts.rows),
    pending: waiting.rows[0]?.count ?? 0,
  };
}

function stepsOf(
  { from, stepMs }: StatisticsQuery,
  counts: readonly { step: number; status: OperationStatus; count: number }[],
  attempts: readonly { step: number; count: number }[],
): Step[] {
  const steps = new Map<
    number,
    { at: number; statuses: Partial<Record<OperationStatus, number>>; failedAttempts: number }
  >();
  const stepAt = (index: number) => {
    const known = steps.get(index) ?? { at: from + index * stepMs, statuses: {}, failedAttempts: 0 };
    steps.set(index, known);
    return known;
  };
  for (const { step, status, count } of counts) stepAt(step).statuses[status] = count;
  for (const { step, count } of attempts) stepAt(step).failedAttempts += count;
  return [...steps.values()].toSorted((a, b) => a.at - b.at);
}

function latencyOf(row: Readonly<Record<string, number | null>>): { upTo?: number; count: number }[] {
  let before = 0;
  const parts: { upTo?: number; count: number }[] = latencies.map((seconds) => {
    const upToHere = row[`s${seconds}`] ?? 0;
    const count = upToHere - before;
    before = upToHere;
    return { upTo: seconds, count };
  });
  return [...parts, { count: (row.all ?? 0) - before }];
}

function failuresOf(attempts: readonly { outcome: string; count: number }[]): { outcome: string; count: number }[] {
  const sums = new Map<string, number>();
  for (const { outcome, count } of attempts) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
  return [...sums].map(([outcome, count]) => ({ outcome, count })).toSorted((a, b) => b.count - a.count);
}
