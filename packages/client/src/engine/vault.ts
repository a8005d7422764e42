/**
 * The vault: the server releases the vault key to a signed request, and what the device keeps under it comes open for
 * one use (PowerAuth 3.x, secure vault).
 */
import { equalBytes, fromUtf8, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { PrivateKey, SecretKey } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { activationKeys, masterSecret } from "@countersign/protocol/powerauth/keys";
import { applicationVaultKey, openDevicePrivateKey, unwrapVaultKey } from "@countersign/protocol/powerauth/vault";
import { createBiometryKey, requireProvider, type BiometryPrompt } from "./biometry.ts";
import type { Device } from "./device.ts";
import { decryptAnswer, encryptForActivation } from "./encrypt.ts";
import { EngineError } from "./errors.ts";
import { signAndSend } from "./sign.ts";
import { changeState, inTurn, type DeviceState } from "./state.ts";
import { serverKey } from "./temporary-keys.ts";
import { isRecord, type CallOptions } from "./transport.ts";
import { wrapKey, type Unlock } from "./unlock.ts";

type UnlockReason = "ADD_BIOMETRY" | "FETCH_ENCRYPTION_KEY" | "SIGN_WITH_DEVICE_PRIVATE_KEY";

/** 16 bytes for an index of the application's choice, an unsigned 64-bit number. */
export async function fetchEncryptionKey(
  device: Device,
  unlock: Unlock,
  index: number | bigint,
  options?: CallOptions,
): Promise<Bytes> {
  if (!isIndex(index)) throw new EngineError("parameter-invalid", "The index is not an unsigned 64-bit number");
  const { vaultKey } = await unlockVault(device, unlock, "FETCH_ENCRYPTION_KEY", options);
  return device.crypto.secretBytes(applicationVaultKey(device.crypto, vaultKey, index));
}

/** DER signature (ECDSA, SHA-256) with the device's private key. */
export async function signWithDeviceKey(
  device: Device,
  unlock: Unlock,
  data: Bytes,
  options?: CallOptions,
): Promise<Bytes> {
  const { vaultKey, state } = await unlockVault(device, unlock, "SIGN_WITH_DEVICE_PRIVATE_KEY", options);
  return device.crypto.sign(openPrivateKey(device, state, vaultKey), data, "der");
}

/**
 * Derives the biometry key anew and wraps it under a new key kept by the platform. Replaces an existing factor. Throws
 * the biometry codes, before the request where the platform has no biometry at all.
 */
export async function addBiometryFactor(
  device: Device,
  unlock: Unlock,
  prompt: BiometryPrompt | undefined,
  options?: CallOptions,
): Promise<void> {
  requireProvider(device);
  const { crypto } = device;
  const { vaultKey, state } = await unlockVault(device, unlock, "ADD_BIOMETRY", options);
  const master = masterSecret(crypto, openPrivateKey(device, state, vaultKey), serverKey(device, state));
  const keys = activationKeys(crypto, master);
  if (!equalBytes(crypto.secretBytes(keys.vault), crypto.secretBytes(vaultKey))) throw invalidVault();
  const biometryKey = await createBiometryKey(device, prompt);
  const wrappedBiometryKey = wrapKey(crypto, crypto.secretKey(biometryKey), keys.biometry);
  biometryKey.fill(0);
  await changeState(device, (latest) => {
    if (latest.activationId !== state.activationId) throw new EngineError("cancelled", "The activation was replaced");
    return { state: { ...latest, wrappedBiometryKey }, result: undefined };
  });
}

function unlockVault(
  device: Device,
  unlock: Unlock,
  reason: UnlockReason,
  options: CallOptions | undefined,
): Promise<{ readonly vaultKey: SecretKey; readonly state: DeviceState }> {
  return inTurn(device, async () => {
    const plaintext = utf8(JSON.stringify({ reason }));
    const encrypted = await encryptForActivation(device, encryptorIds.vaultUnlock, plaintext, options);
    const body = JSON.stringify(encrypted.request);
    const call = { path: "/pa/v3/vault/unlock", uriId: "/pa/vault/unlock", body };
    const answer = await signAndSend(device, unlock, call, options);
    const text = readKey(decryptAnswer(device, encrypted, answer));
    const state = encrypted.state;
    const vaultKey = unwrapVaultKey(device.crypto, device.crypto.secretKey(state.transportKey), text);
    if (isFailure(vaultKey)) throw invalidVault();
    return { vaultKey, state };
  });
}

function openPrivateKey(device: Device, state: DeviceState, vaultKey: SecretKey): PrivateKey {
  const key = openDevicePrivateKey(device.crypto, vaultKey, state.sealedPrivateKey);
  if (isFailure(key)) throw invalidVault();
  return key;
}

function readKey(plaintext: Bytes): string {
  try {
    const value: unknown = JSON.parse(fromUtf8(plaintext) ?? "");
    if (isRecord(value) && typeof value.encryptedVaultEncryptionKey === "string")
      return value.encryptedVaultEncryptionKey;
  } catch {
    // Falls through to the same refusal.
  }
  throw invalidVault();
}

function isIndex(index: number | bigint): boolean {
  if (typeof index === "bigint") return index >= 0n && index < 2n ** 64n;
  return Number.isSafeInteger(index) && index >= 0;
}

function invalidVault(): EngineError {
  return new EngineError("vault-invalid", "The vault key does not belong to this activation");
}
