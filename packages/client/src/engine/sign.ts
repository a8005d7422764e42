/**
 * Signatures of requests and of offline operations, and the signed calls the engine makes itself.
 *
 * Each computed signature spends one counter value, and the next value is durable before the signature leaves this file
 * (PowerAuth 3.x, hash-based counter). A failed computation spends none.
 */
import { fromBase64, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { signatureHeaderName, writeSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { computeOffline, computeSignature, signatureBase, signedData } from "@countersign/protocol/powerauth/signature";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import { changeState, inTurn, type DeviceState } from "./state.ts";
import { throwIfCancelled, type Answer, type CallOptions } from "./transport.ts";
import { unlockKeys, type Unlock } from "./unlock.ts";

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface RequestToSign {
  /** Upper case. `GET` signs the canonical query as body. */
  readonly method: string;
  /** Logical id of the endpoint, not its path. */
  readonly uriId: string;
  /** The exact bytes that are sent. */
  readonly body: Bytes;
}

/** Throws `activation-missing`, `password-too-short`, `biometry-not-configured`, `storage`. */
export function signRequest(device: Device, unlock: Unlock, request: RequestToSign): Promise<Header> {
  const nonce = toBase64(device.random(16));
  const base = signatureBase(request.method, request.uriId, nonce, request.body);
  const data = signedData(base, device.application.secret);
  return changeState(device, (state) => {
    const keys = unlockKeys(device, state, unlock);
    const value = writeSignatureHeader({
      activationId: state.activationId,
      applicationKey: device.application.key,
      nonce,
      signatureType: unlock.factors,
      signature: computeSignature(device.crypto, device.version, keys, state.ctrData, data),
      version: device.version,
    });
    return { state: spendCounter(device, state), result: { name: signatureHeaderName, value } };
  });
}

export interface OfflineToSign {
  readonly uriId: string;
  /** Base64 as received with the operation. */
  readonly nonce: string;
  readonly body: Bytes;
  /** Digits per factor, 4 to 8; 8 unless given. */
  readonly length?: number | undefined;
}

/** Digits a person retypes. Throws as `signRequest`, and `parameter-invalid` for a nonce that is no Base64. */
export async function signOffline(device: Device, unlock: Unlock, operation: OfflineToSign): Promise<string> {
  const { length = 8 } = operation;
  if (operation.nonce === "" || fromBase64(operation.nonce) === undefined) {
    throw new EngineError("parameter-invalid", "The nonce is not Base64");
  }
  if (!Number.isInteger(length) || length < 4 || length > 8) {
    throw new EngineError("parameter-invalid", "A component has 4 to 8 digits");
  }
  const data = signedData(signatureBase("POST", operation.uriId, operation.nonce, operation.body), "offline");
  return changeState(device, (state) => {
    const keys = unlockKeys(device, state, unlock);
    const result = computeOffline(device.crypto, keys, state.ctrData, data, length);
    return { state: spendCounter(device, state), result };
  });
}

export interface SignedCall {
  readonly path: string;
  readonly uriId: string;
  readonly body: string;
}

/** Signs and sends in turn. The header of an encrypted call is this one alone: it names version and activation too. */
export function sendSigned(device: Device, unlock: Unlock, call: SignedCall, options?: CallOptions): Promise<Answer> {
  return inTurn(device, () => signAndSend(device, unlock, call, options));
}

/** For callers that hold the turn already. */
export async function signAndSend(
  device: Device,
  unlock: Unlock,
  call: SignedCall,
  options?: CallOptions,
): Promise<Answer> {
  throwIfCancelled(options);
  const { path, uriId, body } = call;
  const header = await signRequest(device, unlock, { method: "POST", uriId, body: utf8(body) });
  return device.transport.post(path, body, { [header.name]: header.value }, options);
}

function spendCounter(device: Device, state: DeviceState): DeviceState {
  return { ...state, ctrData: nextCounter(device.crypto, state.ctrData), ctrByte: (state.ctrByte + 1) % 256 };
}
