import assert from "node:assert/strict";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import fc from "fast-check";
import { carry, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const activationId = "2d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e";

testMixed("both screens show the same eight digits after a key exchange (activation fingerprint)", (client, server) => {
  // 1. Each side has its own key and the other's.
  const device = client.generateKeyPair(seededRandom(1)).publicKey;
  const host = server.generateKeyPair(seededRandom(2)).publicKey;
  // 2. Each hashes both X coordinates around the activation's id.
  const onDevice = activationFingerprint(client, device, activationId, carry(server, client, host));
  const onServer = activationFingerprint(server, carry(client, server, device), activationId, host);
  // 3. A person compares.
  assert.equal(onDevice, onServer);
  assert.match(onDevice, /^[0-9]{8}$/);
});

testOnBoth("a leading zero byte of a coordinate is left out (activation fingerprint)", (crypto) => {
  // A key found by search: its X starts with a zero byte.
  let seed = 0;
  let short = crypto.generateKeyPair(seededRandom(seed)).publicKey;
  const startsWithZero = () => crypto.exportPublicKey(short, "compressed")[1] === 0;
  while (!startsWithZero() && seed < 2000) short = crypto.generateKeyPair(seededRandom(++seed)).publicKey;
  assert.ok(startsWithZero());
  const other = crypto.generateKeyPair(seededRandom(1)).publicKey;
  const x = (key: typeof short) => crypto.exportPublicKey(key, "compressed").slice(1);
  const hash = crypto.sha256(Uint8Array.of(...x(short).slice(1), ...Buffer.from(activationId), ...x(other)));
  const number = Buffer.from(hash).readUInt32BE(28) & 0x7fffffff;
  assert.equal(activationFingerprint(crypto, short, activationId, other), String(number % 1e8).padStart(8, "0"));
});

testOnBoth("another key, id or order of keys gives other digits (activation fingerprint)", (crypto) => {
  const [a, b] = [crypto.generateKeyPair(seededRandom(3)).publicKey, crypto.generateKeyPair(seededRandom(4)).publicKey];
  const digits = activationFingerprint(crypto, a, activationId, b);
  assert.notEqual(activationFingerprint(crypto, b, activationId, a), digits);
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      assert.equal(activationFingerprint(crypto, a, id, b) === digits, id === activationId);
    }),
    { numRuns: 20 },
  );
});
