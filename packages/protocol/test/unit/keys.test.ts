import assert from "node:assert/strict";
import { fromHex, toHex, utf8 } from "@countersign/protocol/bytes";
import {
  activationKeys,
  deriveInternal,
  deriveKey,
  deriveKeyRaw,
  fold,
  knowledgeWrappingKey,
  masterSecret,
  x963,
} from "@countersign/protocol/powerauth/keys";
import fc from "fast-check";
import { carry, seededRandom, testMixed, testOnBoth } from "../providers.ts";

testMixed("device and server come to the same seven keys (key graph)", (client, server) => {
  // 1. Each side has a pair and the other's point.
  const device = client.generateKeyPair(seededRandom(1));
  const host = server.generateKeyPair(seededRandom(2));
  // 2. Each folds the shared secret to 16 bytes.
  const onDevice = masterSecret(client, device.privateKey, carry(server, client, host.publicKey));
  const onServer = masterSecret(server, host.privateKey, carry(client, server, device.publicKey));
  assert.equal(client.secretBytes(onDevice).length, 16);
  // 3. Each derives the factor keys, the transport key and what hangs on it.
  const deviceKeys = Object.entries(activationKeys(client, onDevice)).map(([name, key]) => [
    name,
    toHex(client.secretBytes(key)),
  ]);
  const serverKeys = Object.entries(activationKeys(server, onServer)).map(([name, key]) => [
    name,
    toHex(server.secretBytes(key)),
  ]);
  // 4. They are the same, and no two of them are alike.
  assert.deepEqual(deviceKeys, serverKeys);
  assert.equal(new Set(deviceKeys.map(([, key]) => key)).size, 7);
});

testOnBoth("a derived key depends on every bit of a 64-bit index (KDF)", (crypto) => {
  const key = crypto.secretKey(new Uint8Array(16).fill(7));
  const of = (index: number | bigint) => toHex(crypto.secretBytes(deriveKey(crypto, key, index)));
  assert.equal(of(1), of(1n));
  assert.equal(new Set([of(0), of(1), of(1n << 63n), of(1n << 32n), of(256)]).size, 5);
});

testOnBoth("an index of eight bytes is padded to one block (KDF with a raw index)", (crypto) => {
  const key = crypto.secretKey(new Uint8Array(16).fill(7));
  const eight = fromHex("0102030405060708")!;
  const block = fromHex("01020304050607080808080808080808")!;
  const derived = crypto.secretBytes(deriveKeyRaw(crypto, key, eight));
  assert.deepEqual(derived, crypto.aesCbcEncrypt(key, new Uint8Array(16), block, { padding: false }));
  assert.deepEqual(crypto.secretBytes(deriveKeyRaw(crypto, key, block)), derived);
});

testOnBoth("X9.63 output of one length is the start of a longer one", (crypto) => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.nat(100), (secret, info, length) => {
      assert.deepEqual(x963(crypto, secret, info, length), x963(crypto, secret, info, 100).slice(0, length));
    }),
    { numRuns: 30 },
  );
});

testOnBoth("folding wants 32 bytes and combines its halves", (crypto) => {
  assert.throws(() => fold(new Uint8Array(16)), RangeError);
  assert.throws(() => fold(new Uint8Array(33)), RangeError);
  const hash = crypto.sha256(utf8("x"));
  assert.equal(fold(hash)[0], hash[0]! ^ hash[16]!);
  const key = crypto.secretKey(new Uint8Array(16));
  assert.deepEqual(deriveInternal(crypto, key, utf8("i")), fold(crypto.hmacSha256(key, utf8("i"))));
});

testOnBoth("any password gives a wrapping key: there is nothing to tell a wrong one by", (crypto) => {
  const salt = new Uint8Array(16).fill(3);
  const keys = ["1234", "1235", "🔑"].map((password) =>
    toHex(crypto.secretBytes(knowledgeWrappingKey(crypto, utf8(password), salt))),
  );
  assert.equal(new Set(keys).size, 3);
  for (const key of keys) assert.equal(key.length, 32);
});
