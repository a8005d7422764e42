/** Programs that use the private API: what they may do, and for which applications. */
import type { Selectable } from "kysely";
import type { ApiClientTable } from "../store/schema.ts";

/**
 * `admin`: applications, versions, API clients, and everything below except `decide`. `integrate`: activations,
 * signatures, tokens, vault, templates, operations. `operate`: block, unblock, remove, lists, history.
 * `relying-party`: own operations and their receipts. `decide`: approve, reject and fail in place of a device; off
 * unless given, never implied.
 */
export const permissions = ["admin", "integrate", "operate", "relying-party", "decide"] as const;

export type Permission = (typeof permissions)[number];

export interface ApiClient {
  readonly id: string;
  readonly name: string;
  /** With everything that `admin` implies. */
  readonly permissions: ReadonlySet<Permission>;
  /** Undefined for every application. */
  readonly applications?: ReadonlySet<string>;
}

const impliedByAdmin: readonly Permission[] = ["integrate", "operate", "relying-party"];

/** An empty set names no application at all. */
export function mayUse(client: Pick<ApiClient, "applications">, applicationId: string): boolean {
  return client.applications === undefined || client.applications.has(applicationId);
}

export function isPermission(text: string): text is Permission {
  return (permissions as readonly string[]).includes(text);
}

/** With everything that `admin` implies. */
export function grantedBy(given: readonly Permission[]): ReadonlySet<Permission> {
  return new Set(given.includes("admin") ? [...given, ...impliedByAdmin] : given);
}

export function apiClientOf(row: Selectable<ApiClientTable>): ApiClient {
  return {
    id: row.id,
    name: row.name,
    permissions: grantedBy(JSON.parse(row.permissions) as Permission[]),
    ...(row.applications !== null && { applications: new Set(JSON.parse(row.applications) as string[]) }),
  };
}
