/**
 * From a person's proof to factor keys. A wrong password gives a wrong key and no error: only the server can tell, so
 * that a stolen device cannot be used to try passwords (PowerAuth 3.x, client storage).
 */
import type { Bytes } from "@countersign/protocol/bytes";
import type { CryptoProvider, SecretKey } from "@countersign/protocol/crypto";
import { knowledgeWrappingKey } from "@countersign/protocol/powerauth/keys";
import type { Device } from "./device.ts";
import { EngineError } from "./errors.ts";
import type { DeviceState } from "./state.ts";

/** What a call is authenticated with. The bytes belong to the caller, who wipes them. */
export type Unlock =
  | { readonly factors: "possession" }
  | { readonly factors: "possession_knowledge"; readonly password: Bytes }
  | { readonly factors: "possession_biometry"; readonly biometryKey: Bytes };

const shortestPassword = 4;
const zeroIv = new Uint8Array(16);

/** Keys in the order of the signature's components. Throws `password-too-short`, `biometry-not-configured`. */
export function unlockKeys(device: Device, state: DeviceState, unlock: Unlock): SecretKey[] {
  const possession = device.crypto.secretKey(state.possessionKey);
  switch (unlock.factors) {
    case "possession":
      return [possession];
    case "possession_knowledge":
      return [possession, unlockKnowledge(device.crypto, state, unlock.password)];
    case "possession_biometry": {
      if (state.wrappedBiometryKey === undefined) throw biometryNotConfigured();
      const wrapping = device.crypto.secretKey(unlock.biometryKey);
      return [possession, unwrapKey(device.crypto, wrapping, state.wrappedBiometryKey)];
    }
  }
}

export function unlockKnowledge(crypto: CryptoProvider, state: DeviceState, password: Bytes): SecretKey {
  if (password.length < shortestPassword) throw tooShort("password-too-short");
  return unwrapKey(crypto, knowledgeWrappingKey(crypto, password, state.knowledgeSalt), state.wrappedKnowledgeKey);
}

/** Under a fresh salt. */
export function lockKnowledge(
  device: Pick<Device, "crypto" | "random">,
  knowledge: SecretKey,
  password: Bytes,
): Pick<DeviceState, "knowledgeSalt" | "wrappedKnowledgeKey"> {
  requireNewPassword(password);
  const knowledgeSalt = device.random(16);
  const wrapping = knowledgeWrappingKey(device.crypto, password, knowledgeSalt);
  return { knowledgeSalt, wrappedKnowledgeKey: wrapKey(device.crypto, wrapping, knowledge) };
}

/** One block without padding: no outcome of unwrapping differs from any other. */
export function wrapKey(crypto: CryptoProvider, wrapping: SecretKey, key: SecretKey): Bytes {
  return crypto.aesCbcEncrypt(wrapping, zeroIv, crypto.secretBytes(key), { padding: false });
}

export function unwrapKey(crypto: CryptoProvider, wrapping: SecretKey, wrapped: Bytes): SecretKey {
  const key = crypto.aesCbcDecrypt(wrapping, zeroIv, wrapped, { padding: false });
  if (key === undefined) throw new EngineError("activation-data-invalid", "A wrapped key has another length");
  return crypto.secretKey(key);
}

export function requireNewPassword(password: Bytes): void {
  if (password.length < shortestPassword) throw tooShort("new-password-too-short");
}

function tooShort(code: "password-too-short" | "new-password-too-short"): EngineError {
  return new EngineError(code, `A password has at least ${shortestPassword} bytes`);
}

export function biometryNotConfigured(): EngineError {
  return new EngineError("biometry-not-configured", "The activation has no biometry key");
}
