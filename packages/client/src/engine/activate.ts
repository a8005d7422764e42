/**
 * From an activation code to a stored activation, and back to none (PowerAuth 3.x, activation).
 *
 * Between the key exchange and `persistActivation` everything is in memory: a process that ends there has no activation.
 */
import type { Bytes } from "@countersign/protocol/bytes";
import type { PrivateKey, PublicKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  createActivationRequest,
  processActivationResponse,
  type ActivationIdentity,
  type ActivationResult,
  type DeviceDescription,
} from "@countersign/protocol/powerauth/activation";
import { parseActivationCode, verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { readEncryptedResponse } from "@countersign/protocol/powerauth/ecies";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { encryptionHeaderName, writeEncryptionHeader } from "@countersign/protocol/powerauth/headers";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import { isPuk, parseRecoveryCode } from "@countersign/protocol/powerauth/recovery";
import { sealDevicePrivateKey } from "@countersign/protocol/powerauth/vault";
import { createBiometryKey, forgetBiometryKey, type BiometryPrompt } from "./biometry.ts";
import type { Device } from "./device.ts";
import { findRecipient } from "./encrypt.ts";
import { EngineError } from "./errors.ts";
import { sendSigned } from "./sign.ts";
import { dropState, loadState, lockState, storeState, type DeviceState } from "./state.ts";
import { forgetTemporaryKey, serverKey } from "./temporary-keys.ts";
import { currentTime } from "./time.ts";
import { dropTokens } from "./tokens.ts";
import { requireSuccess, successfulJson, type CallOptions } from "./transport.ts";
import { lockKnowledge, requireNewPassword, wrapKey, type Unlock } from "./unlock.ts";

/** Keys have been exchanged, nothing is stored. */
export interface PendingActivation {
  readonly activationId: string;
  readonly serverPublicKey: PublicKey;
  readonly devicePublicKey: PublicKey;
  readonly privateKey: PrivateKey;
  readonly ctrData: Bytes;
}

/** How the server finds out whose activation it is. */
export type ActivationSource =
  /** With or without its signature; a signature must be right. */
  | { readonly kind: "code"; readonly activationCode: string }
  /** Whatever application and server have agreed upon. */
  | { readonly kind: "attributes"; readonly identityAttributes: Readonly<Record<string, string>> }
  | { readonly kind: "oidc"; readonly parameters: OidcParameters }
  /** For servers before 2.0. */
  | { readonly kind: "recovery"; readonly recoveryCode: string; readonly puk: string };

/** What came back from the person's sign-in at an OpenID provider. */
export interface OidcParameters {
  /** The server's name of the provider. */
  readonly providerId: string;
  readonly code: string;
  readonly nonce: string;
  /** Where the provider asks for PKCE. */
  readonly codeVerifier?: string | undefined;
}

/** The source, and what the server is told beside it. */
export interface NewActivation extends Pick<DeviceDescription, "activationName" | "activationOtp" | "extras"> {
  readonly source: ActivationSource;
  readonly customAttributes?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Exchanges keys. On any failure nothing is left over and it may be tried again at once. Throws `activation-exists`,
 * `activation-code-invalid`, `activation-code-signature-invalid`, `recovery-code-invalid`, `activation-data-invalid` and
 * transport codes.
 */
export async function createActivation(
  device: Device,
  activation: NewActivation,
  options?: CallOptions,
): Promise<ActivationResult & { readonly fingerprint: string }> {
  const { customAttributes } = activation;
  const identity = {
    ...identify(device, activation.source),
    ...(customAttributes !== undefined && { customAttributes }),
  };
  if (device.memory.pending !== undefined || (await loadState(device)) !== undefined) {
    throw new EngineError("activation-exists", "The device has an activation already");
  }
  const pair = device.crypto.generateKeyPair(device.random);
  const result = await exchangeKeys(device, pair.publicKey, identity, activation, options);
  // A second exchange may have been begun meanwhile; the first to finish wins.
  if (device.memory.pending !== undefined) {
    throw new EngineError("activation-exists", "The device has an activation already");
  }
  const { activationId, serverPublicKey, ctrData } = result;
  const pending = {
    activationId,
    serverPublicKey,
    ctrData,
    devicePublicKey: pair.publicKey,
    privateKey: pair.privateKey,
  };
  device.memory.pending = pending;
  device.memory.userInfo = result.userInfo;
  return { ...result, fingerprint: fingerprintOf(device, pending) };
}

/**
 * Stores the pending activation under a password and, with a prompt, a biometry key. Local. Throws
 * `activation-not-pending`, `activation-exists`, `new-password-too-short` and the biometry codes.
 */
export async function persistActivation(
  device: Device,
  password: Bytes,
  biometry: { readonly prompt: BiometryPrompt | undefined } | undefined,
): Promise<void> {
  const { pending } = device.memory;
  if (pending === undefined) throw new EngineError("activation-not-pending", "No activation waits to be committed");
  requireNewPassword(password);
  const { crypto } = device;
  const keys = activationKeys(crypto, masterSecret(crypto, pending.privateKey, pending.serverPublicKey));
  const biometryKey = biometry && (await createBiometryKey(device, biometry.prompt));
  const state: DeviceState = {
    activationId: pending.activationId,
    ctrData: pending.ctrData,
    ctrByte: 0,
    possessionKey: crypto.secretBytes(keys.possession),
    transportKey: crypto.secretBytes(keys.transport),
    ...lockKnowledge(device, keys.knowledge, password),
    ...(biometryKey && { wrappedBiometryKey: wrapKey(crypto, crypto.secretKey(biometryKey), keys.biometry) }),
    serverPublicKey: crypto.exportPublicKey(pending.serverPublicKey, "uncompressed"),
    devicePublicKey: crypto.exportPublicKey(pending.devicePublicKey, "uncompressed"),
    sealedPrivateKey: sealDevicePrivateKey(crypto, keys.vault, pending.privateKey),
  };
  await lockState(device, async () => {
    if (device.memory.pending !== pending) throw new EngineError("activation-not-pending", "The activation is gone");
    if ((await loadState(device)) !== undefined) {
      throw new EngineError("activation-exists", "Another process has activated the device");
    }
    await dropTokens(device);
    await storeState(device, state);
    device.memory.pending = undefined;
  });
  biometryKey?.fill(0);
}

/** Id and fingerprint of the activation, pending or stored; undefined when there is none. */
export async function describeActivation(
  device: Device,
): Promise<{ readonly activationId: string; readonly fingerprint: string } | undefined> {
  const { pending } = device.memory;
  if (pending !== undefined) return { activationId: pending.activationId, fingerprint: fingerprintOf(device, pending) };
  const state = await loadState(device);
  if (state === undefined) return undefined;
  const devicePublicKey = device.crypto.importPublicKey(state.devicePublicKey);
  if (devicePublicKey === undefined) {
    throw new EngineError("activation-data-invalid", "The stored device key is no key");
  }
  const { activationId } = state;
  const keys = { activationId, devicePublicKey, serverPublicKey: serverKey(device, state) };
  return { activationId, fingerprint: fingerprintOf(device, keys) };
}

/** Removes the activation on the server and, only after its success, here. */
export async function removeActivation(device: Device, unlock: Unlock, options?: CallOptions): Promise<void> {
  const call = { path: "/pa/v3/activation/remove", uriId: "/pa/activation/remove", body: "{}" };
  requireSuccess(await sendSigned(device, unlock, call, options));
  await removeLocally(device);
}

/** Forgets everything, readable or not; calls under way end with `cancelled`. The server is not told. */
export async function removeLocally(device: Device): Promise<void> {
  device.transport.cancelAll();
  device.memory.pending = undefined;
  device.memory.userInfo = undefined;
  device.memory.temporaryKeys.clear();
  await lockState(device, async () => {
    await dropState(device);
    await dropTokens(device);
  });
  await forgetBiometryKey(device);
}

function identify(device: Device, source: ActivationSource): ActivationIdentity {
  switch (source.kind) {
    case "code":
      return { type: "CODE", identityAttributes: { code: readCode(device, source.activationCode) } };
    case "attributes":
      return { type: "CUSTOM", identityAttributes: source.identityAttributes };
    case "oidc": {
      const { providerId, code, nonce, codeVerifier } = source.parameters;
      const attributes = { method: "oidc", providerId, code, nonce };
      return {
        type: "DIRECT",
        identityAttributes: codeVerifier === undefined ? attributes : { ...attributes, codeVerifier },
      };
    }
    case "recovery": {
      const recovery = parseRecoveryCode(source.recoveryCode);
      if (isFailure(recovery) || !isPuk(source.puk)) {
        throw new EngineError("recovery-code-invalid", "The recovery code or its PUK is not valid");
      }
      return { type: "RECOVERY", identityAttributes: { recoveryCode: recovery.code, puk: source.puk } };
    }
  }
}

function readCode(device: Device, text: string): string {
  const scanned = parseActivationCode(text);
  if (isFailure(scanned)) throw new EngineError("activation-code-invalid", "The activation code is not valid");
  const { code, signature } = scanned;
  const { masterPublicKey } = device.application;
  if (signature !== undefined && !verifyActivationCode(device.crypto, masterPublicKey, code, signature)) {
    throw new EngineError("activation-code-signature-invalid", "The activation code was signed by somebody else");
  }
  return code;
}

async function exchangeKeys(
  device: Device,
  devicePublicKey: PublicKey,
  identity: ActivationIdentity,
  activation: NewActivation,
  options: CallOptions | undefined,
): Promise<ActivationResult> {
  const { activationName, activationOtp, extras } = activation;
  const { platform, deviceInfo } = device;
  const { application, crypto, version } = device;
  const recipient = await findRecipient(device, undefined, options);
  const context = {
    version,
    applicationKey: application.key,
    applicationSecret: application.secret,
    temporaryKeyId: recipient.temporaryKeyId,
  };
  const { request, exchange } = createActivationRequest(
    crypto,
    device.random,
    context,
    recipient.publicKey,
    devicePublicKey,
    identity,
    { activationName, activationOtp, extras, platform, deviceInfo },
    currentTime(device),
  );
  const header = writeEncryptionHeader({ version, applicationKey: application.key });
  const headers = { [encryptionHeaderName]: header };
  try {
    const answer = await device.transport.post("/pa/v3/activation/create", JSON.stringify(request), headers, options);
    const response = readEncryptedResponse(successfulJson(answer));
    const result = isFailure(response) ? response : processActivationResponse(crypto, exchange, response);
    if (!isFailure(result)) return result;
    throw new EngineError("activation-data-invalid", "The server's answer cannot be used", { cause: result.error });
  } catch (error) {
    forgetTemporaryKey(device, undefined);
    throw error;
  }
}

function fingerprintOf(
  device: Device,
  keys: Pick<PendingActivation, "activationId" | "devicePublicKey" | "serverPublicKey">,
): string {
  return activationFingerprint(device.crypto, keys.devicePublicKey, keys.activationId, keys.serverPublicKey);
}
