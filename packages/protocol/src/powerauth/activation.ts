/**
 * The key exchange: two envelopes, one inside the other, both halves in protocol order (PowerAuth 3.x, activation).
 *
 * The outer layer tells the server whose activation this is, the inner one carries the device's key. Both are of
 * application scope and go to one recipient key: the application's master key, from 3.3 on a temporary key.
 */
import { fromBase64, toBase64, utf8, type Bytes, type RandomBytes } from "../bytes.ts";
import { readPublicKey, type CryptoProvider, type PrivateKey, type PublicKey } from "../crypto.ts";
import { failure, isFailure, type Failure } from "../errors.ts";
import { isAbsent, isJsonObject, readJsonObject } from "../json.ts";
import { isActivationCode } from "./activation-code.ts";
import {
  encryptorIds,
  openRequest,
  openResponse,
  readEncryptedRequest,
  readEncryptedResponse,
  sealRequest,
  sealResponse,
  type EncryptedRequest,
  type EncryptedResponse,
  type EnvelopeContext,
  type EnvelopeExchange,
} from "./ecies.ts";
import { isPuk } from "./recovery.ts";

/** The envelope context without the encryptor, which each layer has its own of. */
export type ActivationContext = Pick<
  EnvelopeContext,
  "version" | "applicationKey" | "applicationSecret" | "temporaryKeyId"
>;

export type ActivationType = "CODE" | "CUSTOM" | "DIRECT" | "RECOVERY";

/** Outer layer: how the server finds out whose activation it is. */
export interface ActivationIdentity {
  readonly type: ActivationType;
  /** `code` for CODE; `recoveryCode` and `puk` for RECOVERY; else whatever the server has agreed upon. */
  readonly identityAttributes: Readonly<Record<string, string>>;
  readonly customAttributes?: Readonly<Record<string, unknown>> | undefined;
}

/** Inner layer, beside the device's key. */
export interface DeviceDescription {
  readonly activationName?: string | undefined;
  readonly activationOtp?: string | undefined;
  readonly extras?: string | undefined;
  readonly platform?: string | undefined;
  readonly deviceInfo?: string | undefined;
}

/** The two exchanges, outer and inner, kept by either side between request and response. */
export interface ActivationExchange {
  readonly outer: EnvelopeExchange;
  readonly inner: EnvelopeExchange;
}

export interface OpenedActivationRequest {
  readonly identity: ActivationIdentity;
  readonly device: DeviceDescription;
  readonly devicePublicKey: PublicKey;
  readonly exchange: ActivationExchange;
}

export interface ActivationRecovery {
  readonly recoveryCode: string;
  readonly puk: string;
}

export interface ActivationResult {
  readonly activationId: string;
  readonly serverPublicKey: PublicKey;
  /** 16 bytes: where both counters start. */
  readonly ctrData: Bytes;
  readonly activationRecovery?: ActivationRecovery | undefined;
  readonly customAttributes?: Readonly<Record<string, unknown>> | undefined;
  readonly userInfo?: Readonly<Record<string, unknown>> | undefined;
}

/** Client, step 1. */
export function createActivationRequest(
  crypto: CryptoProvider,
  random: RandomBytes,
  context: ActivationContext,
  recipientPublicKey: PublicKey,
  devicePublicKey: PublicKey,
  identity: ActivationIdentity,
  device: DeviceDescription,
  now: number,
): { readonly request: EncryptedRequest; readonly exchange: ActivationExchange } {
  const innerPlaintext = json({
    devicePublicKey: toBase64(crypto.exportPublicKey(devicePublicKey, "uncompressed")),
    activationName: device.activationName,
    activationOtp: device.activationOtp,
    extras: device.extras,
    platform: device.platform,
    deviceInfo: device.deviceInfo,
  });
  const inner = sealRequest(crypto, random, layer2(context), recipientPublicKey, innerPlaintext, now);
  const outerPlaintext = json({
    type: identity.type,
    identityAttributes: identity.identityAttributes,
    customAttributes: identity.customAttributes,
    activationData: inner.request,
  });
  const outer = sealRequest(crypto, random, layer1(context), recipientPublicKey, outerPlaintext, now);
  return { request: outer.request, exchange: { outer: outer.exchange, inner: inner.exchange } };
}

/**
 * Server, step 2. Fails as `openRequest` does for either layer, with `activation-data-malformed` for what is inside, or
 * with `public-key-invalid` for the device's key. Whether the code exists is the server's question.
 */
export function openActivationRequest(
  crypto: CryptoProvider,
  context: ActivationContext,
  recipientPrivateKey: PrivateKey,
  request: EncryptedRequest,
): OpenedActivationRequest | Failure {
  const outer = openRequest(crypto, layer1(context), recipientPrivateKey, request);
  if (isFailure(outer)) return outer;
  const identity = readIdentity(outer.plaintext);
  if (isFailure(identity)) return identity;
  const inner = openRequest(crypto, layer2(context), recipientPrivateKey, identity.activationData);
  if (isFailure(inner)) return inner;
  const device = readDevice(inner.plaintext);
  if (isFailure(device)) return device;
  const { devicePublicKey: encodedKey, ...description } = device;
  const devicePublicKey = readPublicKey(crypto, encodedKey);
  if (isFailure(devicePublicKey)) return devicePublicKey;
  const { activationData: _, ...rest } = identity;
  return {
    identity: rest,
    device: description,
    devicePublicKey,
    exchange: { outer: outer.exchange, inner: inner.exchange },
  };
}

/** Server, step 3. */
export function sealActivationResponse(
  crypto: CryptoProvider,
  random: RandomBytes,
  exchange: ActivationExchange,
  result: ActivationResult,
  now: number,
): EncryptedResponse {
  const innerPlaintext = json({
    activationId: result.activationId,
    serverPublicKey: toBase64(crypto.exportPublicKey(result.serverPublicKey, "uncompressed")),
    ctrData: toBase64(result.ctrData),
    activationRecovery: result.activationRecovery,
  });
  const outerPlaintext = json({
    activationData: sealResponse(crypto, random, exchange.inner, innerPlaintext, now),
    customAttributes: result.customAttributes,
    userInfo: result.userInfo,
  });
  return sealResponse(crypto, random, exchange.outer, outerPlaintext, now);
}

/** Client, step 4. Derive the keys with `masterSecret` and `activationKeys`; the local counter byte starts at zero. */
export function processActivationResponse(
  crypto: CryptoProvider,
  exchange: ActivationExchange,
  response: EncryptedResponse,
): ActivationResult | Failure {
  const outerPlaintext = openResponse(crypto, exchange.outer, response);
  if (isFailure(outerPlaintext)) return outerPlaintext;
  const outer = readJsonObject(outerPlaintext);
  const innerResponse = readEncryptedResponse(outer?.activationData);
  if (outer === undefined || isFailure(innerResponse)) return failure("activation-data-malformed");
  const innerPlaintext = openResponse(crypto, exchange.inner, innerResponse);
  if (isFailure(innerPlaintext)) return innerPlaintext;

  const { activationId, serverPublicKey, ctrData, activationRecovery } = readJsonObject(innerPlaintext) ?? {};
  if (typeof activationId !== "string" || activationId === "") return failure("activation-data-malformed");
  if (typeof serverPublicKey !== "string" || typeof ctrData !== "string") return failure("activation-data-malformed");
  const counter = fromBase64(ctrData);
  if (counter?.length !== 16) return failure("activation-data-malformed");
  const recovery = readRecovery(activationRecovery);
  if (isFailure(recovery)) return recovery;
  const key = readPublicKey(crypto, serverPublicKey);
  if (isFailure(key)) return key;
  return {
    activationId,
    serverPublicKey: key,
    ctrData: counter,
    ...(recovery !== undefined && { activationRecovery: recovery }),
    ...(isJsonObject(outer.customAttributes) && { customAttributes: outer.customAttributes }),
    ...(isJsonObject(outer.userInfo) && { userInfo: outer.userInfo }),
  };
}

function layer1(context: ActivationContext): EnvelopeContext {
  return { ...context, encryptor: encryptorIds.applicationGeneric };
}

function layer2(context: ActivationContext): EnvelopeContext {
  return { ...context, encryptor: encryptorIds.activationLayer2 };
}

const activationTypes: ReadonlySet<unknown> = new Set<ActivationType>(["CODE", "CUSTOM", "DIRECT", "RECOVERY"]);

function readIdentity(
  plaintext: Bytes,
): (ActivationIdentity & { readonly activationData: EncryptedRequest }) | Failure {
  const { type, identityAttributes, customAttributes, activationData: data } = readJsonObject(plaintext) ?? {};
  const activationData = readEncryptedRequest(data);
  if (!activationTypes.has(type) || !isTextMap(identityAttributes) || isFailure(activationData)) {
    return failure("activation-data-malformed");
  }
  if (!isAbsent(customAttributes) && !isJsonObject(customAttributes)) return failure("activation-data-malformed");
  return {
    type: type as ActivationType,
    identityAttributes,
    ...(isJsonObject(customAttributes) && { customAttributes }),
    activationData,
  };
}

const descriptionMembers = ["activationName", "activationOtp", "extras", "platform", "deviceInfo"] as const;

function readDevice(plaintext: Bytes): (DeviceDescription & { readonly devicePublicKey: string }) | Failure {
  const members = readJsonObject(plaintext);
  if (members === undefined || typeof members.devicePublicKey !== "string") return failure("activation-data-malformed");
  const device: Record<string, string> & { devicePublicKey: string } = { devicePublicKey: members.devicePublicKey };
  for (const name of descriptionMembers) {
    const value = members[name];
    if (isAbsent(value)) continue;
    if (typeof value !== "string") return failure("activation-data-malformed");
    device[name] = value;
  }
  return device;
}

function readRecovery(value: unknown): ActivationRecovery | undefined | Failure {
  if (isAbsent(value)) return undefined;
  const { recoveryCode, puk } = isJsonObject(value) ? value : {};
  if (typeof recoveryCode !== "string" || !isActivationCode(recoveryCode)) return failure("recovery-code-invalid");
  return typeof puk === "string" && isPuk(puk) ? { recoveryCode, puk } : failure("puk-invalid");
}

/** Absent members are left out, as `JSON.stringify` does with undefined. */
function json(value: Record<string, unknown>): Bytes {
  return utf8(JSON.stringify(value));
}

function isTextMap(value: unknown): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((item) => typeof item === "string");
}
