/** The authorization code flow at somebody else's OpenID provider: what it publishes, and the code for an ID token. */
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import type { Outbound } from "../outbound.ts";
import { type ExpectedToken, type IdClaims, verifiedClaims } from "./id-token.ts";
import { askedJson, basic, type Json } from "./json.ts";

/** The issuer's metadata (OpenID Connect Discovery 1.0), of that issuer and no other. */
export async function discovered(outbound: Outbound, issuer: string): Promise<Json | undefined> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const metadata = await askedJson(outbound, { url, method: "GET" });
  return metadata?.issuer === issuer ? metadata : undefined;
}

export interface Exchange {
  readonly tokenUri: string;
  readonly jwksUri: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly method: "client_secret_basic" | "client_secret_post";
  readonly code: string;
  readonly redirectUri: string;
  /** RFC 7636. */
  readonly codeVerifier?: string | undefined;
}

/** For the log: what an operator would have to look into. */
export type ExchangeProblem = "code-not-exchanged" | "keys-not-found" | "token-not-valid";

/** What the ID token says that the code stands for. */
export async function claimsOfCode(
  outbound: Outbound,
  exchange: Exchange,
  expected: Omit<ExpectedToken, "keys" | "accessToken">,
): Promise<{ readonly claims: IdClaims } | { readonly problem: ExchangeProblem }> {
  const tokens = await askedJson(outbound, tokenRequest(exchange));
  if (typeof tokens?.id_token !== "string") return { problem: "code-not-exchanged" };
  const published = await askedJson(outbound, { url: exchange.jwksUri, method: "GET" });
  if (!Array.isArray(published?.keys)) return { problem: "keys-not-found" };
  const keys = createLocalJWKSet(published as unknown as JSONWebKeySet);
  const claims = await verifiedClaims(tokens.id_token, { ...expected, keys, accessToken: tokens.access_token });
  return claims === undefined ? { problem: "token-not-valid" } : { claims };
}

/** RFC 6749, 4.1.3 and 2.3.1. */
function tokenRequest({ tokenUri: url, clientId, clientSecret, method, code, redirectUri, codeVerifier }: Exchange) {
  const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirectUri });
  if (codeVerifier !== undefined) form.set("code_verifier", codeVerifier);
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
  if (method === "client_secret_post") {
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
