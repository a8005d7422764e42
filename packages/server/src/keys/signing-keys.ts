/**
 * The keys that sign receipts and audit checkpoints: ES256, one active key for each use, private halves sealed in the
 * database. Retired keys stay published, because what they signed must keep verifying.
 */
import { calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Kysely } from "kysely";
import type { Secrets } from "./secrets.ts";
import type { Schema, SigningKeyTable } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

type Use = SigningKeyTable["use"];
type SigningKey = Awaited<ReturnType<typeof importJWK>>;

export interface SigningKeys {
  /** Public keys of both uses, active and retired, as a JWK set. */
  jwks(): { readonly keys: readonly JWK[] };
  /** Reads the keys again, after a rotation. */
  reload(): Promise<void>;
  /** Public half of the active key of this use, with `kid`. */
  active(use: Use): JWK;
  /** Compact JWS of `claims` by the active key of this use, with `typ` in the protected header. */
  sign(use: Use, typ: string, claims: object): Promise<string>;
}

/** Makes the keys that are missing, in the first transaction of a start; other nodes wait for it. */
export async function ensureSigningKeys(
  db: Kysely<Schema>,
  tenant: string,
  now: number,
  secrets: Secrets,
): Promise<void> {
  for (const use of ["receipt", "checkpoint", "approve"] as const) {
    const active = await db
      .selectFrom("signing_key")
      .select("kid")
      .where("tenant", "=", tenant)
      .where("use", "=", use)
      .where("retired_at", "is", null)
      .executeTakeFirst();
    if (active === undefined) await addKey(db, tenant, now, secrets, use);
  }
}

/** Retires the active key of this use and makes a new one, in one transaction. Returns the new key's id. */
export function rotateSigningKey(store: Store, secrets: Secrets, use: Use): Promise<string> {
  return store.transaction(async ({ db, now, record }) => {
    await db
      .updateTable("signing_key")
      .set({ retired_at: now })
      .where("tenant", "=", store.tenant)
      .where("use", "=", use)
      .where("retired_at", "is", null)
      .execute();
    const kid = await addKey(db, store.tenant, now, secrets, use);
    record({ type: "key.rotated", subject: kid, applications: [], data: { use } });
    return kid;
  });
}

interface Loaded {
  readonly published: readonly JWK[];
  readonly active: ReadonlyMap<Use, { readonly kid: string; readonly key: SigningKey }>;
}

export async function loadSigningKeys(store: Store, secrets: Secrets): Promise<SigningKeys> {
  let { published, active } = await load(store, secrets);
  return {
    jwks: () => ({ keys: published }),
    async reload() {
      ({ published, active } = await load(store, secrets));
    },
    active(use) {
      const kid = active.get(use)?.kid;
      const jwk = published.find((one) => one.kid === kid);
      if (jwk === undefined) throw new Error(`There is no active ${use} key`);
      return jwk;
    },
    async sign(use, typ, claims) {
      const signer = active.get(use);
      if (signer === undefined) throw new Error(`There is no active ${use} key`);
      return new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: "ES256", typ, kid: signer.kid })
        .sign(signer.key);
    },
  };
}

async function load(store: Store, secrets: Secrets): Promise<Loaded> {
  const rows = await store.read
    .selectFrom("signing_key")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .orderBy("created_at")
    .orderBy("kid")
    .execute();
  const active = new Map<Use, { kid: string; key: SigningKey }>();
  for (const row of rows.filter(({ retired_at }) => retired_at === null)) {
    const jwk = JSON.parse(Buffer.from(secrets.open(place(row.kid), row.private_sealed)).toString("utf8")) as JWK;
    active.set(row.use, { kid: row.kid, key: await importJWK(jwk, "ES256") });
  }
  return { published: rows.map((row) => JSON.parse(row.public_jwk) as JWK), active };
}

async function addKey(db: Kysely<Schema>, tenant: string, now: number, secrets: Secrets, use: Use): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateBytes = Buffer.from(JSON.stringify(await exportJWK(privateKey)));
  await db
    .insertInto("signing_key")
    .values({
      tenant,
      kid,
      use,
      public_jwk: JSON.stringify({ ...publicJwk, kid, alg: "ES256", use: "sig" }),
      private_sealed: secrets.seal(place(kid), privateBytes),
      created_at: now,
      retired_at: null,
      statement: null,
    })
    .execute();
  return kid;
}

function place(kid: string): { table: string; column: string; row: string } {
  return { table: "signing_key", column: "private_sealed", row: kid };
}
