/**
 * Which factors a call is authenticated with, and the way from there to keys.
 */
import { fetchBiometryKey, type BiometryPrompt } from "../engine/biometry.ts";
import type { Device } from "../engine/device.ts";
import { requireState } from "../engine/state.ts";
import type { Unlock } from "../engine/unlock.ts";
import { PowerAuthError } from "./PowerAuthError.ts";
import { takePassword, type PasswordType } from "./PowerAuthPassword.ts";

/** Texts of the platform's prompt. Both spellings of the buttons are accepted. */
export interface PowerAuthBiometricPrompt extends BiometryPrompt {
  readonly cancelButtonTitle?: string | undefined;
  readonly fallbackButtonTitle?: string | undefined;
}

/** Made by the factories only: three for signing, two for committing a new activation. */
export class PowerAuthAuthentication {
  readonly isActivationCommit: boolean;
  readonly isBiometricAuthentication: boolean;
  readonly password: PasswordType | undefined;
  readonly biometricPrompt: PowerAuthBiometricPrompt | undefined;

  private constructor(
    purpose: "sign" | "commit",
    isBiometric: boolean,
    password?: PasswordType,
    prompt?: PowerAuthBiometricPrompt,
  ) {
    this.isActivationCommit = purpose === "commit";
    this.isBiometricAuthentication = isBiometric;
    this.password = password;
    this.biometricPrompt = prompt;
  }

  /** The device alone. */
  static possession(): PowerAuthAuthentication {
    return new PowerAuthAuthentication("sign", false);
  }

  /** Device and password. */
  static password(password: PasswordType): PowerAuthAuthentication {
    return new PowerAuthAuthentication("sign", false, password);
  }

  /** Device and biometry. Each use asks the person once. */
  static biometry(biometricPrompt: PowerAuthBiometricPrompt): PowerAuthAuthentication {
    return new PowerAuthAuthentication("sign", true, undefined, biometricPrompt);
  }

  /** For `commitActivation`. */
  static commitWithPassword(password: PasswordType): PowerAuthAuthentication {
    return new PowerAuthAuthentication("commit", false, password);
  }

  /** For `commitActivation`; sets up the biometry factor as well. */
  static commitWithPasswordAndBiometry(
    password: PasswordType,
    biometricPrompt?: PowerAuthBiometricPrompt,
  ): PowerAuthAuthentication {
    return new PowerAuthAuthentication("commit", true, password, biometricPrompt);
  }

  /** The same as `commitWithPassword`. */
  static persistWithPassword(password: PasswordType): PowerAuthAuthentication {
    return PowerAuthAuthentication.commitWithPassword(password);
  }

  /** The same as `commitWithPasswordAndBiometry`. */
  static persistWithPasswordAndBiometry(
    password: PasswordType,
    biometricPrompt?: PowerAuthBiometricPrompt,
  ): PowerAuthAuthentication {
    return PowerAuthAuthentication.commitWithPasswordAndBiometry(password, biometricPrompt);
  }
}

/**
 * Runs `run` with what unlocks the factors, and wipes it afterwards. Throws `WRONG_PARAMETER` for an object made for
 * committing, `MISSING_ACTIVATION` before a password is used up or a person is asked, and the biometry codes.
 */
export async function withUnlock<T>(
  device: Device,
  authentication: PowerAuthAuthentication,
  run: (unlock: Unlock) => Promise<T>,
): Promise<T> {
  if (!(authentication instanceof PowerAuthAuthentication) || authentication.isActivationCommit) {
    throw new PowerAuthError("WRONG_PARAMETER", "The authentication object was not made for signing");
  }
  await requireState(device);
  if (authentication.isBiometricAuthentication) {
    const biometryKey = await fetchBiometryKey(device, promptOf(authentication));
    return run({ factors: "possession_biometry", biometryKey }).finally(() => biometryKey.fill(0));
  }
  if (authentication.password === undefined) return run({ factors: "possession" });
  return withPassword(authentication.password, (password) => run({ factors: "possession_knowledge", password }));
}

/** Runs `run` with the password's bytes and wipes them afterwards. */
export async function withPassword<T>(
  password: PasswordType | undefined,
  run: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const bytes = takePassword(password);
  try {
    return await run(bytes);
  } finally {
    bytes.fill(0);
  }
}

export function readPrompt(prompt: PowerAuthBiometricPrompt): BiometryPrompt {
  const { cancelButtonTitle, fallbackButtonTitle, ...rest } = prompt;
  return {
    ...rest,
    cancelButton: rest.cancelButton ?? cancelButtonTitle,
    fallbackButton: rest.fallbackButton ?? fallbackButtonTitle,
  };
}

function promptOf({ biometricPrompt }: PowerAuthAuthentication): BiometryPrompt {
  if (typeof biometricPrompt?.promptMessage === "string") return readPrompt(biometricPrompt);
  throw new PowerAuthError("WRONG_PARAMETER", "A biometric prompt has a promptMessage");
}
