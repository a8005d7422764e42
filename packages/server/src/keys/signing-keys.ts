/**
 * The keys that sign receipts, audit checkpoints and what Approve devices are told: ES256, one active key for each use, private halves sealed in the
 * database. Retired keys stay published, because what they signed must keep verifying.
 *
 * A rotation takes effect a while after it was written, by the time of the store, and every node reads the keys again
 * before those it knows are that old. So all nodes change keys at one instant, whether or not any news reaches them.
 */
import { calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Kysely } from "kysely";
import { serverKeys } from "@countersign/protocol/approve/server-keys";
import type { Secrets } from "./secrets.ts";
import { fixedPublicUrl } from "../public-url.ts";
import type { Schema, SigningKeyTable } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

type Use = SigningKeyTable["use"];
/** What keys are for; each has its own. */
export const signingUses = ["receipt", "checkpoint", "approve", "oidc"] as const satisfies readonly Use[];

type SigningKey = Awaited<ReturnType<typeof importJWK>>;

/** How long after a rotation the new key begins to sign, ms. */
export const rotationDelayMs = 15_000;
/** Keys that were read longer ago are read again before they are used, ms. Less than the delay by far. */
const keptMs = 5_000;

/** The keys as they are now. Use it at once and ask again the next time. */
export interface CurrentKeys {
  /**
   * Public keys as a JWK set, active, retired, and about to be active. Not the OpenID provider's: it publishes its own, and
   * no receipt is ever signed with one.
   */
  readonly jwks: { readonly keys: readonly JWK[] };
  /** Public half of the active key of this use, with `kid`; or of the one that was active then, epoch ms. */
  active(use: Use, at?: number): JWK;
  /** Public halves of this use that are active, or were at this time, epoch ms; the active one first (APV-ROT-3). */
  goodSince(use: Use, at: number): readonly JWK[];
  /** Private halves of all keys of the provider, the active one first, for the library that signs with them itself. */
  providerKeys(): readonly JWK[];
  /** Compact JWS of `claims` by the active key of this use, with `typ` in the protected header. */
  sign(use: Use, typ: string, claims: object): Promise<string>;
}

export interface SigningKeys {
  current(): Promise<CurrentKeys>;
  /** By the key that is active now. */
  sign(use: Use, typ: string, claims: object): Promise<string>;
}

/** Makes the keys that are missing, in the first transaction of a start; other nodes wait for it. */
export async function ensureSigningKeys(
  db: Kysely<Schema>,
  tenant: string,
  now: number,
  secrets: Secrets,
): Promise<void> {
  for (const use of signingUses) {
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
 * Makes a new key for this use, which takes the place of the active one after `rotationDelayMs`. Where devices pin the
 * keys, the old one announces the new one (APV-ROT-1). Writes `key.rotated`.
 */
export function rotateSigningKey(
  { store, secrets }: { readonly store: Store; readonly secrets: Secrets },
  { use, clientId }: { readonly use: Use; readonly clientId?: string },
): Promise<{ readonly kid: string; readonly signsFrom: number }> {
  return store.transaction(async ({ db, now, record }) => {
    const row = db.selectFrom("signing_key").selectAll().where("tenant", "=", store.tenant).where("use", "=", use);
    const locked = store.dialect === "postgres" ? row.forUpdate() : row;
    const old = await locked.where("retired_at", "is", null).executeTakeFirstOrThrow();
    // One that waits itself keeps its turn.
    const signsFrom = Math.max(now + rotationDelayMs, old.created_at + 1);
    await db
      .updateTable("signing_key")
      .set({ retired_at: signsFrom })
      .where("tenant", "=", store.tenant)
      .where("kid", "=", old.kid)
      .execute();
    const { kid, jwk } = await addKey(db, store.tenant, signsFrom, secrets, use);
    if (use === "approve") await announce(db, secrets, old, { jwk: { ...jwk, kid }, signsFrom });
    record({
      type: "key.rotated",
      subject: kid,
      applications: [],
      data: { use, signsFrom, ...(clientId !== undefined && { clientId }) },
    });
    return { kid, signsFrom };
  });
}

/** Written beside the new key. Without an issuer there was no device yet to tell. */
async function announce(
  db: Kysely<Schema>,
  secrets: Secrets,
  old: Pick<SigningKeyTable, "tenant" | "kid" | "private_sealed">,
  { jwk, signsFrom }: { readonly jwk: JWK; readonly signsFrom: number },
): Promise<void> {
  const iss = await fixedPublicUrl(db, old.tenant);
  if (iss === undefined) return;
  const { kty, crv, x, y, kid = "" } = jwk;
  const iat = Math.floor(signsFrom / 1000);
  const claims = { iss, iat, keys: [{ kty, crv, x, y, kid }], retired: old.kid };
  const statement = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "ES256", typ: serverKeys.typ, kid: old.kid })
    .sign(await openKey(secrets, old));
  const row = db.updateTable("signing_key").set({ statement }).where("tenant", "=", old.tenant);
  await row.where("kid", "=", kid).execute();
}

async function openKey(secrets: Secrets, row: Pick<SigningKeyTable, "kid" | "private_sealed">): Promise<SigningKey> {
  return importJWK(privateJwk(secrets, row), "ES256");
}

function privateJwk(secrets: Secrets, { kid, private_sealed }: Pick<SigningKeyTable, "kid" | "private_sealed">): JWK {
  return JSON.parse(Buffer.from(secrets.open(place(kid), private_sealed)).toString("utf8")) as JWK;
}

interface Loaded {
  readonly at: number;
  readonly rows: readonly SigningKeyTable[];
  /** Public halves, by `kid`. */
  readonly published: ReadonlyMap<string, JWK>;
  /** Of every key that is not retired yet, by `kid`. */
  readonly signers: ReadonlyMap<string, SigningKey>;
  /** Private halves of the provider's. */
  readonly privates: readonly JWK[];
}

export async function loadSigningKeys(store: Store, secrets: Secrets): Promise<SigningKeys> {
  let loaded = await load(store, secrets);
  let loading: Promise<Loaded> | undefined;

  async function current(): Promise<CurrentKeys> {
    const now = await store.now();
    if (now < loaded.at || now - loaded.at >= keptMs) {
      loading ??= load(store, secrets).finally(() => (loading = undefined));
      loaded = await loading;
    }
    return asOf(loaded, now);
  }
  return { current, sign: async (use, typ, claims) => (await current()).sign(use, typ, claims) };
}

function asOf({ rows, published: all, signers, privates }: Loaded, now: number): CurrentKeys {
  const activeKid = (use: Use, at = now) => {
    const kid = rows.findLast((row) => row.use === use && row.created_at <= at)?.kid;
    if (kid === undefined) throw new Error(`There is no active ${use} key`);
    return kid;
  };
  const published = (kid: string) => all.get(kid) as JWK;
  return {
    jwks: { keys: rows.filter(({ use }) => use !== "oidc").map(({ kid }) => published(kid)) },
    active: (use, at) => published(activeKid(use, at)),
    goodSince: (use, at) =>
      rows
        .filter((row) => row.use === use && row.created_at <= now && (row.retired_at === null || row.retired_at >= at))
        .map(({ kid }) => published(kid))
        .toReversed(),
    providerKeys() {
      const first = activeKid("oidc");
      return privates.toSorted((a, b) => Number(b.kid === first) - Number(a.kid === first));
    },
    async sign(use, typ, claims) {
      const kid = activeKid(use);
      const key = signers.get(kid);
      if (key === undefined) throw new Error(`The ${use} key was retired before its time`);
      return new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: "ES256", typ, kid })
        .sign(key);
    },
  };
}

async function load(store: Store, secrets: Secrets): Promise<Loaded> {
  const at = await store.now();
  const rows = await store.read
    .selectFrom("signing_key")
    .selectAll()
    .where("tenant", "=", store.tenant)
    .orderBy("created_at")
    .orderBy("kid")
    .execute();
  const signers = new Map<string, SigningKey>();
  for (const row of rows) {
    if (row.retired_at === null || row.retired_at > at) signers.set(row.kid, await openKey(secrets, row));
  }
  return {
    at,
    rows,
    published: new Map(rows.map((row) => [row.kid, JSON.parse(row.public_jwk) as JWK])),
    signers,
    privates: rows
      .filter(({ use }) => use === "oidc")
      .map((row) => ({ ...(JSON.parse(row.public_jwk) as JWK), ...privateJwk(secrets, row) })),
  };
}

async function addKey(
  db: Kysely<Schema>,
  tenant: string,
  signsFrom: number,
  secrets: Secrets,
  use: Use,
): Promise<{ readonly kid: string; readonly jwk: JWK }> {
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
      created_at: signsFrom,
      retired_at: null,
      statement: null,
    })
    .execute();
  return { kid, jwk: publicJwk };
}

function place(kid: string): { table: string; column: string; row: string } {
  return { table: "signing_key", column: "private_sealed", row: kid };
}
