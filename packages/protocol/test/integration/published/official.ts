/** Vectors published with the reference implementation and its mobile core, protocol 3.x. */
import assert from "node:assert/strict";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import { verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { openStatusBlob, statusIv } from "@countersign/protocol/powerauth/activation-status";
import { counterHash, nextCounter, reconcileCounter } from "@countersign/protocol/powerauth/counter";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { activationKeys, deriveKey, masterSecret } from "@countersign/protocol/powerauth/keys";
import {
  computeOffline,
  computeSignature,
  factorCombination,
  factorsOf,
} from "@countersign/protocol/powerauth/signature";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { base64, type PublishedRow, type Values } from "./read.ts";

export type PublishedCheck = (crypto: CryptoProvider, content: unknown) => void;

/** File → check, for files that have their rows in `data`. */
export const officialChecks: ReadonlyMap<string, PublishedCheck> = new Map([
  ["reference/official/activation-status-blob-data.json", rows(checkStatusBlob)],
  ["reference/official/activation-status-blob-iv.json", rows(checkStatusIv)],
  ["reference/official/compute-derived-keys.json", rows(checkDerivedKeys)],
  ["reference/official/compute-master-secret-key.json", rows(checkMasterSecret)],
  ["reference/official/public-key-fingerprint-v3.json", rows(checkFingerprint)],
  ["reference/official/signatures-offline.json", rows(checkOffline)],
  ["reference/official/signatures-v3.json", rows(checkOnline("3.0"))],
  ["reference/official/signatures-v31.json", rows(checkOnline("3.1"))],
  ["reference/official/verify-activation-data-signature-v3.json", rows(checkActivationSignature)],
  ["reference/mobile-sdk-core/compute-derived-keys.json", rows(checkDerivedKeys)],
  ["reference/mobile-sdk-core/compute-master-secret-key.json", rows(checkMasterSecret)],
  ["reference/mobile-sdk-core/public-key-fingerprint.json", rows(checkFingerprint)],
  ["reference/mobile-sdk-core/signatures-v3.json", rows(checkOnline("3.0"))],
  ["protocol4-draft/authentication-v3.json", rows(checkOnline("3.0"))],
  ["protocol4-draft/authentication-v31.json", rows(checkOnline("3.1"))],
  ["protocol4-draft/authentication-offline.json", rows(checkOffline)],
]);

function rows(check: (crypto: CryptoProvider, row: PublishedRow) => void): PublishedCheck {
  return (crypto, content) => {
    const { data } = content as { readonly data: readonly PublishedRow[] };
    assert.ok(data.length > 0);
    for (const row of data) check(crypto, row);
  };
}

/** The counter's hash is of a value `counterDistance` steps after the given one. */
function checkStatusBlob(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const transport = crypto.secretKey(base64(input.transportKey));
  const transportIv = deriveKey(crypto, transport, 3000);
  const transportCtr = deriveKey(crypto, transport, 4000);
  const [challenge, nonce] = [base64(input.challenge), base64(input.nonce)];
  const blob = openStatusBlob(crypto, { transport, transportIv }, input.encryptedStatusBlob!, challenge, nonce);
  assert.ok(!isFailure(blob));
  const { ctrDataHash, ...numbers } = blob;
  assert.deepEqual(numbers, {
    state: Number(output.activationStatus),
    currentVersion: Number(output.currentVersion),
    upgradeVersion: Number(output.upgradeVersion),
    ctrByte: Number(output.ctrByte),
    failedAttempts: Number(output.failedAttempts),
    maxFailedAttempts: Number(output.maxFailedAttempts),
    lookAhead: Number(output.ctrLookAhead),
  });
  assert.equal(toBase64(ctrDataHash), output.ctrDataHash);

  const distance = Number(output.counterDistance);
  let ctr = base64(input.ctrData);
  if (distance < 0) {
    const local = { ctrData: ctr, ctrByte: blob.ctrByte };
    assert.notEqual(reconcileCounter(crypto, local, blob, transportCtr).outcome, "in-sync");
    return;
  }
  for (let step = 0; step < distance; step++) ctr = nextCounter(crypto, ctr);
  assert.deepEqual(counterHash(crypto, transportCtr, ctr), ctrDataHash);
}

function checkStatusIv(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const transportIv = deriveKey(crypto, crypto.secretKey(base64(input.transportKey)), 3000);
  assert.equal(toBase64(statusIv(crypto, transportIv, base64(input.challenge), base64(input.nonce))), output.iv);
}

function checkDerivedKeys(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const keys = activationKeys(crypto, crypto.secretKey(base64(input.masterSecretKey)));
  const text = (name: keyof typeof keys) => toBase64(crypto.secretBytes(keys[name]));
  assert.deepEqual(
    { ...output },
    {
      signaturePossessionKey: text("possession"),
      signatureKnowledgeKey: text("knowledge"),
      signatureBiometryKey: text("biometry"),
      transportKey: text("transport"),
      vaultEncryptionKey: text("vault"),
    },
  );
}

function checkMasterSecret(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const device = keyPair(crypto, input.devicePrivateKey, input.devicePublicKey);
  const server = keyPair(crypto, input.serverPrivateKey, input.serverPublicKey);
  for (const [own, other] of [
    [device, server],
    [server, device],
  ] as const) {
    const master = masterSecret(crypto, own.privateKey, other.publicKey);
    assert.equal(toBase64(crypto.secretBytes(master)), output.masterSecretKey);
  }
}

function keyPair(crypto: CryptoProvider, privateText: string | undefined, publicText: string | undefined) {
  const privateKey = crypto.importPrivateKey(base64(privateText))!;
  const publicKey = crypto.importPublicKey(base64(publicText))!;
  const computed = crypto.exportPublicKey(crypto.publicKeyOf(privateKey), "uncompressed");
  assert.deepEqual(computed, crypto.exportPublicKey(publicKey, "uncompressed"));
  return { privateKey, publicKey };
}

function checkFingerprint(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const device = crypto.importPublicKey(base64(input.devicePublicKey))!;
  const server = crypto.importPublicKey(base64(input.serverPublicKey))!;
  assert.equal(activationFingerprint(crypto, device, output.activationId!, server), output.fingerprint);
}

/** Two generations of member names for one content. */
function signatureKeys(crypto: CryptoProvider, input: Values) {
  const texts = {
    possession: input.signaturePossessionKey ?? input.possessionFactorKey,
    knowledge: input.signatureKnowledgeKey ?? input.knowledgeFactorKey,
    biometry: input.signatureBiometryKey ?? input.biometryFactorKey,
  };
  const combination = factorCombination((input.signatureType ?? input.authenticationCodeType)!)!;
  return factorsOf(combination).map((factor) => crypto.secretKey(base64(texts[factor])));
}

function checkOnline(version: string) {
  return (crypto: CryptoProvider, { input, output }: PublishedRow): void => {
    const keys = signatureKeys(crypto, input);
    const [ctr, data] = [base64(input.counterData), base64(input.data)];
    const signature = computeSignature(crypto, versionRow(version)!, keys, ctr, data);
    assert.equal(signature, output.signature ?? output.authenticationCode);
  };
}

function checkOffline(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const keys = signatureKeys(crypto, input);
  const length = Number(input.signatureComponentLength ?? input.componentLength);
  const signature = computeOffline(crypto, keys, base64(input.counterData), base64(input.data), length);
  assert.equal(signature, output.signature ?? output.authenticationCode);
}

function checkActivationSignature(crypto: CryptoProvider, { input, output }: PublishedRow): void {
  const { publicKey } = keyPair(crypto, input.masterPrivateKey, input.masterPublicKey);
  assert.ok(verifyActivationCode(crypto, publicKey, input.activationCode!, output.activationSignature!));
  assert.ok(crypto.verify(publicKey, utf8(input.activationCode!), base64(output.activationSignature), "der"));
  assert.ok(!verifyActivationCode(crypto, publicKey, `${input.activationCode}A`, output.activationSignature!));
}
