/**
 * A device that dies at any write keeps what it had or has what it was to get: no usable key is lost, none stands without its
 * policy, and the same call again completes. Passwords are wiped whatever happens.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import type { FreshKey, KeyVault } from "../../src/engine/approve/key-vault.ts";
import type { PlatformKeys } from "../../src/engine/approve/vault/platform-keys.ts";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import type { DeviceStorage } from "../../src/storage/port.ts";
import {
  bioPolicy,
  devicePolicy,
  given,
  keptVault,
  noLock,
  otp,
  passwordPolicy,
  right,
  silentLock,
  vaultDeps,
  VaultBiometry,
} from "../approve-vault.ts";

/** Counts every change of storage and platform; the `at`th one fails, before or after it took effect. */
class Death {
  steps = 0;
  at = Number.POSITIVE_INFINITY;
  after = false;

  async step(run: () => Promise<void>): Promise<void> {
    this.steps++;
    if (this.steps > this.at || (this.steps === this.at && !this.after)) throw new Error("killed");
    await run();
    if (this.steps === this.at) throw new Error("killed");
  }
}

function mortal(death: Death, storage: DeviceStorage): DeviceStorage {
  return {
    ...storage,
    set: (key, value) => death.step(() => storage.set(key, value)),
    remove: (key) => death.step(() => storage.remove(key)),
  };
}

/** What a platform does, over a map. */
function platform(death: Death) {
  const kept = new Map<string, Uint8Array>();
  const { crypto } = vaultDeps().deps;
  const keys: PlatformKeys = {
    keep: (name, _use, _jwk, scalar) => {
      const copy = scalar.slice();
      return death.step(async () => void kept.set(name, copy));
    },
    signer: async (name) => {
      const scalar = kept.get(name);
      const key = scalar && crypto.importPrivateKey(scalar);
      return key && { sign: async (data) => crypto.sign(key, data, "jose") };
    },
    opener: async () => undefined,
    remove: (name) => death.step(async () => void kept.delete(name)),
  };
  return { keys, kept };
}

const policies: Record<string, PolicyRecord> = {
  PASSWORD: passwordPolicy(noLock, { maxHistory: 2 }),
  "PASSWORD with a counter lock": passwordPolicy({ type: "counter", counter: 5 }),
  "PASSWORD with a silent lock": passwordPolicy(silentLock),
};

function keeping(fresh: readonly FreshKey[], policy: PolicyRecord, suffix: string, password = right) {
  return {
    keys: fresh.map((key) => ({
      fresh: key,
      kid: `${key.use}-${suffix}`,
      policyId: key.use === "pop" ? "device" : "p",
    })),
    secrets: [otp],
    policies: { p: policy, device: devicePolicy },
    passwords: new Map([["p", utf8(password)]]),
  };
}

/** Whether every key that the vault names signs, and what it signs with verifies. */
async function usable(vault: KeyVault, jwks: ReadonlyMap<string, FreshKey["jwk"]>, password = right): Promise<void> {
  const { crypto } = vaultDeps().deps;
  for (const { kid, use, policyId } of await vault.keys()) {
    const policy = await vault.policy(policyId);
    const credential = () => (policy.record.type === "DEVICE" ? {} : given(password));
    if (use === "otp") {
      await vault.otpSecret(kid, credential());
      continue;
    }
    const signature = await (await vault.signer(kid, credential())).sign(utf8("x"));
    const { x, y } = jwks.get(kid)!;
    const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    assert.ok(crypto.verify(crypto.importPublicKey(point)!, utf8("x"), signature, "jose"), kid);
  }
}

for (const [name, policy] of Object.entries(policies)) {
  for (const withPlatform of [false, true]) {
    for (const after of [false, true]) {
      const where = withPlatform ? "a platform that holds keys" : "software keys";
      test(`${name}, ${where}: enrolment, renewal and removal, killed ${after ? "after" : "before"} each step, complete when repeated`, async () => {
        let deaths = 0;
        for (let at = 1; ; at++) {
          const death = new Death();
          const storage = createMemoryStorage();
          const { keys: platformKeys, kept } = platform(death);
          const { deps } = vaultDeps({ storage: mortal(death, storage), ...(withPlatform && { platformKeys }) });
          const vault = () => createKeyVault(deps);
          const look = () => usable(createKeyVault({ ...deps, storage }), jwks);
          const jwks = new Map<string, FreshKey["jwk"]>();
          Object.assign(death, { at, after });
          let killed = false;
          /** Runs a call; after a death, looks at what is left, and runs it again as after a restart. */
          const surviving = async <T>(run: () => Promise<T>): Promise<T> => {
            try {
              return await run();
            } catch (error) {
              assert.match(String(error), /killed/);
              killed = true;
              death.at = Number.POSITIVE_INFINITY;
              await look();
              return run();
            }
          };
          const enrol = async (suffix: string) => {
            const fresh = await surviving(() => vault().generate(["auth", "tx", "pop"]));
            for (const { use, jwk } of fresh) jwks.set(`${use}-${suffix}`, jwk);
            await surviving(() => vault().keep(keeping(fresh, policy, suffix)));
            const names = (await vault().keys()).map(({ kid }) => kid);
            for (const { use } of fresh) assert.ok(names.includes(`${use}-${suffix}`));
            await look();
          };
          await enrol("1");
          await enrol("2");
          await surviving(() => vault().drop(["auth-1", "tx-1", "pop-1"]));
          assert.equal((await vault().keys()).length, 4);
          await look();
          if (withPlatform && death.steps < at) assert.equal(kept.size, 1);
          await surviving(() => vault().destroy());
          assert.deepEqual(await vault().keys(), []);
          assert.deepEqual([...kept.keys()], [], "the platform keeps nothing either");
          if (!killed) break;
          deaths++;
        }
        assert.ok(deaths >= 5, `${deaths} deaths`);
      });
    }
  }

  test(`${name}: a change of the password, killed at each step, leaves exactly one of the two passwords`, async () => {
    for (const after of [false, true]) {
      for (let at = 1; ; at++) {
        const storage = createMemoryStorage();
        const death = new Death();
        const { deps, jwk, vault } = await keptVault(policy, { storage });
        Object.assign(death, { at, after });
        const mortalVault = createKeyVault({ ...deps, storage: mortal(death, storage) });
        const change = async () => (await mortalVault.policy("p")).change(utf8(right), utf8("second-one"));
        const outcome = await change().then(
          () => "changed",
          () => "killed",
        );
        const verdicts = [];
        for (const password of [right, "second-one"]) {
          const jwks = new Map(Object.entries(jwk).map(([use, each]) => [`${use}-1`, each]));
          await vault.drop(["enc-1"]);
          verdicts.push(
            await usable(vault, jwks, password).then(
              () => true,
              () => false,
            ),
          );
        }
        assert.equal(verdicts.filter(Boolean).length, 1, `step ${at}`);
        if (outcome === "changed") break;
      }
    }
  });
}

test("biometry, killed at each step of being enabled and disabled, never costs the password", async () => {
  for (const after of [false, true]) {
    for (let at = 1; ; at++) {
      const storage = createMemoryStorage();
      const death = new Death();
      const biometry = new VaultBiometry();
      const { deps, vault } = await keptVault(bioPolicy(), { storage, biometry });
      Object.assign(death, { at, after });
      const policy = await createKeyVault({ ...deps, storage: mortal(death, storage) }).policy("p");
      const run = async () => {
        await policy.enableBiometry(utf8(right));
        await policy.enableBiometry(utf8(right));
        await policy.disableBiometry();
      };
      const killed = await run().then(
        () => false,
        () => true,
      );
      await vault.signer("tx-1", given(right));
      const state = await (await vault.policy("p")).biometry();
      if (state === "ENABLED") {
        // What says that it is enabled opens the keys, or finds out that it does not.
        await vault.signer("tx-1", { biometry: true }).catch((error: { code: string }) => {
          assert.equal(error.code, "password-required");
        });
      }
      await (await vault.policy("p")).enableBiometry(utf8(right));
      await vault.signer("tx-1", { biometry: true });
      if (!killed) break;
    }
  }
});

describe("passwords", () => {
  const wiped = async (run: (password: Uint8Array, other: Uint8Array) => Promise<unknown>, text = right) => {
    const passwords = [utf8(text), utf8("second-one")] as const;
    await run(...passwords).catch(() => undefined);
    return passwords.map((bytes) => bytes.every((byte) => byte === 0));
  };

  for (const [name, policy] of Object.entries({ ...policies, DEVICE: devicePolicy })) {
    for (const text of [right, "wrong"]) {
      test(`${name}: are zero after each call, when they were ${text === right ? "right" : "wrong"}`, async () => {
        const { vault } = await keptVault(policy, { biometry: new VaultBiometry() });
        const face = await vault.policy("p");
        for (const use of [
          (password: Uint8Array) => vault.signer("tx-1", { password }),
          (password: Uint8Array) => vault.signer("no such key", { password }),
          (password: Uint8Array) => vault.opener("enc-1", { password }),
          (password: Uint8Array) => vault.otpSecret("otp", { password }),
          (password: Uint8Array) => face.verify(password),
          (password: Uint8Array) => face.enableBiometry(password),
        ]) {
          assert.deepEqual(await wiped(use, text), [true, false]);
        }
        assert.deepEqual(await wiped((old, fresh) => face.change(old, fresh), text), [true, true]);
      });
    }
  }

  test("are zero after they were set, and when they break a rule, when storage fails, and when the container is gone", async () => {
    const { deps } = vaultDeps();
    const vault = createKeyVault(deps);
    const fresh = await vault.generate(["tx", "pop"]);
    for (const [text, storage] of [
      ["short", deps.storage],
      [right, { ...deps.storage, set: () => Promise.reject(new Error("full")) }],
      [right, createMemoryStorage()],
      [right, deps.storage],
    ] as const) {
      const input = keeping(fresh, passwordPolicy(noLock), "1", text);
      await createKeyVault({ ...deps, storage })
        .keep(input)
        .catch(() => undefined);
      assert.ok([...input.passwords.values()].every((bytes) => bytes.every((byte) => byte === 0)));
    }
    assert.equal((await vault.keys()).length, 3);
  });
});
