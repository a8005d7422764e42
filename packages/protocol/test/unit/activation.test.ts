import assert from "node:assert/strict";
import { fromUtf8, toBase64, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  createActivationRequest,
  openActivationRequest,
  processActivationResponse,
  sealActivationResponse,
  type ActivationContext,
  type ActivationIdentity,
  type ActivationResult,
} from "@countersign/protocol/powerauth/activation";
import { encryptorIds, openRequest, sealRequest, sealResponse } from "@countersign/protocol/powerauth/ecies";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { masterSecret } from "@countersign/protocol/powerauth/keys";
import { versionRow, versions } from "@countersign/protocol/powerauth/versions";
import { carry, seededRandom, testMixed, testOnBoth } from "../providers.ts";

const now = 1_750_000_000_000;
const identity: ActivationIdentity = {
  type: "CODE",
  identityAttributes: { code: "W65WE-3T7VI-7FBS2-A4OYA" },
  customAttributes: { branch: 7 },
};
const description = { activationName: "Jane's phone", platform: "web", deviceInfo: "test" };
const activationId = "2d5784ce-8cf5-4ea7-aec8-1fa3d6a2975e";
const ctrData = seededRandom(9)(16);

function contextOf(version: string): ActivationContext {
  const row = versionRow(version)!;
  return {
    version: row,
    applicationKey: "w4+hAeogFLTZjcSjPwbG2g==",
    applicationSecret: "Szls/7JWbKN+FAOijHcsPA==",
    ...(row.temporaryKeys && { temporaryKeyId: "5f8c0b1e-6a0d-4a3f-9d57-2f1f6f2f9c11" }),
  };
}

function requestOn(client: CryptoProvider, server: CryptoProvider, version: string) {
  const recipient = server.generateKeyPair(seededRandom(1));
  const device = client.generateKeyPair(seededRandom(2));
  const recipientKey = carry(server, client, recipient.publicKey);
  const sent = createActivationRequest(
    client,
    seededRandom(3),
    contextOf(version),
    recipientKey,
    device.publicKey,
    identity,
    description,
    now,
  );
  return { recipient, device, sent };
}

testMixed(
  "a device and a server exchange keys in two nested envelopes, in every version (activation)",
  (client, server) => {
    for (const { version } of versions) {
      // 1. The device wraps its new public key for the server, and that envelope with the code for the front.
      const { recipient, device, sent } = requestOn(client, server, version);
      // 2. The server opens both and learns whose activation it is and which key the device has.
      const opened = openActivationRequest(server, contextOf(version), recipient.privateKey, sent.request);
      assert.ok(!isFailure(opened));
      assert.deepEqual(opened.identity, identity);
      assert.deepEqual(opened.device, description);
      // 3. It makes a pair of its own, chooses where the counter starts, and answers through both layers.
      const host = server.generateKeyPair(seededRandom(4));
      const result: ActivationResult = {
        activationId,
        serverPublicKey: host.publicKey,
        ctrData,
        userInfo: { name: "Jane" },
      };
      const response = sealActivationResponse(server, seededRandom(5), opened.exchange, result, now + 1);
      // 4. The device opens both layers.
      const processed = processActivationResponse(client, sent.exchange, response);
      assert.ok(!isFailure(processed));
      assert.equal(processed.activationId, activationId);
      assert.deepEqual(processed.ctrData, ctrData);
      assert.deepEqual(processed.userInfo, { name: "Jane" });
      // 5. Both have the same master secret, and show the same fingerprint.
      const onDevice = masterSecret(client, device.privateKey, processed.serverPublicKey);
      const onServer = masterSecret(server, host.privateKey, opened.devicePublicKey);
      assert.deepEqual(client.secretBytes(onDevice), server.secretBytes(onServer));
      assert.equal(
        activationFingerprint(client, device.publicKey, activationId, processed.serverPublicKey),
        activationFingerprint(server, opened.devicePublicKey, activationId, host.publicKey),
      );
    }
  },
);

testOnBoth("the outer layer reads as the protocol names its members (activation, layer 1)", (crypto) => {
  const { recipient, sent } = requestOn(crypto, crypto, "3.3");
  const context = { ...contextOf("3.3"), encryptor: encryptorIds.applicationGeneric };
  const outer = openRequest(crypto, context, recipient.privateKey, sent.request);
  assert.ok(!isFailure(outer));
  const json = JSON.parse(fromUtf8(outer.plaintext)!) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(json), ["type", "identityAttributes", "customAttributes", "activationData"]);
  assert.equal(json.activationData!.temporaryKeyId, context.temporaryKeyId);
  assert.notEqual(json.activationData!.nonce, sent.request.nonce);
  assert.notEqual(json.activationData!.ephemeralPublicKey, sent.request.ephemeralPublicKey);
});

/** A request whose layers hold whatever is given. */
function layered(crypto: CryptoProvider, outerJson: (inner: unknown) => unknown, innerJson: unknown) {
  const recipient = crypto.generateKeyPair(seededRandom(1));
  const context = contextOf("3.2");
  const seal = (
    seed: number,
    encryptor: (typeof encryptorIds)["activationLayer2" | "applicationGeneric"],
    value: unknown,
  ) => {
    const plaintext = typeof value === "string" ? utf8(value) : utf8(JSON.stringify(value));
    return sealRequest(crypto, seededRandom(seed), { ...context, encryptor }, recipient.publicKey, plaintext, now)
      .request;
  };
  const inner = seal(6, encryptorIds.activationLayer2, innerJson);
  const outer = seal(7, encryptorIds.applicationGeneric, outerJson(inner));
  return openActivationRequest(crypto, context, recipient.privateKey, outer);
}

testOnBoth("layers with members missing or of the wrong type are refused (activation)", (crypto) => {
  const devicePublicKey = toBase64(
    crypto.exportPublicKey(crypto.generateKeyPair(seededRandom(2)).publicKey, "compressed"),
  );
  const good = (activationData: unknown) => ({ type: "CODE", identityAttributes: { code: "x" }, activationData });
  assert.ok(!isFailure(layered(crypto, good, { devicePublicKey })));
  assert.ok(
    !isFailure(
      layered(crypto, (inner) => ({ ...good(inner), customAttributes: null }), { devicePublicKey, extras: null }),
    ),
  );

  const malformed = { error: "activation-data-malformed" };
  for (const outer of [
    () => "not json",
    () => [],
    () => good("{}"),
    () => good({}),
    (inner: unknown) => ({ ...good(inner), type: "OTHER" }),
    (inner: unknown) => ({ ...good(inner), type: undefined }),
    (inner: unknown) => ({ ...good(inner), identityAttributes: { code: 5 } }),
    (inner: unknown) => ({ ...good(inner), identityAttributes: undefined }),
    (inner: unknown) => ({ ...good(inner), customAttributes: "x" }),
  ]) {
    assert.deepEqual(layered(crypto, outer, { devicePublicKey }), malformed, outer.toString());
  }
  for (const inner of ["x", [], {}, { devicePublicKey: 5 }, { devicePublicKey, activationName: 5 }]) {
    assert.deepEqual(layered(crypto, good, inner), malformed, JSON.stringify(inner));
  }
  for (const key of ["", "AA==", "?", toBase64(new Uint8Array(65))]) {
    assert.deepEqual(layered(crypto, good, { devicePublicKey: key }), { error: "public-key-invalid" }, key);
  }
});

testOnBoth("layers cannot be swapped: the inner envelope opens as nothing else (activation)", (crypto) => {
  const outcome = layered(crypto, (inner) => inner, { devicePublicKey: "" });
  assert.deepEqual(outcome, { error: "activation-data-malformed" });
  const { recipient, sent } = requestOn(crypto, crypto, "3.1");
  const context = { ...contextOf("3.1"), encryptor: encryptorIds.activationLayer2 };
  assert.deepEqual(openRequest(crypto, context, recipient.privateKey, sent.request), { error: "envelope-mac-invalid" });
});

testOnBoth("an answer with a bad key, counter or recovery data is refused (activation)", (crypto) => {
  const { recipient, sent } = requestOn(crypto, crypto, "3.2");
  const opened = openActivationRequest(crypto, contextOf("3.2"), recipient.privateKey, sent.request);
  assert.ok(!isFailure(opened));
  const { inner, outer } = opened.exchange;
  const answer = (innerJson: unknown, outerJson = (data: unknown): unknown => ({ activationData: data })) => {
    const data = sealResponse(crypto, seededRandom(6), inner, utf8(JSON.stringify(innerJson)), now);
    const response = sealResponse(crypto, seededRandom(7), outer, utf8(JSON.stringify(outerJson(data))), now);
    return processActivationResponse(crypto, sent.exchange, response);
  };
  const serverPublicKey = toBase64(crypto.exportPublicKey(recipient.publicKey, "compressed"));
  const good = { activationId, serverPublicKey, ctrData: toBase64(ctrData) };
  const recovery = { recoveryCode: "W65WE-3T7VI-7FBS2-A4OYA", puk: "0123456789" };
  const withRecovery = answer({ ...good, activationRecovery: recovery });
  assert.ok(!isFailure(withRecovery));
  assert.deepEqual(withRecovery.activationRecovery, recovery);

  const malformed = "activation-data-malformed";
  for (const [changes, error] of [
    [{ activationId: "" }, malformed],
    [{ activationId: 5 }, malformed],
    [{ ctrData: toBase64(new Uint8Array(15)) }, malformed],
    [{ ctrData: "!" }, malformed],
    [{ serverPublicKey: undefined }, malformed],
    [{ serverPublicKey: toBase64(new Uint8Array(65)) }, "public-key-invalid"],
    [{ activationRecovery: { ...recovery, puk: "12" } }, "puk-invalid"],
    [{ activationRecovery: { ...recovery, recoveryCode: "x" } }, "recovery-code-invalid"],
    [{ activationRecovery: "x" }, "recovery-code-invalid"],
  ] as const) {
    assert.deepEqual(answer({ ...good, ...changes }), { error }, JSON.stringify(changes));
  }
  assert.deepEqual(
    answer(good, () => ({})),
    { error: malformed },
  );
  assert.deepEqual(
    answer(good, () => []),
    { error: malformed },
  );
});
