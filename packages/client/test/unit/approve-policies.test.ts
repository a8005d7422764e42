/** Policies as applications see them (A16, A17): what they say, what can be done with them, and which exceptions they throw. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import type { PolicyRecord } from "@countersign/protocol/approve/policy";
import * as exceptions from "../../src/approve/exceptions.ts";
import { BioPasswordPolicy, policyOf } from "../../src/approve/policies/BioPasswordPolicy.ts";
import { CounterLock, DelayLock, lockPolicyOf, NoLock, SilentLock } from "../../src/approve/policies/LockPolicy.ts";
import { PasswordPolicy } from "../../src/approve/policies/PasswordPolicy.ts";
import { ProtectionPolicy } from "../../src/approve/policies/ProtectionPolicy.ts";
import { BiometryFailure, type BiometryFailureCode } from "../../src/engine/biometry.ts";
import { VaultError, type VaultErrorCode } from "../../src/engine/approve/key-vault.ts";
import {
  bioPolicy,
  day,
  devicePolicy,
  given,
  keptVault,
  noLock,
  passwordPolicy,
  right,
  silentLock,
  VaultBiometry,
} from "../approve-vault.ts";

async function face(policy: PolicyRecord, biometry = new VaultBiometry()) {
  const prompts: unknown[] = [];
  const kept = await keptVault(policy, { biometry });
  return { ...kept, biometry, prompts, policy: policyOf(await kept.vault.policy("p"), (each) => prompts.push(each)) };
}

async function bio(biometry?: VaultBiometry) {
  const { policy, ...rest } = await face(bioPolicy(), biometry);
  assert.ok(policy instanceof BioPasswordPolicy);
  return { policy, ...rest };
}

describe("policies", () => {
  test("A16: the class, the type, the id and the lock are those of the server's record", async () => {
    const { DEVICE, PASSWORD, BIOPASSWORD } = ProtectionPolicy.PolicyType;
    for (const [record, type, made] of [
      [devicePolicy, DEVICE, ProtectionPolicy],
      [passwordPolicy(noLock), PASSWORD, PasswordPolicy],
      [bioPolicy(noLock), BIOPASSWORD, BioPasswordPolicy],
    ] as const) {
      const { policy } = await face(record);
      assert.equal(policy.constructor, made);
      assert.deepEqual([policy.getType(), policy.type, policy.getId(), policy.id], [type, type, "p", "p"]);
      assert.ok(policy.getLockPolicy() instanceof NoLock);
    }
    const counter = lockPolicyOf({ type: "counter", counter: 4 });
    assert.ok(counter instanceof CounterLock && counter.getCounter() === 4 && counter.getType() === "COUNTER");
    const delay = lockPolicyOf({ type: "delay", delay: 2, counter: 6 });
    assert.ok(delay instanceof DelayLock && delay.getDelay() === 2 && delay.getCounter() === 6);
    assert.ok(lockPolicyOf(silentLock) instanceof SilentLock);
  });

  test("A16: every rule is there as a method and as a property", async () => {
    const names = ["Length", "UpperCase", "LowerCase", "Alpha", "Numeric", "NonAlpha"];
    const bounds = names.flatMap((name) => [`min${name}`, `max${name}`]);
    const numbers = [...bounds, "minAge", "maxAge", "maxHistory"];
    const rules = Object.fromEntries(numbers.map((name, at) => [name, name.startsWith("max") ? 100 + at : 0]));
    const { policy } = await face(passwordPolicy(noLock, { ...rules, sequenceAllowed: true, cacheSeconds: 7 }));
    assert.ok(policy instanceof PasswordPolicy);
    const read = policy as unknown as Record<string, unknown> & Record<string, () => unknown>;
    for (const name of numbers) {
      assert.equal(read[name], rules[name], name);
      assert.equal(read[`get${name[0]!.toUpperCase()}${name.slice(1)}`]!(), rules[name], name);
    }
    assert.deepEqual([policy.isSequenceAllowed(), policy.sequenceAllowed], [true, true]);
    assert.deepEqual([policy.isCacheEnabled(), policy.cacheEnabled, policy.getCacheTimeout()], [true, true, 7]);
  });

  test("A17: changePassword answers true, and the new password is the one", async () => {
    const { policy, vault, time } = await face(passwordPolicy(noLock));
    assert.ok(policy instanceof PasswordPolicy);
    time.now += 3 * day;
    assert.equal(await policy.getCurrentAge(), 3);
    assert.equal(await policy.changePassword(utf8(right), utf8("second-one")), true);
    assert.equal(await policy.getCurrentAge(), 0);
    await policy.verifyPassword(utf8("second-one"));
    await vault.signer("tx-1", given("second-one"));
  });

  test("A17: changePassword and verifyPassword throw the exception that fits", async () => {
    const { policy, time } = await face(
      passwordPolicy({ type: "delay", delay: 2, counter: 6 }, { minAge: 1, maxAge: 3, maxHistory: 1 }),
    );
    assert.ok(policy instanceof PasswordPolicy);
    const change = (from: string, to: string) => policy.changePassword(utf8(from), utf8(to));
    await assert.rejects(change(right, "second-one"), exceptions.PasswordNotYetUpdatableException);
    time.now += day;
    await assert.rejects(change(right, "aB1234"), (error: unknown) => {
      assert.ok(error instanceof exceptions.InvalidPasswordException);
      assert.deepEqual(
        [error.code, error.reason, error.getParameters()],
        [101, "invalid-password", ["sequenceAllowed"]],
      );
      return true;
    });
    await assert.rejects(change(right, right), { parameters: ["maxHistory"] });
    await assert.rejects(policy.verifyPassword(utf8("wrong")), exceptions.AuthenticationException);
    await assert.rejects(policy.verifyPassword(utf8(right)), {
      name: "AuthenticationException",
      retryAt: time.now + 2000,
    });
    await assert.rejects(policy.verifyPassword(right as never), exceptions.InvalidParameterException);
    time.now += 3 * day;
    await assert.rejects(policy.verifyPassword(utf8(right)), exceptions.PasswordExpiredException);
    const silent = await face(passwordPolicy(silentLock));
    assert.ok(silent.policy instanceof PasswordPolicy);
    await assert.rejects(silent.policy.verifyPassword(utf8(right)), exceptions.UnsupportedOperationException);
    await silent.vault.destroy();
    await assert.rejects(silent.policy.changePassword(utf8(right), utf8(right)), exceptions.LostCredentialsException);
  });
});

describe("biometry", () => {
  test("A17: NOT_ENABLED, ENABLED once the password was given, asked for and used, NOT_ENABLED again", async () => {
    const { policy, vault, biometry, prompts } = await bio();
    const { NOT_ENABLED, ENABLED } = BioPasswordPolicy.BioAuthenticationState;
    assert.equal(await policy.getBioAuthenticationState(), NOT_ENABLED);
    await assert.rejects(vault.signer("tx-1", { biometry: true }), { code: "password-required" });
    await assert.rejects(policy.enableBioAuthentication(utf8("wrong")), exceptions.AuthenticationException);
    assert.equal(await policy.getBioAuthenticationState(), NOT_ENABLED);
    await policy.enableBioAuthentication(utf8(right));
    assert.equal(await policy.getBioAuthenticationState(), ENABLED);
    await assert.rejects(vault.signer("tx-1", {}), { code: "biometry-required" });
    assert.equal((await vault.signer("tx-1", { biometry: true })).method, "biometry");
    assert.equal((await vault.signer("tx-1", given(right))).method, "password");
    policy.setBiometricPrompt({ promptMessage: "Pay?" });
    assert.deepEqual(prompts, [{ promptMessage: "Pay?" }]);
    await policy.disableBioAuthentication();
    await policy.disableBioAuthentication();
    assert.equal(await policy.getBioAuthenticationState(), NOT_ENABLED);
    assert.equal(biometry.keys.size, 0);
  });

  test("A17: biometry stays on when the password changes", async () => {
    const { policy, vault } = await bio();
    await policy.enableBioAuthentication(utf8(right));
    await policy.changePassword(utf8(right), utf8("second-one"));
    assert.equal((await vault.signer("tx-1", { biometry: true })).method, "biometry");
  });

  test("A17: NOT_CAPABLE and NOT_ENROLLED are what the platform says, and no policy without biometry is capable", async () => {
    const { policy, biometry, vault } = await bio();
    for (const [status, state] of [
      ["NOT_SUPPORTED", "NOT_CAPABLE"],
      ["NOT_AVAILABLE", "NOT_CAPABLE"],
      ["NOT_ENROLLED", "NOT_ENROLLED"],
      ["LOCKOUT", "NOT_ENABLED"],
    ] as const) {
      biometry.status = status;
      assert.equal(await policy.getBioAuthenticationState(), state, status);
    }
    biometry.status = "NOT_ENROLLED";
    await assert.rejects(policy.enableBioAuthentication(utf8(right)), exceptions.FingerprintNotEnrolledException);
    biometry.status = "NOT_SUPPORTED";
    await assert.rejects(policy.enableBioAuthentication(utf8(right)), exceptions.UnsupportedOperationException);
    assert.equal(await (await vault.policy("device")).biometry(), "NOT_CAPABLE");
    const { vault: without } = await keptVault(bioPolicy());
    assert.equal(await (await without.policy("p")).biometry(), "NOT_CAPABLE");
  });

  for (const [what, enrolAnew] of Object.entries({
    "the platform has forgotten its key": (biometry: VaultBiometry) => biometry.keys.clear(),
    "the platform releases another key": ({ keys }: VaultBiometry) => {
      for (const name of keys.keys()) keys.set(name, new Uint8Array(16).fill(1));
    },
  })) {
    test(`A17: after re-enrolment, when ${what}, the state is INVALID_KEY until the password enables it again`, async () => {
      const { policy, vault, biometry } = await bio();
      await policy.enableBioAuthentication(utf8(right));
      enrolAnew(biometry);
      await assert.rejects(vault.signer("tx-1", { biometry: true }), { code: "password-required" });
      assert.equal(await policy.getBioAuthenticationState(), "INVALID_KEY");
      const asked = biometry.asked;
      await assert.rejects(vault.signer("tx-1", { biometry: true }), { code: "password-required" });
      assert.equal(biometry.asked, asked, "the person is not asked in vain");
      await policy.enableBioAuthentication(utf8(right));
      assert.equal(await policy.getBioAuthenticationState(), "ENABLED");
      await vault.signer("tx-1", { biometry: true });
    });
  }

  test("what the platform refuses has its code, and the password still works", async () => {
    const { policy, vault, biometry } = await bio();
    await policy.enableBioAuthentication(utf8(right));
    const codes: Partial<Record<BiometryFailureCode, VaultErrorCode>> = {
      CANCEL: "biometry-cancelled",
      FALLBACK: "password-required",
      NOT_RECOGNIZED: "biometry-failed",
      LOCKOUT: "biometry-failed",
      FAILED: "biometry-failed",
      NOT_ENROLLED: "biometry-not-enrolled",
    };
    for (const [failure, code] of Object.entries(codes)) {
      biometry.failure = new BiometryFailure(failure as BiometryFailureCode);
      await assert.rejects(vault.signer("tx-1", { biometry: true }), { code }, failure);
    }
    await vault.signer("tx-1", given(right));
  });
});

describe("exceptions", () => {
  test("each has its own class, a name that survives minification, a stable reason and its number where one is known", () => {
    const all = Object.entries(exceptions).filter(
      ([name]) => name.endsWith("Exception") && name !== "ApproveException",
    );
    assert.equal(all.length, 27);
    const reasons = new Set<string>();
    for (const [name, made] of all) {
      const error = new (made as typeof exceptions.InternalException)("text", { parameters: ["one"] });
      assert.ok(error instanceof exceptions.ApproveException && error instanceof Error);
      assert.deepEqual([error.name, error.message, error.getParameters()], [name, "text", ["one"]]);
      assert.equal(typeof error.retryable, "boolean");
      reasons.add(error.reason);
    }
    assert.equal(reasons.size, all.length);
    assert.equal(new exceptions.InternalException("").code, 0);
    assert.equal(new exceptions.InvalidParameterException("").code, 3);
    assert.equal(new exceptions.InexplicitContainerException("").code, 9);
    assert.equal(new exceptions.RemoteException("").code, undefined);
  });

  test("what the vault throws becomes an exception with the vault's error as cause", () => {
    const made = exceptions.fromVaultError(new VaultError("locked", "later", { retryAt: 7 }));
    assert.ok(made instanceof exceptions.AuthenticationException && made.cause instanceof VaultError);
    assert.deepEqual([made.code, made.retryAt, made.retryable], [100, 7, true]);
  });
});
