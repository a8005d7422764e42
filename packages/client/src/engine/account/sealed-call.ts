/**
 * Encrypted calls about the activation and the person behind it: JSON in, JSON out, in activation scope.
 *
 * What is signed here is signed before it is encrypted: the signature covers the plaintext (PowerAuth 3.x, signed and
 * encrypted requests). Tokens, vault and recovery have it the other way round and make their own requests.
 */
import { fromUtf8, utf8, type Bytes } from "@countersign/protocol/bytes";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { Device } from "../device.ts";
import { decryptAnswer, encryptForActivation } from "../encrypt.ts";
import { EngineError } from "../errors.ts";
import { signRequest, type Header } from "../sign.ts";
import { inTurn } from "../state.ts";
import { isRecord, throwIfCancelled, type CallOptions } from "../transport.ts";
import type { Unlock } from "../unlock.ts";

type Json = Record<string, unknown>;

/** Proved by the envelope alone, or by the headers that `prove` gives. Throws transport codes, `encryption-failed`. */
export async function callEncrypted(
  device: Device,
  path: string,
  content: Json,
  prove?: () => Promise<Header>,
  options?: CallOptions,
): Promise<Json> {
  const encrypted = await encryptForActivation(device, encryptorIds.activationGeneric, encode(content), options);
  const headers = [encrypted.header, ...(prove === undefined ? [] : [await prove()])];
  const body = JSON.stringify(encrypted.request);
  const answer = await device.transport.post(path, body, asRecord(headers), options);
  return parse(decryptAnswer(device, encrypted, answer));
}

/** In turn with all signed calls. Spends a counter value. */
export function callSignedAndEncrypted(
  device: Device,
  unlock: Unlock,
  call: { readonly path: string; readonly uriId: string; readonly content: Json },
  options?: CallOptions,
): Promise<Json> {
  return inTurn(device, async () => {
    throwIfCancelled(options);
    const { path, uriId, content } = call;
    const plaintext = encode(content);
    const encrypted = await encryptForActivation(device, encryptorIds.activationGeneric, plaintext, options);
    // This header names version and activation too, so that no other one goes along.
    const header = await signRequest(device, unlock, { method: "POST", uriId, body: plaintext });
    const body = JSON.stringify(encrypted.request);
    const answer = await device.transport.post(path, body, asRecord([header]), options);
    return parse(decryptAnswer(device, encrypted, answer));
  });
}

/** The object inside an envelope that came encrypted. */
export function objectIn(envelope: Json): Json {
  if (envelope.status === "OK" && isRecord(envelope.responseObject)) return envelope.responseObject;
  throw malformed();
}

export function malformed(): EngineError {
  return new EngineError("response-malformed", "The server's answer has not the expected members");
}

function asRecord(headers: readonly Header[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]));
}

function encode(content: Json): Bytes {
  return utf8(JSON.stringify(content));
}

function parse(plaintext: Bytes): Json {
  try {
    const value: unknown = JSON.parse(fromUtf8(plaintext) ?? "");
    if (isRecord(value)) return value;
  } catch {
    // Falls through: whatever it is, it is not JSON.
  }
  throw malformed();
}
