/**
 * The biometry factor: a key of the activation, wrapped under a random key that the platform hands out only to a person
 * it has recognised. How it recognises is the provider's business.
 */
import type { Bytes } from "@countersign/protocol/bytes";
import type { Device } from "./device.ts";
import { EngineError, type EngineErrorCode } from "./errors.ts";
import { changeState, loadState } from "./state.ts";
import { biometryNotConfigured } from "./unlock.ts";

export type BiometryType = "NONE" | "GENERIC" | "FINGERPRINT" | "FACE" | "IRIS";
export type BiometryStatus = "OK" | "NOT_SUPPORTED" | "NOT_ENROLLED" | "NOT_AVAILABLE" | "LOCKOUT";

export interface BiometryInfo {
  readonly isAvailable: boolean;
  readonly biometryType: BiometryType;
  readonly canAuthenticate: BiometryStatus;
}

/** What the person reads while the platform asks. */
export interface BiometryPrompt {
  readonly promptMessage: string;
  readonly promptTitle?: string | undefined;
  readonly promptSubtitle?: string | undefined;
  readonly cancelButton?: string | undefined;
  readonly fallbackButton?: string | undefined;
}

/** The platform's side. Keys have 16 bytes; refusals are thrown as `BiometryFailure`. */
export interface BiometryProvider {
  info(): Promise<BiometryInfo>;
  has(name: string): Promise<boolean>;
  /** Replaces. With `prompt`, the platform asks the person before it keeps the key. */
  store(name: string, key: Bytes, prompt: BiometryPrompt | undefined): Promise<void>;
  /** Asks the person. */
  load(name: string, prompt: BiometryPrompt): Promise<Bytes>;
  /** Asks nobody; removing what is not there is no error. */
  remove(name: string): Promise<void>;
}

export type BiometryFailureCode =
  | "NOT_CONFIGURED"
  | "NOT_SUPPORTED"
  | "NOT_AVAILABLE"
  | "NOT_ENROLLED"
  | "NOT_RECOGNIZED"
  | "LOCKOUT"
  | "CANCEL"
  | "FALLBACK"
  | "FAILED";

export class BiometryFailure extends Error {
  override readonly name = "BiometryFailure";
  readonly code: BiometryFailureCode;

  constructor(
    code: BiometryFailureCode,
    message = "The platform did not release the biometry key",
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
  }
}

export const noBiometry: BiometryInfo = { isAvailable: false, biometryType: "NONE", canAuthenticate: "NOT_SUPPORTED" };

/** Local: tells whether there is a key, not whether the person can be recognised now. */
export async function hasBiometryFactor(device: Device): Promise<boolean> {
  const state = await loadState(device);
  if (state?.wrappedBiometryKey === undefined || device.biometry === undefined) return false;
  return asking(device.biometry.has(device.instanceId));
}

/** The unwrapping key, after asking the person. Throws `activation-missing` and the biometry codes. */
export async function fetchBiometryKey(device: Device, prompt: BiometryPrompt): Promise<Bytes> {
  const provider = requireProvider(device);
  const state = await loadState(device);
  if (state === undefined) throw new EngineError("activation-missing", "The device has no activation");
  if (state.wrappedBiometryKey === undefined || !(await asking(provider.has(device.instanceId)))) {
    throw biometryNotConfigured();
  }
  return asking(provider.load(device.instanceId, prompt));
}

/** A new unwrapping key, kept by the platform. Replaces an earlier one, whose wrapped key is then of no use. */
export async function createBiometryKey(device: Device, prompt: BiometryPrompt | undefined): Promise<Bytes> {
  const key = device.random(16);
  await asking(requireProvider(device).store(device.instanceId, key, prompt));
  return key;
}

/** Local only; the server is not told. Throws `biometry-not-configured`. */
export async function removeBiometryFactor(device: Device): Promise<void> {
  if ((await loadState(device))?.wrappedBiometryKey === undefined) throw biometryNotConfigured();
  await changeState(device, ({ wrappedBiometryKey: _, ...rest }) => ({ state: rest, result: undefined }));
  await forgetBiometryKey(device);
}

export async function forgetBiometryKey(device: Device): Promise<void> {
  if (device.biometry !== undefined) await asking(device.biometry.remove(device.instanceId));
}

export function requireProvider(device: Device): BiometryProvider {
  if (device.biometry !== undefined) return device.biometry;
  throw new EngineError("biometry-not-supported", "No biometry provider was configured");
}

const codes: Readonly<Record<BiometryFailureCode, EngineErrorCode>> = {
  NOT_CONFIGURED: "biometry-not-configured",
  NOT_SUPPORTED: "biometry-not-supported",
  NOT_AVAILABLE: "biometry-not-available",
  NOT_ENROLLED: "biometry-not-enrolled",
  NOT_RECOGNIZED: "biometry-not-recognized",
  LOCKOUT: "biometry-lockout",
  CANCEL: "biometry-cancelled",
  FALLBACK: "biometry-fallback",
  FAILED: "biometry-failed",
};

/** A provider's own exceptions become `biometry-failed`. */
async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const code = cause instanceof BiometryFailure ? codes[cause.code] : "biometry-failed";
    throw new EngineError(code, "The platform did not release the biometry key", { cause });
  }
}
