/**
 * Storage in a browser: one IndexedDB database, records sealed with AES-GCM under a key that scripts can use and cannot
 * read, locks shared by all tabs of the origin (Web Locks). Needs a secure context.
 *
 * It keeps copies of the profile's files out as far as the browser does, and no script of the same origin. The tag binds
 * a record to its name. The key does not depend on a PIN.
 */
import { defaultLockTimeout, StorageError, type DeviceStorage } from "./port.ts";

export interface IndexedDbStorageOptions {
  /** Name of the database. Default: `countersign`. */
  readonly name?: string;
  /** Milliseconds to wait for a lock. */
  readonly lockTimeout?: number;
}

/** Asks the browser once not to evict what is stored. Throws `STORAGE_FAILED`, `STORAGE_UNREADABLE`. */
export async function openIndexedDbStorage(options: IndexedDbStorageOptions = {}): Promise<DeviceStorage> {
  const { name: databaseName = "countersign", lockTimeout = defaultLockTimeout } = options;
  if (globalThis.indexedDB === undefined || globalThis.crypto?.subtle === undefined || !navigator.locks) {
    throw new StorageError("STORAGE_FAILED", "This is no secure context of a browser with IndexedDB and Web Locks");
  }
  const database = await translated(() => openDatabase(databaseName));
  // Another tab has a newer version of this library: it must not wait for us.
  database.addEventListener("versionchange", () => database.close());
  const key = await translated(() => readOrCreateKey(database));
  await navigator.storage?.persist?.().catch(() => false);

  return {
    protection: "SOFTWARE",
    get: (name) =>
      translated(async () => {
        const sealed = await inTransaction(database, "readonly", (store) => store.get(name));
        return sealed === undefined ? undefined : unseal(key, name, sealed);
      }),
    set: async (name, value) => {
      // Copied at once: the bytes belong to the caller, who may wipe them while the browser encrypts.
      const copy = Uint8Array.from(value);
      await translated(async () => {
        const sealed = await seal(key, name, copy);
        copy.fill(0);
        await inTransaction(database, "readwrite", (store) => store.put(sealed, name));
      });
    },
    remove: async (name) => {
      await translated(() => inTransaction(database, "readwrite", (store) => store.delete(name)));
    },
    withLock: (name, run) => withWebLock(`countersign/${databaseName}/${name}`, lockTimeout, run),
  };
}

const records = "records";
const keys = "keys";
const keyName = "storage";
const formatVersion = 1;
const nonceLength = 12;

interface Sealed {
  readonly version: number;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly ciphertext: ArrayBuffer;
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore(records);
    request.result.createObjectStore(keys);
  });
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(asError(request.error)));
    request.addEventListener("blocked", () => reject(new Error("Another tab holds an older version of the database")));
  });
}

/** Two tabs may start at once: both make a key, one of them is kept, both read it. */
async function readOrCreateKey(database: IDBDatabase): Promise<CryptoKey> {
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const transaction = database.transaction(keys, "readwrite", { durability: "strict" });
  const store = transaction.objectStore(keys);
  const existing = store.get(keyName) as IDBRequest<CryptoKey | undefined>;
  existing.addEventListener("success", () => {
    if (existing.result === undefined) store.put(made, keyName);
  });
  await committed(transaction);
  return existing.result ?? made;
}

/** Resolves when the change is on the disk, not when it is in memory. */
async function inTransaction<T>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = database.transaction(records, mode, { durability: "strict" });
  const request = run(transaction.objectStore(records));
  await committed(transaction);
  return request.result;
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("error", () => reject(asError(transaction.error)));
    transaction.addEventListener("abort", () => reject(asError(transaction.error)));
  });
}

async function seal(key: CryptoKey, name: string, value: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceLength));
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: label(name) };
  return { version: formatVersion, nonce, ciphertext: await crypto.subtle.encrypt(parameters, key, value) };
}

async function unseal(key: CryptoKey, name: string, record: unknown): Promise<Uint8Array> {
  const { version, nonce, ciphertext } = record as Partial<Sealed>;
  if (version !== formatVersion || nonce === undefined || ciphertext === undefined) throw unreadable(name);
  const parameters = { name: "AES-GCM", iv: nonce, additionalData: label(name) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, ciphertext));
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function label(name: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`countersign record ${formatVersion} ${name}`);
}

/** The wait is bounded, the run is not. A tab that goes away gives its locks back. */
async function withWebLock<T>(name: string, timeout: number, run: () => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), timeout);
  // What the run does stands beside the lock's own outcome: a failure of the one must not look like one of the other.
  let running: Promise<T> | undefined;
  try {
    await navigator.locks.request(name, { signal: giveUp.signal }, async () => {
      clearTimeout(timer);
      running = run();
      await running.catch(() => undefined);
    });
  } catch (cause) {
    clearTimeout(timer);
    if (running === undefined && giveUp.signal.aborted) {
      throw new StorageError("STORAGE_LOCKED", `Waited ${timeout} ms for a lock that is held in this or another tab`);
    }
    throw new StorageError("STORAGE_FAILED", "The lock cannot be used", { cause });
  }
  if (running === undefined) throw new StorageError("STORAGE_FAILED", "The lock was not given");
  return running;
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError("STORAGE_FAILED", "The browser's database refused", { cause: error });
  }
}

function unreadable(name: string, cause?: unknown): StorageError {
  return new StorageError("STORAGE_UNREADABLE", `Record "${name}" is damaged or belongs to another key`, { cause });
}

function asError(error: DOMException | null): Error {
  return error ?? new Error("The transaction was aborted");
}
