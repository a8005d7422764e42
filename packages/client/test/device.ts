/**
 * Devices for tests: an instance on a `Peer`, configured, activated or not, with everything around it injected.
 */
import { randomUUID } from "node:crypto";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import {
  BiometryFailure,
  MobileTokenLogger,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  type BiometryFailureCode,
  type BiometryPrompt,
  type BiometryProvider,
  type DeviceStorage,
  type Environment,
} from "../src/mobile-token/index.ts";
import { createMemoryStorage } from "../src/storage/memory.ts";
import { Peer } from "./peer.ts";

MobileTokenLogger.verbosity = "none";

/** PBKDF2 with one iteration: the same structure, in a fraction of the time. */
export const quickCrypto = {
  ...nodeCrypto,
  pbkdf2Sha1: (password: Uint8Array, salt: Uint8Array, _iterations: number, length: number) =>
    nodeCrypto.pbkdf2Sha1(password, salt, 1, length),
};

export const pin = "7391";

export interface TestDevice {
  readonly peer: Peer;
  readonly powerAuth: PowerAuth;
  readonly storage: DeviceStorage;
  readonly environment: Environment;
}

export async function configuredDevice(overrides: Environment = {}, peer = new Peer()): Promise<TestDevice> {
  const storage = overrides.storage ?? createMemoryStorage();
  const environment = { storage, crypto: quickCrypto, fetch: peer.fetch, ...overrides };
  const powerAuth = new PowerAuth(randomUUID());
  await powerAuth.configure(peer.configuration, undefined, undefined, undefined, undefined, environment);
  return { peer, powerAuth, storage, environment };
}

export async function pendingDevice(overrides: Environment = {}, peer = new Peer()): Promise<TestDevice> {
  const device = await configuredDevice(overrides, peer);
  const { scanned } = device.peer.prepare();
  await device.powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(scanned, "Test device"));
  return device;
}

export async function activeDevice(overrides: Environment = {}, peer = new Peer()): Promise<TestDevice> {
  const device = await pendingDevice(overrides, peer);
  await device.powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(pin));
  return device;
}

export const possession = () => PowerAuthAuthentication.possession();
export const withPin = (password = pin) => PowerAuthAuthentication.password(password);

/** The one activation of the peer. */
export function activationOf(peer: Peer) {
  const [activation] = peer.activations.values();
  if (activation === undefined) throw new Error("The peer has no activation");
  return activation;
}

/** Keeps keys in memory, counts prompts, fails on demand. */
export class TestBiometry implements BiometryProvider {
  readonly keys = new Map<string, Uint8Array>();
  readonly prompts: BiometryPrompt[] = [];
  failWith: BiometryFailureCode | undefined;

  async info() {
    return { isAvailable: true, biometryType: "FINGERPRINT", canAuthenticate: "OK" } as const;
  }

  async has(name: string) {
    return this.keys.has(name);
  }

  async store(name: string, key: Uint8Array, prompt: BiometryPrompt | undefined) {
    if (prompt !== undefined) this.#ask(prompt);
    this.keys.set(name, key.slice());
  }

  async load(name: string, prompt: BiometryPrompt) {
    this.#ask(prompt);
    const key = this.keys.get(name);
    if (key === undefined) throw new BiometryFailure("NOT_CONFIGURED");
    return key.slice();
  }

  async remove(name: string) {
    this.keys.delete(name);
  }

  #ask(prompt: BiometryPrompt): void {
    this.prompts.push(prompt);
    if (this.failWith !== undefined) throw new BiometryFailure(this.failWith);
  }
}
