/** What wrong passwords cost (A16, APV-LOCK-3), and that nobody gets out of it by killing the process or turning the clock. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import type { LockRecord } from "@countersign/protocol/approve/policy";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import type { DeviceStorage } from "../../src/storage/port.ts";
import { bioPolicy, given, keptVault, noLock, passwordPolicy, right, VaultBiometry } from "../approve-vault.ts";

const counter: LockRecord = { type: "counter", counter: 3 };
const delay: LockRecord = { type: "delay", delay: 2, counter: 6 };

describe("no lock", () => {
  test("A16: any number of wrong passwords leaves the right one working", async () => {
    const { vault } = await keptVault(passwordPolicy(noLock));
    for (let n = 0; n < 20; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await vault.signer("tx-1", given(right));
  });
});

describe("counter lock", () => {
  test("A16: two of three wrong passwords leave the right one working, and a success starts the count again", async () => {
    const { vault } = await keptVault(passwordPolicy(counter));
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 2; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
      await vault.signer("tx-1", given(right));
    }
  });

  test("A16: the third wrong password destroys the keys for good: nothing of them is stored, restart and time do not help", async () => {
    const { vault, deps, time, record } = await keptVault(passwordPolicy(counter, { cacheSeconds: 60 }));
    await vault.signer("tx-1", given(right));
    for (let n = 0; n < 3; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    const { entries, policies } = await record();
    const ours = entries.filter(({ policyId }) => policyId === "p").map(({ held }) => held);
    assert.deepEqual(ours, [{ how: "wiped" }, { how: "wiped" }, { how: "wiped" }]);
    assert.equal(policies.p?.guard?.sealedKey, undefined);
    await assert.rejects(vault.signer("tx-1", {}), { code: "locked" }, "cached");
    time.now += 10 ** 12;
    for (const each of [vault, createKeyVault(deps)]) {
      await assert.rejects(each.signer("tx-1", given(right)), { code: "locked" });
      await assert.rejects((await each.policy("p")).verify(utf8(right)), { code: "locked" });
      await assert.rejects((await each.policy("p")).change(utf8(right), utf8("second-one")), { code: "locked" });
      await assert.rejects(each.otpSecret("otp", given(right)), { code: "locked" });
      await each.accepted("tx-1");
      await each.signer("pop-1", {});
    }
  });

  test("A16: verification and change count as well", async () => {
    const { vault } = await keptVault(passwordPolicy(counter));
    const policy = await vault.policy("p");
    await assert.rejects(policy.verify(utf8("wrong")), { code: "wrong" });
    await assert.rejects(policy.change(utf8("wrong"), utf8("second-one")), { code: "wrong" });
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await assert.rejects(policy.verify(utf8(right)), { code: "locked" });
  });

  test("an answer that the server accepted starts the count again", async () => {
    const { vault } = await keptVault(bioPolicy(counter), { biometry: new VaultBiometry() });
    for (let n = 0; n < 2; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await vault.accepted("tx-1");
    for (let n = 0; n < 2; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await vault.signer("tx-1", given(right));
  });

  test("destroyed keys are not opened by biometry either", async () => {
    const biometry = new VaultBiometry();
    const { vault } = await keptVault(bioPolicy(counter), { biometry });
    await (await vault.policy("p")).enableBiometry(utf8(right));
    await vault.signer("tx-1", { biometry: true });
    for (let n = 0; n < 3; n++) await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await assert.rejects(vault.signer("tx-1", { biometry: true }), { code: "password-required" });
  });
});

describe("delay lock", () => {
  test("A16: 2 s and an exponent of at most 6 make waits of 2, 4, 8, 16, 32, 64, 128, 128 s, to the millisecond", async () => {
    const { vault, time } = await keptVault(passwordPolicy(delay));
    for (const wait of [2, 4, 8, 16, 32, 64, 128, 128]) {
      await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
      const retryAt = time.now + wait * 1000;
      time.now = retryAt - 1;
      await assert.rejects(vault.signer("tx-1", given(right)), { code: "locked", retryAt });
      time.now = retryAt;
    }
    await vault.signer("tx-1", given(right));
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    time.now += 2000;
    await vault.signer("tx-1", given(right));
  });

  test("A16: an attempt while it waits is not tried, and makes the wait no longer", async () => {
    const { vault, time } = await keptVault(passwordPolicy(delay));
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    for (let n = 0; n < 5; n++) await assert.rejects(vault.signer("tx-1", given(right)), { code: "locked" });
    time.now += 2000;
    await vault.signer("tx-1", given(right));
  });

  test("A16: a clock that is set back starts the wait again, a restart does not end it", async () => {
    const { deps, vault, time } = await keptVault(passwordPolicy(delay));
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    time.now -= 1_000_000;
    const retryAt = time.now + 2000;
    await assert.rejects(createKeyVault(deps).signer("tx-1", given(right)), { code: "locked", retryAt });
    time.now = retryAt - 1;
    await assert.rejects(createKeyVault(deps).signer("tx-1", given(right)), { code: "locked", retryAt });
    time.now = retryAt;
    await vault.signer("tx-1", given(right));
  });
});

/** Storage that dies, as a killed process does, at its nth write: before it, or right after it. */
function dying(inner: DeviceStorage, at: number, when: "before" | "after"): DeviceStorage {
  let writes = 0;
  return {
    ...inner,
    set: async (key, value) => {
      writes++;
      if (writes > at || (writes === at && when === "before")) throw new Error("killed");
      await inner.set(key, value);
      if (writes === at) throw new Error("killed");
    },
  };
}

describe("a process that is killed", () => {
  test("APV-LOCK-3: between writing the attempt down and trying the password has used the attempt up", async () => {
    for (const password of [right, "wrong"]) {
      const storage = createMemoryStorage();
      const { deps, vault } = await keptVault(passwordPolicy(counter), { storage });
      for (let n = 0; n < 3; n++) {
        const killed = createKeyVault({ ...deps, storage: dying(storage, 1, "after") });
        await assert.rejects(killed.signer("tx-1", given(password)), /killed/);
      }
      await assert.rejects(vault.signer("tx-1", given(right)), { code: "locked" });
    }
  });

  test("APV-LOCK-3: before the attempt is written down learns nothing", async () => {
    const storage = createMemoryStorage();
    const { deps, vault } = await keptVault(passwordPolicy(delay), { storage });
    for (const password of [right, "wrong"]) {
      const killed = createKeyVault({ ...deps, storage: dying(storage, 1, "before") });
      await assert.rejects(killed.signer("tx-1", given(password)), /killed/);
    }
    await vault.signer("tx-1", given(right));
  });

  test("APV-LOCK-3: before the outcome is written down waits as after a wrong password", async () => {
    const storage = createMemoryStorage();
    const { deps, vault, time } = await keptVault(passwordPolicy(delay), { storage });
    const killed = createKeyVault({ ...deps, storage: dying(storage, 2, "before") });
    await assert.rejects(killed.signer("tx-1", given(right)), /killed/);
    await assert.rejects(vault.signer("tx-1", given(right)), { code: "locked" });
    time.now += 2000;
    await vault.signer("tx-1", given(right));
  });

  test("two processes that try at once use up two attempts", async () => {
    const { deps, record } = await keptVault(passwordPolicy(counter));
    const tries = [createKeyVault(deps), createKeyVault(deps)].map((each) => each.signer("tx-1", given("wrong")));
    for (const outcome of await Promise.allSettled(tries)) assert.equal(outcome.status, "rejected");
    assert.equal((await record()).policies.p?.guard?.lock.failures, 2);
  });
});
