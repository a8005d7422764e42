/**
 * The keys that sign receipts, audit checkpoints and what Approve devices are told: ES256, one active key for each use, private halves sealed in the
 * database. Retired keys stay published, because what they signed must keep verifying.
 */
import { calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Kysely } from "kysely";
import { serverKeys } from "@countersign/protocol/approve/server-keys";
import type { Secrets } from "./secrets.ts";
import { fixedPublicUrl } from "../public-url.ts";
import type { Schema, SigningKeyTable } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

type Use = SigningKeyTable["use"];
type SigningKey = Awaited<ReturnType<typeof importJWK>>;

export interface SigningKeys {
  /** Public keys of all uses, active and retired, as a JWK set. */
  jwks(): { readonly keys: readonly JWK[] };
  /** Reads the keys again, after a rotation. */
  reload(): Promise<void>;
  /** Public half of the active key of this use, with `kid`. */
  active(use: Use): JWK;
  /** Public half of a key of this use that was active at this time, epoch ms (APV-ROT-3). */
  activeAt(use: Use, kid: string, at: number): JWK | undefined;
  /** Private halves of all keys of this use, the active one first, for the library that signs with them itself. */
  privateKeys(use: Use): readonly JWK[];
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
  for (const use of ["receipt", "checkpoint", "approve", "oidc"] as const) {
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

/**
 * Retires the active key of this use and makes a new one, in one transaction. Where devices pin the keys, the old one
 * announces the new one (APV-ROT-1). Servers that are at work have to `reload`. Returns the new key's id.
 */
export function rotateSigningKey(store: Store, secrets: Secrets, use: Use): Promise<string> {
  return store.transaction(async ({ db, now, record }) => {
    const [old] = await db
      .updateTable("signing_key")
      .set({ retired_at: now })
      .where("tenant", "=", store.tenant)
      .where("use", "=", use)
      .where("retired_at", "is", null)
      .returning(["kid", "private_sealed"])
      .execute();
    const kid = await addKey(db, store.tenant, now, secrets, use);
    if (use === "approve" && old !== undefined) await announce(db, store.tenant, now, secrets, { old, kid });
    record({ type: "key.rotated", subject: kid, applications: [], data: { use } });
    return kid;
  });
}

/** Written beside the new key. Without an issuer there was no device yet to tell. */
async function announce(
  db: Kysely<Schema>,
  tenant: string,
  now: number,
  secrets: Secrets,
  { old, kid }: { readonly old: Pick<SigningKeyTable, "kid" | "private_sealed">; readonly kid: string },
): Promise<void> {
  const iss = await fixedPublicUrl(db, tenant);
  if (iss === undefined) return;
  const { public_jwk } = await db
    .selectFrom("signing_key")
    .select("public_jwk")
    .where("tenant", "=", tenant)
    .where("kid", "=", kid)
    .executeTakeFirstOrThrow();
  const { kty, crv, x, y } = JSON.parse(public_jwk) as JWK;
  const claims = { iss, iat: Math.floor(now / 1000), keys: [{ kty, crv, x, y, kid }], retired: old.kid };
  const statement = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "ES256", typ: serverKeys.typ, kid: old.kid })
    .sign(await openKey(secrets, old));
  await db.updateTable("signing_key").set({ statement }).where("tenant", "=", tenant).where("kid", "=", kid).execute();
}

async function openKey(secrets: Secrets, row: Pick<SigningKeyTable, "kid" | "private_sealed">): Promise<SigningKey> {
  return importJWK(privateJwk(secrets, row), "ES256");
}

function privateJwk(secrets: Secrets, { kid, private_sealed }: Pick<SigningKeyTable, "kid" | "private_sealed">): JWK {
  return JSON.parse(Buffer.from(secrets.open(place(kid), private_sealed)).toString("utf8")) as JWK;
}

interface Loaded {
  readonly rows: readonly SigningKeyTable[];
  readonly published: readonly JWK[];
  readonly active: ReadonlyMap<Use, { readonly kid: string; readonly key: SigningKey }>;
  readonly privates: ReadonlyMap<Use, readonly JWK[]>;
}

export async function loadSigningKeys(store: Store, secrets: Secrets): Promise<SigningKeys> {
  let { rows, published, active, privates } = await load(store, secrets);
  return {
    // The provider publishes its own keys, and no receipt is ever signed with one.
    jwks: () => ({ keys: published.filter(({ kid }) => rows.find((row) => row.kid === kid)?.use !== "oidc") }),
    async reload() {
      ({ rows, published, active, privates } = await load(store, secrets));
    },
    active(use) {
      const kid = active.get(use)?.kid;
      const jwk = published.find((one) => one.kid === kid);
      if (jwk === undefined) throw new Error(`There is no active ${use} key`);
      return jwk;
    },
    activeAt(use, kid, at) {
      const row = rows.find((one) => one.use === use && one.kid === kid);
      const was = row !== undefined && (row.retired_at === null || at <= row.retired_at);
      return was ? published.find((one) => one.kid === kid) : undefined;
    },
    privateKeys: (use) => privates.get(use) ?? [],
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
    active.set(row.use, { kid: row.kid, key: await openKey(secrets, row) });
  }
  const ofProvider = rows
    .filter(({ use }) => use === "oidc")
    .toSorted((a, b) => Number(a.retired_at !== null) - Number(b.retired_at !== null))
    .map((row) => ({ ...(JSON.parse(row.public_jwk) as JWK), ...privateJwk(secrets, row) }));
  return {
    rows,
    published: rows.map((row) => JSON.parse(row.public_jwk) as JWK),
    active,
    privates: new Map([["oidc", ofProvider]]),
  };
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
