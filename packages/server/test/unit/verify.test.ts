/** PowerAuth 3.x, verification over a window: possession is looked at first. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { describe, test } from "node:test";
import { utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider, SecretKey } from "@countersign/protocol/crypto";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { advanceCounter } from "@countersign/protocol/powerauth/counter";
import { activationKeys } from "@countersign/protocol/powerauth/keys";
import { computeSignature, type FactorCombination, factorsOf } from "@countersign/protocol/powerauth/signature";
import { versions } from "@countersign/protocol/powerauth/versions";
import { verifySignature } from "../../src/signatures/verify.ts";

const random = (length: number) => randomFillSync(new Uint8Array(length));
const keys = activationKeys(nodeCrypto, nodeCrypto.secretKey(random(16)));
const counter = random(16);
const data = utf8("POST&L3g=&bm9uY2U=&Ym9keQ==&secret");
const lookAhead = 20;

for (const version of versions) {
  describe(`signature verification of ${version.version}`, () => {
    const sign = (factors: FactorCombination, offset: number, wrong: readonly string[] = []) => {
      const used = factorsOf(factors).map((factor) =>
        wrong.includes(factor) ? nodeCrypto.secretKey(random(16)) : keys[factor],
      );
      return computeSignature(nodeCrypto, version, used, advanceCounter(nodeCrypto, counter, offset), data);
    };
    const verify = (factors: FactorCombination, signature: string, crypto: CryptoProvider = nodeCrypto) =>
      verifySignature(crypto, keys, counter, lookAhead, { version, factors, signature, data });

    test("a right signature is found anywhere in the window, and nowhere beyond it", () => {
      for (const offset of [0, 1, lookAhead - 1]) {
        const verdict = verify("possession_knowledge", sign("possession_knowledge", offset));
        assert.equal(verdict.kind, "right");
        assert.equal("steps" in verdict && verdict.steps, offset + 1);
        assert.deepEqual(
          "nextCounter" in verdict && verdict.nextCounter,
          advanceCounter(nodeCrypto, counter, offset + 1),
        );
      }
      assert.equal(verify("possession_knowledge", sign("possession_knowledge", lookAhead)).kind, "unproven");
    });

    test("a wrong factor beside right possession moves the counter past the match", () => {
      const verdict = verify("possession_knowledge", sign("possession_knowledge", 3, ["knowledge"]));
      assert.equal(verdict.kind, "wrong-factor");
      assert.equal("steps" in verdict && verdict.steps, 4);
    });

    test("without possession no other component is evaluated", () => {
      const touched = new Set<SecretKey>();
      const watching: CryptoProvider = {
        ...nodeCrypto,
        hmacSha256(key, message) {
          touched.add(key);
          return nodeCrypto.hmacSha256(key, message);
        },
      };
      const verdict = verify("possession_knowledge", sign("possession_knowledge", 0, ["possession"]), watching);
      assert.equal(verdict.kind, "unproven");
      assert.equal(touched.has(keys.possession), true);
      assert.equal(touched.has(keys.knowledge), false);
    });

    test("a component more or less than the combination has is unproven", () => {
      assert.equal(verify("possession", sign("possession_knowledge", 0)).kind, "unproven");
      assert.equal(verify("possession_knowledge", sign("possession", 0)).kind, "unproven");
    });

    test("a combination without possession is right or counted, and its counter moves only when right", () => {
      assert.equal(verify("knowledge", sign("knowledge", 2)).kind, "right");
      assert.deepEqual(verify("knowledge", sign("knowledge", 2, ["knowledge"])), { kind: "wrong-without-possession" });
    });
  });
}
