/** Keys of policies that were unlocked a short time ago, in memory only (`cacheSeconds`). */
import type { Bytes } from "@countersign/protocol/bytes";
import type { VerificationMethod } from "@countersign/protocol/approve/policy";
import { isSilent } from "./hold.ts";
import type { PolicyState } from "./record.ts";

export interface KeyCache {
  /** Does nothing where the policy caches nothing. Keeps a copy. */
  put(policyId: string, state: PolicyState, key: Bytes, method: VerificationMethod): void;
  /** A copy. */
  get(policyId: string, state: PolicyState): { readonly key: Bytes; readonly method: VerificationMethod } | undefined;
  /** The server has accepted what this key signed: under a silent lock, only now is it worth keeping. */
  trust(policyId: string): void;
  forget(policyId: string): void;
  clear(): void;
}

interface Cached {
  readonly key: Bytes;
  readonly method: VerificationMethod;
  /** Of the password's salt: another password in another tab makes this key useless. */
  readonly salt: string;
  readonly from: number;
  readonly until: number;
  trusted: boolean;
}

export function createKeyCache(now: () => number): KeyCache {
  const cached = new Map<string, Cached>();
  const forget = (policyId: string) => {
    cached.get(policyId)?.key.fill(0);
    cached.delete(policyId);
  };
  return {
    forget,
    put(policyId, { record, guard }, key, method) {
      forget(policyId);
      const seconds = record.password?.cacheSeconds ?? 0;
      if (seconds === 0 || guard === undefined) return;
      const from = now();
      const until = from + seconds * 1000;
      cached.set(policyId, {
        key: key.slice(),
        method,
        salt: guard.kdf.salt,
        from,
        until,
        trusted: !isSilent(record),
      });
    },
    get(policyId, { guard }) {
      const found = cached.get(policyId);
      if (found === undefined) return undefined;
      const time = now();
      const stale = time < found.from || time >= found.until || guard?.kdf.salt !== found.salt;
      if (stale) forget(policyId);
      return stale || !found.trusted ? undefined : { key: found.key.slice(), method: found.method };
    },
    trust(policyId) {
      const found = cached.get(policyId);
      if (found !== undefined) found.trusted = true;
    },
    clear() {
      for (const policyId of cached.keys()) forget(policyId);
    },
  };
}
