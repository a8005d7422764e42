/** The key that signs what devices are told, and the chain that leads from an older one to it (Approve protocol §10). */
import { isNamedJwk, isPublicJwk, type NamedJwk, type PublicJwk } from "@countersign/protocol/approve/keys";
import type { Message } from "@countersign/protocol/approve/message";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";

/** A compact JWS of this kind by the active key. */
export function signForDevices<Claims extends object>(
  deps: Pick<Deps, "signingKeys">,
  { typ }: Message<Claims>,
  claims: Claims,
): Promise<string> {
  return deps.signingKeys.sign("approve", typ, claims);
}

/** Good from now on, the active one first. */
export function goodServerKeys(deps: Pick<Deps, "signingKeys">): readonly [NamedJwk, ...NamedJwk[]] {
  const { kty, crv, x, y, kid } = deps.signingKeys.active("approve");
  const key = { kty, crv, x, y, kid };
  if (!isNamedJwk(key)) throw new Error("The Approve key is not a named P-256 key");
  return [key];
}

/** A key that was ours at this time, epoch ms: what it signed then stays good after a rotation (APV-ROT-3). */
export function serverKeyAt(deps: Pick<Deps, "signingKeys">, kid: string, at: number): PublicJwk | undefined {
  const { kty, crv, x, y } = deps.signingKeys.activeAt("approve", kid, at) ?? {};
  const jwk = { kty, crv, x, y };
  return isPublicJwk(jwk) ? jwk : undefined;
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
