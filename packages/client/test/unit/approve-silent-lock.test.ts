/**
 * A silent lock (APV-LOCK-2): whoever holds all that the device stores, and can make its server calls fail, cannot tell a
 * wrong password from the right one. This test is that holder, with every four-digit password.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { order } from "@countersign/protocol/crypto";
import { maskScalar, publicJwk, unmaskScalar } from "@countersign/protocol/approve/at-rest";
import {
  importVerifier,
  readCompact,
  signCompact,
  verifyCompact,
  type Signer,
} from "@countersign/protocol/approve/jws";
import type { PublicJwk } from "@countersign/protocol/approve/keys";
import { isFailure } from "@countersign/protocol/errors";
import { hkdf } from "@countersign/protocol/hkdf";
import { passwordKey } from "../../src/engine/approve/vault/derive.ts";
import type { VaultRecord } from "../../src/engine/approve/vault/record.ts";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
import {
  bioPolicy,
  day,
  given,
  keptVault,
  otp,
  passwordPolicy,
  right,
  silentLock,
  vaultDeps,
  VaultBiometry,
} from "../approve-vault.ts";

const pin = "2580";
const pins = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, "0"));
const rules = { minLength: 4 };
const silent = passwordPolicy(silentLock, rules);

async function verifies(jwk: PublicJwk, signer: Signer): Promise<boolean> {
  const message = readCompact(await signCompact("apv-res+jwt", { kid: "k" }, { iss: "x" }, signer), "apv-res+jwt");
  const verifier = await importVerifier(jwk);
  assert.ok(!isFailure(message) && !isFailure(verifier));
  return verifyCompact(message, verifier);
}

/** Every text of the record, every byte string in it, and all eight-byte windows of these. */
function storedWindows(record: VaultRecord): Set<string> {
  const windows = new Set<string>();
  const add = (bytes: Uint8Array) => {
    const hex = toHex(bytes);
    for (let at = 0; at + 16 <= hex.length; at += 2) windows.add(hex.slice(at, at + 16));
  };
  const visit = (value: unknown): void => {
    if (typeof value === "string") {
      add(utf8(value));
      for (const part of value.split(".")) add(fromBase64Url(part) ?? new Uint8Array(0));
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(record);
  return windows;
}

/** PINs of which something stored confirms the guess: a key, a point, or a digest of what the guess opens. */
async function confirmed(deps: Parameters<typeof passwordKey>[0], record: VaultRecord, guesses: readonly string[]) {
  const { kdf } = record.policies.p!.guard!;
  const stored = storedWindows(record);
  const masked = record.entries.filter(({ held }) => held.how === "masked");
  const found: string[] = [];
  for (const guess of guesses) {
    const key = await passwordKey(deps, record, kdf, utf8(guess));
    const consequences = [key, utf8(guess.repeat(2)), crypto.sha256(utf8(guess)), crypto.sha256(key)];
    for (const { id, use, held } of masked) {
      if (held.how !== "masked" || use === "otp") continue;
      const scalar = unmaskScalar(crypto, key, id, fromBase64Url(held.masked)!);
      const jwk = publicJwk(crypto, scalar);
      assert.ok(jwk !== undefined, "every guess yields a well-formed key");
      const [x, y] = [fromBase64Url(jwk.x)!, fromBase64Url(jwk.y)!];
      const thumbprint = crypto.sha256(utf8(JSON.stringify({ crv: "P-256", kty: "EC", x: jwk.x, y: jwk.y })));
      consequences.push(scalar, crypto.sha256(scalar), x, y, crypto.sha256(x), thumbprint);
    }
    if (consequences.some((bytes) => stored.has(toHex(bytes.subarray(0, 8))))) found.push(guess);
  }
  return found;
}

describe("silent lock", () => {
  test("APV-LOCK-2: what is stored confirms none of the ten thousand four-digit passwords, and each yields another key", async () => {
    const { vault, deps, record, jwk } = await keptVault(silent, {}, pin);
    await vault.signer("tx-1", given(pin));
    await vault.signer("tx-1", given("9999"));
    await vault.accepted("tx-1");
    assert.deepEqual(await confirmed(deps, await record(), pins), []);
    assert.ok(await verifies(jwk.tx, await vault.signer("tx-1", given(pin))));
  });

  const plants: Record<string, (jwk: PublicJwk) => string> = {
    "the public key": ({ x }) => x,
    "the thumbprint": ({ crv, kty, x, y }) => toBase64Url(crypto.sha256(utf8(JSON.stringify({ crv, kty, x, y })))),
    "a digest of the password": () => toBase64Url(crypto.sha256(utf8(pin))),
  };
  for (const [what, plant] of Object.entries(plants)) {
    test(`the search is no blind one: stored beside it, ${what} confirms the password`, async () => {
      const { deps, record, jwk } = await keptVault(silent, {}, pin);
      const planted = { ...(await record()), planted: plant(jwk.tx) };
      assert.deepEqual(await confirmed(deps, planted, pins.slice(2570, 2590)), [pin]);
    });
  }

  test("APV-LOCK-2: wrong and right passwords take the same steps: same storage calls, same answers, nothing written", async () => {
    const { deps } = await keptVault(silent, {}, pin);
    const steps = async (password: string) => {
      const calls: string[] = [];
      const storage = {
        ...deps.storage,
        get: async (key: string) => (calls.push("get"), deps.storage.get(key)),
        set: async (key: string, value: Uint8Array) => (calls.push("set"), deps.storage.set(key, value)),
      };
      const vault = createKeyVault({ ...deps, storage });
      const signer = await vault.signer("tx-1", given(password));
      const signature = await signer.sign(utf8("x"));
      const { secret } = await vault.otpSecret("otp", given(password));
      return { calls, method: signer.method, signature: signature.length, secret: secret.length };
    };
    const expected = await steps(pin);
    assert.ok(!expected.calls.includes("set"));
    for (const wrong of ["0000", "1111", "2581"]) assert.deepEqual(await steps(wrong), expected);
  });

  test("two wrong passwords and the right one give three signers of which one verifies; the server alone has its key", async () => {
    const { vault, jwk } = await keptVault(silent, {}, pin);
    const verdicts = [];
    for (const each of ["0001", pin, "0002"])
      verdicts.push(await verifies(jwk.tx, await vault.signer("tx-1", given(each))));
    assert.deepEqual(verdicts, [false, true, false]);
  });

  test("APV-LOCK-2: one-time secrets are masked likewise: a wrong password gives others of the same length", async () => {
    const { vault, record } = await keptVault(silent, {}, pin);
    const secret = async (password: string) => toBase64Url((await vault.otpSecret("otp", given(password))).secret);
    assert.equal(await secret(pin), otp.secret);
    assert.notEqual(await secret("0000"), otp.secret);
    assert.equal((await secret("0000")).length, otp.secret.length);
    assert.ok(!JSON.stringify(await record()).includes(otp.secret));
  });

  test("verification does not exist; ages do not end the password, and no history is kept", async () => {
    const { vault, time, record } = await keptVault(silent, {}, pin);
    const policy = await vault.policy("p");
    await assert.rejects(policy.verify(utf8(pin)), { code: "unsupported" });
    await policy.change(utf8(pin), utf8(pin));
    time.now += 10_000 * day;
    await vault.signer("tx-1", given(pin));
    assert.deepEqual((await record()).policies.p?.guard?.history, []);
    assert.equal((await record()).policies.p?.guard?.sealedKey, undefined);
  });

  test("a policy with a silent lock and a history, ages, or the key that opens messages is refused before anything is kept", async () => {
    for (const [policy, use] of [
      [passwordPolicy(silentLock, { maxHistory: 1 }), "tx"],
      [passwordPolicy(silentLock, { maxAge: 1 }), "tx"],
      [passwordPolicy(silentLock), "enc"],
    ] as const) {
      const { deps } = vaultDeps();
      const vault = createKeyVault(deps);
      const [fresh] = await vault.generate([use]);
      const before = await deps.storage.get("container/approve-keys");
      const keys = [{ fresh: fresh!, kid: "k", policyId: "p" }];
      const passwords = new Map([["p", utf8(right)]]);
      await assert.rejects(vault.keep({ keys, secrets: [], policies: { p: policy }, passwords }), {
        code: "unsupported",
      });
      assert.deepEqual(await deps.storage.get("container/approve-keys"), before);
    }
  });

  test("a change moves the keys from the old password to the new one; from a wrong old one it moves them where no one finds them", async () => {
    const { vault, jwk, record } = await keptVault(silent, {}, pin);
    const policy = await vault.policy("p");
    const before = JSON.stringify(await record());
    await policy.change(utf8(pin), utf8("1357"));
    const { entries, policies } = await record();
    for (const { held } of entries) if (held.how === "masked") assert.ok(!before.includes(held.masked), "masked anew");
    assert.ok(!before.includes(policies.p!.guard!.kdf.salt), "under a fresh salt");
    assert.ok(await verifies(jwk.tx, await vault.signer("tx-1", given("1357"))));
    assert.ok(!(await verifies(jwk.tx, await vault.signer("tx-1", given(pin)))));
    await policy.change(utf8("0000"), utf8("2468"));
    for (const each of ["1357", "2468"]) assert.ok(!(await verifies(jwk.tx, await vault.signer("tx-1", given(each)))));
  });

  test("APV-LOCK-2: a password that would give d = 0 gives a key derived anew, and the same one each time", () => {
    const key = new Uint8Array(32).fill(7);
    const mask = hkdf(crypto, key, utf8("id"), utf8("countersign mask of a scalar 0"), 48);
    const reduced = BigInt(`0x${toHex(mask)}`) % order;
    const masked = fromHex((order - reduced).toString(16).padStart(64, "0"))!;
    const scalar = unmaskScalar(crypto, key, "id", masked);
    assert.ok(crypto.importPrivateKey(scalar) !== undefined);
    assert.deepEqual(unmaskScalar(crypto, key, "id", masked), scalar);
  });

  test("masking and unmasking are inverse at both ends of the range", () => {
    for (const value of [1n, 2n, order - 1n, order >> 1n]) {
      const scalar = fromHex(value.toString(16).padStart(64, "0"))!;
      const key = new Uint8Array(32).fill(9);
      assert.deepEqual(unmaskScalar(crypto, key, "id", maskScalar(crypto, key, "id", scalar)), scalar);
    }
  });

  test("a password is cached only when the server has accepted what it signed", async () => {
    const policy = passwordPolicy(silentLock, { ...rules, cacheSeconds: 60 });
    const { vault, jwk } = await keptVault(policy, {}, pin);
    await vault.signer("tx-1", given("0000"));
    await assert.rejects(vault.signer("tx-1", {}), { code: "password-required" });
    await vault.signer("tx-1", given(pin));
    await vault.accepted("tx-1");
    assert.ok(await verifies(jwk.tx, await vault.signer("tx-1", {})));
  });

  test("biometry opens what the password it was enabled with opens, and is off after a change", async () => {
    const { vault, jwk } = await keptVault(bioPolicy(silentLock, rules), { biometry: new VaultBiometry() }, pin);
    const policy = await vault.policy("p");
    await policy.enableBiometry(utf8(pin));
    assert.ok(await verifies(jwk.tx, await vault.signer("tx-1", { biometry: true })));
    await policy.change(utf8(pin), utf8("1357"));
    assert.equal(await policy.biometry(), "NOT_ENABLED");
  });
});
