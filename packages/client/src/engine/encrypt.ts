/**
 * Encrypted requests in both scopes, for calls of the engine and of the application (PowerAuth 3.x, ECIES).
 */
import type { Bytes } from "@countersign/protocol/bytes";
import type { PublicKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  openResponse,
  readEncryptedResponse,
  sealRequest,
  type EncryptedRequest,
  type EnvelopeExchange,
} from "@countersign/protocol/powerauth/ecies";
import type { Encryptor } from "@countersign/protocol/powerauth/envelope";
import { encryptionHeaderName, writeEncryptionHeader } from "@countersign/protocol/powerauth/headers";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import type { Header } from "./sign.ts";
import { requireState, type DeviceState } from "./state.ts";
import { forgetTemporaryKey, serverKey, temporaryKey } from "./temporary-keys.ts";
import { currentTime, synchronizeOnce } from "./time.ts";
import { successfulJson, type Answer, type CallOptions } from "./transport.ts";

/** `State` is the activation the envelope is bound to, or undefined in application scope. */
export interface Encrypted<State extends DeviceState | undefined> {
  readonly request: EncryptedRequest;
  /** To be sent unless the request is signed as well: then the signature header says all of it. */
  readonly header: Header;
  readonly exchange: EnvelopeExchange;
  readonly state: State;
}

export interface Recipient {
  readonly publicKey: PublicKey;
  readonly temporaryKeyId: string | undefined;
}

/** Throws `encryption-failed` and transport codes. */
export function encryptForApplication(
  device: Device,
  encryptor: Encryptor & { readonly scope: "application" },
  plaintext: Bytes,
  options?: CallOptions,
): Promise<Encrypted<undefined>> {
  return encrypt(device, encryptor, plaintext, undefined, options);
}

/** Throws `activation-missing`, `encryption-failed` and transport codes. */
export async function encryptForActivation(
  device: Device,
  encryptor: Encryptor & { readonly scope: "activation" },
  plaintext: Bytes,
  options?: CallOptions,
): Promise<Encrypted<DeviceState>> {
  return encrypt(device, encryptor, plaintext, await requireState(device), options);
}

async function encrypt<State extends DeviceState | undefined>(
  device: Device,
  encryptor: Encryptor,
  plaintext: Bytes,
  state: State,
  options: CallOptions | undefined,
): Promise<Encrypted<State>> {
  const recipient = await findRecipient(device, state, options);
  const { application, crypto, version } = device;
  const context = {
    version,
    encryptor,
    applicationKey: application.key,
    applicationSecret: application.secret,
    temporaryKeyId: recipient.temporaryKeyId,
    ...(state !== undefined && {
      activationId: state.activationId,
      transportKey: crypto.secretKey(state.transportKey),
    }),
  };
  const now = currentTime(device);
  const { request, exchange } = sealRequest(crypto, device.random, context, recipient.publicKey, plaintext, now);
  const value = writeEncryptionHeader({
    version,
    applicationKey: application.key,
    ...(state !== undefined && { activationId: state.activationId }),
  });
  return { request, exchange, state, header: { name: encryptionHeaderName, value } };
}

/** The key an envelope is made for: the server's long-term one, or from 3.3 on a temporary one. Corrects the clock. */
export async function findRecipient(
  device: Device,
  state: DeviceState | undefined,
  options?: CallOptions,
): Promise<Recipient> {
  if (device.version.temporaryKeys) return temporaryKey(device, state, options);
  if (device.version.timestamp) await synchronizeOnce(device, options);
  const publicKey = state === undefined ? device.application.masterPublicKey : serverKey(device, state);
  return { publicKey, temporaryKeyId: undefined };
}

/** Opens the answer to an encrypted call. Error answers are plain and come out as `unauthorized` or `refused`. */
export function decryptAnswer(device: Device, encrypted: Encrypted<DeviceState | undefined>, answer: Answer): Bytes {
  let json: unknown;
  try {
    json = successfulJson(answer);
  } catch (error) {
    forgetTemporaryKey(device, encrypted.state);
    throw error;
  }
  return decryptResponse(device, encrypted.exchange, json);
}

export function decryptResponse(device: Device, exchange: EnvelopeExchange, response: unknown): Bytes {
  const envelope = readEncryptedResponse(response);
  const plaintext = isFailure(envelope) ? envelope : openResponse(device.crypto, exchange, envelope);
  if (!isFailure(plaintext)) return plaintext;
  throw new EngineError("encryption-failed", "The answer cannot be decrypted", { cause: plaintext.error });
}
