/** How operations of a type are shown in a language: the back end's side of `/v1/display-templates`. */
import type { DisplayTemplate } from "@countersign/protocol/operation/display";
import { type Connection, exchange } from "./exchange.ts";
import type { CallOptions } from "./operations.ts";

/** Texts with `${parameter}` places, rows, and the screens around them. */
export type DisplayTemplateContent = Omit<DisplayTemplate, "language">;

export interface StoredDisplayTemplate extends DisplayTemplate {
  readonly operationType: string;
  /** ISO 8601 in UTC. */
  readonly updatedAt: string;
}

/** All calls need an API client with the permission `integrate`, and throw `RelyingPartyError`. */
export interface DisplayTemplatesClient {
  /** Adds it, or takes the place of the one that was there. `language` is a subtag such as `cs`. Throws `invalid-request`. */
  set(
    operationType: string,
    language: string,
    content: DisplayTemplateContent,
    options?: CallOptions,
  ): Promise<StoredDisplayTemplate>;
  /** Throws `template-not-found`. */
  get(operationType: string, language: string, options?: CallOptions): Promise<StoredDisplayTemplate>;
  /** All, or those of one operation type. */
  list(options?: CallOptions & { readonly operationType?: string }): Promise<readonly StoredDisplayTemplate[]>;
  /** Throws `template-not-found`. */
  remove(operationType: string, language: string, options?: CallOptions): Promise<void>;
}

export function displayTemplatesClient(connection: Connection): DisplayTemplatesClient {
  const base = "/v1/display-templates";
  const pathOf = (...parts: readonly string[]) => [base, ...parts.map(encodeURIComponent)].join("/");
  return {
    async set(operationType, language, body, { signal } = {}) {
      const path = pathOf(operationType, language);
      return (await exchange(connection, { method: "PUT", path, body, signal })).json as StoredDisplayTemplate;
    },
    async get(operationType, language, { signal } = {}) {
      const path = pathOf(operationType, language);
      return (await exchange(connection, { method: "GET", path, signal })).json as StoredDisplayTemplate;
    },
    async list({ operationType, signal } = {}) {
      const path = operationType === undefined ? base : `${base}?operationType=${encodeURIComponent(operationType)}`;
      const { json } = await exchange(connection, { method: "GET", path, signal });
      return (json as { readonly items: readonly StoredDisplayTemplate[] }).items;
    },
    async remove(operationType, language, { signal } = {}) {
      await exchange(connection, { method: "DELETE", path: pathOf(operationType, language), signal });
    },
  };
}
