/** The same random commands on both dialects: outcomes, errors and everything that is stored must be the same. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import { tables } from "../../src/store/migrations/0001-initial.ts";
import type { HotCommand, HotRows, Store, Writes } from "../../src/store/store.ts";
import { activationUpdate, operationUpdate } from "../hot-commands.ts";
import { activationRow, application, draft, operationRow } from "../store-rows.ts";
import { postgres, type TestStore, withStore } from "../stores.ts";

const tenant = "default";
const id = (name: string) => fc.constantFrom(...[1, 2, 3].map((at) => `${name}-${at}`), `${name}-none`);
/** Text that is hard on quoting and on JSON, but that both dialects can store. */
const text = fc
  .string({ unit: "grapheme", maxLength: 20 })
  .filter((one) => !one.includes("\u0000") && one.isWellFormed());

interface Step {
  readonly activationId?: string;
  readonly operationId?: string;
  readonly tokenId?: string;
  readonly applicationKey?: string;
  readonly nonces: readonly string[];
  readonly keys: readonly string[];
  readonly releases: boolean;
  readonly acts: readonly Act[];
  readonly note: string;
}

type Act =
  | "advance"
  | "stale"
  | "fail"
  | "decide"
  | "count"
  | "create"
  | "duplicate"
  | "token"
  | "orphan"
  | "remove"
  | "history"
  | "attempt"
  | "event"
  | "throw"
  | "badDecision";

const step: fc.Arbitrary<Step> = fc.record(
  {
    activationId: id("activation"),
    operationId: id("operation"),
    tokenId: id("token"),
    applicationKey: fc.constantFrom("supported", "unsupported", "unknown"),
    nonces: fc.uniqueArray(fc.constantFrom("n1", "n2", "n3", "n4"), { maxLength: 2 }),
    keys: fc.uniqueArray(fc.constantFrom("k1", "k2"), { maxLength: 1 }),
    releases: fc.boolean(),
    acts: fc.uniqueArray(
      fc.oneof(
        {
          weight: 12,
          arbitrary: fc.constantFrom<Act>(
            "advance",
            "fail",
            "decide",
            "count",
            "create",
            "token",
            "remove",
            "history",
            "attempt",
            "event",
          ),
        },
        { weight: 2, arbitrary: fc.constantFrom<Act>("stale", "duplicate", "orphan", "throw", "badDecision") },
      ),
      { maxLength: 4 },
    ),
    note: text,
  },
  { requiredKeys: ["nonces", "keys", "releases", "acts", "note"] },
);

/** Steps of one group are handed in together; a transaction may stand between groups. */
const script = fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 8 }), ordinary: fc.boolean() }), {
  minLength: 1,
  maxLength: 5,
});

function command(one: Step, number: number): HotCommand<unknown> {
  const { activationId, operationId, tokenId, applicationKey } = one;
  return {
    ...(activationId !== undefined && { activationId }),
    ...(operationId !== undefined && { operationId }),
    ...(tokenId !== undefined && { tokenId }),
    ...(applicationKey !== undefined && { applicationKey }),
    claims: [
      ...one.nonces.map((nonce) => ({ table: "replay" as const, row: { tenant, subject: "s", nonce, expires_at: 1 } })),
      ...one.keys.map((key) => ({
        table: "idempotency" as const,
        row: { tenant, client_id: "c", key, request_digest: "d", operation_id: `${number}`, expires_at: 1 },
      })),
    ],
    evaluate(rows, now) {
      const { activation, operation, token, claimed, supported } = rows;
      const seen = [
        activation?.counter,
        activation?.status,
        operation?.status,
        operation?.failure_count,
        token?.id,
        claimed,
        supported,
        now,
      ];
      return { result: seen, writes: writes(one, rows, number, now), ...(one.releases && { claims: "release" }) };
    },
  };
}

function writes({ acts, note }: Step, rows: HotRows, number: number, now: number): Writes {
  const { activation, operation, token } = rows;
  let all: Writes = {};
  for (const act of acts) {
    if (act === "throw") throw new RangeError("own");
    if (act === "badDecision")
      all = {
        ...all,
        decision: () => {
          throw new RangeError("own decision");
        },
      };
    if (act === "event")
      all = {
        ...all,
        events: [...(all.events ?? []), { ...draft("operation.created", `${number}`, ["app"]), data: { note } }],
      };
    if (act === "create")
      all = {
        ...all,
        newOperation: operationRow({
          id: `new-${number}`,
          data: note,
          parameters: JSON.stringify({ note }),
          created_at: now,
        }),
      };
    if (act === "duplicate") all = { ...all, newOperation: operationRow({ id: "operation-1" }) };
    if (act === "orphan")
      all = {
        ...all,
        newToken: {
          tenant,
          id: `orphan-${number}`,
          activation_id: "nobody",
          signature_type: "",
          secret_sealed: "",
          created_at: now,
        },
      };
    if (act === "attempt")
      all = {
        ...all,
        attempt: {
          tenant,
          id: `a-${number}`,
          operation_id: "o",
          activation_id: null,
          action: "approve",
          outcome: note,
          at: now,
        },
      };
    if (token && act === "remove") all = { ...all, removedToken: token.id };
    if (activation) {
      const { counter } = activation;
      const from = act === "stale" ? { ...activation, counter: counter + 1 } : activation;
      if (act === "advance" || act === "stale")
        all = {
          ...all,
          activation: {
            from,
            set: activationUpdate(from, { counter: from.counter + 1, ctr_data: note, name: note, last_used_at: now }),
          },
        };
      if (act === "fail")
        all = {
          ...all,
          activation: {
            from: activation,
            set: activationUpdate(activation, {
              failed_attempts: activation.failed_attempts + 1,
              status: "BLOCKED",
              blocked_reason: note,
            }),
          },
        };
      if (act === "token")
        all = {
          ...all,
          newToken: {
            tenant,
            id: `token-${number}`,
            activation_id: activation.id,
            signature_type: note,
            secret_sealed: "",
            created_at: now,
          },
        };
      if (act === "history")
        all = {
          ...all,
          history: {
            tenant,
            id: `h-${number}`,
            activation_id: activation.id,
            status: activation.status,
            reason: note,
            external_user_id: null,
            name: null,
            at: now,
          },
        };
    }
    if (operation && act === "decide" && operation.status === "PENDING") {
      all = {
        ...all,
        operation: {
          from: operation,
          set: operationUpdate(operation, { status: "APPROVED", status_reason: note, finalized_at: now }),
        },
        decision: ({ seq }) => ({ tenant, operation_id: operation.id, claims: JSON.stringify({ seq, note }), at: now }),
        events: [...(all.events ?? []), draft("operation.approved", operation.id, ["app"])],
      };
    }
    if (operation && act === "count")
      all = {
        ...all,
        operation: { from: operation, set: operationUpdate(operation, { failure_count: operation.failure_count + 1 }) },
      };
  }
  return all;
}

async function reset(store: Store): Promise<void> {
  await store.transaction(async ({ db }) => {
    for (const table of Object.keys(tables).toReversed()) {
      if (!/^(setting|signing_key|audit_lane)$/.test(table)) await sql`delete from ${sql.table(table)}`.execute(db);
    }
    await db.insertInto("application").values(application).execute();
    const version = { tenant, application_id: "app", application_secret_sealed: "", created_at: 0 };
    await db
      .insertInto("application_version")
      .values([
        { ...version, id: "1", application_key: "supported", supported: 1 },
        { ...version, id: "2", application_key: "unsupported", supported: 0 },
      ])
      .execute();
    await db
      .insertInto("sink")
      .values({
        tenant,
        id: "sink",
        application_id: "app",
        name: "s",
        url: "",
        type: "OPERATION_STATUS_CHANGE",
        attributes: "[]",
        enabled: 1,
        created_at: 0,
      })
      .execute();
    for (const at of [1, 2, 3]) {
      await db
        .insertInto("activation")
        .values(activationRow({ id: `activation-${at}` }))
        .execute();
      await db
        .insertInto("operation")
        .values(operationRow({ id: `operation-${at}` }))
        .execute();
      await db
        .insertInto("token")
        .values({
          tenant,
          id: `token-${at}`,
          activation_id: `activation-${at}`,
          signature_type: "",
          secret_sealed: "",
          created_at: 0,
        })
        .execute();
    }
  });
}

async function play(
  store: Store,
  groups: readonly { steps: readonly Step[]; ordinary: boolean }[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  let number = 0;
  for (const { steps, ordinary } of groups) {
    const settled = await Promise.allSettled(steps.map((one) => store.commit(command(one, number++))));
    for (const result of settled) {
      if (result.status === "fulfilled") results.push(result.value);
      else results.push((result.reason as { code?: string; message: string }).code ?? (result.reason as Error).message);
    }
    if (!ordinary) continue;
    await store.transaction(async ({ db, record }) => {
      await db.updateTable("operation").set({ status: "CANCELED" }).where("id", "=", "operation-1").execute();
      record(draft("operation.canceled", `${number}`, ["app"]));
    });
  }
  return results;
}

/** Everything stored, without what is random by nature. */
async function dump(store: Store): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const [table, { key }] of Object.entries(tables)) {
    if (/^(setting|signing_key|audit_lane|audit_checkpoint)$/.test(table)) continue;
    const order = table === "audit_event" ? "type, seq" : table === "outbox" ? "sink_id, due_at" : key;
    const { rows } = await sql<
      Record<string, unknown>
    >`select * from ${sql.table(table)} order by ${sql.raw(order)}`.execute(store.read);
    all[table] = rows.map((row) => {
      if (table === "audit_event") return [row.seq, row.type, row.subject, row.at, withoutId(row.payload)];
      return table === "outbox" ? [row.sink_id, row.state, withoutId(row.event)] : row;
    });
    if (table === "outbox") all[table].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return all;
}

function withoutId(payload: unknown): unknown {
  return { ...(JSON.parse(payload as string) as object), id: "" };
}

test("the same random commands have the same outcomes and leave the same rows on both dialects", async (t: TestContext) => {
  if ((await postgres()) === undefined) return t.skip("PostgreSQL: not found");
  const options = { now: () => 1_000 };
  const runs = Number(process.env["COUNTERSIGN_PROPERTY_RUNS"] ?? 60);
  await withStore("sqlite", options, t, (one: TestStore) =>
    withStore("postgres", options, t, async (two: TestStore) => {
      await fc.assert(
        fc.asyncProperty(script, async (groups) => {
          const [first, second] = await Promise.all(
            [one.store, two.store].map(async (store) => {
              await reset(store);
              return { results: await play(store, groups), rows: await dump(store) };
            }),
          );
          normaliseSeq(first!.rows);
          normaliseSeq(second!.rows);
          assert.deepEqual(second, first);
        }),
        { numRuns: runs },
      );
    }),
  );
});

/** Lanes go on between runs: places count from the first of the run. */
function normaliseSeq(rows: Record<string, unknown[]>): void {
  const events = rows["audit_event"] as [number, string, string, number, { seq: number }][];
  for (const isOrdinary of [true, false]) {
    const own = events.filter(([, type]) => (type === "operation.canceled") === isOrdinary);
    const first = Math.min(...own.map(([seq]) => seq));
    for (const event of own) {
      event[4].seq -= first;
      event[0] -= first;
    }
    for (const row of rows["outbox"] as [string, string, { type: string; seq: number }][]) {
      if ((row[2].type === "operation.canceled") === isOrdinary) row[2].seq -= first;
    }
    if (isOrdinary) continue;
    for (const row of rows["decision"] as { claims: string }[]) {
      const { seq, note } = JSON.parse(row.claims) as { seq: number; note: string };
      row.claims = JSON.stringify({ seq: seq - first, note });
    }
  }
}
