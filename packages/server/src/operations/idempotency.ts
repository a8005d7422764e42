/**
 * Idempotency keys: the same request of the same API client makes one operation, however often it is sent.
 *
 * The key is claimed in the commit that creates the operation, together with a digest of the request, so that no other
 * request can use it and no key exists without its operation.
 */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Claim } from "../store/store.ts";

export interface IdempotencyKey {
  readonly clientId: string;
  /** As the client sent it. */
  readonly key: string;
  /** Of the whole request in canonical form. */
  readonly requestDigest: string;
}

/** Id of the operation that this key made before. Refuses with `idempotency-conflict` when the request was another. */
export async function operationOfKey(
  deps: Pick<Deps, "store">,
  key: IdempotencyKey,
): Promise<string | undefined | Refusal> {
  const row = await deps.store.read
    .selectFrom("idempotency")
    .select(["request_digest", "operation_id", "expires_at"])
    .where("tenant", "=", deps.store.tenant)
    .where("client_id", "=", key.clientId)
    .where("key", "=", key.key)
    .executeTakeFirst();
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
export async function forgetOldKeys(deps: Pick<Deps, "store">, limit = 1000): Promise<number> {
  const { tenant } = deps.store;
  const old = await deps.store.read
    .selectFrom("idempotency")
    .select(["client_id", "key"])
    .where("tenant", "=", tenant)
    .where("expires_at", "<=", await deps.store.now())
    .orderBy("expires_at")
    .limit(limit)
    .execute();
  if (old.length === 0) return 0;
  return deps.store.transaction(async ({ db, now }) => {
    let removed = 0;
    for (const { client_id, key } of old) {
      const { numDeletedRows } = await db
        .deleteFrom("idempotency")
        .where("tenant", "=", tenant)
        .where("client_id", "=", client_id)
        .where("key", "=", key)
        .where("expires_at", "<=", now)
        .executeTakeFirstOrThrow();
      removed += Number(numDeletedRows);
    }
    return removed;
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
