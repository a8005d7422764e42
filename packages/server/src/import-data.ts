/** Takes over another server's database into data that no server is at work on: what `countersign import` calls. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { fromBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { Value } from "typebox/value";
import { type Config, configSchema } from "./config.ts";
import { importPowerAuth } from "./import/import.ts";
import type { ImportReport } from "./import/report.ts";
import { openSource, SourceError } from "./import/source.ts";
import { createSecrets } from "./keys/secrets.ts";
import { masterKeyFrom } from "./main.ts";
import { openStore, type StoreLocation } from "./store/open.ts";

export type { ImportReport } from "./import/report.ts";

export interface ImportDataOptions {
  /** `postgres://…` of the PowerAuth server. */
  readonly from: string;
  /** Zone of the source's timestamps. */
  readonly zone: string;
  /** 16 bytes, Base64. */
  readonly sourceMasterKey?: string | undefined;
  readonly tenant: string;
  readonly dryRun: boolean;
  readonly enableCallbacks: boolean;
  readonly onProgress?: ((table: string, done: number) => void) | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Throws SourceError for the source, StoreError for the target: STORE_IN_USE when a server is at work on it. */
export async function importData(location: StoreLocation, options: ImportDataOptions): Promise<ImportReport> {
  const key = options.sourceMasterKey === undefined ? undefined : fromBase64(options.sourceMasterKey);
  if (options.sourceMasterKey !== undefined && key?.length !== 16) {
    throw new SourceError("master-key", "The source's master key is not 16 bytes in Base64.");
  }
  const random = (length: number) => new Uint8Array(randomBytes(length));
  const config = Value.Default(configSchema, { tenant: options.tenant }) as Config;
  const { enableCallbacks, onProgress } = options;
  const more = { enableCallbacks, onProgress, masterKey: key && nodeCrypto.secretKey(key) };
  const source = await openSource({ url: options.from, zone: options.zone });
  try {
    if (options.dryRun) {
      const secrets = createSecrets(Buffer.from(random(32)).toString("base64"), random);
      return await importPowerAuth({ store: undefined, secrets, crypto: nodeCrypto, random, config }, source, more);
    }
    mkdirSync(location.dataDirectory, { recursive: true, mode: 0o700 });
    const masterKey = masterKeyFrom(options.environment ?? process.env);
    const opened = await openStore(location, {
      tenant: options.tenant,
      random,
      ...(masterKey !== undefined && { masterKey }),
    });
    try {
      const { store, secrets } = opened;
      return await importPowerAuth({ store, secrets, crypto: nodeCrypto, random, config }, source, more);
    } finally {
      await opened.close();
    }
  } finally {
    await source.close();
  }
}
