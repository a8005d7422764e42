/** Checks of key derivation, key agreement, the counter and ECDSA (PowerAuth 3.x, key derivation and counter). */
import { concat, fromBase64, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { CryptoProvider, PrivateKey, PublicKey } from "@countersign/protocol/crypto";
import { counterHash, nextCounter } from "@countersign/protocol/powerauth/counter";
import {
  activationKeys,
  deriveInternal,
  deriveKey,
  deriveKeyRaw,
  knowledgeWrappingKey,
  masterSecret,
  x963,
} from "@countersign/protocol/powerauth/keys";
import type { RowCheck } from "../row.ts";

export const checkEcdh: RowCheck = (crypto, { input, output }, expect) => {
  const privateKey = importPrivate(crypto, input.bytes("privateKey"));
  const publicKey = importPublic(crypto, input.bytes("publicKey"));
  expect.equal("shared32", crypto.ecdh(privateKey, publicKey), output.bytes("shared32"));
  const master = crypto.secretBytes(masterSecret(crypto, privateKey, publicKey));
  expect.equal("masterSecretKey", master, output.bytes("masterSecretKey"));
};

const derivedKeyNames = {
  possession: "signaturePossessionKey",
  knowledge: "signatureKnowledgeKey",
  biometry: "signatureBiometryKey",
  transport: "transportKey",
  vault: "vaultEncryptionKey",
  transportIv: "transportIvKey",
  transportCtr: "transportCtrKey",
} as const;

export const checkDerivedKeys: RowCheck = (crypto, { input, output }, expect) => {
  const keys = activationKeys(crypto, crypto.secretKey(input.bytes("masterSecretKey")));
  for (const [name, member] of Object.entries(derivedKeyNames)) {
    expect.equal(member, crypto.secretBytes(keys[name as keyof typeof derivedKeyNames]), output.bytes(member));
  }
};

export const checkKdfInternal: RowCheck = (crypto, { input, output }, expect) => {
  const key = crypto.secretKey(input.bytes("key"));
  expect.equal("key", deriveInternal(crypto, key, input.bytes("index")), output.bytes("key"));
};

export const checkKdfIndex8: RowCheck = (crypto, { input, output }, expect) => {
  const key = crypto.secretKey(input.bytes("key"));
  expect.equal("key", crypto.secretBytes(deriveKeyRaw(crypto, key, input.bytes("index"))), output.bytes("key"));
};

export const checkX963: RowCheck = (crypto, { input, output }, expect) => {
  const key = x963(crypto, input.bytes("secret"), input.bytes("info"), input.number("length"));
  expect.equal("key", key, output.bytes("key"));
};

export const checkPbkdf2: RowCheck = (crypto, { input, output }, expect) => {
  const password = utf8(input.text("password"));
  const salt = input.bytes("salt");
  const iterations = input.number("iterations");
  expect.equal("key", crypto.pbkdf2Sha1(password, salt, iterations, 16), output.bytes("key"));
  if (iterations === 10_000) {
    const wrapping = crypto.secretBytes(knowledgeWrappingKey(crypto, password, salt));
    expect.equal("knowledge wrapping key", wrapping, output.bytes("key"));
  }
};

export const checkCounter: RowCheck = (crypto, { input, output }, expect) => {
  expect.equal("ctrData", nextCounter(crypto, input.bytes("ctrData")), output.bytes("ctrData"));
};

/** The hash is under the key for counters, which is derived from the transport key. */
export const checkCounterHash: RowCheck = (crypto, { input, output }, expect) => {
  const transportCtr = deriveKey(crypto, crypto.secretKey(input.bytes("transportKey")), 4000);
  expect.equal("ctrDataHash", counterHash(crypto, transportCtr, input.bytes("ctrData")), output.bytes("ctrDataHash"));
};

export const checkEcdsaDer: RowCheck = (crypto, { input, output }, expect) => {
  checkSignature(crypto, input.bytes("privateKey"), input.bytes("data"), output.bytes("signature"), expect);
};

/** The signed text joins two Base64 texts. */
export const checkServerDataSignature: RowCheck = (crypto, { input, output }, expect) => {
  const data = utf8(`${toBase64(utf8(input.text("activationId")))}&${toBase64(input.bytes("data"))}`);
  checkSignature(crypto, input.bytes("privateKey"), data, output.bytes("signature"), expect);
};

/** Signatures are randomised: the given one must verify, and so must one of our own. */
export function checkSignature(
  crypto: CryptoProvider,
  privateKeyBytes: Bytes,
  data: Bytes,
  signature: Bytes,
  expect: Parameters<RowCheck>[2],
): void {
  const privateKey = importPrivate(crypto, privateKeyBytes);
  const publicKey = crypto.publicKeyOf(privateKey);
  expect.that("the signature verifies", crypto.verify(publicKey, data, signature, "der"));
  const own = crypto.sign(privateKey, data, "der");
  expect.that("a signature of our own verifies", crypto.verify(publicKey, data, own, "der"));
  const other = concat(data, Uint8Array.of(0));
  expect.that("the signature is refused for other data", !crypto.verify(publicKey, other, signature, "der"));
}

export function importPrivate(crypto: CryptoProvider, bytes: Bytes): PrivateKey {
  const key = crypto.importPrivateKey(bytes);
  if (key === undefined) throw new Error("the private key is refused");
  return key;
}

export function importPublic(crypto: CryptoProvider, sec1: Bytes): PublicKey {
  const key = crypto.importPublicKey(sec1);
  if (key === undefined) throw new Error("the public key is refused");
  return key;
}

export function decoded(value: unknown): Bytes {
  const bytes = typeof value === "string" ? fromBase64(value) : undefined;
  if (bytes === undefined) throw new Error("a member is not Base64");
  return bytes;
}
