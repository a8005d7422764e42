/** What a device without a network does with a QR code: reads it, and computes the code that a person retypes. */
import assert from "node:assert/strict";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import {
  authorizeBody,
  offlineSignedData,
  offlineUriId,
  type OfflinePayload,
  parseOfflinePayload,
} from "@countersign/protocol/operation/offline-qr";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { computeOffline, factorKeys, signatureBase } from "@countersign/protocol/powerauth/signature";
import { type Device, rightPin } from "./device.ts";

export interface Retyped {
  readonly factors?: "possession_knowledge" | "possession_biometry";
  readonly pin?: string;
  readonly uriId?: string;
  readonly length?: number;
}

export function scan(text: string): OfflinePayload {
  const payload = parseOfflinePayload(text);
  assert.ok(!isFailure(payload), JSON.stringify(payload));
  return payload;
}

/** Sixteen digits in two groups. Moves the device's counter, as every signature does. */
export function retype(device: Device, { operationId, operationData, nonce, totp }: OfflinePayload, how: Retyped = {}) {
  const { factors = "possession_knowledge", pin = rightPin, uriId = offlineUriId, length = 8 } = how;
  const { keys } = device.activation;
  const wrong = crypto.secretKey(crypto.sha256(utf8(pin)).slice(0, 16));
  const own = pin === rightPin ? keys : { ...keys, knowledge: wrong, biometry: wrong };
  const data = offlineSignedData(nonce, authorizeBody(operationId, operationData, totp), uriId);
  const code = computeOffline(crypto, factorKeys(own, factors), device.counter, data, length);
  skip(device, 1);
  return code;
}

/** As if the device had signed this often and nothing had arrived. */
export function skip(device: Device, count: number): void {
  for (let step = 0; step < count; step++) device.counter = nextCounter(crypto, device.counter);
}

/** `data` of `/signature/offline/verify`: without a one-time password. */
export function verifiedData({ operationId, operationData, nonce }: OfflinePayload, uriId = offlineUriId): string {
  return signatureBase("POST", uriId, nonce, authorizeBody(operationId, operationData));
}

/** As apps show it. */
export function grouped(code: string): string {
  return code.replace("-", "").replace(/(\d{4})(?=\d)/g, "$1 ");
}

export const seed = toBase64(new Uint8Array(16).fill(7));
