/** Puts together the `mobileTokenData` of an operation, out of single values and of records such as visits of screens. */
import { requireJson } from "./mobile-token-data.ts";

/** Something that brings its value and its place. */
export interface MobileTokenDataRecord {
  readonly key: string;
  build(): unknown;
}

/** Later values replace earlier ones under the same key. */
export class MobileTokenDataBuilder {
  readonly #members: Map<string, unknown>;

  constructor(initial: Readonly<Record<string, unknown>> = {}) {
    this.#members = new Map(Object.entries(initial));
  }

  /** Throws `MobileTokenError` with reason `network_invalidRequestObject` for what JSON cannot carry. */
  put(key: string, value: unknown): this {
    requireJson(value);
    this.#members.set(key, value);
    return this;
  }

  /** The record's value as it is now. */
  async putRecord(record: MobileTokenDataRecord): Promise<this> {
    return this.put(record.key, await record.build());
  }

  /** Whether there was something. */
  remove(key: string): boolean {
    return this.#members.delete(key);
  }

  clear(): void {
    this.#members.clear();
  }

  /** A copy that later changes do not touch, and that cannot be changed. */
  build(): Readonly<Record<string, unknown>> {
    const copy = JSON.parse(JSON.stringify(Object.fromEntries(this.#members))) as Record<string, unknown>;
    return freeze(copy);
  }
}

function freeze<T extends object>(value: T): T {
  for (const member of Object.values(value) as unknown[]) {
    if (typeof member === "object" && member !== null) freeze(member);
  }
  return Object.freeze(value);
}
