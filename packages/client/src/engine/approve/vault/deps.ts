/** What a vault is given from outside. */
import type { Argon2Cost } from "@countersign/protocol/argon2";
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import type { DeviceStorage } from "../../../storage/port.ts";
import type { BiometryPrompt, BiometryProvider } from "../../biometry.ts";
import type { PlatformKeys } from "./platform-keys.ts";

export interface VaultDeps {
  readonly containerId: string;
  readonly storage: DeviceStorage;
  readonly crypto: CryptoProvider;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Price of one guess; `deviceCost` unless given. */
  readonly cost?: Argon2Cost | undefined;
  /** Without one there is no biometry. */
  readonly biometry?: BiometryProvider | undefined;
  /** What the person reads while the platform asks. */
  readonly prompt?: (() => BiometryPrompt | undefined) | undefined;
  /** Without them, keys of DEVICE policies are software keys under the device secret. */
  readonly platformKeys?: PlatformKeys | undefined;
}

/** Twice the memory that OWASP asks for at least; about a second in JavaScript on a telephone. */
export const deviceCost: Argon2Cost = { memory: 32_768, passes: 2 };
