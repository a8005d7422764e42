/** The key of a policy behind a password: made, tried, put under another password. All inside the record's lock. */
import type { Bytes } from "@countersign/protocol/bytes";
import { openAtRest, sealAtRest } from "@countersign/protocol/approve/at-rest";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import { VaultError } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";
import { hashPassword, newKdf, passwordKey } from "./derive.ts";
import { isSilent } from "./hold.ts";
import { attempt, isSpent, noFailures } from "./locks.ts";
import {
  requirePolicy,
  storeRecord,
  withGuard,
  type Guard,
  type Leftover,
  type PasswordHash,
  type Guarded,
  type VaultRecord,
} from "./record.ts";

export interface Opened {
  /** As it is stored now. */
  readonly record: VaultRecord;
  readonly state: Guarded;
  /** The caller wipes it. */
  readonly key: Bytes;
}

/** A guard under a new password, around the given key or a new one. Under a silent lock the password's key is the key. */
export async function makeGuard(
  deps: VaultDeps,
  record: VaultRecord,
  policyId: string,
  policy: PolicyRecord,
  password: Bytes,
  around?: { readonly key: Bytes; readonly guard: Guard },
): Promise<{ readonly guard: Guard; readonly key: Bytes }> {
  const kdf = newKdf(deps);
  const wrapping = await passwordKey(deps, record, kdf, password);
  const plain = { kdf, setAt: deps.now(), lock: noFailures };
  if (isSilent(policy)) return { guard: { ...plain, history: [] }, key: wrapping };
  const key = around?.key ?? deps.random(32).slice();
  const sealedKey = await sealAtRest(wrapping, `policy ${policyId}`, key);
  wrapping.fill(0);
  const history = await remembered(deps, record, policy, password, around?.guard.history ?? []);
  const biometry = around?.guard.biometry;
  return { guard: { ...plain, sealedKey, history, ...(biometry !== undefined && { biometry }) }, key };
}

/**
 * Writes the attempt down, tries the password, writes the outcome. Throws `wrong` and `locked`; never `wrong` under a
 * silent lock, where each password opens something.
 */
export async function tryPassword(
  deps: VaultDeps,
  record: VaultRecord,
  policyId: string,
  password: Bytes,
): Promise<Opened> {
  const { record: policy, guard } = requirePolicy(record, policyId);
  if (guard === undefined) throw new VaultError("unsupported", "This policy has no password");
  const started = attempt(policy.lock, guard.lock, deps.now());
  const written = started.write === undefined ? record : withGuard(record, policyId, { ...guard, lock: started.write });
  if (started.write !== undefined) await storeRecord(deps, written);
  if (!started.allowed) {
    if (isSpent(policy.lock, guard.lock)) await storeRecord(deps, wiped(deps, written, policyId, guard));
    throw started.error;
  }
  const key = await open(deps, record, policyId, policy, guard, password);
  if (key === undefined) {
    const spent = isSpent(policy.lock, started.write ?? guard.lock);
    if (spent) await storeRecord(deps, wiped(deps, written, policyId, guard));
    throw new VaultError("wrong", "The password is wrong");
  }
  const counted = started.write !== undefined;
  const after = counted ? { ...guard, lock: noFailures } : guard;
  const result = counted ? withGuard(record, policyId, after) : record;
  try {
    if (counted) await storeRecord(deps, result);
  } catch (error) {
    key.fill(0);
    throw error;
  }
  return { record: result, state: { record: policy, guard: after }, key };
}

/** Whether the password is one of those that may not come back. */
export async function isRemembered(
  deps: VaultDeps,
  record: VaultRecord,
  { record: policy, guard }: Opened["state"],
  password: Bytes,
): Promise<boolean> {
  for (const former of guard.history.slice(0, policy.password?.maxHistory ?? 0)) {
    if ((await hashPassword(deps, record, former, password)).hash === former.hash) return true;
  }
  return false;
}

export function biometryName({ containerId }: VaultDeps, policyId: string): string {
  return `${containerId}/${policyId}`;
}

async function open(
  deps: VaultDeps,
  record: VaultRecord,
  policyId: string,
  policy: PolicyRecord,
  { kdf, sealedKey = "" }: Guard,
  password: Bytes,
): Promise<Bytes | undefined> {
  const wrapping = await passwordKey(deps, record, kdf, password);
  if (isSilent(policy)) return wrapping;
  const key = await openAtRest(wrapping, `policy ${policyId}`, sealedKey);
  wrapping.fill(0);
  return key;
}

async function remembered(
  deps: VaultDeps,
  record: VaultRecord,
  { password: rules }: PolicyRecord,
  password: Bytes,
  before: readonly PasswordHash[],
): Promise<readonly PasswordHash[]> {
  const most = rules?.maxHistory ?? 0;
  if (most === 0) return [];
  return [await hashPassword(deps, record, newKdf(deps), password), ...before].slice(0, most);
}

/** What a spent counter lock leaves: names, and nothing to open. */
function wiped(deps: VaultDeps, record: VaultRecord, policyId: string, tried: Guard): VaultRecord {
  const { biometry, sealedKey: _, ...guard } = tried;
  const leftover: Leftover[] = biometry ? [{ where: "biometry", name: biometryName(deps, policyId) }] : [];
  return {
    ...withGuard(record, policyId, {
      ...guard,
      lock: requirePolicy(record, policyId).guard?.lock ?? guard.lock,
      history: [],
    }),
    entries: record.entries.map((entry) =>
      entry.policyId === policyId && entry.held.how !== "platform" ? { ...entry, held: { how: "wiped" } } : entry,
    ),
    leftovers: [...record.leftovers, ...leftover],
  };
}
