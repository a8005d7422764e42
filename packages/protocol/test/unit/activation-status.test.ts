import assert from "node:assert/strict";
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  activationStates,
  openStatusBlob,
  sealStatusBlob,
  type ActivationStatusBlob,
} from "@countersign/protocol/powerauth/activation-status";
import { counterHash } from "@countersign/protocol/powerauth/counter";
import { activationKeys } from "@countersign/protocol/powerauth/keys";
import fc from "fast-check";
import { flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const master = seededRandom(1)(16);
const challenge = seededRandom(2)(16);
const nonce = seededRandom(3)(16);
const ctrData = seededRandom(4)(16);
const malformed = { error: "status-malformed" };

function keysOn(crypto: CryptoProvider) {
  return activationKeys(crypto, crypto.secretKey(master));
}

function blobOn(crypto: CryptoProvider): ActivationStatusBlob {
  return {
    state: activationStates.active,
    currentVersion: 3,
    upgradeVersion: 3,
    ctrByte: 200,
    failedAttempts: 1,
    maxFailedAttempts: 5,
    lookAhead: 20,
    ctrDataHash: counterHash(crypto, keysOn(crypto).transportCtr, ctrData),
  };
}

testMixed("a device asks for the status and reads it (status)", (client, server) => {
  // 1. The device sends a challenge.
  // 2. The server draws a nonce, derives the IV from both and encrypts 32 bytes.
  const text = sealStatusBlob(server, seededRandom(5), keysOn(server), blobOn(server), challenge, nonce);
  assert.equal(fromBase64(text)!.length, 32);
  // 3. The device derives the same IV and finds the magic number where it should be.
  assert.deepEqual(openStatusBlob(client, keysOn(client), text, challenge, nonce), blobOn(client));
});

testOnBoth("filler bytes make two blobs of one status differ (status)", (crypto) => {
  const seal = (seed: number) =>
    sealStatusBlob(crypto, seededRandom(seed), keysOn(crypto), blobOn(crypto), challenge, nonce);
  assert.notEqual(seal(1), seal(2));
  assert.equal(seal(1), seal(1));
});

testMixed("without a challenge the counter stays hidden behind random bytes (status, 3.0)", (client, server) => {
  const text = sealStatusBlob(server, seededRandom(6), keysOn(server), blobOn(server));
  const opened = openStatusBlob(client, keysOn(client), text);
  assert.ok(!isFailure(opened));
  const { ctrByte, lookAhead, ctrDataHash, ...visible } = opened;
  const { ctrByte: _byte, lookAhead: _window, ctrDataHash: hash, ...expected } = blobOn(server);
  assert.deepEqual(visible, expected);
  assert.notDeepEqual(ctrDataHash, hash);
  assert.notDeepEqual([ctrByte, lookAhead], [200, 20]);
  assert.deepEqual(openStatusBlob(client, keysOn(client), text, challenge, nonce), malformed);
});

testOnBoth("a bit changed in challenge, nonce or the first half of the blob is noticed (status)", (crypto) => {
  const keys = keysOn(crypto);
  const text = sealStatusBlob(crypto, seededRandom(7), keys, blobOn(crypto), challenge, nonce);
  const encrypted = fromBase64(text)!;
  fc.assert(
    fc.property(fc.nat(127), (bit) => {
      assert.deepEqual(openStatusBlob(crypto, keys, text, flipBit(challenge, bit), nonce), malformed);
      assert.deepEqual(openStatusBlob(crypto, keys, text, challenge, flipBit(nonce, bit)), malformed);
      assert.deepEqual(openStatusBlob(crypto, keys, toBase64(flipBit(encrypted, bit)), challenge, nonce), malformed);
    }),
    { numRuns: 128 },
  );
});

testOnBoth(
  "a bit changed in the second half leaves all but the counter's hash, and never the same hash (status)",
  (crypto) => {
    const keys = keysOn(crypto);
    const text = sealStatusBlob(crypto, seededRandom(8), keys, blobOn(crypto), challenge, nonce);
    const encrypted = fromBase64(text)!;
    const { ctrDataHash, ...rest } = blobOn(crypto);
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 255 }), (bit) => {
        const opened = openStatusBlob(crypto, keys, toBase64(flipBit(encrypted, bit)), challenge, nonce);
        assert.ok(!isFailure(opened));
        const { ctrDataHash: otherHash, ...otherRest } = opened;
        assert.deepEqual(otherRest, rest);
        assert.notDeepEqual(otherHash, ctrDataHash);
      }),
      { numRuns: 128 },
    );
  },
);

testOnBoth("a status of wrong size, key, state or look-ahead is refused (status)", (crypto) => {
  const keys = keysOn(crypto);
  const seal = (blob: ActivationStatusBlob) => sealStatusBlob(crypto, seededRandom(9), keys, blob, challenge, nonce);
  const text = seal(blobOn(crypto));
  const others = activationKeys(crypto, crypto.secretKey(flipBit(master, 0)));
  assert.deepEqual(openStatusBlob(crypto, others, text, challenge, nonce), malformed);
  for (const changed of ["", text.slice(4), `${text}AAAA`, toBase64(new Uint8Array(48)), "!"]) {
    assert.deepEqual(openStatusBlob(crypto, keys, changed, challenge, nonce), malformed);
  }
  for (const lookAhead of [0, 65, 255]) {
    assert.deepEqual(openStatusBlob(crypto, keys, seal({ ...blobOn(crypto), lookAhead }), challenge, nonce), malformed);
  }
  for (const state of [0, 6, 128] as unknown as ActivationStatusBlob["state"][]) {
    assert.deepEqual(openStatusBlob(crypto, keys, seal({ ...blobOn(crypto), state }), challenge, nonce), malformed);
  }
  for (const lookAhead of [1, 64]) {
    assert.ok(!isFailure(openStatusBlob(crypto, keys, seal({ ...blobOn(crypto), lookAhead }), challenge, nonce)));
  }
});

testOnBoth("later formats of the blob are read, earlier and unknown magic numbers are not (status)", (crypto) => {
  const keys = keysOn(crypto);
  const zero = new Uint8Array(16);
  for (const [format, known] of [
    [0xd0, false],
    [0xd1, true],
    [0xdf, true],
    [0xe0, false],
  ] as const) {
    const blob = Uint8Array.of(0xde, 0xc0, 0xde, format, 3, 3, 3, ...new Uint8Array(25));
    const text = toBase64(crypto.aesCbcEncrypt(keys.transport, zero, blob, { padding: false }));
    assert.equal(!isFailure(openStatusBlob(crypto, keys, text)), known);
  }
});
