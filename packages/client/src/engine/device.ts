/**
 * One configured device: what it was given from outside, and what it remembers only while the process lives.
 * Everything that must outlive the process stands in `state.ts`.
 */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider, PublicKey } from "@countersign/protocol/crypto";
import type { VersionRow } from "@countersign/protocol/powerauth/versions";
import type { Timers } from "../platform/timers.ts";
import type { DeviceStorage } from "../storage/port.ts";
import type { PendingActivation } from "./activate.ts";
import type { BiometryProvider } from "./biometry.ts";
import type { ActivationStatus } from "./status.ts";
import type { TemporaryKey } from "./temporary-keys.ts";
import { unknownTime, type Clock } from "./time.ts";
import type { Token } from "./tokens.ts";
import type { Transport } from "./transport.ts";

export interface Application {
  /** Base64 texts, as they enter signatures and headers. */
  readonly key: string;
  readonly secret: string;
  readonly masterPublicKey: PublicKey;
}

export interface Device {
  /** Names the activation within the storage. */
  readonly instanceId: string;
  readonly application: Application;
  readonly version: VersionRow;
  readonly storage: DeviceStorage;
  readonly transport: Transport;
  readonly crypto: CryptoProvider;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch by the device's own clock. */
  readonly now: () => number;
  /** Calls back whenever the application comes to the foreground, until the returned function is called. */
  readonly onForeground: (callback: () => void) => () => void;
  readonly timers: Timers;
  readonly biometry: BiometryProvider | undefined;
  /** What the server is told of the hardware. */
  readonly platform: string;
  readonly deviceInfo: string | undefined;
  readonly memory: Memory;
}

export interface Memory {
  pending: PendingActivation | undefined;
  clock: Clock;
  /** By scope and activation. A request under way stands here as well, so that it is made once. */
  readonly temporaryKeys: Map<string, Promise<TemporaryKey>>;
  statusRequest: Promise<ActivationStatus> | undefined;
  readonly tokenRequests: Map<string, { readonly factors: string; readonly token: Promise<Token> }>;
  /** Claims about the person, as last received. */
  userInfo: Readonly<Record<string, unknown>> | undefined;
}

export function emptyMemory(): Memory {
  return {
    pending: undefined,
    clock: unknownTime,
    temporaryKeys: new Map(),
    statusRequest: undefined,
    tokenRequests: new Map(),
    userInfo: undefined,
  };
}
