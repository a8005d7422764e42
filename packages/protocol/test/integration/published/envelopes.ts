/** End-to-end encryption of protocol 3.0 to 3.3, from a published draft: rows without the recipient's private key. */
import assert from "node:assert/strict";
import { fromUtf8, toBase64, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { type Encryptor, encryptorIds } from "@countersign/protocol/powerauth/ecies";
import {
  bindEnvelope,
  envelopeIv,
  envelopeKeys,
  openBytes,
  sealBytes,
  sharedInfo2,
  splitEnvelopeKey,
  type EnvelopeContext,
} from "@countersign/protocol/powerauth/envelope";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import type { PublishedCheck } from "./official.ts";
import { base64, type PublishedRow, type Values } from "./read.ts";

const encryptors: Readonly<Record<string, Encryptor>> = {
  APPLICATION_SCOPE_GENERIC: encryptorIds.applicationGeneric,
  ACTIVATION_SCOPE_GENERIC: encryptorIds.activationGeneric,
  ACTIVATION_LAYER_2: encryptorIds.activationLayer2,
  UPGRADE: encryptorIds.upgrade,
  VAULT_UNLOCK: encryptorIds.vaultUnlock,
  CREATE_TOKEN: encryptorIds.tokenCreate,
  CONFIRM_RECOVERY_CODE: encryptorIds.recoveryConfirm,
};

export const envelopeChecks: ReadonlyMap<string, PublishedCheck> = new Map<string, PublishedCheck>([
  ...["30", "31", "32", "33"].flatMap((version): [string, PublishedCheck][] => [
    [
      `protocol4-draft/E2ee_Application_Scope_Test_Vectors_${version}.json`,
      draft("e2ee_test_vectors_application_scope"),
    ],
    [`protocol4-draft/E2ee_Activation_Scope_Test_Vectors_${version}.json`, draft("e2ee_test_vectors_activation_scope")],
  ]),
  ["reference/extracted/ecies-raw-v30.json", raw("3.0")],
  ["reference/extracted/ecies-raw-v31.json", raw("3.1")],
]);

function draft(member: string): PublishedCheck {
  return (crypto, content) => {
    const rows = (content as Readonly<Record<string, readonly Values[]>>)[member]!;
    assert.ok(rows.length > 0);
    for (const row of rows) checkDraft(crypto, row);
  };
}

function checkDraft(crypto: CryptoProvider, row: Values): void {
  const context: EnvelopeContext = {
    version: versionRow(row.protocolVersion!)!,
    encryptor: encryptors[row.encryptorId!]!,
    applicationKey: row.applicationKey!,
    applicationSecret: row.applicationSecret!,
    activationId: row.activationId,
    temporaryKeyId: row.temporaryKeyId,
    transportKey: row.transportKey === undefined ? undefined : crypto.secretKey(base64(row.transportKey)),
  };
  assert.equal(`${context.encryptor.scope.toUpperCase()}_SCOPE`, row.encryptorScope);
  const binding = bindEnvelope(crypto, context);
  assert.equal(toBase64(binding.sharedInfo2Base), row.sharedInfo2Base);
  const keys = splitEnvelopeKey(crypto, base64(row.envelopeKey));

  const requestNonce = optionalBytes(row.requestNonce);
  const ephemeralKey = base64(row.requestEphemeralPublicKey);
  const requestInfo = sharedInfo2(binding, requestNonce, optionalNumber(row.timestampRequest), ephemeralKey);
  const request = sealBytes(crypto, keys, envelopeIv(crypto, keys, requestNonce), requestInfo, utf8(row.requestData!));
  assert.equal(toBase64(request.encryptedData), row.encryptedDataRequest);
  assert.equal(toBase64(request.mac), row.requestMac);

  const responseNonce = optionalBytes(row.responseNonce) ?? requestNonce;
  const responseInfo = sharedInfo2(binding, responseNonce, optionalNumber(row.timestampResponse), undefined);
  const sealed = { encryptedData: base64(row.encryptedDataResponse), mac: base64(row.responseMac) };
  const response = openBytes(crypto, keys, envelopeIv(crypto, keys, responseNonce), responseInfo, sealed);
  assert.ok(response instanceof Uint8Array);
  assert.equal(fromUtf8(response), row.responseData);
}

/** Shared infos given outright: no endpoint, no version in them. */
function raw(version: string): PublishedCheck {
  return (crypto, content) => {
    for (const row of content as readonly PublishedRow[]) checkRaw(crypto, version, row);
  };
}

function checkRaw(crypto: CryptoProvider, version: string, { input, output }: PublishedRow): void {
  const { request, response } = output as unknown as { readonly request: Values; readonly response: Values };
  const privateKey = crypto.importPrivateKey(base64(input.serverPrivateKey))!;
  const expectedPublicKey = crypto.importPublicKey(base64(input.serverPublicKey))!;
  assert.deepEqual(
    crypto.exportPublicKey(crypto.publicKeyOf(privateKey), "compressed"),
    crypto.exportPublicKey(expectedPublicKey, "compressed"),
  );
  const ephemeral = base64(request.ephemeralPublicKey);
  const shared = crypto.ecdh(privateKey, crypto.importPublicKey(ephemeral)!);
  const keys = envelopeKeys(crypto, shared, base64(input.sharedInfo1), ephemeral);
  const nonce = optionalBytes(request.nonce);
  assert.equal(nonce !== undefined, versionRow(version)!.requestNonce);
  const iv = envelopeIv(crypto, keys, nonce);
  const info2 = base64(input.sharedInfo2);
  const sealed = { encryptedData: base64(request.encryptedData), mac: base64(request.mac) };
  const opened = openBytes(crypto, keys, iv, info2, sealed);
  assert.ok(opened instanceof Uint8Array);
  assert.equal(toBase64(opened), input.requestPlain);
  const answered = sealBytes(crypto, keys, iv, info2, base64(input.responsePlain));
  assert.equal(toBase64(answered.encryptedData), response.encryptedData);
  assert.equal(toBase64(answered.mac), response.mac);
}

function optionalBytes(text: string | undefined) {
  return text === undefined ? undefined : base64(text);
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
