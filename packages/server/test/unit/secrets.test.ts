import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createSecrets, masterKeyCheck } from "../../src/keys/secrets.ts";
import { isStoreError } from "../../src/store/errors.ts";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const newKey = (): string => randomBytes(32).toString("base64");
const place = { table: "token", column: "secret_sealed", row: "t1" };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("what is sealed opens at its place, byte for byte, and never looks the same twice", () => {
  const secrets = createSecrets(newKey(), random);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (plain) => {
      const sealed = secrets.seal(place, plain);
      assert.deepEqual(secrets.open(place, sealed), plain);
      assert.notEqual(secrets.seal(place, plain), sealed);
    }),
  );
});

test("a sealed text moved to another table, column or row is refused", () => {
  const secrets = createSecrets(newKey(), random);
  const sealed = secrets.seal(place, utf8("secret"));
  for (const other of [
    { ...place, row: "t2" },
    { ...place, column: "other_sealed" },
    { ...place, table: "activation" },
    { table: "tokensecret_sealed", column: "", row: "t1" },
  ]) {
    assert.throws(() => secrets.open(other, sealed));
  }
});

test("a sealed text with any bit changed, cut short or prolonged is refused", () => {
  const secrets = createSecrets(newKey(), random);
  const bytes = Buffer.from(secrets.seal(place, utf8("secret")), "base64");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => secrets.open(place, changed.toString("base64")), `bit ${bit}`);
  }
  for (const length of [0, 1, 5, 16, 32, bytes.length - 1]) {
    assert.throws(() => secrets.open(place, bytes.subarray(0, length).toString("base64")));
  }
  assert.throws(() => secrets.open(place, Buffer.concat([bytes, Buffer.of(0)]).toString("base64")));
});

test("another master key opens nothing, unless it is given as a previous one", () => {
  const [old, fresh] = [newKey(), newKey()];
  const before = createSecrets(old, random);
  const sealed = before.seal(place, utf8("secret"));
  assert.throws(() => createSecrets(fresh, random).open(place, sealed));
  const rotating = createSecrets(fresh, random, { previous: [old] });
  assert.deepEqual(rotating.open(place, sealed), utf8("secret"));
  assert.equal(rotating.keyIdOf(sealed), before.keyId);
  assert.equal(rotating.keyIdOf(rotating.seal(place, utf8("x"))), rotating.keyId);
  assert.notEqual(rotating.keyId, before.keyId);
});

test("the keyed hash depends on label, text and key, and with a hash key of its own not on the master key", () => {
  const hashKey = random(32);
  const one = createSecrets(newKey(), random, { hashKey });
  const two = createSecrets(newKey(), random, { hashKey });
  assert.equal(one.hash("client", "secret"), two.hash("client", "secret"));
  assert.notEqual(one.hash("client", "secret"), one.hash("clients", "ecret"));
  assert.notEqual(one.hash("a", "b"), createSecrets(newKey(), random).hash("a", "b"));
});

test("a master key that is not 32 bytes in Base64 is refused with MASTER_KEY_INVALID and not repeated", () => {
  for (const bad of [
    "",
    "short",
    randomBytes(31).toString("base64"),
    randomBytes(33).toString("base64"),
    `${newKey()} `,
  ]) {
    for (const use of [() => createSecrets(bad, random), () => masterKeyCheck(bad)]) {
      assert.throws(
        use,
        (error: Error) => isStoreError(error, "MASTER_KEY_INVALID") && !(bad && error.message.includes(bad)),
      );
    }
  }
});

test("the check value tells keys apart and is not the key", () => {
  const key = newKey();
  assert.equal(masterKeyCheck(key), masterKeyCheck(key));
  assert.notEqual(masterKeyCheck(key), masterKeyCheck(newKey()));
  assert.notEqual(Buffer.from(masterKeyCheck(key), "base64url").toString("base64"), key);
});

test("the key of a place is HKDF-SHA-256 of the master key, so that other programs can open what is sealed", () => {
  const master = newKey();
  const sealed = Buffer.from(createSecrets(master, random).seal(place, utf8("secret")), "base64");
  const bound = JSON.stringify([place.table, place.column, place.row]);
  const info = `countersign seal ${bound}`;
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(master, "base64"), Buffer.alloc(0), info, 32));
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(5, 17));
  decipher.setAAD(Buffer.from(bound)).setAuthTag(sealed.subarray(-16));
  assert.equal(Buffer.concat([decipher.update(sealed.subarray(17, -16)), decipher.final()]).toString(), "secret");
});
