/**
 * What the OpenID provider keeps, in both stores. Ids are bearer tokens, so a row has a keyed hash of one, and its
 * content is sealed. What is final is never written again, and consumed once, whoever comes first, on whatever node.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import type { Deps } from "../deps.ts";
import { builtOnce } from "../lists/built-once.ts";
import { recordId } from "../keys/record-id.ts";
import type { OidcRecordTable } from "../store/schema.ts";
import type { Change } from "../store/store.ts";

type RecordDeps = Pick<Deps, "store" | "secrets">;

/** How long a record is kept past its end: who comes late is told that it is over, not that it never was. */
const graceMs = 300_000;

/** Writes of one `together`, which are committed as one. */
const batch = new AsyncLocalStorage<((change: Change) => Promise<void>)[]>();

/**
 * Everything that `work` saves is committed at its end, all or nothing, after what `first` does. `work` must not read
 * what it saves.
 */
export async function together(
  deps: Pick<Deps, "store">,
  work: () => Promise<void>,
  first?: (change: Change) => Promise<void>,
): Promise<void> {
  const writes: ((change: Change) => Promise<void>)[] = [];
  await batch.run(writes, work);
  await deps.store.transaction(async (change) => {
    await first?.(change);
    for (const write of writes) await write(change);
  });
}

async function save({ store }: RecordDeps, work: (change: Change) => Promise<void>): Promise<void> {
  const open = batch.getStore();
  if (open === undefined) await store.transaction(work);
  else open.push(work);
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
  return model === "BackchannelAuthenticationRequest" && (grantId !== undefined || error !== undefined);
}

/** By the keyed hash that stands in the row. */
export async function recordsByKey(deps: RecordDeps, model: string, id: string): Promise<AdapterPayload | undefined> {
  const [row] = await recordQuery(deps.store.read, { tenant: deps.store.tenant, model, id });
  return row && opened(deps, model, row);
}

function opened({ secrets }: RecordDeps, model: string, { id, payload_sealed, consumed_at }: Row): AdapterPayload {
  const text = new TextDecoder().decode(secrets.open(placeOf(model, id), payload_sealed));
  return {
    ...(JSON.parse(text) as AdapterPayload),
    ...(consumed_at !== null && { consumed: Math.floor(consumed_at / 1000) }),
  };
}

function placeOf(model: string, id: string) {
  return { table: "oidc_record", column: "payload_sealed", row: JSON.stringify([model, id]) };
}

export function recordsOf(deps: RecordDeps, model: string): Adapter {
  const { store, secrets } = deps;
  const { tenant } = store;
  const idOf = (id: string) => recordId(deps.secrets, model, id);

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
      return row && opened(deps, model, row);
    },

    // Codes that a person types belong to the device flow, which is off.
    findByUserCode: () => Promise.resolve(undefined),

    async upsert(id, payload, expiresIn) {
      const key = idOf(id);
      const { consumed: _, ...kept } = payload;
      const set = {
        payload_sealed: secrets.seal(placeOf(model, key), Buffer.from(JSON.stringify(kept))),
        grant_id: payload.grantId === undefined ? null : recordId(deps.secrets, "Grant", payload.grantId),
        uid: payload.uid === undefined ? null : idOf(payload.uid),
        final: isFinal(model, payload) ? 1 : 0,
      };
      await save(deps, async ({ db, now }) => {
        // `exp` is whole seconds, and so is what is compared with it.
        const end = payload.exp === undefined ? now + (expiresIn ?? 0) * 1000 : payload.exp * 1000;
        const { numInsertedOrUpdatedRows } = await db
          .insertInto("oidc_record")
          .values({ tenant, model, id: key, ...set, consumed_at: null, expires_at: end })
          .onConflict((conflict) =>
            conflict
              .columns(["tenant", "model", "id"])
              .doUpdateSet({ ...set, expires_at: end })
              .where("oidc_record.final", "=", 0),
          )
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return;
        if (model === "ReplayDetection") throw new errors.InvalidRequest("this was used before");
        throw new AlreadyFinal(`A ${model} is final`);
      });
    },

    async consume(id) {
      const taken = await store.transaction(async ({ db, now }) =>
        db
          .updateTable("oidc_record")
          .set({ consumed_at: now })
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("id", "=", idOf(id))
          .where("consumed_at", "is", null)
          .executeTakeFirstOrThrow(),
      );
      if (taken.numUpdatedRows !== 1n) throw new errors.InvalidGrant("already consumed");
    },

    async destroy(id) {
      await save(deps, async ({ db }) => {
        await db
          .deleteFrom("oidc_record")
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("id", "=", idOf(id))
          .execute();
      });
    },

    async revokeByGrantId(grantId) {
      await save(deps, async ({ db }) => {
        await db
          .deleteFrom("oidc_record")
          .where("tenant", "=", tenant)
          .where("model", "=", model)
          .where("grant_id", "=", recordId(deps.secrets, "Grant", grantId))
          .execute();
      });
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
