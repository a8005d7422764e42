import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromHex, toHex, utf8, type Bytes } from "@countersign/protocol/bytes";
import { drawScalar, isPointEncoding, scalarFrom } from "@countersign/protocol/crypto";
import fc from "fast-check";
import { flipBit, mixedProviders, providers, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const order = fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")!;
const few = { numRuns: 15 };

testOnBoth("two parties agree on a secret and one of them signs", (crypto) => {
  // 1. Each draws a pair from its own randomness.
  const alice = crypto.generateKeyPair(seededRandom(1));
  const bob = crypto.generateKeyPair(seededRandom(2));
  // 2. They exchange points, one in the short form.
  const alicePoint = crypto.importPublicKey(crypto.exportPublicKey(alice.publicKey, "compressed"))!;
  const bobPoint = crypto.importPublicKey(crypto.exportPublicKey(bob.publicKey, "uncompressed"))!;
  // 3. Both compute the same 32 bytes.
  const secret = crypto.ecdh(alice.privateKey, bobPoint);
  assert.equal(secret.length, 32);
  assert.deepEqual(crypto.ecdh(bob.privateKey, alicePoint), secret);
  // 4. Alice signs, Bob verifies.
  const signature = crypto.sign(alice.privateKey, secret, "der");
  assert.ok(crypto.verify(alicePoint, secret, signature, "der"));
  assert.ok(!crypto.verify(bobPoint, secret, signature, "der"));
});

test("the same randomness gives the same keys on every provider", () => {
  const exports = providers.map((crypto) => {
    const { privateKey, publicKey } = crypto.generateKeyPair(seededRandom(7));
    return [crypto.exportPrivateKey(privateKey), crypto.exportPublicKey(publicKey, "compressed")].map(toHex).join();
  });
  assert.equal(new Set(exports).size, 1);
});

test("hashes, MACs, ciphers and password keys are the same on every provider", () => {
  const [node, noble] = providers as [(typeof providers)[0], (typeof providers)[0]];
  const bytes = fc.uint8Array({ maxLength: 200 });
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(bytes, bytes, sixteen, sixteen, (key, data, aesKey, iv) => {
      const both = <Result>(of: (crypto: typeof node) => Result): Result => {
        assert.deepEqual(of(node), of(noble));
        return of(node);
      };
      both((crypto) => crypto.sha256(data));
      both((crypto) => crypto.hmacSha256(crypto.secretKey(key), data));
      both((crypto) => crypto.pbkdf2Sha1(key, iv, 2, 16));
      const padded = both((crypto) => crypto.aesCbcEncrypt(crypto.secretKey(aesKey), iv, data, { padding: true }));
      const opened = both((crypto) => crypto.aesCbcDecrypt(crypto.secretKey(aesKey), iv, padded, { padding: true }));
      assert.deepEqual(opened, data);
      both((crypto) => crypto.aesCbcDecrypt(crypto.secretKey(aesKey), iv, data, { padding: true }));
      both((crypto) => crypto.aesCbcDecrypt(crypto.secretKey(aesKey), iv, data, { padding: false }));
    }),
  );
});

testOnBoth("results are plain byte arrays of their own", (crypto) => {
  const { privateKey, publicKey } = crypto.generateKeyPair(seededRandom(3));
  const key = crypto.secretKey(new Uint8Array(16));
  const results: Bytes[] = [
    crypto.sha256(utf8("x")),
    crypto.hmacSha256(key, utf8("x")),
    crypto.secretBytes(key),
    crypto.pbkdf2Sha1(utf8("x"), utf8("y"), 1, 16),
    crypto.aesCbcEncrypt(key, new Uint8Array(16), utf8("x"), { padding: true }),
    crypto.exportPrivateKey(privateKey),
    crypto.exportPublicKey(publicKey, "compressed"),
    crypto.exportPublicKey(publicKey, "uncompressed"),
    crypto.ecdh(privateKey, publicKey),
    crypto.sign(privateKey, utf8("x"), "jose"),
  ];
  for (const result of results) assert.equal(Object.getPrototypeOf(result), Uint8Array.prototype);
  crypto.exportPublicKey(publicKey, "uncompressed").fill(0);
  assert.equal(crypto.exportPublicKey(publicKey, "uncompressed")[0], 4);
});

testOnBoth("a private key is read in every form peers write: short, signed, padded (key encodings)", (crypto) => {
  const { privateKey } = crypto.generateKeyPair(seededRandom(4));
  const scalar = crypto.exportPrivateKey(privateKey);
  const signed = concat(Uint8Array.of(0), scalar);
  assert.deepEqual(crypto.exportPrivateKey(crypto.importPrivateKey(signed)!), scalar);
  const small = crypto.importPrivateKey(Uint8Array.of(0, 5))!;
  assert.equal(toHex(crypto.exportPrivateKey(small)), "05".padStart(64, "0"));
  const highest = crypto.importPrivateKey(Uint8Array.from(order, (byte, index) => (index === 31 ? byte - 1 : byte)));
  assert.notEqual(highest, undefined);
  for (const refused of [
    new Uint8Array(0),
    new Uint8Array(32),
    order,
    new Uint8Array(32).fill(0xff),
    concat(Uint8Array.of(1), scalar),
  ]) {
    assert.equal(crypto.importPrivateKey(refused), undefined);
  }
});

testOnBoth(
  "a public key is refused in every encoding but 02, 03 and 04, and off the curve (key encodings)",
  (crypto) => {
    const point = crypto.exportPublicKey(crypto.generateKeyPair(seededRandom(5)).publicKey, "uncompressed");
    const withHead = (head: number) => Uint8Array.of(head, ...point.subarray(1));
    const refused: Bytes[] = [
      Uint8Array.of(0),
      withHead(0),
      withHead(6 + (point[64]! & 1)),
      withHead(7 - (point[64]! & 1)),
      withHead(2),
      withHead(4).slice(0, 33),
      withHead(0).slice(0, 33),
      withHead(6).slice(0, 33),
      point.slice(1),
      concat(point, Uint8Array.of(0)),
      point.slice(0, 64),
      flipBit(point, 64 * 8),
      Uint8Array.of(2, ...new Uint8Array(32).fill(0xff)),
      Uint8Array.of(4, ...new Uint8Array(64)),
      new Uint8Array(0),
    ];
    for (const encoding of refused) assert.equal(crypto.importPublicKey(encoding), undefined, toHex(encoding));
  },
);

testOnBoth("a compressed point is the same key as the uncompressed one", (crypto) => {
  const { publicKey } = crypto.generateKeyPair(seededRandom(6));
  const long = crypto.exportPublicKey(publicKey, "uncompressed");
  const short = crypto.exportPublicKey(publicKey, "compressed");
  assert.equal(short.length, 33);
  const again = crypto.importPublicKey(short)!;
  assert.deepEqual(crypto.exportPublicKey(again, "compressed"), short);
  assert.deepEqual(crypto.exportPublicKey(again, "uncompressed"), long);
  assert.ok(isPointEncoding(short) && isPointEncoding(long));
});

testMixed("a signature verifies on the other provider, in both formats", (client, server) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom("der" as const, "jose" as const), (data, format) => {
      const { privateKey, publicKey } = client.generateKeyPair(seededRandom(8));
      const peer = server.importPublicKey(client.exportPublicKey(publicKey, "compressed"))!;
      const signature = client.sign(privateKey, data, format);
      assert.ok(server.verify(peer, data, signature, format));
      if (format === "jose") assert.equal(signature.length, 64);
    }),
    few,
  );
});

testOnBoth("a signature is refused when a bit of it or of the data changes, in both formats", (crypto) => {
  const { privateKey, publicKey } = crypto.generateKeyPair(seededRandom(9));
  const data = utf8("pay 100 to Jane");
  for (const format of ["der", "jose"] as const) {
    const signature = crypto.sign(privateKey, data, format);
    fc.assert(
      fc.property(fc.nat(10_000), (bit) => {
        assert.ok(!crypto.verify(publicKey, data, flipBit(signature, bit), format));
        assert.ok(!crypto.verify(publicKey, flipBit(data, bit), signature, format));
      }),
      few,
    );
    assert.ok(!crypto.verify(publicKey, data, concat(signature, Uint8Array.of(0)), format));
    assert.ok(!crypto.verify(publicKey, data, signature.slice(0, -1), format));
    assert.ok(!crypto.verify(publicKey, data, new Uint8Array(0), format));
    assert.ok(!crypto.verify(publicKey, data, signature, format === "der" ? "jose" : "der"));
  }
});

testOnBoth("both values of s are accepted", (crypto) => {
  const { privateKey, publicKey } = crypto.generateKeyPair(seededRandom(10));
  const data = utf8("x");
  const signature = crypto.sign(privateKey, data, "jose");
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  const other = (BigInt(`0x${toHex(order)}`) - s).toString(16).padStart(64, "0");
  assert.ok(crypto.verify(publicKey, data, concat(signature.slice(0, 32), fromHex(other)!), "jose"));
});

test("a key of one provider is not taken by the other", () => {
  for (const [own, other] of mixedProviders) {
    const { privateKey, publicKey } = own.generateKeyPair(seededRandom(11));
    assert.throws(() => other.sign(privateKey, utf8("x"), "der"), TypeError);
    assert.throws(() => other.exportPublicKey(publicKey, "compressed"), TypeError);
    assert.throws(() => other.hmacSha256(own.secretKey(new Uint8Array(16)), utf8("x")), TypeError);
  }
});

test("scalars are drawn again until one is below the order of the curve", () => {
  const draws = [new Uint8Array(32), order, new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(1)];
  assert.deepEqual(
    drawScalar(() => draws.shift()!),
    new Uint8Array(32).fill(1),
  );
  assert.equal(draws.length, 0);
  assert.throws(() => drawScalar(() => new Uint8Array(16)), RangeError);
  assert.equal(scalarFrom(order), undefined);
});
