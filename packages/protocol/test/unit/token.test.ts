import assert from "node:assert/strict";
import { concat, fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { readTokenHeader, writeTokenHeader } from "@countersign/protocol/powerauth/headers";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";
import fc from "fast-check";
import { flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const secret = seededRandom(1)(16);
const nonce = seededRandom(2)(16);
const timestamp = "1750000000123";

testMixed("a device proves possession of a token in one header (tokens)", (client, server) => {
  for (const version of versions) {
    // 1. The device joins nonce and time under the token's secret.
    const digest = tokenDigest(client, version, client.secretKey(secret), nonce, timestamp);
    // 2. It sends digest, nonce, time and version.
    const header = writeTokenHeader({
      tokenId: "5f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11",
      tokenDigest: toBase64(digest),
      nonce: toBase64(nonce),
      timestamp,
      version,
    });
    // 3. The server reads the header and computes the same digest.
    const read = readTokenHeader(header);
    assert.ok(!isFailure(read));
    const expected = tokenDigest(server, read.version, server.secretKey(secret), read.nonce, read.timestamp);
    assert.deepEqual(read.tokenDigest, expected);
  }
});

testOnBoth("the version enters the digest from 3.2 on (tokens)", (crypto) => {
  const key = crypto.secretKey(secret);
  const digests = versions.map((version) => toBase64(tokenDigest(crypto, version, key, nonce, timestamp)));
  assert.equal(digests[0], digests[1]);
  assert.equal(new Set(digests).size, 3);
  assert.equal(digests[3], toBase64(crypto.hmacSha256(key, concat(nonce, utf8(`&${timestamp}&3.3`)))));
});

testOnBoth(
  "one changed bit of secret, nonce or digest, or one other digit of the time, does not match (tokens)",
  (crypto) => {
    const version = versionRow("3.3")!;
    const digest = tokenDigest(crypto, version, crypto.secretKey(secret), nonce, timestamp);
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(12), fc.integer({ min: 1, max: 9 }), (bit, position, step) => {
        assert.notDeepEqual(
          tokenDigest(crypto, version, crypto.secretKey(flipBit(secret, bit)), nonce, timestamp),
          digest,
        );
        assert.notDeepEqual(
          tokenDigest(crypto, version, crypto.secretKey(secret), flipBit(nonce, bit), timestamp),
          digest,
        );
        const digit = (Number(timestamp[position]) + step) % 10;
        const other = timestamp.slice(0, position) + String(digit) + timestamp.slice(position + 1);
        assert.notDeepEqual(tokenDigest(crypto, version, crypto.secretKey(secret), nonce, other), digest);
        assert.notDeepEqual(flipBit(fromBase64(toBase64(digest))!, bit), digest);
      }),
      { numRuns: 40 },
    );
  },
);
