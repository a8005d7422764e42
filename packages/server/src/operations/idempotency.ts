/**
 * Idempotency keys: the same request of the same API client makes one operation, however often it is sent.
 *
 * The key is claimed in the commit that creates the operation, together with a digest of the request, so that no other
 * request can use it and no key exists without its operation.
 */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { builtOnce } from "../lists/built-once.ts";
import type { IdempotencyTable } from "../store/schema.ts";
import type { Claim } from "../store/store.ts";

export interface IdempotencyKey {
  readonly clientId: string;
  /** As the client sent it. */
  readonly key: string;
  /** Of the whole request in canonical form. */
  readonly requestDigest: string;
}

type Known = Pick<IdempotencyTable, "request_digest" | "operation_id" | "expires_at">;

const keyQuery = builtOnce<{ readonly tenant: string; readonly client: string; readonly key: string }, Known>(
  (db, mark) =>
    db
      .selectFrom("idempotency")
      .select(["request_digest", "operation_id", "expires_at"])
      .where("tenant", "=", mark("tenant"))
      .where("client_id", "=", mark("client"))
      .where("key", "=", mark("key")),
);

/** Id of the operation that this key made before. Refuses with `idempotency-conflict` when the request was another. */
export async function operationOfKey(
  deps: Pick<Deps, "store">,
  key: IdempotencyKey,
): Promise<string | undefined | Refusal> {
  const { tenant } = deps.store;
  const [row] = await keyQuery(deps.store, { tenant, client: key.clientId, key: key.key });
  if (row === undefined) return undefined;
  if ((await deps.store.now()) >= row.expires_at) {
    await forgetKey(deps, key);
    return undefined;
  }
  return row.request_digest === key.requestDigest ? row.operation_id : refuse("idempotency-conflict");
}

/** The row that must be new for the operation to be created. `now` in epoch ms. */
export function claimOf(
  deps: Pick<Deps, "store" | "config">,
  key: IdempotencyKey,
  operationId: string,
  now: number,
): Claim {
  return {
    table: "idempotency",
    row: {
      tenant: deps.store.tenant,
      client_id: key.clientId,
      key: key.key,
      request_digest: key.requestDigest,
      operation_id: operationId,
      expires_at: now + deps.config.idempotencySeconds * 1000,
    },
  };
}

/** Removes keys whose time is over, at most `limit` of them. */
export async function forgetOldKeys(deps: Pick<Deps, "store">, limit = 10_000): Promise<number> {
  const { tenant } = deps.store;
  return deps.store.transaction(async ({ db, now }) => {
    const old = sql<boolean>`("tenant", "client_id", "key") in (
      select "tenant", "client_id", "key" from "idempotency"
      where "tenant" = ${tenant} and "expires_at" <= ${now} order by "expires_at" limit ${limit})`;
    const { numDeletedRows } = await db.deleteFrom("idempotency").where(old).executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  });
}

async function forgetKey(deps: Pick<Deps, "store">, key: IdempotencyKey): Promise<void> {
  await deps.store.transaction(({ db, now }) =>
    db
      .deleteFrom("idempotency")
      .where("tenant", "=", deps.store.tenant)
      .where("client_id", "=", key.clientId)
      .where("key", "=", key.key)
      .where("expires_at", "<=", now)
      .execute(),
  );
}
