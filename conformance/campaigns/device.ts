/**
 * A device made of the client halves of the protocol, fast enough to run many: factor keys are held in memory, a wrong
 * PIN is a wrong knowledge key. It keeps every counter value it ever had, so that the position of the server's counter
 * can be told exactly, not only reconciled.
 */
import { randomBytes } from "node:crypto";
import { toBase64, toBase64Url, utf8 } from "@countersign/protocol/bytes";
import type { PublicKey, SecretKey } from "@countersign/protocol/crypto";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { createActivationRequest, processActivationResponse } from "@countersign/protocol/powerauth/activation";
import type { EncryptedRequest, EncryptedResponse } from "@countersign/protocol/powerauth/ecies";
import { signatureHeaderName, writeSignatureHeader } from "@countersign/protocol/powerauth/headers";
import { type ActivationKeys, activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import {
  computeSignature,
  type FactorCombination,
  factorsOf,
  signatureBase,
  signedData,
} from "@countersign/protocol/powerauth/signature";
import {
  createTemporaryKeyRequest,
  processTemporaryKeyResponse,
  type TemporaryKey,
  type TemporaryKeyClaims,
  temporaryKeyMac,
} from "@countersign/protocol/powerauth/temporary-key";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { type VersionRow, versionRow } from "@countersign/protocol/powerauth/versions";
import type { App, Bank } from "./bank.ts";
import { BrokenRule } from "./campaign.ts";
import { isLost, send, textOf } from "./http.ts";

export const version: VersionRow = versionRow("3.3")!;
export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));

export interface Device {
  readonly app: App;
  readonly userId: string;
  readonly activationId: string;
  readonly keys: ActivationKeys;
  readonly serverPublicKey: PublicKey;
  /** Every counter value from the first on; grows as it is asked for. */
  readonly counters: Uint8Array[];
  /** Numeric counter value of the next signature. */
  next: number;
}

/** Activates over the public API and commits in the back office. */
export async function activate(publicUrl: string, bank: Bank, app: App, userId: string): Promise<Device> {
  const started = await bank.office("/activation/init", { applicationId: app.applicationId, userId });
  const masterKey = crypto.importPublicKey(app.masterPublicKey);
  if (masterKey === undefined) throw new Error("The master key is no point");
  const temporary = await temporaryKey(publicUrl, app, masterKey);
  const pair = crypto.generateKeyPair(random);
  const { applicationKey, applicationSecret } = app;
  const context = { version, applicationKey, applicationSecret, temporaryKeyId: temporary.temporaryKeyId };
  const identity = {
    type: "CODE",
    identityAttributes: { code: textOf(started, "activationCode") },
  } as const;
  const description = { activationName: "campaign", platform: "test" };
  const { publicKey } = temporary;
  const now = Date.now();
  const made = createActivationRequest(crypto, random, context, publicKey, pair.publicKey, identity, description, now);
  const header = `PowerAuth version="${version.version}", application_key="${applicationKey}"`;
  const answer = await encryptedCall(`${publicUrl}/pa/v3/activation/create`, made.request, {
    "x-powerauth-encryption": header,
  });
  requireFreshNonce(made.request, answer);
  const result = processActivationResponse(crypto, made.exchange, answer);
  if (isFailure(result)) throw new Error(`The activation's answer: ${result.error}`);
  await bank.office("/activation/commit", { activationId: result.activationId });
  const keys = activationKeys(crypto, masterSecret(crypto, pair.privateKey, result.serverPublicKey));
  const { activationId, serverPublicKey, ctrData } = result;
  return { app, userId, activationId, keys, serverPublicKey, counters: [ctrData], next: 0 };
}

/** Application scope, or with `device` activation scope. */
export async function temporaryKey(
  publicUrl: string,
  app: App,
  verifiedBy: PublicKey,
  device?: Device,
): Promise<TemporaryKey> {
  const claims: TemporaryKeyClaims = {
    applicationKey: app.applicationKey,
    ...(device !== undefined && { activationId: device.activationId }),
    challenge: toBase64(random(18)),
  };
  const mac = temporaryKeyMac(crypto, device?.keys.transport, app.applicationSecret);
  const jwt = createTemporaryKeyRequest(crypto, claims, mac);
  const body = JSON.stringify({ requestObject: { jwt } });
  const answer = await send({ url: `${publicUrl}/pa/v3/keystore/create`, body });
  if (isLost(answer) || answer.status !== 200) throw new Error(`keystore/create: ${JSON.stringify(answer)}`);
  const key = processTemporaryKeyResponse(crypto, verifiedBy, textOf(answer.json, "responseObject", "jwt"), claims);
  if (isFailure(key)) throw new Error(`The temporary key's answer: ${key.error}`);
  return key;
}

export async function encryptedCall(
  url: string,
  request: EncryptedRequest,
  headers: Readonly<Record<string, string>>,
): Promise<EncryptedResponse> {
  const answer = await send({ url, headers, body: JSON.stringify(request) });
  if (isLost(answer) || answer.status !== 200) throw new Error(`${url}: ${JSON.stringify(answer)}`);
  return answer.json as EncryptedResponse;
}

/** An answer under the request's nonce would be encrypted under the request's key and IV. */
export function requireFreshNonce(request: EncryptedRequest, response: EncryptedResponse): void {
  if (request.nonce === response.nonce) throw new BrokenRule("nonce-fresh", "an answer repeats the request's nonce");
}

export interface Signing {
  readonly uriId: string;
  readonly body: string;
  readonly factors: FactorCombination;
  readonly pin?: "right" | "wrong";
  /** The counter value to use instead of the next one, which then stays where it is. */
  readonly counter?: number;
}

export interface Signed {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly counter: number;
  readonly digest: string;
}

export function sign(device: Device, { uriId, body, factors, pin = "right", counter }: Signing): Signed {
  const at = counter ?? device.next++;
  const base = signatureBase("POST", uriId, toBase64(random(16)), utf8(body));
  const data = signedData(base, device.app.applicationSecret);
  const keys = factorsOf(factors).map((factor): SecretKey => {
    return factor === "knowledge" && pin === "wrong" ? crypto.secretKey(random(16)) : device.keys[factor];
  });
  const signature = computeSignature(crypto, version, keys, counterAt(device, at), data);
  const header = writeSignatureHeader({
    activationId: device.activationId,
    applicationKey: device.app.applicationKey,
    nonce: base.split("&")[2]!,
    signatureType: factors,
    signature,
    version,
  });
  return {
    headers: { [signatureHeaderName]: header },
    body,
    counter: at,
    digest: toBase64Url(crypto.sha256(utf8(base))),
  };
}

export function counterAt(device: Device, position: number): Uint8Array {
  while (device.counters.length <= position) device.counters.push(nextCounter(crypto, device.counters.at(-1)!));
  return device.counters[position]!;
}
