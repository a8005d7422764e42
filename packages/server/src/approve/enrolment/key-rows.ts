/** Rows of a container's keys: each gets an opaque name that tells nothing of it (APV-KEY-3). */
import { toBase64Url } from "@countersign/protocol/bytes";
import type { KeyUse, PublicJwk } from "@countersign/protocol/approve/keys";
import type { Deps } from "../../deps.ts";
import type { ContainerKeyTable } from "../../store/schema.ts";
import type { Change } from "../../store/store.ts";
import type { DeviceType } from "../device-types/device-type.ts";

/**
 * How much longer `pop` and `enc` live than the keys that a person uses: so long a device whose signing keys are over
 * can still renew (APV-KEY-4).
 */
const graceMs = 30 * 86_400_000;

export interface NewKeys {
  readonly activationId: string;
  readonly keys: readonly { readonly use: KeyUse; readonly jwk: PublicJwk }[];
  readonly type: Pick<DeviceType, "keyPolicies">;
  readonly state: ContainerKeyTable["state"];
  /** When the signing keys end, epoch ms; null for never. */
  readonly renewBefore: number | null;
}

/** When keys made at `now` have to be renewed, epoch ms; null for never. */
export function renewalDate({ keyDays }: Pick<DeviceType, "keyDays">, now: number): number | null {
  return keyDays === 0 ? null : now + keyDays * 86_400_000;
}

export async function addKeys(
  deps: Pick<Deps, "store" | "random">,
  { db, now }: Change,
  { activationId, keys, type, state, renewBefore }: NewKeys,
): Promise<void> {
  const rows = keys.map(({ use, jwk: { kty, crv, x, y } }) => ({
    tenant: deps.store.tenant,
    activation_id: activationId,
    kid: toBase64Url(deps.random(16)),
    use,
    public_jwk: JSON.stringify({ kty, crv, x, y }),
    policy: type.keyPolicies[use],
    state,
    created_at: now,
    expires_at: renewBefore === null ? null : renewBefore + (use === "pop" || use === "enc" ? graceMs : 0),
  }));
  await db.insertInto("container_key").values(rows).execute();
}
