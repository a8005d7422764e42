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
  parseOfflineQr,
  regroupOfflineCode,
  signOfflinePayload,
  verifyOfflinePayload,
  type OfflineQrReason,
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

testOnBoth("a payload with lines missing or of wrong form is refused with the reason (QR payload)", (crypto) => {
  const { text } = payloadOn(crypto);
  const lines = text.split("\n");
  const withLine = (index: number, line: string) => lines.map((old, at) => (at === index ? line : old)).join("\n");
  const withTotp = (totp: string) => lines.toSpliced(5, 0, totp).join("\n");
  const signature = lines[6]!.slice(1);
  const rows: Readonly<Partial<Record<OfflineQrReason, readonly string[]>>> = {
    "too-long": [withLine(2, "x".repeat(7000)), "\n".repeat(7090)],
    "control-character": [
      text.replaceAll("\n", "\r\n"),
      `${text}\r`,
      withLine(5, `${lines[5]}\r`),
      withLine(1, "a\tb"),
      withLine(2, "\u0000"),
      withLine(4, "B\u007f"),
      withLine(0, "id\u009f"),
    ],
    "text-malformed": [withLine(1, "\ud83d"), withLine(2, "\udd11")],
    "lines-missing": ["", lines.slice(1).join("\n"), "{}", "\n\n\n\n\n", text.replaceAll("\n", " ")],
    "operation-id-missing": [withLine(0, ""), `\n${text}`],
    "signing-key-unknown": [withLine(6, ""), withLine(6, signature), withLine(6, `2${signature}`), `${text}\n`],
    "signature-malformed": [
      withLine(6, "1"),
      withLine(6, `1${signature}=`),
      withLine(6, `0${signature.slice(1)}`),
      `${text} `,
      withLine(6, `1${toBase64(new Uint8Array(63))}`),
      withLine(6, `1${toBase64(new Uint8Array(256))}`),
    ],
    "nonce-malformed": [
      "",
      "AAAA",
      toBase64(new Uint8Array(15)),
      toBase64(new Uint8Array(17)),
      toBase64(nonce).slice(0, 22),
      // The last character has spare bits: other texts for the same bytes are no nonce.
      `${toBase64(new Uint8Array(16)).slice(0, 21)}B==`,
      toBase64(new Uint8Array(16)).replaceAll("A", "-"),
    ].map((line) => withLine(5, line)),
    "totp-malformed": ["123456789", "12 34", "abc", "-1", "1.5", "１２３"].map(withTotp),
    "operation-data-missing": [withLine(3, "")],
    "version-invalid": [withLine(3, "2")],
    "template-invalid": [withLine(3, "A"), withLine(3, "A100"), withLine(3, "A-100")],
    "amount-invalid": [withLine(3, "A1*AxCZK")],
    "date-invalid": [withLine(3, "A1*D20180231")],
  };
  for (const [reason, texts] of Object.entries(rows)) {
    for (const changed of texts) {
      const refused = { error: "offline-payload-malformed", reason };
      assert.deepEqual(parseOfflineQr(changed), refused, `${reason}: ${JSON.stringify(changed.slice(-100))}`);
    }
  }
});

testOnBoth("what is wrong is told in one order: lines, id, signature, nonce, password, data (QR payload)", (crypto) => {
  const lines = payloadOn(crypto, "12345678").text.split("\n");
  const repairs = [
    [0, "operation-id-missing"],
    [7, "signing-key-unknown"],
    [6, "nonce-malformed"],
    [5, "totp-malformed"],
    [3, "operation-data-missing"],
  ] as const;
  const broken = lines.with(0, "").with(3, "").with(5, "x").with(6, "").with(7, "");
  for (const [line, reason] of repairs) {
    assert.deepEqual(parseOfflineQr(broken.join("\n")), { error: "offline-payload-malformed", reason });
    broken[line] = lines[line]!;
  }
  assert.ok(!isFailure(parseOfflineQr(broken.join("\n"))));
});

testOnBoth("a code is read whole: texts, flags in any order, password, data (QR payload)", (crypto) => {
  const { signer } = payloadOn(crypto);
  const sign = (data: string, totp?: string) => signOfflinePayload(crypto, signer.privateKey, "1", data, nonce, totp);
  const full = parseOfflineQr(sign(composeOfflineData(operation), "12345678"));
  assert.ok(!isFailure(full));
  assert.equal(full.totp, "12345678");
  assert.deepEqual(full.data.fields.at(-1), { type: "text", text: "hello world" });
  const flags = parseOfflineQr(sign("id\n\n\nA0\nCZXFB"));
  assert.ok(!isFailure(flags));
  assert.deepEqual([flags.title, flags.message, flags.data.template], ["", "", 0]);
  assert.deepEqual(Object.values(flags.flags), [true, true, true, true]);
  // `\\\\n` is a backslash and an n, and an asterisk may be escaped where it need not be.
  const escaped = parseOfflineQr(sign("id\na\\\\n\nb\\n\\*\\x\nA1\n", ""));
  assert.ok(!isFailure(escaped));
  assert.deepEqual([escaped.title, escaped.message, escaped.totp], ["a\\n", "b\n*\\x", ""]);
});

test("nothing with a control character is composed (QR payload)", () => {
  for (const changes of [
    { title: "a\tb" },
    { operationId: "a\nb" },
    { operationData: "A1\nT" },
    { message: "\r" },
    { title: "\u007f" },
    { message: "\u0085" },
    { title: "\ud83d" },
  ]) {
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
