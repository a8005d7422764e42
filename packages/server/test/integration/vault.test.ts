/** The vault: its key for two factors, and what the key is good for. On both stores. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { openDevicePrivateKey, sealDevicePrivateKey, unwrapVaultKey } from "@countersign/protocol/powerauth/vault";
import { versions } from "@countersign/protocol/powerauth/versions";
import { blockActivation } from "../../src/activations/block.ts";
import { isSignedByDevice, signWithServerKey } from "../../src/signatures/ecdsa.ts";
import { signatureWrong, vaultRefused } from "../powerauth-answers.ts";
import { unwrap } from "../device.ts";
import { done, startPowerAuth, stateOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("Vault (secure vault)", (bench) => {
  for (const { version } of versions) {
    test(`A ${version} device gets its vault key for two factors with the PIN`, async () => {
      const device = await bench.activated(version);
      const { status, plain } = await device.unlockVault();
      assert.equal(status, 200);
      const { keys } = device.activation;
      const vaultKey = unwrap(unwrapVaultKey(crypto, keys.transport, plain.encryptedVaultEncryptionKey));
      assert.deepEqual(crypto.secretBytes(vaultKey), crypto.secretBytes(keys.vault));
      const stored = sealDevicePrivateKey(crypto, keys.vault, device.privateKey);
      const privateKey = unwrap(openDevicePrivateKey(crypto, vaultKey, stored));
      const data = utf8("a contract");
      const signature = crypto.sign(privateKey, data, "der");
      const row = await bench.row(device.activationId);
      assert.ok(isSignedByDevice(bench.deps, row, data, signature, "der"));
      assert.ok(!isSignedByDevice(bench.deps, row, utf8("another"), signature, "der"));
      const server = Buffer.from(signWithServerKey(bench.deps, row, data), "base64");
      assert.ok(crypto.verify(device.activation.serverKey, data, server, "der"));
      assert.equal((await stateOf(bench, device)).counter, 1);
    });
  }

  test("Any other combination is 400, a wrong PIN or a blocked device 401", async () => {
    const device = await bench.activated();
    for (const factors of [
      "possession",
      "possession_biometry",
      "possession_knowledge_biometry",
      "knowledge",
    ] as const) {
      const answer = await device.unlockVault({ factors });
      assert.deepEqual([answer.status, answer.body.responseObject], [400, vaultRefused], factors);
    }
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
    const guess = await device.unlockVault({ pin: "0000" });
    assert.deepEqual([guess.status, guess.body.responseObject], [401, signatureWrong]);
    assert.equal((await stateOf(bench, device)).failed, 1);
    done(await blockActivation(bench.deps, device));
    const blocked = await device.unlockVault();
    assert.deepEqual([blocked.status, blocked.body.responseObject], [401, signatureWrong]);
  });

  test("A reason is optional, of limited length and alphabet, and kept in the audit", async () => {
    const device = await bench.activated();
    assert.equal((await device.unlockVault({}, {})).status, 200);
    for (const reason of ["ab", "x".repeat(256), "a b", "č".repeat(3), 7, {}]) {
      const answer = await device.unlockVault({}, { reason });
      assert.deepEqual([answer.status, answer.body.responseObject], [400, vaultRefused], String(reason));
    }
    const events = await bench.deps.store.read
      .selectFrom("audit_event")
      .select("payload")
      .where("type", "=", "vault.unlocked")
      .where("subject", "=", device.activationId)
      .execute();
    assert.equal(events.length, 1);
    assert.match(events[0]!.payload!, /NOT_SPECIFIED/);
  });

  test("Biometry unlocks where the configuration says so", async () => {
    const relaxed = await startPowerAuth(bench.deps, { vaultByBiometry: true });
    try {
      const device = await relaxed.activated();
      assert.equal((await device.unlockVault({ factors: "possession_biometry" })).status, 200);
      assert.equal((await device.unlockVault({ factors: "possession" })).status, 400);
    } finally {
      await relaxed.close();
    }
  });
});
