/**
 * Storage in a directory of its own, for Node: one file per record, AES-256-GCM under a random key that stands in a
 * separate file or comes from the caller. The key never depends on a PIN, and the tag binds a record to its name.
 *
 * This is the only file of the package that needs Node. It keeps copies out, not the machine's owner: whoever reads both
 * directory and key reads the records, so a key kept elsewhere is worth having. Not for network file systems.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { defaultLockTimeout, StorageError, type DeviceStorage } from "./port.ts";
import { createTurns } from "./turns.ts";

export interface FileStorageOptions {
  /** Created with mode 0700. One that exists must not be open to other users. */
  readonly directory: string;
  /** 32 random bytes that the caller keeps, for example from an operating system's key ring. */
  readonly key?: Uint8Array;
  /** File of the key when `key` is not given; created with mode 0600. Default: `storage.key` in `directory`. */
  readonly keyFile?: string;
  /** Milliseconds to wait for a lock. */
  readonly lockTimeout?: number;
}

/** Throws `STORAGE_UNSAFE`, `STORAGE_UNREADABLE`, `STORAGE_FAILED`. */
export async function openFileStorage(options: FileStorageOptions): Promise<DeviceStorage> {
  const { directory } = options;
  const timeout = options.lockTimeout ?? defaultLockTimeout;
  await translated(() => fs.mkdir(join(directory, "locks"), { recursive: true, mode: 0o700 }));
  await refuseOthers(directory);
  const key = options.key ?? (await readOrCreateKey(options.keyFile ?? join(directory, "storage.key")));
  if (key.length !== keyLength)
    throw new StorageError("STORAGE_UNREADABLE", `The storage key has not ${keyLength} bytes`);
  const fileKey = Uint8Array.from(key);

  const turns = createTurns(timeout);
  const withLock = <T>(name: string, run: () => Promise<T>): Promise<T> =>
    turns(name, async () => {
      const release = await lockOut(join(directory, "locks", `${fileName(name)}.lock`), timeout);
      try {
        return await run();
      } finally {
        release();
      }
    });
  const path = (name: string): string => join(directory, `${fileName(name)}.record`);
  // One writer at a time, so that the unfinished file of a killed writer is always found under the one fixed name.
  const writing = <T>(run: () => Promise<T>): Promise<T> => withLock("\0write", () => translated(run));

  // A record that was being replaced when its writer died may still hold the old password's wrapping beside the new one.
  await writing(async () => {
    for (const file of await fs.readdir(directory)) {
      if (file.endsWith(unfinished)) await fs.rm(join(directory, file), { force: true });
    }
  });

  return {
    protection: options.key === undefined ? "NONE" : "SOFTWARE",
    get: (name) => translated(async () => unseal(fileKey, name, await readIfThere(path(name)))),
    set: (name, value) => writing(() => replace(directory, path(name), seal(fileKey, name, value))),
    remove: (name) =>
      writing(async () => {
        await fs.rm(path(name) + unfinished, { force: true });
        await fs.rm(path(name), { force: true });
        await syncDirectory(directory);
      }),
    withLock,
  };
}

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
const format = Uint8Array.of(0x43, 0x53, 0x46, 1);
const unfinished = ".unfinished";
const isWindows = process.platform === "win32";

/** Names may hold any character; a hash is a file name everywhere and does not tell the instance's name. */
function fileName(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 40);
}

function seal(key: Uint8Array, name: string, value: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagLength });
  cipher.setAAD(Buffer.concat([format, Buffer.from(name)]));
  return Buffer.concat([format, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

function unseal(key: Uint8Array, name: string, file: Uint8Array | undefined): Uint8Array | undefined {
  if (file === undefined) return undefined;
  const start = format.length + nonceLength;
  const end = file.length - tagLength;
  if (end < start || !format.every((byte, index) => file[index] === byte)) throw unreadable(name);
  const decipher = createDecipheriv("aes-256-gcm", key, file.subarray(format.length, start), {
    authTagLength: tagLength,
  });
  decipher.setAAD(Buffer.concat([format, Buffer.from(name)]));
  decipher.setAuthTag(file.subarray(end));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(file.subarray(start, end)), decipher.final()]));
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause?: unknown): StorageError {
  return new StorageError("STORAGE_UNREADABLE", `Record "${name}" is damaged or belongs to another key`, { cause });
}

/** Whole or not at all: a new file, its bytes on the disk, its name in place of the old one, the name on the disk. */
async function replace(directory: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path + unfinished, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(path + unfinished, path);
  await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  if (isWindows) return;
  const handle = await fs.open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Two processes may start at once: the key is linked into place complete, and whoever comes second reads it. */
async function readOrCreateKey(path: string): Promise<Uint8Array> {
  return translated(async () => {
    const existing = await readIfThere(path);
    if (existing === undefined) {
      const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}`;
      await replace(dirname(path), draft, randomBytes(keyLength));
      try {
        await fs.link(draft, path);
      } catch (error) {
        if (!isSystemError(error, "EEXIST")) throw error;
      } finally {
        await fs.rm(draft, { force: true });
      }
      await syncDirectory(dirname(path));
    }
    await refuseOthers(path);
    return existing ?? (await fs.readFile(path));
  });
}

async function refuseOthers(path: string): Promise<void> {
  if (isWindows) return;
  const { mode } = await translated(() => fs.stat(path));
  if ((mode & 0o077) === 0) return;
  throw new StorageError(
    "STORAGE_UNSAFE",
    `${path} is open to other users: take their rights away (chmod go= ${path})`,
  );
}

/**
 * Keeps other processes out with an exclusive transaction on an empty SQLite file. The operating system drops that lock
 * when its holder dies, so no crash leaves it behind and nobody has to guess whether a lock is stale.
 */
async function lockOut(path: string, timeout: number): Promise<() => void> {
  const started = performance.now();
  for (let pause = 1; ; pause = Math.min(2 * pause, 25)) {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec("BEGIN EXCLUSIVE");
      return () => database.close();
    } catch (cause) {
      database.close();
      if (!isBusy(cause)) throw new StorageError("STORAGE_FAILED", "The lock file cannot be used", { cause });
      if (performance.now() - started >= timeout) {
        const message = `Another process holds the device storage; gave up after ${timeout} ms`;
        throw new StorageError("STORAGE_LOCKED", message, { cause });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

const sqliteBusy = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError("STORAGE_FAILED", "The file system refused", { cause: error });
  }
}
