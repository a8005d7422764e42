/**
 * Offline codes at random, against the grammar written a second time as patterns: what it has is accepted and read back,
 * what it has not is refused, and nothing crashes or takes long.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { parseOfflineQr, signOfflinePayload, verifyOfflinePayload } from "@countersign/protocol/operation/offline-qr";
import fc from "fast-check";
import { fuzzRuns, inTime } from "../../../../tools/fuzz/inputs.ts";
import { dataOf, isOfflineQr, linesOf, offlineCodes, operation } from "../../../../tools/fuzz/offline-qr.ts";
import { seededRandom } from "../providers.ts";

test("a code is accepted if and only if the grammar has it, in at most 50 ms (QR payload)", () => {
  let accepted = 0;
  fc.assert(
    fc.property(offlineCodes, (code) => {
      const parsed = inTime(() => parseOfflineQr(code));
      assert.equal(!isFailure(parsed), isOfflineQr(code), isFailure(parsed) ? parsed.reason : "accepted");
      if (!isFailure(parsed)) accepted++;
    }),
    fuzzRuns,
  );
  assert.ok(accepted > fuzzRuns.numRuns / 10, `${accepted} accepted`);
});

test("what is composed and signed is read back whole, and verifies; a changed character does not (QR payload)", () => {
  const signer = crypto.generateKeyPair(seededRandom(5));
  const keyIndicator = fc.constantFrom("0", "1");
  fc.assert(
    fc.property(operation, keyIndicator, fc.nat(), (one, indicator, at) => {
      const lines = linesOf(one);
      const code = signOfflinePayload(crypto, signer.privateKey, indicator, lines, one.nonce);
      const parsed = parseOfflineQr(code);
      assert.ok(!isFailure(parsed), JSON.stringify(parsed));
      assert.ok(verifyOfflinePayload(crypto, signer.publicKey, parsed));
      assert.deepEqual(
        [parsed.operationId, parsed.title, parsed.message, parsed.operationData, parsed.flags, parsed.totp],
        [one.operationId, one.title, one.message, dataOf(one), one.flags, one.totp],
      );
      const { version, template } = one;
      assert.deepEqual(parsed.data, { version, template, fields: one.fields.map(([, expected]) => expected) });
      assert.equal(parsed.isNewerFormat, one.totp !== undefined && one.further.length > 0);
      assert.equal(parsed.signedText, `${lines}\n${parsed.nonce}\n${indicator}`);
      const place = at % code.length;
      const changed = code.slice(0, place) + (code[place] === "0" ? "1" : "0") + code.slice(place + 1);
      const other = parseOfflineQr(changed);
      assert.ok(isFailure(other) || !verifyOfflinePayload(crypto, signer.publicKey, other), `changed at ${place}`);
    }),
    { numRuns: fuzzRuns.numRuns / 20 },
  );
});
