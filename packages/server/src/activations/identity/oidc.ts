/**
 * Who the user is, as an OpenID provider says (OpenID Connect Core 1.0, authorization code flow). The device sent its
 * user to the provider and brings the code; it is exchanged here, and the ID token decides.
 */
import type { Deps } from "../../deps.ts";
import { claimsOfCode, type ExchangeProblem } from "../../identity-providers/code.ts";
import type { Json } from "../../identity-providers/json.ts";
import { endpointsOf, findProvider } from "./provider.ts";

export interface OidcAttributes {
  readonly providerId: string;
  readonly code: string;
  /** Drawn by the device for this log-in. */
  readonly nonce: string;
  /** RFC 7636. */
  readonly codeVerifier?: string | undefined;
}

/** Undefined unless everything is there and of a plausible length. */
export function readOidcAttributes(attributes: Json): OidcAttributes | undefined {
  const { method, providerId, code, nonce, codeVerifier } = attributes;
  const text = (value: unknown): value is string =>
    typeof value === "string" && value.length > 0 && value.length <= 4096;
  if (method !== "oidc" || !text(providerId) || !text(code) || !text(nonce)) return undefined;
  if (codeVerifier === undefined || codeVerifier === null) return { providerId, code, nonce };
  if (typeof codeVerifier !== "string" || !/^[A-Za-z0-9._~-]{43,128}$/.test(codeVerifier)) return undefined;
  return { providerId, code, nonce, codeVerifier };
}

export type OidcIdentity = { readonly userId: string } | { readonly problem: OidcProblem };

/** For the log: what an operator would have to look into. */
export type OidcProblem = "provider-unknown" | "verifier-missing" | "provider-metadata" | ExchangeProblem;

type OidcDeps = Pick<Deps, "store" | "secrets" | "outbound">;

/** Whoever is named by an ID token of this provider for this client and this nonce. `now` is epoch ms. */
export async function oidcIdentity(
  deps: OidcDeps,
  applicationId: string,
  attributes: OidcAttributes,
  now: number,
): Promise<OidcIdentity> {
  const provider = await findProvider(deps, applicationId, attributes.providerId);
  if (provider === undefined) return { problem: "provider-unknown" };
  const { code, codeVerifier, nonce } = attributes;
  if (provider.pkceEnabled === true && codeVerifier === undefined) return { problem: "verifier-missing" };
  const endpoints = await endpointsOf(deps.outbound, provider);
  if (endpoints === undefined) return { problem: "provider-metadata" };
  const { clientId, clientSecret, redirectUri, clientAuthenticationMethod: method = "client_secret_basic" } = provider;
  const found = await claimsOfCode(
    deps.outbound,
    { ...endpoints, clientId, clientSecret, method, code, redirectUri, codeVerifier },
    { issuer: provider.issuerUri, clientId, algorithm: provider.signatureAlgorithm ?? "RS256", nonce, now },
  );
  return "problem" in found ? found : { userId: found.claims.sub };
}
