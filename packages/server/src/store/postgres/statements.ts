/**
 * The two statements of a flush on PostgreSQL, put together from the parts it needs. Each combination is prepared once
 * under its own name. Rows travel as one JSON parameter for each table.
 */
import {
  activationGuard,
  activationSet,
  type ColumnType,
  inserted,
  type InsertedTable,
  insertedTables,
  operationGuard,
  operationSet,
  recordGuard,
  recordSet,
} from "../hot-columns.ts";
import { sinkTypesOf } from "../announce.ts";
import type { Plan } from "../flush.ts";

export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/** What a flush can ask for. The second parameter on, in this order, is a JSON array for each part in use. */
export const readParts = ["activation", "operation", "token", "record", "version", "replay", "idempotency"] as const;
export type ReadPart = (typeof readParts)[number];

const readCache = new Map<string, Prepared>();

/**
 * Locks and reads row by row, skipping what is locked elsewhere. Answers (kind, id, doc, found): one row for each id
 * that was asked for, and `now`. `doc` is null where the row could not be locked; `found` then tells whether it exists.
 *
 * Every look-up stands in a subquery of its own, so that no plan, however old its statistics, reads more than one row.
 */
export function readStatement(parts: readonly ReadPart[]): Prepared {
  return cached(readCache, `read ${parts.join(" ")}`, () => {
    const selects = [`select 'now' as kind, null as id, to_json(${clock}) as doc, true as found`];
    for (const [at, part] of parts.entries()) selects.push(readPart(part, `$${at + 2}::json`));
    return selects.join(" union all ");
  });
}

function readPart(part: ReadPart, parameter: string): string {
  switch (part) {
    case "activation":
    case "operation":
    case "token":
      return `select '${part}', w.id, row_to_json(r), case when r.id is null then
          (select true from "${part}" e where e.tenant = $1 and e.id = w.id) end
        from json_array_elements_text(${parameter}) w(id) left join lateral
          (select * from "${part}" t where t.tenant = $1 and t.id = w.id for no key update skip locked) r on true`;
    case "record":
      return `select 'record', w.place, row_to_json(r), case when r.id is null then
          (select true from oidc_record e where e.tenant = $1 and e.model = w.model and e.id = w.id) end
        from json_to_recordset(${parameter}) as w(place text, model text, id text) left join lateral
          (select * from oidc_record t where t.tenant = $1 and t.model = w.model and t.id = w.id
            for no key update skip locked) r on true`;
    case "version":
      return `select 'version', w.id, (select to_json(supported) from application_version
          where tenant = $1 and application_key = w.id), true
        from json_array_elements_text(${parameter}) w(id)`;
    case "replay":
    case "idempotency": {
      const [first, second] = claimColumns[part];
      return `select '${part}', w.place, null,
          (select true from "${part}" where tenant = $1 and ${first} = w.a and ${second} = w.b)
        from json_to_recordset(${parameter}) as w(place text, a text, b text)`;
    }
  }
}

/** Columns of a claim's key after the tenant. */
export const claimColumns = { replay: ["subject", "nonce"], idempotency: ["client_id", "key"] } as const;

export const clock = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

export interface WriteRequest extends Prepared {
  readonly values: readonly string[];
  /** How many rows each part must have written, in order. */
  readonly expected: readonly number[];
  /** Place of the outbox among the parts, -1 when it is not written to. */
  readonly outboxAt: number;
}

const writeCache = new Map<string, Prepared>();

/** Undefined when there is nothing to write. The answer is one row: the counts `n` and the transaction's id. */
export function writeRequest(plan: Plan, tenant: string): WriteRequest | undefined {
  const parts: Part[] = [];
  if (plan.activations.length > 0) parts.push(update("activation", activationSet, activationGuard, plan.activations));
  if (plan.operations.length > 0) parts.push(update("operation", operationSet, operationGuard, plan.operations));
  if (plan.records.length > 0) parts.push(update("oidc_record", recordSet, recordGuard, plan.records, ["model", "id"]));
  if (plan.removedTokens.length > 0) parts.push(removal(plan.removedTokens));
  for (const table of insertedTables) {
    const rows = plan.inserts.get(table);
    if (rows) parts.push(insert(table, rows));
  }
  const queue = outboxRows(plan);
  if (queue.length > 0) parts.push(outbox(queue));
  if (parts.length === 0) return undefined;
  const { name, text } = cached(writeCache, `write ${parts.map((part) => part.name).join(" ")}`, () => {
    const steps = parts.map((part, at) => `w${at} as (${part.sql(`$${at + 2}::json`)} returning 1)`);
    const counts = parts.map((_, at) => `(select count(*) from w${at})`);
    return `with ${steps.join(", ")} select array[${counts.join(", ")}]::int[] as n, pg_current_xact_id()::text as xid`;
  });
  return {
    name,
    text,
    values: [tenant, ...parts.map((part) => JSON.stringify(part.rows))],
    expected: parts.map((part) => part.expected),
    outboxAt: queue.length > 0 ? parts.length - 1 : -1,
  };
}

interface Part {
  readonly name: string;
  readonly rows: readonly unknown[];
  /** -1 where any number will do. */
  readonly expected: number;
  sql(parameter: string): string;
}

function update(
  table: "activation" | "operation" | "oidc_record",
  set: Readonly<Record<string, ColumnType>>,
  guard: readonly string[],
  rows: readonly object[],
  key: readonly string[] = ["id"],
): Part {
  return {
    name: table,
    rows,
    expected: rows.length,
    sql(parameter) {
      const same = key.map((column) => `"${column}" = r."${column}"`).join(" and ");
      const assignments = Object.keys(set).map((column) => `"${column}" = x."${column}"`);
      const still = guard.map((column) => ` and t."${column}" is not distinct from x."was_${column}"`).join("");
      const types = [
        ...key.map((column) => `"${column}" text`),
        ...Object.entries(set).map(([column, type]) => `"${column}" ${type}`),
        ...guard.map((column) => `"was_${column}" ${set[column]}`),
      ];
      return `update "${table}" t set ${assignments.join(", ")} from (
          select *, (select ctid from "${table}" where tenant = $1 and ${same}) as place
          from json_to_recordset(${parameter}) as r(${types.join(", ")}) offset 0
        ) x where t.ctid = x.place${still}`;
    },
  };
}

function insert(table: InsertedTable, rows: readonly object[]): Part {
  return {
    name: `+${table}`,
    rows,
    expected: rows.length,
    sql(parameter) {
      const columns = Object.entries(inserted[table]).filter(([column]) => column !== "tenant");
      const names = columns.map(([column]) => `"${column}"`);
      const types = columns.map(([column, type]) => `"${column}" ${type}`).join(", ");
      const from = `select $1, ${names.join(", ")} from json_to_recordset(${parameter}) as x(${types})`;
      const into = `insert into "${table}" (tenant, ${names.join(", ")}) ${from}`;
      if (table !== "replay" && table !== "idempotency") return into;
      // In key order, so that two nodes with the same claims wait for each other in the same order.
      return `${into} order by ${claimColumns[table].join(", ")} on conflict do nothing`;
    },
  };
}

function removal(ids: readonly string[]): Part {
  return {
    name: "-token",
    rows: ids,
    expected: -1,
    sql: (parameter) =>
      `delete from token t using (
        select (select ctid from token where tenant = $1 and id = r.id) as place
        from json_array_elements_text(${parameter}) r(id) offset 0
      ) x where t.ctid = x.place`,
  };
}

function outboxRows(plan: Plan): object[] {
  return plan.announced.flatMap(({ id, type, at, payload, applications, sink }) => {
    const types = sinkTypesOf(type);
    return types.length === 0 ? [] : [{ id, at, payload, applications, sink, types }];
  });
}

function outbox(rows: readonly object[]): Part {
  return {
    name: "+outbox",
    rows,
    expected: -1,
    sql: (parameter) => `insert into outbox (tenant, id, sink_id, event, state, attempts, due_at, locked_until)
      select $1, x.id || '.' || s.id, s.id, x.payload, 'PENDING', 0, x.at, 0
      from json_to_recordset(${parameter}) as x(id text, at bigint, payload text, applications json, sink text, types json)
      join sink s on s.tenant = $1 and s.enabled = 1 and s.type in (select json_array_elements_text(x.types))
        and s.application_id in (select json_array_elements_text(x.applications))
        and (x.sink is null or s.id = x.sink)`,
  };
}

/** Names are numbered: PostgreSQL cuts them at 63 bytes. */
function cached(cache: Map<string, Prepared>, key: string, text: () => string): Prepared {
  let prepared = cache.get(key);
  if (prepared === undefined) {
    prepared = { name: `countersign_${key.split(" ")[0]}_${cache.size}`, text: text() };
    cache.set(key, prepared);
  }
  return prepared;
}
