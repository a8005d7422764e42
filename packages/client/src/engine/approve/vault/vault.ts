/** The vault of one container over the storage of its device. */
import type { Bytes } from "@countersign/protocol/bytes";
import { importAgreement, publicJwk } from "@countersign/protocol/approve/at-rest";
import { openerOf, type Opener } from "@countersign/protocol/approve/jwe";
import type { Signer } from "@countersign/protocol/approve/jws";
import type { BiometryPrompt } from "../../biometry.ts";
import type { Credential, KeyVault, Unlocked } from "../key-vault.ts";
import { createKeyCache } from "./cache.ts";
import type { VaultDeps } from "./deps.ts";
import { entrust, entrustedTo, generate, reload } from "./fresh.ts";
import { release } from "./hold.ts";
import { destroy, drop, keep, platformName } from "./keep.ts";
import { isSpent, noFailures } from "./locks.ts";
import { protectedPolicy } from "./policy.ts";
import {
  loadRecord,
  locked,
  lost,
  requirePolicy,
  requireRecord,
  storeRecord,
  withGuard,
  type Entry,
  type VaultRecord,
} from "./record.ts";
import { unlockPolicy } from "./unlock.ts";

export interface DeviceVault extends KeyVault {
  /** Forgets what was unlocked, for example when the application goes to the background. */
  clearCache(): void;
  /** What the person reads while the platform asks, from now on. */
  setPrompt(prompt: BiometryPrompt): void;
}

export function createKeyVault(given: VaultDeps): DeviceVault {
  let prompt: BiometryPrompt | undefined;
  const deps: VaultDeps = { ...given, prompt: () => prompt ?? given.prompt?.() };
  const cache = createKeyCache(deps.now);

  /** Unlocks one entry, hands it to `use` with its secret, and wipes everything. */
  async function unlocking<T>(
    find: (entry: Entry) => boolean,
    credential: Credential,
    use: (entry: Entry, secret: Bytes | undefined) => Promise<T>,
  ): Promise<T & Unlocked> {
    try {
      const entry = requireEntry(await requireRecord(deps), find);
      const { record, key, method } = await unlockPolicy(deps, cache, entry.policyId, credential);
      try {
        const current = requireEntry(record, ({ id }) => id === entry.id);
        if (current.held.how === "platform") return { ...(await use(current, undefined)), method };
        const secret = await release(deps, key, current);
        return { ...(await use(current, secret)), method };
      } finally {
        key.fill(0);
      }
    } finally {
      credential.password?.fill(0);
    }
  }

  async function signerOf({ id }: Entry, scalar: Bytes | undefined): Promise<Signer> {
    if (scalar === undefined) return held(await deps.platformKeys?.signer(platformName(deps, id)));
    const key = held(deps.crypto.importPrivateKey(scalar));
    scalar.fill(0);
    return { sign: async (data) => deps.crypto.sign(key, data, "jose") };
  }

  async function openerFrom({ id, kid }: Entry, scalar: Bytes | undefined): Promise<Opener> {
    if (scalar === undefined) return held(await deps.platformKeys?.opener(platformName(deps, id), kid));
    const key = await importAgreement(held(publicJwk(deps.crypto, scalar)), scalar);
    scalar.fill(0);
    return openerOf(kid, key);
  }

  const isKey = (kid: string) => (entry: Entry) => entry.use !== "otp" && entry.kid === kid;

  return {
    generate: (uses) => generate(deps, uses),
    reload: (handles) => reload(deps, handles),
    entrust: (secrets) => entrust(deps, secrets),
    entrusted: () => entrustedTo(deps),
    keep: (input) => keep(deps, input),
    drop: (kids) => drop(deps, kids),
    destroy: async () => {
      cache.clear();
      await destroy(deps);
    },
    keys: async () =>
      ((await loadRecord(deps))?.entries ?? []).map(({ kid, use, policyId }) => ({ kid, use, policyId })),
    policy: (policyId) => protectedPolicy(deps, cache, policyId),
    signer: (kid, credential) => unlocking(isKey(kid), credential, signerOf),
    opener: (kid, credential) => unlocking(isKey(kid), credential, openerFrom),
    otpSecret: (label, credential) =>
      unlocking(
        ({ use, kid }) => use === "otp" && kid === label,
        credential,
        async (_, secret) => ({ secret: held(secret) }),
      ),
    nextCounter: (label) =>
      locked(deps, async () => {
        const record = await requireRecord(deps);
        const { id, counter = 0 } = requireEntry(record, ({ use, kid }) => use === "otp" && kid === label);
        const entries = record.entries.map((each) => (each.id === id ? { ...each, counter: counter + 1 } : each));
        await storeRecord(deps, { ...record, entries });
        return counter;
      }),
    accepted: async (kid) => {
      await locked(deps, async () => {
        const record = await requireRecord(deps);
        const { policyId } = requireEntry(record, isKey(kid));
        cache.trust(policyId);
        const { record: policy, guard } = requirePolicy(record, policyId);
        if (guard === undefined || guard.lock.failures === 0 || isSpent(policy.lock, guard.lock)) return;
        await storeRecord(deps, withGuard(record, policyId, { ...guard, lock: noFailures }));
      });
    },
    clearCache: () => cache.clear(),
    setPrompt: (texts) => {
      prompt = texts;
    },
  };
}

function requireEntry(record: VaultRecord, find: (entry: Entry) => boolean): Entry {
  return held(record.entries.find(find));
}

function held<T>(value: T | undefined): T {
  if (value === undefined) throw lost();
  return value;
}
