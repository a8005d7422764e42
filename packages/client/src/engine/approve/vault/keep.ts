/** Keys under their policies, and out of the vault again: each one durable step, whatever came before (APV-ENR-9). */
import { toBase64Url, type Bytes } from "@countersign/protocol/bytes";
import { publicJwk } from "@countersign/protocol/approve/at-rest";
import { passwordRules, type PolicyRecord } from "@countersign/protocol/approve/policy";
import { VaultError, type KeyVault } from "../key-vault.ts";
import type { VaultDeps } from "./deps.ts";
import { decoded, deviceKey } from "./derive.ts";
import { openFresh } from "./fresh.ts";
import { biometryName, makeGuard, tryPassword, type Opened } from "./guard.ts";
import { hold, isSilent, release } from "./hold.ts";
import { lockDefect } from "./locks.ts";
import { brokenRule } from "./password-rules.ts";
import {
  dropRecord,
  loadRecord,
  locked,
  lost,
  requireRecord,
  storeRecord,
  type Entry,
  type Held,
  type Leftover,
  type PolicyState,
  type VaultRecord,
} from "./record.ts";

type Keeping = Parameters<KeyVault["keep"]>[0];

/** Repeating it after a crash changes nothing. Wipes the passwords. */
export async function keep(deps: VaultDeps, input: Keeping): Promise<void> {
  try {
    requireKeepable(input);
    await locked(deps, async () => {
      const record = await requireRecord(deps);
      if (isKept(record, input)) return;
      requirePasswords(record, input);
      await keepNow(deps, record, input);
    });
  } finally {
    for (const password of input.passwords.values()) password.fill(0);
  }
}

async function keepNow(deps: VaultDeps, start: VaultRecord, input: Keeping): Promise<void> {
  let record = start;
  const under = new Map<string, { readonly policy: PolicyRecord; readonly key: Bytes }>();
  const policyOf = (policyId: string) => found(under.get(policyId));
  try {
    for (const policyId of policiesOf(input)) {
      const policy = found(input.policies[policyId]);
      const password = input.passwords.get(policyId) ?? new Uint8Array(0);
      const opened = await openForKeeping(deps, record, policyId, policy, password);
      record = opened.record;
      under.set(policyId, { policy, key: opened.key });
    }
    const added: Entry[] = [];
    const fresh = { ...record.fresh };
    for (const { fresh: key, kid, policyId } of input.keys) {
      const { use } = record.fresh[key.handle] ?? key;
      const entry = { id: key.handle, kid, use, policyId };
      const scalar = await openFresh(deps, record, key.handle);
      added.push({ ...entry, held: await put(deps, policyOf(policyId), entry, scalar) });
      delete fresh[key.handle];
    }
    for (const { label, secret, policy } of input.secrets) {
      const entry = { id: toBase64Url(deps.random(16)), kid: label, use: "otp" as const, policyId: policy };
      const bytes = decoded(secret);
      const { policy: rules, key } = policyOf(policy);
      added.push({ ...entry, held: await hold(deps, rules, key, entry, bytes) });
      bytes.fill(0);
    }
    const replaced = new Set(added.map(nameOf));
    const entries = [...record.entries.filter((entry) => !replaced.has(nameOf(entry))), ...added];
    const { entrusted: _, ...rest } = record;
    await storeAndSweep(deps, record, { ...rest, fresh, entries });
  } finally {
    for (const { key } of under.values()) key.fill(0);
  }
}

/** Forgets these keys; what is not there is no error. */
export async function drop(deps: VaultDeps, kids: readonly string[]): Promise<void> {
  await locked(deps, async () => {
    const record = await loadRecord(deps);
    if (record === undefined) return;
    const entries = record.entries.filter(({ kid, use }) => use === "otp" || !kids.includes(kid));
    if (entries.length < record.entries.length) await storeAndSweep(deps, record, { ...record, entries });
  });
}

/** Throws what the platform throws that does not let go of a key; the record then still names it. */
export async function destroy(deps: VaultDeps): Promise<void> {
  await locked(deps, async () => {
    const record = await loadRecord(deps).catch((error: unknown) => {
      if (error instanceof VaultError) return undefined;
      throw error;
    });
    // What the platform holds is forgotten after the record that names it is empty, and before that record is gone.
    const remaining =
      record === undefined ? [] : await storeAndSweep(deps, record, { ...record, fresh: {}, entries: [] });
    for (const leftover of remaining) await remove(deps, leftover);
    await dropRecord(deps);
  });
}

/** Stores, without policies that no key is under any more, and removes from the platform what nothing names now. */
async function storeAndSweep(deps: VaultDeps, before: VaultRecord, after: VaultRecord): Promise<readonly Leftover[]> {
  const used = new Set(after.entries.map(({ policyId }) => policyId));
  const policies = Object.fromEntries(Object.entries(after.policies).filter(([policyId]) => used.has(policyId)));
  const kept = new Set(after.entries.map(({ id }) => id));
  const leftovers: Leftover[] = [...after.leftovers];
  for (const { id, held } of before.entries) {
    if (held.how === "platform" && !kept.has(id)) leftovers.push({ where: "platform", name: platformName(deps, id) });
  }
  for (const [policyId, { guard }] of Object.entries(before.policies)) {
    const gone = guard?.biometry !== undefined && policies[policyId]?.guard?.biometry === undefined;
    if (gone) leftovers.push({ where: "biometry", name: biometryName(deps, policyId) });
  }
  const record = { ...after, policies, leftovers };
  await storeRecord(deps, record);
  if (leftovers.length === 0) return leftovers;
  const remaining = await swept(deps, leftovers);
  if (remaining.length < leftovers.length) await storeRecord(deps, { ...record, leftovers: remaining });
  return remaining;
}

/** What the platform did not remove now is tried again with the next change. */
async function swept(deps: VaultDeps, leftovers: readonly Leftover[]): Promise<readonly Leftover[]> {
  const remaining: Leftover[] = [];
  for (const leftover of leftovers) {
    try {
      await remove(deps, leftover);
    } catch {
      remaining.push(leftover);
    }
  }
  return remaining;
}

async function remove({ platformKeys, biometry }: VaultDeps, { where, name }: Leftover): Promise<void> {
  await (where === "platform" ? platformKeys : biometry)?.remove(name);
}

/** Under a policy that is known the password stays what it is: new rules count from its next change on. */
async function openForKeeping(
  deps: VaultDeps,
  start: VaultRecord,
  policyId: string,
  policy: PolicyRecord,
  password: Bytes,
): Promise<{ readonly record: VaultRecord; readonly key: Bytes }> {
  const before = start.policies[policyId];
  const set = (record: VaultRecord, state: PolicyState): VaultRecord => ({
    ...record,
    policies: { ...record.policies, [policyId]: state },
  });
  if (before === undefined || (policy.type === "DEVICE" && before.guard === undefined)) {
    if (policy.type === "DEVICE") return { record: set(start, { record: policy }), key: deviceKey(deps, start) };
    const { guard, key } = await makeGuard(deps, start, policyId, policy, password);
    return { record: set(start, { record: policy, guard }), key };
  }
  const opened =
    before.guard === undefined
      ? { record: start, key: deviceKey(deps, start), guard: undefined }
      : flat(await tryPassword(deps, start, policyId, password));
  const { guard } = opened;
  if (guard !== undefined && policy.type !== "DEVICE" && isSilent(policy) === isSilent(before.record)) {
    return { record: set(opened.record, { record: policy, guard }), key: opened.key };
  }
  // Another way of keeping under the same id: what is there already moves with it.
  const made =
    policy.type === "DEVICE"
      ? { key: deviceKey(deps, start), guard: undefined }
      : await makeGuard(deps, start, policyId, policy, password);
  const entries = await moved(deps, opened.record.entries, policyId, opened.key, policy, made.key);
  opened.key.fill(0);
  const state = { record: policy, ...(made.guard !== undefined && { guard: made.guard }) };
  return { record: { ...set(opened.record, state), entries }, key: made.key };
}

function flat({ record, key, state }: Opened) {
  return { record, key, guard: state.guard };
}

/** The entries of a policy, from one key under another. */
export async function moved(
  deps: VaultDeps,
  entries: readonly Entry[],
  policyId: string,
  from: Bytes,
  policy: PolicyRecord,
  to: Bytes,
): Promise<readonly Entry[]> {
  const result: Entry[] = [];
  for (const entry of entries) {
    const stays = entry.policyId !== policyId || entry.held.how === "platform" || entry.held.how === "wiped";
    if (stays) {
      result.push(entry);
      continue;
    }
    const secret = await release(deps, from, entry);
    result.push({ ...entry, held: await hold(deps, policy, to, entry, secret) });
    secret.fill(0);
  }
  return result;
}

/** Wipes the scalar. */
async function put(
  deps: VaultDeps,
  { policy, key }: { readonly policy: PolicyRecord; readonly key: Bytes },
  entry: Pick<Entry, "id" | "use">,
  scalar: Bytes,
): Promise<Held> {
  try {
    const jwk = publicJwk(deps.crypto, scalar);
    if (policy.type !== "DEVICE" || deps.platformKeys === undefined || jwk === undefined) {
      return await hold(deps, policy, key, entry, scalar);
    }
    const use = entry.use === "enc" ? "agree" : "sign";
    await deps.platformKeys.keep(platformName(deps, entry.id), use, jwk, scalar);
    return { how: "platform" };
  } finally {
    scalar.fill(0);
  }
}

export function platformName({ containerId }: VaultDeps, id: string): string {
  return `${containerId}/${id}`;
}

/** Throws `unsupported` for policies that contradict themselves (APV-LOCK-2). */
function requireKeepable(input: Keeping): void {
  for (const policyId of policiesOf(input)) {
    const policy = Object.hasOwn(input.policies, policyId) ? input.policies[policyId] : undefined;
    if (policy === undefined) throw new VaultError("unsupported", "A key is under a policy that is not among them");
    const defect = policy.type === "DEVICE" ? undefined : (lockDefect(policy.lock) ?? silentDefect(policy));
    if (defect !== undefined) throw new VaultError("unsupported", defect);
  }
  for (const { fresh, policyId } of input.keys) {
    if (fresh.use !== "enc" || !isSilent(found(input.policies[policyId]))) continue;
    // A message to it says by its tag whether it was opened with the right key.
    throw new VaultError("unsupported", "A key that opens messages cannot be under a silent lock");
  }
}

function silentDefect(policy: PolicyRecord): string | undefined {
  if (!isSilent(policy)) return undefined;
  const { maxHistory, maxAge } = policy.password ?? passwordRules;
  return maxHistory === 0 && maxAge === 0 ? undefined : "A silent lock has neither history nor ages";
}

function requirePasswords(record: VaultRecord, { passwords, policies, ...input }: Keeping): void {
  for (const policyId of policiesOf({ ...input, passwords, policies })) {
    const { type, password: rules = passwordRules } = found(policies[policyId]);
    const known = record.policies[policyId]?.guard !== undefined;
    if (type === "DEVICE" && !known) continue;
    const password = passwords.get(policyId);
    if (password === undefined) throw new VaultError("password-required", "A policy wants a password");
    const rule = known ? undefined : brokenRule(rules, password);
    if (rule !== undefined) throw invalid(rule);
  }
}

export function invalid(rule: string): VaultError {
  return new VaultError("password-invalid", `The password breaks the rule ${rule}`, { rule });
}

function policiesOf({ keys, secrets }: Keeping): Set<string> {
  return new Set([...keys.map(({ policyId }) => policyId), ...secrets.map(({ policy }) => policy)]);
}

/** Whether an earlier call, whose answer was lost, has done it. */
function isKept(record: VaultRecord, { keys, secrets }: Keeping): boolean {
  const kept = new Map(record.entries.map((entry) => [entry.id, entry]));
  const gone = keys.filter(({ fresh }) => !Object.hasOwn(record.fresh, fresh.handle));
  if (gone.length === 0) return false;
  const all = gone.length === keys.length && gone.every(({ fresh, kid }) => kept.get(fresh.handle)?.kid === kid);
  const labels = new Set(record.entries.filter(({ use }) => use === "otp").map(({ kid }) => kid));
  if (all && secrets.every(({ label }) => labels.has(label))) return true;
  throw lost();
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw lost();
  return value;
}

/** A label may be what a key is called as well. */
function nameOf({ kid, use }: Entry): string {
  return `${use === "otp" ? "otp" : "key"} ${kid}`;
}
