/** What an API client may address: activations and keys of its applications. Others do not exist for it. */
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { RefusedError, refuse } from "../../errors.ts";
import type { ActivationRow } from "../../store/store.ts";

export async function findActivationFor(
  deps: Pick<Deps, "store">,
  client: ApiClient,
  activationId: string,
): Promise<ActivationRow | undefined> {
  const activation = await deps.store.findActivation(activationId);
  return activation !== undefined && mayUse(client, activation.application_id) ? activation : undefined;
}

/** For calls that need the keys of a PowerAuth activation: an Approve container has none of them. */
export async function findPowerAuthFor(
  deps: Pick<Deps, "store">,
  client: ApiClient,
  activationId: string,
): Promise<ActivationRow | undefined> {
  const activation = await findActivationFor(deps, client, activationId);
  return activation?.protocol === "powerauth" ? activation : undefined;
}

/** Matches no activation. */
const noActivation = "00000000-0000-0000-0000-000000000000";

/** The id, or one that matches nothing. For calls that answer for an unknown activation too. */
export async function addressed(deps: Pick<Deps, "store">, client: ApiClient, activationId: string): Promise<string> {
  return (await findActivationFor(deps, client, activationId))?.id ?? noActivation;
}

/** Throws `activation-not-found`. For calls whose verb looks the activation up itself. */
export async function requireActivation(
  deps: Pick<Deps, "store">,
  client: ApiClient,
  activationId: string,
): Promise<void> {
  // Nothing to find out for a client that may use every application.
  if (client.applications === undefined) return;
  if ((await findActivationFor(deps, client, activationId)) === undefined) {
    throw new RefusedError(refuse("activation-not-found"));
  }
}

/** Throws `application-not-found` for the key of an application that the client may not use. */
export async function requireApplicationOfKey(
  deps: Pick<Deps, "versions">,
  client: ApiClient,
  applicationKey: string,
): Promise<void> {
  const version = await deps.versions.find(applicationKey);
  if (version !== undefined && !mayUse(client, version.applicationId)) {
    throw new RefusedError(refuse("application-not-found"));
  }
}
