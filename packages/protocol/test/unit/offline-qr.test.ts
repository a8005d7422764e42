import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  authorizeBody,
  composeOfflineData,
  offlineSignedData,
  offlineUriId,
  parseOfflinePayload,
  regroupOfflineCode,
  signOfflinePayload,
  verifyOfflinePayload,
} from "@countersign/protocol/operation/offline-qr";
import { activationKeys } from "@countersign/protocol/powerauth/keys";
import { computeOffline, factorKeys, matchesOfflineAt, parseOffline } from "@countersign/protocol/powerauth/signature";
import fc from "fast-check";
import { carry, flipBit, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const nonce = seededRandom(1)(16);
const operation = {
  operationId: "5ff1b1ed-a3cc-45a3-8ab0-ed60950312b6",
  title: "Payment",
  message: "Please confirm\nthis payment \\o/ *now*",
  operationData: "A1*A100CZK*ICZ2730300000001165254011*D20180425*Thello world",
  flags: { biometryAllowed: true, fraudWarning: true },
};

function payloadOn(crypto: CryptoProvider, totp?: string) {
  const signer = crypto.generateKeyPair(seededRandom(2));
  const data = composeOfflineData(operation);
  return { signer, text: signOfflinePayload(crypto, signer.privateKey, "1", data, nonce, totp) };
}

testMixed(
  "an operation is approved without a network: scanned, signed, retyped (offline signatures)",
  (client, server) => {
    // 1. The server composes the lines, adds a nonce and signs; all of it becomes a QR code.
    const { signer, text } = payloadOn(server, "12345678");
    // 2. The device reads it and verifies before it shows anything.
    const payload = parseOfflinePayload(text);
    assert.ok(!isFailure(payload));
    assert.ok(verifyOfflinePayload(client, carry(server, client, signer.publicKey), payload));
    assert.equal(payload.message, operation.message);
    // 3. It signs the operation with its factors and its counter; the code is shown in groups.
    const master = seededRandom(3)(16);
    const ctr = seededRandom(4)(16);
    const data = offlineSignedData(
      payload.nonce,
      authorizeBody(payload.operationId, payload.operationData, payload.totp),
    );
    const code = computeOffline(
      client,
      factorKeys(activationKeys(client, client.secretKey(master)), "possession_knowledge"),
      ctr,
      data,
    );
    const shown = code.replaceAll("-", "").replace(/(....)(?=.)/g, "$1-");
    // 4. A person retypes it; the server computes the same over what it knows itself.
    const components = parseOffline(regroupOfflineCode(shown, 2)!, 2)!;
    const expected = offlineSignedData(
      toBase64(nonce),
      authorizeBody(operation.operationId, operation.operationData, "12345678"),
    );
    const keys = factorKeys(activationKeys(server, server.secretKey(master)), "possession_knowledge");
    assert.ok(matchesOfflineAt(server, keys, ctr, expected, components));
  },
);

testOnBoth(
  "the lines of a payload are in their places, and the signature covers all but itself (QR payload)",
  (crypto) => {
    const { text } = payloadOn(crypto);
    const lines = text.split("\n");
    assert.deepEqual(lines.slice(0, 6), [
      operation.operationId,
      "Payment",
      "Please confirm\\nthis payment \\\\o/ *now*",
      operation.operationData,
      "BF",
      toBase64(nonce),
    ]);
    const payload = parseOfflinePayload(text);
    assert.ok(!isFailure(payload));
    const { signature: _, signedText, ...rest } = payload;
    assert.deepEqual(rest, {
      ...operation,
      flags: { biometryAllowed: true, flipButtons: false, fraudWarning: true, blockWhenOnCall: false },
      nonce: toBase64(nonce),
      keyIndicator: "1",
      isNewerFormat: false,
    });
    assert.equal(signedText, `${lines.slice(0, 6).join("\n")}\n1`);
  },
);

testOnBoth("a payload with one changed bit is refused (QR payload)", (crypto) => {
  const { signer, text } = payloadOn(crypto, "12345678");
  const bytes = utf8(text);
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const payload = parseOfflinePayload(Buffer.from(flipBit(bytes, bit)).toString("latin1"));
      assert.ok(isFailure(payload) || !verifyOfflinePayload(crypto, signer.publicKey, payload));
    }),
    { numRuns: 60 },
  );
});

testOnBoth("lines that a later version adds are signed and not shown (QR payload)", (crypto) => {
  const signer = crypto.generateKeyPair(seededRandom(2));
  const data = `${composeOfflineData(operation)}\n12345678\nnew line`;
  const payload = parseOfflinePayload(signOfflinePayload(crypto, signer.privateKey, "0", data, nonce));
  assert.ok(!isFailure(payload));
  assert.ok(payload.isNewerFormat && payload.totp === "12345678" && payload.keyIndicator === "0");
  assert.ok(verifyOfflinePayload(crypto, signer.publicKey, payload));
});

testOnBoth("a payload with lines missing or of wrong form is refused (QR payload)", (crypto) => {
  const { text } = payloadOn(crypto);
  const lines = text.split("\n");
  const withLine = (index: number, line: string) => lines.map((old, at) => (at === index ? line : old)).join("\n");
  const signature = lines[6]!.slice(1);
  for (const changed of [
    "",
    lines.slice(1).join("\n"),
    withLine(0, ""),
    withLine(5, ""),
    withLine(5, toBase64(new Uint8Array(15))),
    withLine(5, `${lines[5]}\r`),
    withLine(6, ""),
    withLine(6, "1"),
    withLine(6, signature),
    withLine(6, `2${signature}`),
    withLine(6, `1${toBase64(new Uint8Array(63))}`),
    withLine(6, `1${toBase64(new Uint8Array(256))}`),
    withLine(6, `1${signature}=`),
    `${text}\n`,
  ]) {
    assert.deepEqual(parseOfflinePayload(changed), { error: "offline-payload-malformed" }, changed.slice(-80));
  }
});

test("nothing with a control character is composed (QR payload)", () => {
  for (const changes of [{ title: "a\tb" }, { operationId: "a\nb" }, { operationData: "A1\nT" }, { message: "\r" }]) {
    assert.throws(() => composeOfflineData({ ...operation, ...changes }), RangeError, JSON.stringify(changes));
  }
  assert.equal(
    composeOfflineData({ ...operation, flags: { blockWhenOnCall: true, flipButtons: true } }).split("\n")[4],
    "XC",
  );
});

test("the signed data is a POST of the body under the word offline (offline signatures)", () => {
  const data = Buffer.from(offlineSignedData("AD8bOO0Df73kNaIGb3Vmpg==", authorizeBody("id", "A1"))).toString();
  assert.equal(
    data,
    `POST&${toBase64(utf8(offlineUriId))}&AD8bOO0Df73kNaIGb3Vmpg==&${toBase64(utf8("id&A1"))}&offline`,
  );
  assert.equal(Buffer.from(authorizeBody("id", "A1", "")).toString(), "id&A1&");
});

test("retyped digits are regrouped, and nothing else is (offline signatures)", () => {
  assert.equal(regroupOfflineCode("1234-5678-9012-3456", 2), "12345678-90123456");
  assert.equal(regroupOfflineCode("12345678 90123456", 2), "12345678-90123456");
  assert.equal(regroupOfflineCode("12 34-56", 1, 6), "123456");
  for (const text of [
    "",
    "1234",
    "1234-5678-9012-345a",
    "1234-5678-9012-34567",
    "１２３４５６７８",
    " ".repeat(1_000_000),
  ]) {
    assert.equal(regroupOfflineCode(text, 1), undefined, text.slice(0, 20));
  }
});
