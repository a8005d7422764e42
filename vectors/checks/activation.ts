/** Checks of activation codes, fingerprints, the status blob, the vault and recovery codes (PowerAuth 3.x). */
import { toBase64 } from "@countersign/protocol/bytes";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { encodeActivationCode, isActivationCode } from "@countersign/protocol/powerauth/activation-code";
import {
  type ActivationStatusBlob,
  openStatusBlob,
  sealStatusBlob,
  statusIv,
} from "@countersign/protocol/powerauth/activation-status";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { deriveKey } from "@countersign/protocol/powerauth/keys";
import { deriveRecoveryData, hashPuk, verifyPuk } from "@countersign/protocol/powerauth/recovery";
import {
  openDevicePrivateKey,
  sealDevicePrivateKey,
  unwrapVaultKey,
  wrapVaultKey,
} from "@countersign/protocol/powerauth/vault";
import { argon2Of } from "../argon2.ts";
import type { RowCheck } from "../row.ts";
import { decoded, importPrivate, importPublic } from "./keys.ts";

export const checkActivationCode: RowCheck = (_crypto, { input, output }, expect) => {
  const code = encodeActivationCode(input.bytes("bytes"));
  expect.equal("code", code, output.text("code"));
  expect.that("the code is valid", isActivationCode(code));
};

export const checkActivationCodeValidity: RowCheck = (_crypto, { input, output }, expect) => {
  expect.equal("valid", isActivationCode(input.text("code")), output.flag("valid"));
};

export const checkFingerprint: RowCheck = (crypto, { input, output }, expect) => {
  const device = importPublic(crypto, input.bytes("devicePublicKey"));
  const server = importPublic(crypto, input.bytes("serverPublicKey"));
  const fingerprint = activationFingerprint(crypto, device, input.text("activationId"), server);
  expect.equal("fingerprint", fingerprint, output.text("fingerprint"));
};

export const checkStatusIv: RowCheck = (crypto, { input, output }, expect) => {
  const transportIv = deriveKey(crypto, crypto.secretKey(input.bytes("transportKey")), 3000);
  expect.equal("iv", statusIv(crypto, transportIv, input.bytes("challenge"), input.bytes("nonce")), output.bytes("iv"));
};

/** Members of the blob in the vector's words. Those of the counter are random in the form without a challenge. */
const statusMembers = {
  state: "activationStatus",
  currentVersion: "currentVersion",
  upgradeVersion: "upgradeVersion",
  failedAttempts: "failedAttempts",
  maxFailedAttempts: "maxFailedAttempts",
} as const;

export const checkStatusBlob: RowCheck = (crypto, { input, output }, expect) => {
  const transport = crypto.secretKey(input.bytes("transportKey"));
  const keys = { transport, transportIv: deriveKey(crypto, transport, 3000) };
  const challenge = input.bytesOrNull("challenge") ?? undefined;
  const nonce = input.bytesOrNull("nonce") ?? undefined;
  const text = output.text("encryptedStatusBlob");
  const blob: ActivationStatusBlob = {
    state: input.number("activationStatus") as ActivationStatusBlob["state"],
    currentVersion: input.number("currentVersion"),
    upgradeVersion: input.number("upgradeVersion"),
    ctrByte: input.number("ctrByte"),
    failedAttempts: input.number("failedAttempts"),
    maxFailedAttempts: input.number("maxFailedAttempts"),
    lookAhead: input.number("ctrLookAhead"),
    ctrDataHash: input.bytes("ctrDataHash"),
  };

  const opened = openStatusBlob(crypto, keys, text, challenge, nonce);
  if (isFailure(opened)) return expect.equal("opened", opened.error, "a status");
  for (const [name, member] of Object.entries(statusMembers)) {
    expect.equal(member, opened[name as keyof typeof statusMembers], blob[name as keyof typeof statusMembers]);
  }
  if (challenge !== undefined) {
    expect.equal("ctrByte", opened.ctrByte, blob.ctrByte);
    expect.equal("ctrLookAhead", opened.lookAhead, blob.lookAhead);
    expect.equal("ctrDataHash", opened.ctrDataHash, blob.ctrDataHash);
  }
  // Sealed again with the random bytes of the given blob, the text must come out the same.
  const iv = statusIv(crypto, keys.transportIv, challenge, nonce);
  const plaintext = crypto.aesCbcDecrypt(transport, iv, decoded(text), { padding: false })!;
  const filler = plaintext.slice(7, 12);
  const drawn =
    challenge === undefined
      ? [filler, plaintext.slice(12, 13), plaintext.slice(15, 16), plaintext.slice(16)]
      : [filler];
  const random: RandomBytes = () => drawn.shift()!;
  expect.equal("encryptedStatusBlob", sealStatusBlob(crypto, random, keys, blob, challenge, nonce), text);
};

export const checkVault: RowCheck = (crypto, { input, output }, expect) => {
  const vaultKey = crypto.secretKey(input.bytes("vaultKey"));
  const transportKey = crypto.secretKey(input.bytes("transportKey"));
  const privateKey = importPrivate(crypto, input.bytes("privateKey"));
  const encryptedVaultKey = output.text("encryptedVaultKey");
  const encryptedPrivateKey = output.bytes("encryptedDevicePrivateKey");

  expect.equal("encryptedVaultKey", wrapVaultKey(crypto, transportKey, vaultKey), encryptedVaultKey);
  const unwrapped = unwrapVaultKey(crypto, transportKey, encryptedVaultKey);
  if (isFailure(unwrapped)) return expect.equal("vaultKey", unwrapped.error, "a key");
  expect.equal("vaultKey", crypto.secretBytes(unwrapped), crypto.secretBytes(vaultKey));
  const sealed = sealDevicePrivateKey(crypto, vaultKey, privateKey);
  expect.equal("encryptedDevicePrivateKey", sealed, encryptedPrivateKey);
  const opened = openDevicePrivateKey(crypto, vaultKey, encryptedPrivateKey);
  if (isFailure(opened)) return expect.equal("privateKey", opened.error, "a key");
  expect.equal("privateKey", crypto.exportPrivateKey(opened), crypto.exportPrivateKey(privateKey));
};

export const checkRecovery: RowCheck = (crypto, { input, output }, expect) => {
  const indexes = input.texts("pukDerivationIndexes").map(BigInt);
  const { code, puks } = deriveRecoveryData(crypto, input.bytes("secretKey"), input.bytes("nonce"), indexes);
  expect.equal("recoveryCode", code, output.text("recoveryCode"));
  expect.equal("puks", puks, output.texts("puks"));
};

export const checkArgon2: RowCheck = (crypto, { input, output }, expect) => {
  const argon2 = argon2Of(crypto.name);
  const puk = input.text("password");
  const hash = output.text("hash");
  expect.equal("verifies", verifyPuk(argon2, puk, hash), true);
  const salt = decoded(`${hash.split("$")[4]}==`);
  expect.equal("hash", hashPuk(argon2, puk, salt), hash);
  expect.equal("salt length", toBase64(salt).length, 24);
};
