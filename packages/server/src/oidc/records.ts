/**
 * What the OpenID provider keeps, in both stores. Ids are bearer tokens, so a row has a keyed hash of one, and its
 * content is sealed. What is final is never written again, and consumed once, whoever comes first, on whatever node.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { recordId } from "../keys/record-id.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { OidcRecordTable } from "../store/schema.ts";
import { type Change, type HotRows, recordKey, type RecordPlace, type Writes } from "../store/store.ts";

type RecordDeps = Pick<Deps, "store" | "secrets">;

/** How long a record is kept past its end: who comes late is told that it is over, not that it never was. */
export const graceMs = 300_000;

export const requestModel = "BackchannelAuthenticationRequest";

interface Write {
  /** Left out when the work as a whole failed. */
  readonly onSuccess?: true;
  readonly run: (change: Change) => Promise<void>;
  /** The same on one row, where it needs no more than that: such writes share a flush with those of others. */
  readonly onRow?: OnRow;
}

interface OnRow extends RecordPlace {
  /** What the row becomes. Throws where `run` does. */
  readonly apply: (row: OidcRecordTable | undefined, now: number) => OidcRecordTable;
}

interface Batch {
  readonly writes: Write[];
  /** What was saved and is not committed yet, by model and id of the row. */
  readonly saved: Map<string, AdapterPayload>;
  /** Keyed hashes that were made: a token request asks for the same few again and again. */
  readonly keys: Map<string, string>;
}

const batch = new AsyncLocalStorage<Batch>();

/**
 * Everything that `work` saves and consumes is committed at its end, all or nothing; it sees what it saved. Inside of
 * another one it is part of that. Where `succeeded` says no, what the work redeemed stays unredeemed.
 */
export async function together(
  { store }: Pick<Deps, "store">,
  work: () => Promise<void>,
  succeeded: () => boolean = () => true,
): Promise<void> {
  if (batch.getStore() !== undefined) return work();
  const open: Batch = { writes: [], saved: new Map(), keys: new Map() };
  await batch.run(open, work);
  const writes = succeeded() ? open.writes : open.writes.filter(({ onSuccess }) => onSuccess !== true);
  if (writes.length === 0) return;
  const onRows = writes.map(({ onRow }) => onRow);
  if (onRows.every((one) => one !== undefined)) return writeRows(store, onRows);
  await store.transaction(async (change) => {
    for (const { run } of writes) await run(change);
  });
}

async function writeRows(store: Deps["store"], writes: readonly OnRow[]): Promise<void> {
  const places = new Map(writes.map(({ model, id }) => [recordKey({ model, id }), { model, id }]));
  await store.commit<void>({
    records: [...places.values()],
    evaluate: (rows, now) => ({ result: undefined, writes: rowsAfter(writes, rows, now) }),
  });
}

function rowsAfter(writes: readonly OnRow[], { records }: HotRows, now: number): Writes {
  const after = new Map<string, OidcRecordTable>();
  for (const { apply, ...place } of writes) {
    const key = recordKey(place);
    after.set(key, apply(after.get(key) ?? records.get(key), now));
  }
  const changed: { from: OidcRecordTable; set: OidcRecordTable }[] = [];
  const newRecords: OidcRecordTable[] = [];
  for (const [key, set] of after) {
    const from = records.get(key);
    if (from === undefined) newRecords.push(set);
    else changed.push({ from, set });
  }
  return { records: changed, newRecords };
}

/** A write of the work that is under way, or by itself. */
export async function save({ store }: Pick<Deps, "store">, write: Write): Promise<void> {
  const open = batch.getStore();
  if (open !== undefined) open.writes.push(write);
  else if (write.onRow !== undefined) await writeRows(store, [write.onRow]);
  else await store.transaction(write.run);
}

type Row = Pick<OidcRecordTable, "id" | "payload_sealed" | "consumed_at">;

const recordQuery = builtOnce<{ readonly tenant: string; readonly model: string; readonly id: string }, Row>(
  (db, mark) =>
    db
      .selectFrom("oidc_record")
      .select(["id", "payload_sealed", "consumed_at"])
      .where("tenant", "=", mark("tenant"))
      .where("model", "=", mark("model"))
      .where("id", "=", mark("id")),
);

/** Something was written that is final already: the first one stays. */
export class AlreadyFinal extends Error {}

/** A proof that was seen is seen; a request that has a result keeps it. */
function isFinal(model: string, { grantId, error }: AdapterPayload): boolean {
  if (model === "ReplayDetection") return true;
  return model === requestModel && (grantId !== undefined || error !== undefined);
}

/** By the keyed hash that stands in the row. */
export async function recordsByKey(deps: RecordDeps, model: string, id: string): Promise<AdapterPayload | undefined> {
  const saved = savedByKey(model, id);
  if (saved !== undefined) return saved;
  const [row] = await recordQuery(deps.store, { tenant: deps.store.tenant, model, id });
  return row && openRecord(deps, model, row);
}

/** What the work that is under way saved, and has not committed yet. */
export function savedByKey(model: string, id: string): AdapterPayload | undefined {
  return batch.getStore()?.saved.get(placeOf(model, id).row);
}

/** Writes another content into a row that is final. */
export async function rewriteRecord(
  { store, secrets }: RecordDeps,
  model: string,
  id: string,
  { consumed: _, ...payload }: AdapterPayload,
): Promise<void> {
  const sealed = secrets.seal(placeOf(model, id), Buffer.from(JSON.stringify(payload)));
  await store.transaction(({ db }) =>
    db
      .updateTable("oidc_record")
      .set({ payload_sealed: sealed })
      .where("tenant", "=", store.tenant)
      .where("model", "=", model)
      .where("id", "=", id)
      .execute(),
  );
}

export function openRecord(
  { secrets }: RecordDeps,
  model: string,
  { id, payload_sealed, consumed_at }: Row,
): AdapterPayload {
  const text = new TextDecoder().decode(secrets.open(placeOf(model, id), payload_sealed));
  return {
    ...(JSON.parse(text) as AdapterPayload),
    ...(consumed_at !== null && { consumed: Math.floor(consumed_at / 1000) }),
  };
}

function placeOf(model: string, id: string) {
  return { table: "oidc_record", column: "payload_sealed", row: JSON.stringify([model, id]) };
}

/** The id that stands in the row. */
export function keyOf({ secrets }: RecordDeps, model: string, id: string): string {
  const known = batch.getStore()?.keys;
  const key = known?.get(`${model}:${id}`) ?? recordId(secrets, model, id);
  known?.set(`${model}:${id}`, key);
  return key;
}

/** `exp` is whole seconds, and so is what is compared with it. */
function endOf({ exp }: AdapterPayload, expiresIn: number | undefined, now: number): number {
  return exp === undefined ? now + (expiresIn ?? 0) * 1000 : exp * 1000;
}

/** `key` is the id as it is stored. Whether the record was used stands in a column of its own. */
function columnsOf(deps: RecordDeps, model: string, key: string, { consumed: _, ...payload }: AdapterPayload) {
  return {
    payload_sealed: deps.secrets.seal(placeOf(model, key), Buffer.from(JSON.stringify(payload))),
    grant_id: payload.grantId === undefined ? null : keyOf(deps, "Grant", payload.grantId),
    uid: payload.uid === undefined ? null : keyOf(deps, model, payload.uid),
    final: isFinal(model, payload) ? 1 : 0,
  };
}

/** A record that does not exist yet, and has an end. */
export function recordRow(deps: RecordDeps, model: string, id: string, payload: AdapterPayload): OidcRecordTable {
  if (payload.exp === undefined) throw new Error(`A ${model} has no end`);
  const key = keyOf(deps, model, id);
  return {
    tenant: deps.store.tenant,
    model,
    id: key,
    ...columnsOf(deps, model, key, payload),
    consumed_at: null,
    expires_at: payload.exp * 1000,
  };
}

export function recordsOf(deps: RecordDeps, model: string): Adapter {
  const { store } = deps;
  const { tenant } = store;
  const idOf = (id: string) => keyOf(deps, model, id);

  return {
    find: (id) => recordsByKey(deps, model, idOf(id)),

    async findByUid(uid) {
      const row = await store.read
        .selectFrom("oidc_record")
        .select(["id", "payload_sealed", "consumed_at"])
        .where("tenant", "=", tenant)
        .where("model", "=", model)
        .where("uid", "=", idOf(uid))
        .executeTakeFirst();
      return row && openRecord(deps, model, row);
    },

    // Codes that a person types belong to the device flow, which is off.
    findByUserCode: () => Promise.resolve(undefined),

    async upsert(id, payload, expiresIn) {
      const key = idOf(id);
      const { consumed: _, ...kept } = payload;
      const set = columnsOf(deps, model, key, payload);
      const final = set.final === 1;
      batch.getStore()?.saved.set(placeOf(model, key).row, kept);
      const run = async ({ db, now }: Change) => {
        const end = endOf(payload, expiresIn, now);
        const written = final && model === requestModel ? updated(db, set, end) : inserted(db, set, end);
        if (await written) return;
        if (model === "ReplayDetection") throw new errors.InvalidRequest("this was used before");
        throw new AlreadyFinal(`A ${model} is final`);
      };
      const apply = (row: OidcRecordTable | undefined, now: number): OidcRecordTable => {
        const isMissing = row === undefined && final && model === requestModel;
        if (isMissing || row?.final === 1) throw new AlreadyFinal(`A ${model} is final`);
        return {
          tenant,
          model,
          id: key,
          ...set,
          consumed_at: row?.consumed_at ?? null,
          expires_at: endOf(payload, expiresIn, now),
        };
      };
      // Two nodes may see the same proof at once: only the database's own rule says who was first.
      await save(deps, model === "ReplayDetection" ? { run } : { run, onRow: { model, id: key, apply } });

      /** A result is written into a request that waits. One that was forgotten meanwhile does not come back to life. */
      async function updated(db: Change["db"], values: typeof set, end: number): Promise<boolean> {
        const { numUpdatedRows } = await db
          .updateTable("oidc_record")
          .set({ ...values, expires_at: end })
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("id", "=", key)
          .where("final", "=", 0)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      }

      async function inserted(db: Change["db"], values: typeof set, end: number): Promise<boolean> {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto("oidc_record")
          .values({ tenant, model, id: key, ...values, consumed_at: null, expires_at: end })
          .onConflict((conflict) =>
            conflict
              .columns(["tenant", "model", "id"])
              .doUpdateSet({ ...values, expires_at: end })
              .where("oidc_record.final", "=", 0),
          )
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }
    },

    async consume(id) {
      const key = idOf(id);
      const apply = (row: OidcRecordTable | undefined, now: number): OidcRecordTable => {
        if (row === undefined || row.consumed_at !== null) throw new errors.InvalidGrant("already consumed");
        return { ...row, consumed_at: now };
      };
      const run = async ({ db, now }: Change) => {
        const { numUpdatedRows } = await db
          .updateTable("oidc_record")
          .set({ consumed_at: now })
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("id", "=", key)
          .where("consumed_at", "is", null)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) throw new errors.InvalidGrant("already consumed");
      };
      await save(deps, { run, onRow: { model, id: key, apply }, ...(model === requestModel && { onSuccess: true }) });
    },

    async destroy(id) {
      const key = idOf(id);
      batch.getStore()?.saved.delete(placeOf(model, key).row);
      const run = async ({ db }: Change) => {
        const { numDeletedRows } = await db
          .deleteFrom("oidc_record")
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("id", "=", key)
          .executeTakeFirstOrThrow();
        // Whoever takes an interaction away goes on with it: one approval is one code.
        if (model === "Interaction" && numDeletedRows !== 1n) throw new errors.SessionNotFound("already finished");
      };
      await save(deps, { run });
    },

    async revokeByGrantId(grantId) {
      const run = async ({ db }: Change) => {
        await db
          .deleteFrom("oidc_record")
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("grant_id", "=", recordId(deps.secrets, "Grant", grantId))
          .execute();
      };
      await save(deps, { run });
    },
  };
}

/** Forgets what is long over, at most one batch per call. */
export async function sweepRecords({ store }: Pick<Deps, "store">, limit = 500): Promise<number> {
  return store.transaction(async ({ db, now }) => {
    const old = await db
      .selectFrom("oidc_record")
      .select(["model", "id"])
      .where("tenant", "=", store.tenant)
      .where("expires_at", "<=", now - graceMs)
      .limit(limit)
      .execute();
    for (const { model, id } of old) {
      await db
        .deleteFrom("oidc_record")
        .where("tenant", "=", store.tenant)
        .where("model", "=", model)
        .where("id", "=", id)
        .execute();
    }
    return old.length;
  });
}
