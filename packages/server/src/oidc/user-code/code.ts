/**
 * User codes (CIBA Core §7.1): a word that only the user knows, which a relying party asks for so that nobody else can
 * make the user's device ring. Kept as a slow hash, and that sealed: short words are guessed fast.
 */
import { scrypt, timingSafeEqual } from "node:crypto";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";

export interface UserCodeChange {
  readonly userId: string;
  /** API client that asks, for the audit. */
  readonly by: string;
}

/** Writes `user-code.set`. Failed attempts with the code before are forgotten. */
export async function setUserCode(
  deps: Pick<Deps, "store" | "secrets" | "random">,
  { userId, by, userCode }: UserCodeChange & { readonly userCode: string },
): Promise<void> {
  const { tenant } = deps.store;
  const salt = Buffer.from(deps.random(16));
  const kept = Buffer.concat([salt, await hashed(userCode, salt)]);
  const sealed = deps.secrets.seal(placeOf(userId), kept);
  await deps.store.transaction(async ({ db, now, record }) => {
    await db
      .insertInto("user_code")
      .values({ tenant, user_id: userId, code_sealed: sealed, changed_at: now })
      .onConflict((conflict) =>
        conflict.columns(["tenant", "user_id"]).doUpdateSet({ code_sealed: sealed, changed_at: now }),
      )
      .execute();
    await db.deleteFrom("user_code_try").where("tenant", "=", tenant).where("user_id", "=", userId).execute();
    record({ type: "user-code.set", subject: userId, applications: [], data: { userId, clientId: by } });
  });
}

/** Refuses `not-found`. Writes `user-code.removed`. */
export async function removeUserCode(
  { store }: Pick<Deps, "store">,
  { userId, by }: UserCodeChange,
): Promise<Refusal | undefined> {
  return store.transaction(async ({ db, record }) => {
    const { numDeletedRows } = await db
      .deleteFrom("user_code")
      .where("tenant", "=", store.tenant)
      .where("user_id", "=", userId)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return refuse("not-found");
    await db.deleteFrom("user_code_try").where("tenant", "=", store.tenant).where("user_id", "=", userId).execute();
    record({ type: "user-code.removed", subject: userId, applications: [], data: { userId, clientId: by } });
    return undefined;
  });
}

/** The salted hash of this user's code. */
export async function findUserCode(
  { store, secrets }: Pick<Deps, "store" | "secrets">,
  userId: string,
): Promise<Uint8Array | undefined> {
  const row = await store.read
    .selectFrom("user_code")
    .select("code_sealed")
    .where("tenant", "=", store.tenant)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row && secrets.open(placeOf(userId), row.code_sealed);
}

export async function isUserCode(kept: Uint8Array, userCode: string): Promise<boolean> {
  const salt = kept.subarray(0, 16);
  return timingSafeEqual(kept.subarray(16), await hashed(userCode, salt));
}

function placeOf(userId: string) {
  return { table: "user_code", column: "code_sealed", row: userId };
}

/** 32 MiB and some tens of milliseconds. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 };

function hashed(userCode: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(userCode.normalize("NFC"), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
