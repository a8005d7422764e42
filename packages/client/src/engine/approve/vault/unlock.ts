/** From what a person gives to the key of a policy, and to the one key that is wanted. */
import type { Bytes } from "@countersign/protocol/bytes";
import type { VerificationMethod } from "@countersign/protocol/approve/policy";
import { VaultError, type Credential } from "../key-vault.ts";
import { activeBiometry, openByBiometry } from "./biometry.ts";
import type { KeyCache } from "./cache.ts";
import type { VaultDeps } from "./deps.ts";
import { deviceKey } from "./derive.ts";
import { tryPassword } from "./guard.ts";
import { isSilent } from "./hold.ts";
import { locked, requirePolicy, requireRecord, type Guard, type Guarded, type VaultRecord } from "./record.ts";

const day = 86_400_000;

export interface UnlockedPolicy {
  readonly record: VaultRecord;
  /** The caller wipes it. */
  readonly key: Bytes;
  readonly method: VerificationMethod;
}

/** Throws the codes of passwords and biometry. Prompts outside the lock. */
export async function unlockPolicy(
  deps: VaultDeps,
  cache: KeyCache,
  policyId: string,
  { password, biometry }: Credential,
): Promise<UnlockedPolicy> {
  const record = await requireRecord(deps);
  const state = requirePolicy(record, policyId);
  const { guard } = state;
  if (guard === undefined) return { record, key: deviceKey(deps, record), method: "none" };
  requireInForce(deps, { ...state, guard });
  if (password !== undefined) {
    const opened = await locked(deps, async () => tryPassword(deps, await requireRecord(deps), policyId, password));
    cache.put(policyId, opened.state, opened.key, "password");
    return { record: opened.record, key: opened.key, method: "password" };
  }
  if (biometry === true) {
    const key = await openByBiometry(deps, record, policyId, state);
    cache.put(policyId, state, key, "biometry");
    return { record: await requireRecord(deps), key, method: "biometry" };
  }
  const cached = cache.get(policyId, state);
  if (cached !== undefined) return { record, ...cached };
  if (activeBiometry(deps, state) !== undefined)
    throw new VaultError("biometry-required", "Biometry is enabled and was not asked for");
  throw new VaultError("password-required", "This policy wants a password");
}

/** Days since the password was set; a clock that was set back makes it no younger than new. */
export function ageOf({ now }: VaultDeps, { setAt }: Guard): number {
  return Math.max(0, Math.floor((now() - setAt) / day));
}

/** Throws `password-expired` once `maxAge` days have passed. Ages do not exist under a silent lock (APV-LOCK-2). */
export function requireInForce(deps: VaultDeps, { record, guard }: Guarded): void {
  const most = record.password?.maxAge ?? 0;
  if (most === 0 || isSilent(record) || ageOf(deps, guard) < most) return;
  throw new VaultError("password-expired", `The password is older than ${most} days`);
}

/** Throws `password-not-yet-changeable` until `minAge` days have passed. */
export function requireChangeable(deps: VaultDeps, { record, guard }: Guarded): void {
  const least = record.password?.minAge ?? 0;
  if (isSilent(record) || ageOf(deps, guard) >= least) return;
  throw new VaultError("password-not-yet-changeable", `The password can be changed after ${least} days`);
}
