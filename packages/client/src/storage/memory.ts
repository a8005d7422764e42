/**
 * Storage that ends with the process: for tests, and for devices whose owner keeps nothing.
 */
import { defaultLockTimeout, type DeviceStorage } from "./port.ts";
import { createTurns } from "./turns.ts";

export interface MemoryStorageOptions {
  /** Milliseconds to wait for a lock. */
  readonly lockTimeout?: number;
}

export function createMemoryStorage(options: MemoryStorageOptions = {}): DeviceStorage {
  const records = new Map<string, Uint8Array>();
  return {
    protection: "NONE",
    async get(key) {
      return records.get(key)?.slice();
    },
    async set(key, value) {
      records.get(key)?.fill(0);
      records.set(key, Uint8Array.from(value));
    },
    async remove(key) {
      records.get(key)?.fill(0);
      records.delete(key);
    },
    withLock: createTurns(options.lockTimeout ?? defaultLockTimeout),
  };
}
