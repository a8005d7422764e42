import assert from "node:assert/strict";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { activationKeys } from "@countersign/protocol/powerauth/keys";
import {
  applicationVaultKey,
  openDevicePrivateKey,
  sealDevicePrivateKey,
  unwrapVaultKey,
  wrapVaultKey,
} from "@countersign/protocol/powerauth/vault";
import fc from "fast-check";
import { seededRandom, testMixed, testOnBoth } from "../providers.ts";

const master = seededRandom(1)(16);

testMixed("a device gets at its private key with the server's help (secure vault)", (client, server) => {
  const deviceKeys = activationKeys(client, client.secretKey(master));
  const serverKeys = activationKeys(server, server.secretKey(master));
  // 1. At activation the device encrypts its private key under the vault key, and forgets that key.
  const { privateKey, publicKey } = client.generateKeyPair(seededRandom(2));
  const stored = sealDevicePrivateKey(client, deviceKeys.vault, privateKey);
  // 2. After a signed request the server hands the vault key out, wrapped.
  const wrapped = wrapVaultKey(server, serverKeys.transport, serverKeys.vault);
  // 3. The device unwraps it and decrypts.
  const vaultKey = unwrapVaultKey(client, deviceKeys.transport, wrapped);
  assert.ok(!isFailure(vaultKey));
  const opened = openDevicePrivateKey(client, vaultKey, stored);
  assert.ok(!isFailure(opened));
  // 4. It can sign with it.
  assert.ok(client.verify(publicKey, utf8("x"), client.sign(opened, utf8("x"), "der"), "der"));
});

testOnBoth("the stored private key is a number of any length (key encodings)", (crypto) => {
  const vaultKey = crypto.secretKey(seededRandom(3)(16));
  for (const [bytes, length] of [
    [Uint8Array.of(5), 16],
    [Uint8Array.of(0x80), 16],
    [new Uint8Array(31).fill(0x7f), 32],
    [new Uint8Array(32).fill(0x7f), 48],
    [new Uint8Array(32).fill(0x80), 48],
  ] as const) {
    const privateKey = crypto.importPrivateKey(bytes)!;
    const sealed = sealDevicePrivateKey(crypto, vaultKey, privateKey);
    assert.equal(sealed.length, length);
    const opened = openDevicePrivateKey(crypto, vaultKey, sealed);
    assert.ok(!isFailure(opened));
    assert.deepEqual(crypto.exportPrivateKey(opened), crypto.exportPrivateKey(privateKey));
  }
});

testOnBoth("what was not wrapped here is refused or gives another key, and never throws (secure vault)", (crypto) => {
  const transport = crypto.secretKey(seededRandom(4)(16));
  const vaultKey = crypto.secretKey(seededRandom(5)(16));
  const wrapped = wrapVaultKey(crypto, transport, vaultKey);
  for (const text of ["", "?", wrapped.slice(4), toBase64(new Uint8Array(16)), toBase64(new Uint8Array(48))]) {
    assert.deepEqual(unwrapVaultKey(crypto, transport, text), { error: "vault-key-invalid" }, text);
  }
  assert.deepEqual(openDevicePrivateKey(crypto, vaultKey, new Uint8Array(0)), { error: "device-key-invalid" });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const key = unwrapVaultKey(crypto, transport, toBase64(bytes));
      if (!isFailure(key)) assert.notDeepEqual(crypto.secretBytes(key), crypto.secretBytes(vaultKey));
      const opened = openDevicePrivateKey(crypto, vaultKey, bytes);
      if (isFailure(opened)) assert.equal(opened.error, "device-key-invalid");
    }),
    { numRuns: 50 },
  );
});

testOnBoth("an application has as many keys of its own as there are 64-bit numbers (secure vault)", (crypto) => {
  const vaultKey = crypto.secretKey(seededRandom(6)(16));
  const keys = [0, 1, 2n ** 63n, 2n ** 64n - 1n].map((index) =>
    toBase64(crypto.secretBytes(applicationVaultKey(crypto, vaultKey, index))),
  );
  assert.equal(new Set(keys).size, 4);
});
