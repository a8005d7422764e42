/**
 * Starts a server from options and the environment, and nothing else reads either.
 *
 * `COUNTERSIGN_MASTER_KEY` (32 bytes, Base64) or `COUNTERSIGN_MASTER_KEY_FILE` names the key that seals secrets; it is
 * required with PostgreSQL and made beside the data otherwise. `COUNTERSIGN_PREVIOUS_MASTER_KEY` (or `…_FILE`) names the
 * one before it, from the start with a new one until everything is sealed again (`countersign keys reseal`).
 * `COUNTERSIGN_CONSOLE_OPENID_SECRET` (or `…_FILE`) is the secret of the console's log-in, where it is not in its settings.
 */
import { randomFillSync } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import type { RandomBytes } from "@countersign/protocol/bytes";
import { Value } from "typebox/value";
import { type Config, configSchema } from "./config.ts";
import { createLog, type LogTarget } from "./log.ts";
import { createServer, type RunningServer } from "./server.ts";
import { openStore } from "./store/open.ts";

export interface ServeOptions {
  readonly dataDirectory: string;
  /** `postgres://…`; the embedded store in the data directory when absent. */
  readonly store?: string | undefined;
  /** Where the pages for people were built; without it none are served. */
  readonly pages?: string | undefined;
  readonly log?: LogTarget | undefined;
  /** Any setting of `config.ts`; the others have their defaults. */
  readonly config?: GivenConfig;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Not checked yet. */
export interface GivenConfig extends Partial<Omit<Config, "consoleOpenId">> {
  readonly consoleOpenId?: unknown;
}

export type { RunningServer } from "./server.ts";

/** What a caller of `serve` did wrong, in words for a person. */
export class ServeError extends Error {
  override readonly name = "ServeError";
}

/**
 * Resolves once both listeners answer. Throws ServeError for options that cannot work and StoreError (STORE_IN_USE,
 * MASTER_KEY_MISMATCH, …) for data that cannot be opened.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const environment = options.environment ?? process.env;
  const config = checkedConfig(options.config ?? {}, environment);
  mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
  const random = pooledRandom();
  const masterKey = masterKeyFrom(environment);
  const previous = keyFrom(environment, "COUNTERSIGN_PREVIOUS_MASTER_KEY");
  const opened = await openStore(
    options.store === undefined
      ? { kind: "sqlite", dataDirectory: options.dataDirectory }
      : { kind: "postgres", url: options.store, dataDirectory: options.dataDirectory },
    {
      tenant: config.tenant,
      random,
      ...(masterKey !== undefined && { masterKey }),
      ...(previous !== undefined && { previousMasterKeys: [previous] }),
    },
  );
  try {
    const log = createLog(options.log ?? "stderr");
    return await createServer({
      config,
      opened,
      dataDirectory: options.dataDirectory,
      pages: options.pages,
      random,
      log,
    });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The system's generator, drawn a page at a time: most requests are for 16 bytes. No byte is handed out twice. */
function pooledRandom(): RandomBytes {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return (length) => {
    if (length > pool.length) return randomFillSync(new Uint8Array(length));
    if (used + length > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + length);
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  };
}

function checkedConfig(given: GivenConfig, environment: NonNullable<ServeOptions["environment"]>): Config {
  const config: unknown = Value.Default(configSchema, withSecret(structuredClone(given), environment));
  if (!Value.Check(configSchema, config)) {
    const [problem] = Value.Errors(configSchema, config);
    throw new ServeError(`Setting ${problem?.instancePath.slice(1) ?? ""} is not valid: ${problem?.message ?? ""}.`);
  }
  const { privateHost, consoleOpenId } = config;
  const wide = !["127.0.0.1", "::1", "localhost"].includes(privateHost);
  if (wide && !config.allowWidePrivate) {
    throw new ServeError(
      `The private listener would be reachable at ${privateHost} without TLS. Put a TLS proxy before it and say --allow-wide-private.`,
    );
  }
  if (wide && consoleOpenId !== undefined && consoleOpenId.consoleUrl === undefined) {
    throw new ServeError("Setting consoleOpenId/consoleUrl is missing: browsers come to the console by another name.");
  }
  return config;
}

/** What is secret may stand elsewhere than the rest. */
function withSecret(given: GivenConfig, environment: NonNullable<ServeOptions["environment"]>): GivenConfig {
  const { consoleOpenId } = given;
  const secret = keyFrom(environment, "COUNTERSIGN_CONSOLE_OPENID_SECRET");
  if (typeof consoleOpenId !== "object" || consoleOpenId === null || secret === undefined) return given;
  return { ...given, consoleOpenId: { clientSecret: secret, ...consoleOpenId } };
}

/** Undefined where neither names one. */
export function masterKeyFrom(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  return keyFrom(environment, "COUNTERSIGN_MASTER_KEY");
}

function keyFrom(environment: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const file = environment[`${name}_FILE`];
  return file === undefined ? environment[name] : readFileSync(file, "utf8").trim();
}
