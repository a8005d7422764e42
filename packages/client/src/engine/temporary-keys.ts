/**
 * The server's temporary encryption keys, fetched when needed and reused until shortly before they expire
 * (PowerAuth 3.3, temporary keys). They live in memory only. The answer also corrects the clock.
 */
import { toBase64 } from "@countersign/protocol/bytes";
import type { PublicKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  createTemporaryKeyRequest,
  processTemporaryKeyResponse,
  temporaryKeyMac,
  type TemporaryKey,
} from "@countersign/protocol/powerauth/temporary-key";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import type { DeviceState } from "./state.ts";
import { acceptServerTime, currentTime } from "./time.ts";
import { noHeaders, responseObject, type CallOptions } from "./transport.ts";

export type { TemporaryKey } from "@countersign/protocol/powerauth/temporary-key";

const margin = 10_000;

/** Application scope without `state`, activation scope with it. Throws `encryption-failed` and transport codes. */
export async function temporaryKey(
  device: Device,
  state: DeviceState | undefined,
  options?: CallOptions,
): Promise<TemporaryKey> {
  const { temporaryKeys } = device.memory;
  const scope = scopeName(state);
  const known = temporaryKeys.get(scope);
  if (known !== undefined) {
    const key = await known;
    if (currentTime(device) < key.expiresAt - margin) return key;
  }
  // Somebody else may have asked anew while this call waited for the one that has expired.
  const latest = temporaryKeys.get(scope);
  if (latest !== undefined && latest !== known) return latest;
  const request = requestKey(device, state, options);
  temporaryKeys.set(scope, request);
  request.catch(() => {
    if (temporaryKeys.get(scope) === request) temporaryKeys.delete(scope);
  });
  return request;
}

/** After a refused envelope: the server may have lost the key, so the next one is fetched. */
export function forgetTemporaryKey(device: Device, state: DeviceState | undefined): void {
  device.memory.temporaryKeys.delete(scopeName(state));
}

async function requestKey(
  device: Device,
  state: DeviceState | undefined,
  options: CallOptions | undefined,
): Promise<TemporaryKey> {
  const { application, crypto } = device;
  const claims = {
    applicationKey: application.key,
    ...(state !== undefined && { activationId: state.activationId }),
    challenge: toBase64(device.random(18)),
  };
  const transportKey = state && crypto.secretKey(state.transportKey);
  const jwt = createTemporaryKeyRequest(crypto, claims, temporaryKeyMac(crypto, transportKey, application.secret));
  const askedAt = device.now();
  const body = JSON.stringify({ requestObject: { jwt } });
  const answer = responseObject(await device.transport.ask("/pa/v3/keystore/create", body, noHeaders, options));
  if (typeof answer.jwt !== "string") throw notUsable();
  const key = processTemporaryKeyResponse(crypto, verificationKey(device, state), answer.jwt, claims);
  if (isFailure(key)) throw notUsable(key.error);
  acceptServerTime(device, key.issuedAt, askedAt);
  return key;
}

function verificationKey(device: Device, state: DeviceState | undefined): PublicKey {
  return state === undefined ? device.application.masterPublicKey : serverKey(device, state);
}

export function serverKey(device: Device, state: DeviceState): PublicKey {
  const key = device.crypto.importPublicKey(state.serverPublicKey);
  if (key === undefined) throw new EngineError("activation-data-invalid", "The stored server key is no key");
  return key;
}

function scopeName(state: DeviceState | undefined): string {
  return state === undefined ? "application" : `activation ${state.activationId}`;
}

function notUsable(cause?: unknown): EngineError {
  return new EngineError("encryption-failed", "The server's temporary key cannot be used", { cause });
}
