/**
 * Private keys in a browser that scripts can use and not read: non-extractable WebCrypto keys in a database of their own.
 * Needs a secure context. A key comes from outside once, and is handed out to nobody again.
 */
import { fromBase64Url, toBase64Url, type Bytes } from "@countersign/protocol/bytes";
import { openerOf } from "@countersign/protocol/approve/jwe";
import type { PublicJwk } from "@countersign/protocol/approve/keys";
import type { PlatformKeys } from "../engine/approve/vault/platform-keys.ts";
import { StorageError } from "./port.ts";

export interface WebCryptoKeysOptions {
  /** Name of the database. Default: `countersign-keys`. */
  readonly name?: string;
}

/** Throws `STORAGE_FAILED`. */
export async function openWebCryptoKeys({
  name = "countersign-keys",
}: WebCryptoKeysOptions = {}): Promise<PlatformKeys> {
  const subtle = globalThis.crypto?.subtle;
  if (globalThis.indexedDB === undefined || subtle === undefined) {
    throw new StorageError("STORAGE_FAILED", "This is no secure context of a browser with IndexedDB");
  }
  const database = await translated(() => openDatabase(name));
  // Another tab has a newer version of this library: it must not wait for us.
  database.addEventListener("versionchange", () => database.close());
  const read = (key: string) =>
    translated(() => inTransaction<CryptoKey | undefined>(database, "readonly", (store) => store.get(key)));

  return {
    async keep(key, use, jwk, scalar) {
      const kept = await translated(() => importKey(subtle, use, jwk, scalar));
      await translated(() => inTransaction(database, "readwrite", (store) => store.put(kept, key)));
    },
    async signer(key) {
      const kept = await read(key);
      if (kept === undefined) return undefined;
      return {
        sign: async (data) =>
          new Uint8Array(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, kept, Uint8Array.from(data))),
      };
    },
    async opener(key, kid) {
      const kept = await read(key);
      return kept === undefined ? undefined : openerOf(kid, kept);
    },
    async remove(key) {
      await translated(() => inTransaction(database, "readwrite", (store) => store.delete(key)));
    },
  };
}

const algorithms = {
  sign: { name: "ECDSA", usages: ["sign"] },
  agree: { name: "ECDH", usages: ["deriveBits"] },
} as const;

/** In PKCS#8, whose bytes can be wiped. */
async function importKey(subtle: SubtleCrypto, use: "sign" | "agree", { x, y }: PublicJwk, scalar: Bytes) {
  const { name, usages } = algorithms[use];
  const encoded = new Uint8Array([...head, ...scalar, ...middle, 4, ...decoded(x), ...decoded(y)]);
  try {
    return await subtle.importKey("pkcs8", encoded, { name, namedCurve: "P-256" }, false, usages);
  } finally {
    encoded.fill(0);
  }
}

/** PrivateKeyInfo of a P-256 key up to the scalar, and from there to the point (RFC 5915). */
const head = decoded("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg");
const middle = [0xa1, 0x44, 0x03, 0x42, 0x00];

function decoded(text: string): Bytes {
  const bytes = fromBase64Url(text);
  if (bytes === undefined || toBase64Url(bytes) !== text) throw new TypeError("Not base64url");
  return bytes;
}

const store = "keys";

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(store));
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("The database cannot be opened")));
    request.addEventListener("blocked", () => reject(new Error("Another tab holds an older version of the database")));
  });
}

/** Resolves when the change is on the disk, not when it is in memory. */
function inTransaction<T>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = database.transaction(store, mode, { durability: "strict" });
  const request = run(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    const failed = () => reject(transaction.error ?? new Error("The transaction was aborted"));
    transaction.addEventListener("complete", () => resolve(request.result));
    transaction.addEventListener("error", failed);
    transaction.addEventListener("abort", failed);
  });
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new StorageError("STORAGE_FAILED", "The browser's key store refused", { cause });
  }
}
