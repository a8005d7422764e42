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

/** What a factory made it for. */
interface Kind {
  readonly forCommit: boolean;
  readonly isBiometric: boolean;
}

/** Made by the factories: three for signing, two for committing a new activation. The constructor is the old way. */
export class PowerAuthAuthentication {
  readonly password: PasswordType | undefined;
  readonly biometricPrompt: PowerAuthBiometricPrompt | undefined;
  /** The five below count only in objects that were made by the constructor. Possession always takes part. */
  usePossession = true;
  useBiometry = false;
  userPassword: PasswordType | undefined;
  biometryMessage: string | undefined;
  biometryTitle: string | undefined;
  #kind: Kind | undefined;
  #group: BiometryGroup | undefined;

  /** @deprecated Which factors it stands for is decided when it is used. */
  constructor(password?: PasswordType, biometricPrompt?: PowerAuthBiometricPrompt) {
    this.password = password;
    this.biometricPrompt = biometricPrompt;
  }

  /** The device alone. */
  static possession(): PowerAuthAuthentication {
    return make({ forCommit: false, isBiometric: false });
  }

  /** Device and password. */
  static password(password: PasswordType): PowerAuthAuthentication {
    return make({ forCommit: false, isBiometric: false }, password);
  }

  /** Device and biometry. Each use asks the person once. The prompt may stand inside an object, as its only member. */
  static biometry(
    biometricPrompt: PowerAuthBiometricPrompt | { readonly biometricPrompt: PowerAuthBiometricPrompt },
  ): PowerAuthAuthentication {
    const prompt = "biometricPrompt" in biometricPrompt ? biometricPrompt.biometricPrompt : biometricPrompt;
    return make({ forCommit: false, isBiometric: true }, undefined, prompt);
  }

  /** For `commitActivation`. */
  static commitWithPassword(password: PasswordType): PowerAuthAuthentication {
    return make({ forCommit: true, isBiometric: false }, password);
  }

  /** For `commitActivation`; sets up the biometry factor as well. */
  static commitWithPasswordAndBiometry(
    password: PasswordType,
    biometricPrompt?: PowerAuthBiometricPrompt,
  ): PowerAuthAuthentication {
    return make({ forCommit: true, isBiometric: true }, password, biometricPrompt);
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

  get isActivationCommit(): boolean {
    return this.#kind?.forCommit ?? false;
  }

  /** The same as `isActivationCommit`. */
  get isActivationPersist(): boolean {
    return this.isActivationCommit;
  }

  get isBiometricAuthentication(): boolean {
    return this.#kind?.isBiometric ?? this.useBiometry;
  }

  /** @internal What an object made by the constructor stands for; any other one is itself. */
  convertLegacyObject(forCommit: boolean): PowerAuthAuthentication {
    if (this.#kind !== undefined) return this;
    const password = this.userPassword ?? this.password;
    const { biometryMessage: promptMessage = "", biometryTitle: promptTitle } = this;
    const prompt = this.useBiometry ? (this.biometricPrompt ?? { promptMessage, promptTitle }) : undefined;
    if (!forCommit && password !== undefined && prompt !== undefined) {
      throw new PowerAuthError("WRONG_PARAMETER", "A signature takes the password or biometry, not both");
    }
    return make({ forCommit, isBiometric: prompt !== undefined }, password, prompt);
  }

  /** @internal */
  static make(
    this: void,
    kind: Kind,
    password?: PasswordType,
    prompt?: PowerAuthBiometricPrompt,
    group?: BiometryGroup,
  ): PowerAuthAuthentication {
    const authentication = new PowerAuthAuthentication(password, prompt);
    authentication.#kind = kind;
    authentication.#group = group;
    return authentication;
  }

  /** @internal */
  get group(): BiometryGroup | undefined {
    return this.#group;
  }
}

const { make } = PowerAuthAuthentication;

/** A biometry key that one prompt released, for several uses within ten seconds of each other. */
export interface BiometryGroup {
  key: Uint8Array | undefined;
  expiresAt: number;
  /** From here on each use asks, and nothing is kept. */
  isOver: boolean;
}

const groupLifetime = 10_000;

/**
 * Runs `run` with an authentication that asks the person once for all its uses, and again when ten seconds have passed
 * since the last one. Throws `WRONG_PARAMETER` for one that is not biometric, and the biometry codes.
 */
export async function withGroup(
  device: Device,
  authentication: PowerAuthAuthentication,
  run: (reusable: PowerAuthAuthentication) => Promise<void>,
): Promise<void> {
  const single = readForSigning(authentication);
  if (!single.isBiometricAuthentication) {
    throw new PowerAuthError("WRONG_PARAMETER", "The authentication object is not biometric");
  }
  const group: BiometryGroup = { key: undefined, expiresAt: 0, isOver: false };
  const reusable = make({ forCommit: false, isBiometric: true }, undefined, single.biometricPrompt, group);
  try {
    (await groupKey(device, reusable, group)).fill(0);
    await run(reusable);
  } finally {
    group.key?.fill(0);
    group.isOver = true;
  }
}

/** A copy for one use. */
async function groupKey(
  device: Device,
  authentication: PowerAuthAuthentication,
  group: BiometryGroup,
): Promise<Uint8Array> {
  if (group.isOver) return fetchBiometryKey(device, promptOf(authentication));
  if (device.now() >= group.expiresAt) {
    group.key?.fill(0);
    group.key = await fetchBiometryKey(device, promptOf(authentication));
  }
  group.expiresAt = device.now() + groupLifetime;
  return group.key?.slice() ?? new Uint8Array(0);
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
  const signing = readForSigning(authentication);
  await requireState(device);
  if (signing.isBiometricAuthentication) {
    const { group } = signing;
    const biometryKey = group
      ? await groupKey(device, signing, group)
      : await fetchBiometryKey(device, promptOf(signing));
    return run({ factors: "possession_biometry", biometryKey }).finally(() => biometryKey.fill(0));
  }
  if (signing.password === undefined) return run({ factors: "possession" });
  return withPassword(signing.password, (password) => run({ factors: "possession_knowledge", password }));
}

function readForSigning(authentication: PowerAuthAuthentication): PowerAuthAuthentication {
  if (authentication instanceof PowerAuthAuthentication && !authentication.isActivationCommit) {
    return authentication.convertLegacyObject(false);
  }
  throw new PowerAuthError("WRONG_PARAMETER", "The authentication object was not made for signing");
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
