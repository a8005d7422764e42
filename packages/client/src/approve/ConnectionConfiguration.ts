/** How servers are reached. A container may have its own; others use the device's. */
import type { Connection } from "../engine/approve/device.ts";
import { InvalidParameterException } from "./exceptions.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ConnectionOptions {
  /** Milliseconds for a whole exchange; 30 s unless given. */
  readonly timeout?: number | undefined;
  /** How often a call that changes nothing is repeated when the server is out of reach; 0 unless given. */
  readonly retries?: number | undefined;
  /** What sends requests, for example with authorities of one's own; the platform's unless given. */
  readonly fetch?: Fetch | undefined;
}

export class ConnectionConfiguration {
  readonly timeout: number;
  readonly retries: number;
  readonly fetch: Fetch | undefined;

  constructor({ timeout = 30_000, retries = 0, fetch }: ConnectionOptions = {}) {
    if (!Number.isSafeInteger(timeout) || timeout < 1 || timeout > 600_000) {
      throw new InvalidParameterException("The timeout is from 1 to 600000 ms");
    }
    if (!Number.isSafeInteger(retries) || retries < 0 || retries > 10) {
      throw new InvalidParameterException("Retries are from 0 to 10");
    }
    this.timeout = timeout;
    this.retries = retries;
    this.fetch = fetch;
  }
}

/** @internal */
export function connectionFrom(configuration: ConnectionConfiguration): Connection {
  if (!(configuration instanceof ConnectionConfiguration)) {
    throw new InvalidParameterException("The connection is configured by a ConnectionConfiguration");
  }
  const { timeout, retries, fetch = (url: string, init: RequestInit) => globalThis.fetch(url, init) } = configuration;
  return { timeout, retries, fetch };
}
