/** Texts of the application's own, kept where activations are kept. */
import { fromUtf8, utf8 } from "@countersign/protocol/bytes";
import { processStorage } from "../../platform/environment.ts";
import { StorageError, type DeviceStorage, type StorageProtection } from "../../storage/port.ts";
import { PowerAuthError } from "../PowerAuthError.ts";

/** Two rooms of names. How well either is guarded is the storage's business: see `protection`. */
export const PowerAuthStorageType = { SECURE: "SECURE", STANDARD: "STANDARD" } as const;
export type PowerAuthStorageType = keyof typeof PowerAuthStorageType;

let storage: DeviceStorage = processStorage;

/** All methods throw `WRONG_PARAMETER` for an empty key or unknown type, `ENCRYPTION_ERROR` when the storage refuses. */
export class PowerAuthStorageUtils {
  /** Our addition: where the texts are kept. Before this call they end with the process. */
  static useStorage(other: DeviceStorage): void {
    storage = other;
  }

  /** Our addition. */
  static get protection(): StorageProtection {
    return storage.protection;
  }

  static setString(key: string, value: string, type: PowerAuthStorageType): Promise<void> {
    if (typeof value !== "string") return Promise.reject(wrong("The value is no text"));
    return withRecord(key, type, (name) => storage.set(name, utf8(value)));
  }

  static getString(key: string, type: PowerAuthStorageType): Promise<string | undefined> {
    return withRecord(key, type, async (name) => {
      const bytes = await storage.get(name);
      return bytes && fromUtf8(bytes);
    });
  }

  static exists(key: string, type: PowerAuthStorageType): Promise<boolean> {
    return withRecord(key, type, async (name) => (await storage.get(name)) !== undefined);
  }

  /** Whether it was there. */
  static remove(key: string, type: PowerAuthStorageType): Promise<boolean> {
    return withRecord(key, type, async (name) => {
      const existed = (await storage.get(name)) !== undefined;
      await storage.remove(name);
      return existed;
    });
  }
}

/** One at a time for one record, so that what `exists` and `remove` say is true. */
async function withRecord<T>(key: string, type: PowerAuthStorageType, run: (name: string) => Promise<T>): Promise<T> {
  if (typeof key !== "string" || key === "") throw wrong("The key is empty");
  if (!Object.hasOwn(PowerAuthStorageType, type)) throw wrong("The storage type is unknown");
  const name = `texts/${type}/${key}`;
  try {
    return await storage.withLock(name, () => run(name));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new PowerAuthError("ENCRYPTION_ERROR", "The storage refused", {
      originalException: error,
      errorData: { storageCode: error.code },
    });
  }
}

function wrong(message: string): PowerAuthError {
  return new PowerAuthError("WRONG_PARAMETER", message);
}
