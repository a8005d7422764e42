/** A vault over memory, its storage open to look into, its clock in the test's hand. Guesses are cheap here. */
import { utf8, type Bytes } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import type { KeyUse } from "@countersign/protocol/approve/keys";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import { devicePolicy } from "./approve-vault-policies.ts";
import { BiometryFailure, type BiometryProvider } from "../src/engine/biometry.ts";
import type { VaultDeps } from "../src/engine/approve/vault/deps.ts";
import type { VaultRecord } from "../src/engine/approve/vault/record.ts";
import { createKeyVault } from "../src/engine/approve/vault/vault.ts";
import { createMemoryStorage } from "../src/storage/memory.ts";

export { day, noLock, silentLock, devicePolicy, passwordPolicy, bioPolicy } from "./approve-vault-policies.ts";

export function vaultDeps(more: Partial<VaultDeps> = {}) {
  const time = { now: 1_900_000_000_000 };
  const deps: VaultDeps = {
    containerId: "container",
    storage: createMemoryStorage(),
    crypto: nodeCrypto,
    random: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
    now: () => time.now,
    cost: { memory: 8, passes: 1 },
    ...more,
  };
  return { deps, time };
}

/** A container with four keys: `pop` and `enc` of the device, `auth` and `tx` under the policy. */
export async function keptVault(policy: PolicyRecord, more: Partial<VaultDeps> = {}, password = right) {
  const { deps, time } = vaultDeps(more);
  const vault = createKeyVault(deps);
  const uses: readonly KeyUse[] = ["auth", "tx", "enc", "pop"];
  const fresh = await vault.generate(uses);
  const underPolicy = (use: KeyUse) => use === "auth" || use === "tx";
  await vault.keep({
    keys: fresh.map((key) => ({ fresh: key, kid: `${key.use}-1`, policyId: underPolicy(key.use) ? "p" : "device" })),
    secrets: [otp],
    policies: { p: policy, device: devicePolicy },
    passwords: new Map(policy.type === "DEVICE" ? [] : [["p", utf8(password)]]),
  });
  const jwk = Object.fromEntries(fresh.map((key) => [key.use, key.jwk])) as Record<KeyUse, (typeof fresh)[0]["jwk"]>;
  const record = async () =>
    JSON.parse(new TextDecoder().decode(await deps.storage.get("container/approve-keys"))) as VaultRecord;
  return { vault, deps, time, jwk, record };
}

export const right = "correct-horse";
export const otp = {
  label: "otp",
  type: "HOTP",
  secret: "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
  digits: 6,
  algorithm: "SHA1",
  policy: "p",
} as const;

export function given(password: string): { readonly password: Bytes } {
  return { password: utf8(password) };
}

/** A platform that recognises everybody until it is told otherwise. */
export class VaultBiometry implements BiometryProvider {
  readonly keys = new Map<string, Bytes>();
  status: "OK" | "NOT_SUPPORTED" | "NOT_ENROLLED" | "NOT_AVAILABLE" | "LOCKOUT" = "OK";
  failure: BiometryFailure | undefined;
  asked = 0;
  prompt: unknown;

  async info() {
    return { isAvailable: this.status === "OK", biometryType: "GENERIC", canAuthenticate: this.status } as const;
  }
  async has(name: string) {
    return this.keys.has(name);
  }
  async store(name: string, key: Bytes) {
    this.keys.set(name, key.slice());
  }
  async load(name: string, prompt: unknown) {
    this.asked++;
    this.prompt = prompt;
    if (this.failure !== undefined) throw this.failure;
    const key = this.keys.get(name);
    if (key === undefined) throw new BiometryFailure("NOT_CONFIGURED");
    return key.slice();
  }
  async remove(name: string) {
    this.keys.delete(name);
  }
}
