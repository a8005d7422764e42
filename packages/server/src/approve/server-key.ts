/** The key that signs what devices are told, and the chain that leads from an older one to it (Approve protocol §10). */
import type { JWK } from "jose";
import { isNamedJwk, type NamedJwk, type PublicJwk } from "@countersign/protocol/approve/keys";
import type { Message } from "@countersign/protocol/approve/message";
import { offerSeconds } from "@countersign/protocol/approve/offer";
import type { CurrentKeys } from "../keys/signing-keys.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";

/** A compact JWS of this kind by the active key. */
export function signForDevices<Claims extends object>(
  { signingKeys }: { readonly signingKeys: Pick<CurrentKeys, "sign"> },
  { typ }: Message<Claims>,
  claims: Claims,
): Promise<string> {
  return signingKeys.sign("approve", typ, claims);
}

/** The active one, good from now on: what a device pins. Or the one of then, epoch ms. */
export function activeServerKey(keys: CurrentKeys, at?: number): NamedJwk {
  return named(keys.active("approve", at));
}

/** Those that verify an offer which is not over yet: the active one first, then those retired less than its life ago. */
export async function offerKeys({ signingKeys, store }: Pick<Deps, "signingKeys" | "store">): Promise<NamedJwk[]> {
  const since = (await store.now()) - offerSeconds * 1000;
  return (await signingKeys.current()).goodSince("approve", since).map(named);
}

/** A key that was ours at this time, epoch ms: what it signed then stays good after a rotation (APV-ROT-3). */
export async function serverKeyAt(
  { signingKeys }: Pick<Deps, "signingKeys">,
  kid: string,
  at: number,
): Promise<PublicJwk | undefined> {
  const jwk = (await signingKeys.current()).goodSince("approve", at).find((one) => one.kid === kid);
  if (jwk === undefined) return undefined;
  const { kty, crv, x, y } = named(jwk);
  return { kty, crv, x, y };
}

/** Statements from the key `from` to the active one, in order. Refuses `not-found` for a key that never was. */
export async function serverKeyChain(deps: Pick<Deps, "store">, from: string): Promise<readonly string[] | Refusal> {
  const rows = await deps.store.read
    .selectFrom("signing_key")
    .select(["kid", "statement"])
    .where("tenant", "=", deps.store.tenant)
    .where("use", "=", "approve")
    .orderBy("created_at")
    .orderBy("kid")
    .execute();
  const at = rows.findIndex(({ kid }) => kid === from);
  if (at < 0) return refuse("not-found");
  return rows.slice(at + 1).flatMap(({ statement }) => statement ?? []);
}

function named({ kty, crv, x, y, kid }: JWK): NamedJwk {
  const key = { kty, crv, x, y, kid };
  if (!isNamedJwk(key)) throw new Error("The Approve key is not a named P-256 key");
  return key;
}
