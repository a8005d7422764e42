/**
 * Where a device keeps its activations: named records of bytes and named locks. This is the whole port; every
 * implementation passes the one suite in `test/storage-contract.ts`.
 *
 * What lies in a record is the engine's business (`engine/state.ts`). An implementation neither reads nor caches it.
 */

export interface DeviceStorage {
  /** How well the platform guards what is kept here, compared with `minimalRequiredKeychainProtection`. */
  readonly protection: StorageProtection;
  /** Undefined when nothing was set. The bytes belong to the caller. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Replaces the record whole. Once this resolves the record survives the death of the process and of the machine. */
  set(key: string, value: Uint8Array): Promise<void>;
  /** Removing what is not there is no error. As durable as `set`. */
  remove(key: string): Promise<void>;
  /**
   * Runs `run` while nobody else, in this process or another one on the same storage, runs under the same name.
   * Waiting ends with `STORAGE_LOCKED`. Not reentrant: asking again for a name one holds waits for oneself.
   */
  withLock<T>(name: string, run: () => Promise<T>): Promise<T>;
}

export type StorageProtection = "NONE" | "SOFTWARE" | "HARDWARE" | "STRONGBOX";

/**
 * `STORAGE_LOCKED`: the lock stayed taken, most likely by another process, until the wait ran out.
 * `STORAGE_UNREADABLE`: a record or the key is damaged, or the key is another one. Nothing was changed.
 * `STORAGE_UNSAFE`: other users of the machine could read or replace what is stored.
 * `STORAGE_FAILED`: the platform refused; `cause` has its error.
 */
export type StorageErrorCode = "STORAGE_LOCKED" | "STORAGE_UNREADABLE" | "STORAGE_UNSAFE" | "STORAGE_FAILED";

export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Default for implementations: longer than the slowest signed call that holds a lock until its response. */
export const defaultLockTimeout = 60_000;
