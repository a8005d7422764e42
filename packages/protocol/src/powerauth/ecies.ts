/**
 * Encrypted requests and responses, both halves in protocol order (PowerAuth 3.x, ECIES).
 *
 * An exchange is one request and one response under one envelope key. What it does not do: remember requests. From 3.2
 * on the server bounds the timestamp and refuses what it has seen.
 */
import { equalBytes, fromBase64, toBase64, type Bytes, type RandomBytes } from "../bytes.ts";
import type { CryptoProvider, PrivateKey, PublicKey } from "../crypto.ts";
import { failure, isFailure, type Failure } from "../errors.ts";
import {
  bindEnvelope,
  envelopeIv,
  envelopeKeys,
  openBytes,
  sealBytes,
  sharedInfo1,
  sharedInfo2,
  type Encryptor,
  type EnvelopeBinding,
  type EnvelopeContext,
  type EnvelopeKeys,
} from "./envelope.ts";
import type { VersionRow } from "./versions.ts";

export type { Encryptor, EnvelopeContext } from "./envelope.ts";

export const encryptorIds = {
  applicationGeneric: { id: "/pa/generic/application", scope: "application" },
  activationGeneric: { id: "/pa/generic/activation", scope: "activation" },
  /** The inner of the two layers of an activation; application scope, because there is no activation yet. */
  activationLayer2: { id: "/pa/activation", scope: "application" },
  upgrade: { id: "/pa/upgrade", scope: "activation" },
  vaultUnlock: { id: "/pa/vault/unlock", scope: "activation" },
  tokenCreate: { id: "/pa/token/create", scope: "activation" },
  recoveryConfirm: { id: "/pa/recovery/confirm", scope: "activation" },
} as const satisfies Record<string, Encryptor>;

/** As in JSON: Base64 texts, milliseconds since the epoch. What the version does not have is missing or null. */
export interface EncryptedRequest {
  readonly temporaryKeyId?: string | null | undefined;
  readonly ephemeralPublicKey: string;
  readonly encryptedData: string;
  readonly mac: string;
  readonly nonce?: string | null | undefined;
  readonly timestamp?: number | null | undefined;
}

export interface EncryptedResponse {
  readonly encryptedData: string;
  readonly mac: string;
  readonly nonce?: string | null | undefined;
  readonly timestamp?: number | null | undefined;
}

/** Kept by either side between request and response. Good for one response. */
export interface EnvelopeExchange {
  readonly binding: EnvelopeBinding;
  readonly keys: EnvelopeKeys;
  readonly requestNonce: Bytes | undefined;
  /** The ephemeral key as transmitted, unique per request: what a server remembers against replay. */
  readonly ephemeralKey: Bytes;
}

/** Client, step 1. Draws the ephemeral key and the nonce. */
export function sealRequest(
  crypto: CryptoProvider,
  random: RandomBytes,
  context: EnvelopeContext,
  recipientPublicKey: PublicKey,
  plaintext: Bytes,
  now: number,
): { readonly request: EncryptedRequest; readonly exchange: EnvelopeExchange } {
  const { version } = context;
  const ephemeral = crypto.generateKeyPair(random);
  const ephemeralKey = crypto.exportPublicKey(ephemeral.publicKey, "uncompressed");
  const shared = crypto.ecdh(ephemeral.privateKey, recipientPublicKey);
  const keys = envelopeKeys(crypto, shared, sharedInfo1(context), ephemeralKey);
  const binding = bindEnvelope(crypto, context);
  const nonce = version.requestNonce ? random(16) : undefined;
  const timestamp = version.timestamp ? now : undefined;
  const info2 = sharedInfo2(binding, nonce, timestamp, ephemeralKey);
  const sealed = sealBytes(crypto, keys, envelopeIv(crypto, keys, nonce), info2, plaintext);
  const request: EncryptedRequest = {
    ...(version.temporaryKeys && { temporaryKeyId: context.temporaryKeyId }),
    ephemeralPublicKey: toBase64(ephemeralKey),
    encryptedData: toBase64(sealed.encryptedData),
    mac: toBase64(sealed.mac),
    ...(nonce !== undefined && { nonce: toBase64(nonce) }),
    ...(timestamp !== undefined && { timestamp }),
  };
  return { request, exchange: { binding, keys, requestNonce: nonce, ephemeralKey } };
}

/**
 * Server, step 2. `context.temporaryKeyId` is the id of the key that `recipientPrivateKey` is. Fails with
 * `envelope-malformed` for a member that is missing, superfluous or of wrong size for the version, with
 * `temporary-key-mismatch`, `envelope-key-invalid`, `envelope-mac-invalid` or `envelope-not-decrypted`. In 3.1 the MAC
 * does not cover the nonce: a changed one garbles the first 16 bytes of the plaintext.
 */
export function openRequest(
  crypto: CryptoProvider,
  context: EnvelopeContext,
  recipientPrivateKey: PrivateKey,
  request: EncryptedRequest,
): { readonly plaintext: Bytes; readonly exchange: EnvelopeExchange } | Failure {
  const { version } = context;
  const members = readMembers(request, version, version.requestNonce);
  if (members === undefined || typeof request.ephemeralPublicKey !== "string") return failure("envelope-malformed");
  if (version.temporaryKeys !== isPresent(request.temporaryKeyId)) return failure("envelope-malformed");
  if (version.temporaryKeys && request.temporaryKeyId !== context.temporaryKeyId)
    return failure("temporary-key-mismatch");
  const ephemeralKey = fromBase64(request.ephemeralPublicKey);
  if (ephemeralKey === undefined) return failure("envelope-malformed");
  const ephemeralPublicKey = crypto.importPublicKey(ephemeralKey);
  if (ephemeralPublicKey === undefined) return failure("envelope-key-invalid");

  const shared = crypto.ecdh(recipientPrivateKey, ephemeralPublicKey);
  const keys = envelopeKeys(crypto, shared, sharedInfo1(context), ephemeralKey);
  const binding = bindEnvelope(crypto, context);
  const info2 = sharedInfo2(binding, members.nonce, members.timestamp, ephemeralKey);
  const plaintext = openBytes(crypto, keys, envelopeIv(crypto, keys, members.nonce), info2, members);
  if (isFailure(plaintext)) return plaintext;
  return { plaintext, exchange: { binding, keys, requestNonce: members.nonce, ephemeralKey } };
}

/**
 * Server, step 3. In 3.0 and 3.1 key and IV of the request are used again, as those versions have it; from 3.2 on the
 * nonce is fresh and never the request's.
 */
export function sealResponse(
  crypto: CryptoProvider,
  random: RandomBytes,
  exchange: EnvelopeExchange,
  plaintext: Bytes,
  now: number,
): EncryptedResponse {
  const { binding, keys, requestNonce } = exchange;
  const nonce = binding.version.responseNonce ? drawOther(random, requestNonce) : undefined;
  const timestamp = binding.version.timestamp ? now : undefined;
  const iv = envelopeIv(crypto, keys, nonce ?? requestNonce);
  const sealed = sealBytes(crypto, keys, iv, sharedInfo2(binding, nonce, timestamp, undefined), plaintext);
  return {
    encryptedData: toBase64(sealed.encryptedData),
    mac: toBase64(sealed.mac),
    ...(nonce !== undefined && { nonce: toBase64(nonce) }),
    ...(timestamp !== undefined && { timestamp }),
  };
}

/** Client, step 4. The timestamp of an opened response is authentic. Fails as `openRequest` does. */
export function openResponse(
  crypto: CryptoProvider,
  exchange: EnvelopeExchange,
  response: EncryptedResponse,
): Bytes | Failure {
  const { binding, keys, requestNonce } = exchange;
  const members = readMembers(response, binding.version, binding.version.responseNonce);
  if (members === undefined) return failure("envelope-malformed");
  const iv = envelopeIv(crypto, keys, members.nonce ?? requestNonce);
  return openBytes(crypto, keys, iv, sharedInfo2(binding, members.nonce, members.timestamp, undefined), members);
}

/** An encrypted request out of untrusted JSON, by types only; `openRequest` checks the rest. */
export function readEncryptedRequest(value: unknown): EncryptedRequest | Failure {
  const response = readEncryptedResponse(value);
  if (isFailure(response)) return response;
  const { temporaryKeyId, ephemeralPublicKey } = value as Record<string, unknown>;
  if (typeof ephemeralPublicKey !== "string") return failure("envelope-malformed");
  if (isPresent(temporaryKeyId) && typeof temporaryKeyId !== "string") return failure("envelope-malformed");
  return { ...response, ephemeralPublicKey, temporaryKeyId: temporaryKeyId ?? undefined };
}

/** The same for a response. */
export function readEncryptedResponse(value: unknown): EncryptedResponse | Failure {
  if (typeof value !== "object" || value === null) return failure("envelope-malformed");
  const { encryptedData, mac, nonce, timestamp } = value as Record<string, unknown>;
  if (typeof encryptedData !== "string" || typeof mac !== "string") return failure("envelope-malformed");
  if (isPresent(nonce) && typeof nonce !== "string") return failure("envelope-malformed");
  if (isPresent(timestamp) && typeof timestamp !== "number") return failure("envelope-malformed");
  return {
    encryptedData,
    mac,
    nonce: nonce ?? undefined,
    timestamp: timestamp ?? undefined,
  };
}

interface Members {
  readonly encryptedData: Bytes;
  readonly mac: Bytes;
  readonly nonce: Bytes | undefined;
  readonly timestamp: number | undefined;
}

/** Undefined where a member is missing, superfluous, not canonical Base64 or of another size. */
function readMembers(message: EncryptedResponse, version: VersionRow, hasNonce: boolean): Members | undefined {
  const { nonce, timestamp } = message;
  if (isPresent(nonce) !== hasNonce || isPresent(timestamp) !== version.timestamp) return undefined;
  const encryptedData = decodeMember(message.encryptedData);
  const mac = decodeMember(message.mac);
  if (encryptedData === undefined || mac?.length !== 32) return undefined;
  const nonceBytes = isPresent(nonce) ? decodeMember(nonce) : undefined;
  if (hasNonce && nonceBytes?.length !== 16) return undefined;
  if (isPresent(timestamp) && (!Number.isSafeInteger(timestamp) || timestamp < 0)) return undefined;
  return { encryptedData, mac, nonce: nonceBytes, timestamp: timestamp ?? undefined };
}

function decodeMember(value: unknown): Bytes | undefined {
  return typeof value === "string" ? fromBase64(value) : undefined;
}

function isPresent<Value>(value: Value | null | undefined): value is Value {
  return value !== undefined && value !== null;
}

function drawOther(random: RandomBytes, other: Bytes | undefined): Bytes {
  for (;;) {
    const drawn = random(16);
    if (other === undefined || !equalBytes(drawn, other)) return drawn;
  }
}
