import assert from "node:assert/strict";
import { test } from "node:test";
import { isFailure } from "@countersign/protocol/errors";
import { isActivationCode } from "@countersign/protocol/powerauth/activation-code";
import {
  deriveRecoveryData,
  hashPuk,
  isPuk,
  parseRecoveryCode,
  verifyPuk,
  type Argon2,
} from "@countersign/protocol/powerauth/recovery";
import { providers, seededRandom, testOnBoth } from "../providers.ts";

/** Stands in for Argon2: what matters here is what goes in and how the hash is written. */
const argon2: Argon2 = (variant, password, salt, cost) => {
  const tag = new Uint8Array(cost.length);
  const input = [variant.length, ...password, ...salt, cost.memory & 0xff, cost.passes, cost.lanes];
  input.forEach((value, index) => (tag[index % cost.length]! ^= value * (index + 1)));
  return tag;
};

testOnBoth("a code and its PUKs are derived, printed and typed back (recovery codes)", (crypto) => {
  // 1. Code and PUKs follow from a secret, a nonce and one index per PUK.
  const { code, puks } = deriveRecoveryData(crypto, seededRandom(1)(16), seededRandom(2)(32), [-5n, 2n ** 62n]);
  assert.ok(isActivationCode(code));
  assert.ok(puks.length === 2 && puks.every(isPuk));
  // 2. A scanner reads the code with a mark in front, a person types it without.
  assert.deepEqual(parseRecoveryCode(`R:${code}`), { code });
  assert.deepEqual(parseRecoveryCode(code), { code });
  // 3. The server keeps hashes of the PUKs.
  const hash = hashPuk(argon2, puks[0]!, seededRandom(3)(16));
  assert.match(hash, /^\$argon2i\$v=19\$m=32768,t=3,p=16\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(verifyPuk(argon2, puks[0]!, hash), true);
  assert.equal(verifyPuk(argon2, puks[1]!, hash), false);
});

test("both providers derive the same recovery data (recovery codes)", () => {
  const all = providers.map((crypto) =>
    deriveRecoveryData(crypto, seededRandom(4)(32), seededRandom(5)(32), [1n, 2n, 3n]),
  );
  assert.deepEqual(all[0], all[1]);
});

test("a recovery code has its mark only in front, and never a signature (recovery codes)", () => {
  const code = "W65WE-3T7VI-7FBS2-A4OYA";
  for (const text of ["", "R:", `r:${code}`, `R:R:${code}`, ` R:${code}`, `R:${code}#AAAA`, `${code}#AAAA`]) {
    assert.ok(isFailure(parseRecoveryCode(text)), text);
  }
  for (const text of ["", "12345", "12345-67890", "12345678901", " 123456789", "１234567890"])
    assert.ok(!isPuk(text), text);
});

test("a hash of another form is not judged (recovery codes)", () => {
  const hash = hashPuk(argon2, "0123456789", seededRandom(6)(16));
  for (const other of [
    "",
    hash.replace("$v=19", ""),
    hash.replace("v=19", "v=16"),
    hash.replace("argon2i", "argon2x"),
    `${hash}$`,
    hash.slice(0, -42),
    hash.replace("p=16$", "p=16$!"),
  ]) {
    assert.equal(verifyPuk(argon2, "0123456789", other), undefined, other);
  }
  assert.equal(verifyPuk(argon2, "0123456789", hash.replace("argon2i", "argon2id")), false);
});
