/**
 * Who the user is, as an OpenID provider says (OpenID Connect Core 1.0, authorization code flow). The device sent its
 * user to the provider and brings the code; it is exchanged here, and the ID token decides.
 */
import { createHash } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import type { OAuth2Provider } from "../../applications/configuration-keys.ts";
import { isName } from "../../applications/application.ts";
import type { Deps } from "../../deps.ts";
import { askedJson, basic, endpointsOf, findProvider, type Json } from "./provider.ts";

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
export type OidcProblem =
  | "provider-unknown"
  | "verifier-missing"
  | "provider-metadata"
  | "code-not-exchanged"
  | "keys-not-found"
  | "token-not-valid";

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
  if (provider.pkceEnabled === true && attributes.codeVerifier === undefined) return { problem: "verifier-missing" };
  const endpoints = await endpointsOf(deps.outbound, provider);
  if (endpoints === undefined) return { problem: "provider-metadata" };
  const tokens = await askedJson(deps.outbound, tokenRequest(endpoints.tokenUri, provider, attributes));
  if (typeof tokens?.id_token !== "string") return { problem: "code-not-exchanged" };
  const keys = await askedJson(deps.outbound, { url: endpoints.jwksUri, method: "GET" });
  if (!Array.isArray(keys?.keys)) return { problem: "keys-not-found" };
  const userId = await subjectOf(provider, tokens, keys as unknown as JSONWebKeySet, attributes.nonce, now);
  return userId === undefined ? { problem: "token-not-valid" } : { userId };
}

/** RFC 6749, 4.1.3 and 2.3.1. */
function tokenRequest(url: string, provider: OAuth2Provider, { code, codeVerifier }: OidcAttributes) {
  const { clientId, clientSecret, redirectUri } = provider;
  const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirectUri });
  if (codeVerifier !== undefined) form.set("code_verifier", codeVerifier);
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
  if (provider.clientAuthenticationMethod === "client_secret_post") {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret);
  } else {
    headers.authorization = basic(formEncoded(clientId), formEncoded(clientSecret));
  }
  return { url, method: "POST", headers, body: form.toString() } as const;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}

const skewSeconds = 30;

/** OpenID Connect Core 1.0, 3.1.3.7. The algorithm is the configured one, whatever the token says. */
async function subjectOf(
  provider: OAuth2Provider,
  tokens: Json,
  keys: JSONWebKeySet,
  nonce: string,
  now: number,
): Promise<string | undefined> {
  const algorithm = provider.signatureAlgorithm ?? "RS256";
  try {
    const { payload } = await jwtVerify(tokens.id_token as string, createLocalJWKSet(keys), {
      algorithms: [algorithm],
      issuer: provider.issuerUri,
      audience: provider.clientId,
      requiredClaims: ["exp", "iat", "sub", "nonce"],
      clockTolerance: skewSeconds,
      currentDate: new Date(now),
    });
    const several = Array.isArray(payload.aud) && payload.aud.length > 1;
    if ((several || payload.azp !== undefined) && payload.azp !== provider.clientId) return undefined;
    if (payload.nonce !== nonce) return undefined;
    if (payload.at_hash !== undefined && payload.at_hash !== halfHash(algorithm, tokens.access_token)) return undefined;
    return typeof payload.sub === "string" && isName(payload.sub) ? payload.sub : undefined;
  } catch {
    return undefined;
  }
}

/** OpenID Connect Core 1.0, 3.1.3.6: the left half of the hash that goes with the algorithm. */
function halfHash(algorithm: string, accessToken: unknown): string | undefined {
  if (typeof accessToken !== "string") return undefined;
  const bits = /\d{3}$/.exec(algorithm)?.[0] ?? "512";
  const hash = createHash(`sha${bits}`).update(accessToken, "ascii").digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}
