/** The vault of a container's keys: making, keeping, using, forgetting (Approve protocol §13). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBase64Url, utf8 } from "@countersign/protocol/bytes";
import { nobleCrypto } from "@countersign/protocol/crypto-noble";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { sealMessage } from "@countersign/protocol/approve/jwe";
import { importVerifier, readCompact, signCompact, verifyCompact } from "@countersign/protocol/approve/jws";
import { isFailure } from "@countersign/protocol/errors";
import type { PublicJwk } from "@countersign/protocol/approve/keys";
import type { Signer } from "@countersign/protocol/approve/jws";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
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
} from "../approve-vault.ts";

async function verifies(jwk: PublicJwk, signer: Signer): Promise<boolean> {
  const text = await signCompact("apv-res+jwt", { kid: "k" }, { iss: "x" }, signer);
  const message = readCompact(text, "apv-res+jwt");
  const verifier = await importVerifier(jwk);
  assert.ok(!isFailure(message) && !isFailure(verifier));
  return verifyCompact(message, verifier);
}

for (const crypto of [nodeCrypto, nobleCrypto]) {
  describe(`key vault with ${crypto.name} cryptography`, () => {
    for (const [name, policy] of Object.entries({
      PASSWORD: passwordPolicy(noLock),
      BIOPASSWORD: bioPolicy(),
      "PASSWORD with a silent lock": passwordPolicy(silentLock),
      "PASSWORD with a counter lock": passwordPolicy({ type: "counter", counter: 3 }),
      DEVICE: devicePolicy,
    })) {
      test(`${name}: what is kept signs, opens and gives its one-time secret, also after a restart`, async () => {
        const { vault, deps, jwk } = await keptVault(policy, { crypto });
        const again = createKeyVault(deps);
        for (const each of [vault, again]) {
          const credential = () => (policy.type === "DEVICE" ? {} : given(right));
          const signer = await each.signer("tx-1", credential());
          assert.equal(signer.method, policy.type === "DEVICE" ? "none" : "password");
          assert.ok(await verifies(jwk.tx, signer));
          assert.ok(await verifies(jwk.pop, await each.signer("pop-1", {})));
          const jwe = await sealMessage("a message", jwk.enc, { serverKid: "s", containerKid: "enc-1" });
          assert.equal(await (await each.opener("enc-1", {})).open(jwe), "a message");
          assert.deepEqual((await each.otpSecret("otp", credential())).secret, fromBase64Url(otp.secret));
        }
        assert.deepEqual(
          (await vault.keys()).map(({ kid }) => kid),
          ["auth-1", "tx-1", "enc-1", "pop-1", "otp"],
        );
      });
    }
  });
}

describe("key vault", () => {
  test("fresh keys come back by handle after a restart, and those that are kept or unknown do not", async () => {
    const { deps } = vaultDeps();
    const [pop] = await createKeyVault(deps).generate(["pop"]);
    const [again, ...none] = await createKeyVault(deps).reload([pop!.handle, "unknown"]);
    assert.deepEqual([again!.jwk, again!.use, none], [pop!.jwk, "pop", []]);
    assert.ok(await verifies(pop!.jwk, again!));
    await createKeyVault(deps).keep({
      keys: [{ fresh: again!, kid: "k", policyId: "d" }],
      secrets: [],
      policies: { d: devicePolicy },
      passwords: new Map(),
    });
    assert.deepEqual(await createKeyVault(deps).reload([pop!.handle]), []);
  });

  test("a wrong password is `wrong`, none is `password-required`, an unknown key or container is `lost`", async () => {
    const { vault } = await keptVault(passwordPolicy(noLock));
    await assert.rejects(vault.signer("tx-1", given("wrong")), { code: "wrong" });
    await assert.rejects(vault.signer("tx-1", {}), { code: "password-required" });
    await assert.rejects(vault.signer("tx-2", given(right)), { code: "lost" });
    await assert.rejects(createKeyVault(vaultDeps().deps).signer("tx-1", {}), { code: "lost" });
  });

  test("keep without a password, or with one that breaks a rule, changes nothing and can be repeated", async () => {
    const { deps } = vaultDeps();
    const vault = createKeyVault(deps);
    const [tx] = await vault.generate(["tx"]);
    const keep = (passwords: Map<string, Uint8Array>) =>
      vault.keep({
        keys: [{ fresh: tx!, kid: "k", policyId: "p" }],
        secrets: [],
        policies: { p: passwordPolicy(noLock) },
        passwords,
      });
    const before = await deps.storage.get("container/approve-keys");
    await assert.rejects(keep(new Map()), { code: "password-required" });
    await assert.rejects(keep(new Map([["p", utf8("short")]])), { code: "password-invalid", rule: "minLength" });
    assert.deepEqual(await deps.storage.get("container/approve-keys"), before);
    await keep(new Map([["p", utf8(right)]]));
    assert.ok(await verifies(tx!.jwk, await vault.signer("k", given(right))));
  });

  test("drop forgets the named keys and the policies no key is under; destroy forgets everything", async () => {
    const { vault, deps } = await keptVault(passwordPolicy(noLock));
    await vault.drop(["tx-1", "no such key"]);
    await assert.rejects(vault.signer("tx-1", given(right)), { code: "lost" });
    await vault.drop(["enc-1", "pop-1"]);
    await assert.rejects(vault.policy("device"), { code: "lost" });
    await vault.policy("p");
    await vault.destroy();
    await vault.destroy();
    assert.deepEqual(await vault.keys(), []);
    assert.equal(await deps.storage.get("container/approve-keys"), undefined);
  });
});
