/** Rules of passwords (A16): each bound at one less, itself and one more, and what ages, history and cache mean. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import { passwordRules, type PasswordRules } from "@countersign/protocol/approve/policy";
import { brokenRule } from "../../src/engine/approve/vault/password-rules.ts";
import { day, given, keptVault, noLock, passwordPolicy, right } from "../approve-vault.ts";

const open: PasswordRules = { ...passwordRules, minLength: 0, sequenceAllowed: true };
const broken = (rules: Partial<PasswordRules>, password: string) => brokenRule({ ...open, ...rules }, utf8(password));

/** Characters that the rule counts, and filling that it does not. */
const counted = {
  Length: ["x", ""],
  UpperCase: ["É", "é1"],
  LowerCase: ["é", "É1"],
  Alpha: ["ж", "1-"],
  Numeric: ["٣", "x-"],
  NonAlpha: ["😀", "x1"],
} as const;

describe("password rules", () => {
  for (const [name, [one, filling]] of Object.entries(counted)) {
    const [least, most] = [`min${name}`, `max${name}`] as const;
    test(`A16: ${least} 3 refuses 2, takes 3 and 4; ${most} 3 takes 2 and 3, refuses 4`, () => {
      const text = (count: number) => filling + one.repeat(count) + filling;
      assert.deepEqual(
        [2, 3, 4].map((count) => broken({ [least]: 3 }, text(count))),
        [least, undefined, undefined],
      );
      assert.deepEqual(
        [2, 3, 4].map((count) => broken({ [most]: 3 }, text(count))),
        [undefined, undefined, most],
      );
    });
  }

  test("A16: sequences up, down and of one character are refused from four characters on, wherever they stand", () => {
    const refused = ["1234", "4321", "abcd", "dcba", "aaaa", "aBcD", "0000", "x9-5678!", "zyxw9", "1233456x", "11112"];
    const taken = ["123", "aaa", "1235", "abce", "1212", "135790", "acegik", "98", "", "1aa2bb", "9012", "zabd"];
    for (const password of refused)
      assert.equal(broken({ sequenceAllowed: false }, password), "sequenceAllowed", password);
    for (const password of taken) assert.equal(broken({ sequenceAllowed: false }, password), undefined, password);
    for (const password of refused) assert.equal(broken({ sequenceAllowed: true }, password), undefined, password);
  });

  test("bytes that are no UTF-8 break the rule `encoding`; length counts characters, not bytes", () => {
    for (const bytes of [[0xff], [0xc3], [0x80], [0xed, 0xa0, 0x80], [0x61, 0xf0, 0x9f, 0x98]]) {
      assert.equal(brokenRule(open, Uint8Array.from(bytes)), "encoding");
    }
    assert.equal(broken({ minLength: 2, maxLength: 2 }, "😀é"), undefined);
  });

  test("A16: maxHistory 2 refuses the last two passwords, the present one among them, and takes the third", async () => {
    const { vault, record } = await keptVault(passwordPolicy(noLock, { maxHistory: 2 }));
    const policy = await vault.policy("p");
    const change = (from: string, to: string) => policy.change(utf8(from), utf8(to));
    await assert.rejects(change(right, right), { code: "password-invalid", rule: "maxHistory" });
    await change(right, "second-one");
    await assert.rejects(change("second-one", right), { code: "password-invalid", rule: "maxHistory" });
    await change("second-one", "third-one");
    await change("third-one", right);
    assert.equal((await record()).policies.p?.guard?.history.length, 2);
    const hashes = (await record()).policies.p?.guard?.history.map(({ salt }) => salt);
    assert.equal(new Set(hashes).size, 2, "each with its own salt");
  });

  test("A16: maxHistory 1 refuses the present password alone, 0 takes it", async () => {
    const one = await (await keptVault(passwordPolicy(noLock, { maxHistory: 1 }))).vault.policy("p");
    await assert.rejects(one.change(utf8(right), utf8(right)), { rule: "maxHistory" });
    await one.change(utf8(right), utf8("second-one"));
    await one.change(utf8("second-one"), utf8(right));
    const kept = await keptVault(passwordPolicy(noLock));
    await (await kept.vault.policy("p")).change(utf8(right), utf8(right));
    assert.deepEqual((await kept.record()).policies.p?.guard?.history, []);
  });

  for (const [elapsed, changeable] of [
    [3 * day - 1, false],
    [3 * day, true],
    [3 * day + 1, true],
  ] as const) {
    test(`A16: minAge 3 ${changeable ? "lets" : "does not let"} change after ${elapsed} ms, and counts again`, async () => {
      const { vault, time } = await keptVault(passwordPolicy(noLock, { minAge: 3 }));
      const policy = await vault.policy("p");
      const change = (from: string, to: string) => policy.change(utf8(from), utf8(to));
      time.now += elapsed;
      if (!changeable) return assert.rejects(change(right, "second-one"), { code: "password-not-yet-changeable" });
      await change(right, "second-one");
      await assert.rejects(change("second-one", "third-one"), { code: "password-not-yet-changeable" });
    });
  }

  for (const [elapsed, expired] of [
    [3 * day - 1, false],
    [3 * day, true],
    [3 * day + 1, true],
  ] as const) {
    test(`A16: maxAge 3 ${expired ? "expires" : "does not expire"} a password after ${elapsed} ms; a change makes it good`, async () => {
      const { vault, time } = await keptVault(passwordPolicy(noLock, { maxAge: 3, cacheSeconds: 10 ** 9 }));
      const policy = await vault.policy("p");
      await vault.signer("tx-1", given(right));
      time.now += elapsed;
      assert.equal(await policy.currentAge(), Math.floor(elapsed / day));
      if (!expired) return void (await vault.signer("tx-1", given(right)));
      await assert.rejects(vault.signer("tx-1", given(right)), { code: "password-expired" });
      await assert.rejects(vault.signer("tx-1", {}), { code: "password-expired" }, "cached");
      await assert.rejects(policy.verify(utf8(right)), { code: "password-expired" });
      await policy.change(utf8(right), utf8("second-one"));
      await vault.signer("tx-1", given("second-one"));
      assert.equal(await policy.currentAge(), 0);
    });
  }

  test("A16: maxAge 0 never expires, and a DEVICE policy has no age", async () => {
    const { vault, time } = await keptVault(passwordPolicy(noLock));
    time.now += 10_000 * day;
    await vault.signer("tx-1", given(right));
    assert.equal(await (await vault.policy("device")).currentAge(), undefined);
  });

  test("A16: a cached password works without being given, for cacheSeconds and not a millisecond longer", async () => {
    const { vault, time } = await keptVault(passwordPolicy(noLock, { cacheSeconds: 5 }));
    await vault.signer("tx-1", given(right));
    time.now += 4999;
    assert.equal((await vault.signer("auth-1", {})).method, "password");
    time.now += 1;
    await assert.rejects(vault.signer("auth-1", {}), { code: "password-required" });
  });

  test("A16: the cache ends on demand, when the clock goes back, and with the password; cacheSeconds 0 caches nothing", async () => {
    const { vault, time } = await keptVault(passwordPolicy(noLock, { cacheSeconds: 60 }));
    const required = () => assert.rejects(vault.signer("tx-1", {}), { code: "password-required" });
    await vault.signer("tx-1", given(right));
    vault.clearCache();
    await required();
    await vault.signer("tx-1", given(right));
    time.now -= 1;
    await required();
    await vault.signer("tx-1", given(right));
    await (await vault.policy("p")).change(utf8(right), utf8("second-one"));
    await required();
    const none = (await keptVault(passwordPolicy(noLock))).vault;
    await none.signer("tx-1", given(right));
    await assert.rejects(none.signer("tx-1", {}), { code: "password-required" });
  });

  test("a wrong password never becomes the cached one, and does not end what is cached", async () => {
    const { vault } = await keptVault(passwordPolicy(noLock, { cacheSeconds: 60 }));
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await assert.rejects(vault.signer("tx-1", {}), { code: "password-required" });
  });
});
