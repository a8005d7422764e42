/** An OpenID provider of an application: its settings, completed from what the issuer publishes (OpenID Discovery 1.0). */
import type { OAuth2Provider } from "../../applications/configuration-keys.ts";
import { configurationOf } from "../../applications/configuration.ts";
import type { Deps } from "../../deps.ts";
import { type Refusal, refuse } from "../../errors.ts";
import { discovered } from "../../identity-providers/code.ts";
import type { Outbound } from "../../outbound.ts";

export async function findProvider(
  deps: Pick<Deps, "store" | "secrets">,
  applicationId: string,
  providerId: string,
): Promise<OAuth2Provider | undefined> {
  const providers = await configurationOf(deps, applicationId, "oauth2_providers");
  return providers.find((provider) => provider.providerId === providerId);
}

/** What an app needs to send its user to a provider. The client's secret is not among it. */
export interface ProviderForApp {
  readonly providerId: string;
  readonly clientId: string;
  readonly scopes: string;
  readonly authorizeUri: string;
  readonly redirectUri: string;
  readonly pkceEnabled: boolean;
}

/** Refuses `provider-not-found`, also where the issuer does not say where to send a user. */
export async function providerForApp(
  deps: Pick<Deps, "store" | "secrets" | "outbound">,
  applicationId: string,
  providerId: string,
): Promise<ProviderForApp | Refusal> {
  const provider = await findProvider(deps, applicationId, providerId);
  if (provider === undefined) return refuse("provider-not-found");
  const authorizeUri =
    provider.authorizeUri ?? (await discovered(deps.outbound, provider.issuerUri))?.authorization_endpoint;
  if (typeof authorizeUri !== "string") return refuse("provider-not-found");
  const { clientId, scopes = "openid", redirectUri, pkceEnabled = false } = provider;
  return { providerId, clientId, scopes, authorizeUri, redirectUri, pkceEnabled };
}

/** Where codes are exchanged and keys are published. Undefined when neither settings nor issuer say so. */
export async function endpointsOf(
  outbound: Outbound,
  provider: OAuth2Provider,
): Promise<{ readonly tokenUri: string; readonly jwksUri: string } | undefined> {
  const { tokenUri, jwkSetUri, jwksUri = jwkSetUri } = provider;
  if (tokenUri !== undefined && jwksUri !== undefined) return { tokenUri, jwksUri };
  const published = await discovered(outbound, provider.issuerUri);
  const token = tokenUri ?? published?.token_endpoint;
  const keys = jwksUri ?? published?.jwks_uri;
  return typeof token === "string" && typeof keys === "string" ? { tokenUri: token, jwksUri: keys } : undefined;
}
