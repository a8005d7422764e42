/**
 * The configured instances of this process. Two `PowerAuth` objects with one id are one instance: it is found here by its
 * id, from `configure` until `deconfigure`.
 */
import type { Device } from "../engine/device.ts";
import type { Configurations } from "./configurations.ts";
import { PowerAuthError } from "./PowerAuthError.ts";

export interface Instance {
  readonly device: Device;
  readonly configurations: Configurations;
  /** Passwords and encryptors that end with the instance. */
  readonly owned: Set<Owned>;
}

export interface Owned {
  /** The instance is gone: forget what is secret, at once. */
  end(): void;
}

const instances = new Map<string, Instance>();

export function findInstance(instanceId: string): Instance | undefined {
  return instances.get(instanceId);
}

/** Throws `WRONG_PARAMETER` for an empty id and `INSTANCE_NOT_CONFIGURED`. */
export function requireInstance(instanceId: string): Instance {
  if (instanceId === "") throw new PowerAuthError("WRONG_PARAMETER", "The instance has an empty id");
  const instance = instances.get(instanceId);
  if (instance !== undefined) return instance;
  throw new PowerAuthError("INSTANCE_NOT_CONFIGURED", "The instance is not configured");
}

/** Throws `REACT_NATIVE_ERROR` when the id is taken, even by an equal configuration. */
export function addInstance(instance: Instance): void {
  const { instanceId } = instance.device;
  if (instances.has(instanceId)) throw new PowerAuthError("REACT_NATIVE_ERROR", "The instance is configured already");
  instances.set(instanceId, instance);
}

/** Of each configured instance: its id, and how much it holds. */
export function describeInstances(): readonly { readonly id: string; readonly owned: number }[] {
  return [...instances].map(([id, { owned }]) => ({ id, owned: owned.size }));
}

export function anyInstance(): Instance | undefined {
  return instances.values().next().value;
}

/** Ends calls under way and forgets what is in memory; what is stored stays. */
export function dropInstance(instanceId: string): void {
  const instance = instances.get(instanceId);
  if (instance === undefined) return;
  instances.delete(instanceId);
  instance.device.transport.cancelAll();
  instance.device.memory.pending = undefined;
  for (const owned of instance.owned) owned.end();
}
