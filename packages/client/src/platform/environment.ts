/**
 * The only place of the SDK that takes anything from the surroundings by itself: what a device uses where its owner
 * injected nothing. `#crypto` is chosen by the package's import conditions: OpenSSL in Node, portable code elsewhere.
 */
import type { RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { platformCrypto } from "#crypto";
import { createMemoryStorage } from "../storage/memory.ts";
import type { DeviceStorage } from "../storage/port.ts";
import type { BiometryProvider } from "../engine/biometry.ts";
import type { Fetch } from "../engine/transport.ts";
import { platformTimers, type Timers } from "./timers.ts";

/** Everything a device needs from outside. A missing member comes from the platform. */
export interface Environment {
  /** Without one, activations end with the process. */
  readonly storage?: DeviceStorage | undefined;
  readonly fetch?: Fetch | undefined;
  readonly random?: RandomBytes | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
  /** For polling, live updates and the pauses between repeated requests. */
  readonly timers?: Timers | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Calls back whenever the application comes to the foreground, until the returned function is called. */
  readonly onForeground?: ((callback: () => void) => () => void) | undefined;
  /** Without one, there is no biometry. */
  readonly biometryProvider?: BiometryProvider | undefined;
  /** `3.3` unless an older server asks for another. */
  readonly protocolVersion?: string | undefined;
  /** What the server is told of the device, for example `ios` and `iPhone12,3`. */
  readonly platform?: string | undefined;
  readonly deviceInfo?: string | undefined;
}

/** One for all instances, so that an activation outlives `deconfigure` within the process. */
export const processStorage = createMemoryStorage();

export function completeEnvironment(environment: Environment) {
  return {
    storage: environment.storage ?? processStorage,
    fetch: environment.fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init)),
    random: environment.random ?? platformRandom,
    now: environment.now ?? Date.now,
    onForeground: environment.onForeground ?? pageShown,
    timers: environment.timers ?? platformTimers,
    crypto: environment.crypto ?? platformCrypto,
    biometry: environment.biometryProvider,
    protocolVersion: environment.protocolVersion ?? "3.3",
    platform: environment.platform ?? "unknown",
    deviceInfo: environment.deviceInfo,
  };
}

/** In a page; elsewhere there is nothing to listen to. */
function pageShown(callback: () => void): () => void {
  const page = (globalThis as { document?: Document }).document;
  if (typeof page?.addEventListener !== "function") return () => undefined;
  const listener = () => {
    if (page.visibilityState === "visible") callback();
  };
  page.addEventListener("visibilitychange", listener);
  return () => page.removeEventListener("visibilitychange", listener);
}

export function platformHash(bytes: Uint8Array): Uint8Array {
  return platformCrypto.sha256(bytes);
}

export function platformRandom(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
