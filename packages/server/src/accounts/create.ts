/** A new API client. Its secret is random, shown once, and kept as a keyed hash. */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isName } from "../applications/application.ts";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import type { Change } from "../store/store.ts";
import { isPermission, type Permission } from "./api-client.ts";
import { secretHash } from "./authenticate.ts";

export interface NewApiClient {
  /** 1–255 characters, unique per tenant. */
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** Undefined for every application. */
  readonly applications?: readonly string[] | undefined;
  /** API client that asks, for the audit. */
  readonly clientId?: string | undefined;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Refuses `invalid-request`: the name is none or taken, or a permission does not exist. */
export async function createApiClient(
  deps: Pick<Deps, "store" | "secrets" | "random">,
  input: NewApiClient,
): Promise<(Credentials & { name: string }) | Refusal> {
  if (!isName(input.name)) return refuse("invalid-request", "name - 1 to 255 characters");
  if (!input.permissions.every(isPermission)) return refuse("invalid-request", "permissions - unknown");
  return deps.store.transaction(async (change) => {
    const credentials = drawCredentials(deps, change.now);
    if (!(await insertApiClient(deps, change, input, credentials))) return refuse("invalid-request", "name - taken");
    return { ...credentials, name: input.name };
  });
}

/** The secret is 32 random bytes, Base64url. */
export function drawCredentials(deps: Pick<Deps, "random">, now: number): Credentials {
  return { clientId: newUuid7(deps.random, now), clientSecret: toBase64Url(deps.random(32)) };
}

/** Part of a transaction. False when name or id are taken. */
export async function insertApiClient(
  deps: Pick<Deps, "store" | "secrets">,
  change: Change,
  input: NewApiClient,
  { clientId, clientSecret }: Credentials,
): Promise<boolean> {
  const permissions = [...new Set(input.permissions)];
  const applications = input.applications === undefined ? null : [...new Set(input.applications)];
  const { numInsertedOrUpdatedRows } = await change.db
    .insertInto("api_client")
    .values({
      tenant: deps.store.tenant,
      id: clientId,
      name: input.name,
      secret_hash: secretHash(deps, clientId, clientSecret),
      permissions: JSON.stringify(permissions),
      applications: applications === null ? null : JSON.stringify(applications),
      created_at: change.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) return false;
  change.record({
    type: "api-client.created",
    subject: clientId,
    applications: [],
    data: { name: input.name, permissions, applications, clientId: input.clientId },
  });
  return true;
}
