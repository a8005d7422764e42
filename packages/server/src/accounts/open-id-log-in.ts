/**
 * An operator logs in at the configured OpenID provider: authorization code flow with PKCE (RFC 7636), state and nonce.
 * The three are derived from a random token that only the browser has; what is kept is that it was begun, once.
 *
 * The issuer stands in the configuration, so that it may have a private address, as the database may. What it names at
 * other origins is reached only where anything else may be.
 */
import { hash } from "node:crypto";
import { equalTexts, toBase64Url } from "@countersign/protocol/bytes";
import type { ConsoleOpenId } from "../config.ts";
import type { Deps } from "../deps.ts";
import { isRefusal } from "../errors.ts";
import { claimsOfCode, discovered, type ExchangeProblem } from "../identity-providers/code.ts";
import type { Json } from "../identity-providers/json.ts";
import { type Outbound, outboundTrusting } from "../outbound.ts";
import { type BegunSession, signInOperator } from "./console-session.ts";
import { operatorId, operatorOf } from "./operator.ts";

/** Time to log in at the provider. */
export const logInSeconds = 600;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** Why nobody was let in: for the page, which has words for each, and for the log. */
export type LogInProblem =
  /** Not begun by this browser, ended already, or too late. */
  | "log-in-unknown"
  /** The answer is another provider's (RFC 9207). */
  | "issuer-mixed-up"
  /** The provider says so. */
  | "provider-refused"
  /** Its metadata cannot be had, or are of no use. */
  | "provider-unavailable"
  | ExchangeProblem
  /** No rule fits. */
  | "no-permission";

type LogInDeps = Pick<Deps, "store" | "secrets" | "config" | "random" | "outbound">;

export interface BegunLogIn {
  /** For the browser, until it comes back. */
  readonly token: string;
  /** Where the operator logs in. */
  readonly location: string;
}

/** Undefined when the provider does not say where people log in. `redirectUri` is where they come back to. */
export async function beginLogIn(
  deps: LogInDeps,
  settings: ConsoleOpenId,
  redirectUri: string,
): Promise<BegunLogIn | undefined> {
  const provider = await providerOf(deps, settings);
  if (provider === undefined) return undefined;
  const token = toBase64Url(deps.random(32));
  const { store } = deps;
  await store.transaction(async ({ db, now }) => {
    await db.deleteFrom("console_log_in").where("tenant", "=", store.tenant).where("expires_at", "<=", now).execute();
    const row = { tenant: store.tenant, id: idOf(deps, token), expires_at: now + logInSeconds * 1000 };
    await db.insertInto("console_log_in").values(row).execute();
  });
  const { state, nonce, verifier } = drawnFrom(deps, token);
  const location = new URL(provider.authorizeUri);
  const parameters = {
    response_type: "code",
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    scope: settings.scopes,
    state,
    nonce,
    code_challenge: hash("sha256", verifier, "base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
  return { token, location: location.href };
}

/** What the browser brings back. */
export interface LogInAnswer {
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
}

/** A session, or why there is none. Whatever comes of it, the same log-in is not ended twice. */
export async function finishLogIn(
  deps: LogInDeps,
  settings: ConsoleOpenId,
  redirectUri: string,
  token: string,
  answer: LogInAnswer,
): Promise<BegunSession | { readonly problem: LogInProblem }> {
  if (!tokenPattern.test(token)) return { problem: "log-in-unknown" };
  const { state, nonce, verifier: codeVerifier } = drawnFrom(deps, token);
  // First: a stranger's link to this address must not end what the operator has begun.
  if (!equalTexts(state, answer.state ?? "") || !(await end(deps, token))) return { problem: "log-in-unknown" };
  const { issuer, clientId, clientSecret, clientAuthentication: method, algorithm } = settings;
  if (answer.iss !== undefined && answer.iss !== issuer) return { problem: "issuer-mixed-up" };
  const provider = await providerOf(deps, settings);
  if (provider === undefined) return { problem: "provider-unavailable" };
  if (provider.namesItself && answer.iss === undefined) return { problem: "issuer-mixed-up" };
  const { code } = answer;
  if (code === undefined || answer.error !== undefined) return { problem: "provider-refused" };
  const found = await claimsOfCode(
    provider.outbound,
    { ...provider, clientId, clientSecret, method, code, redirectUri, codeVerifier },
    { issuer, clientId, algorithm, nonce, now: await deps.store.now() },
  );
  if ("problem" in found) return found;
  const { sub: subject } = found.claims;
  const operator = operatorOf(settings, found.claims);
  if (operator === undefined) {
    await deps.store.transaction(async ({ record }) =>
      record({
        type: "console.refused",
        subject: operatorId({ issuer, subject }),
        applications: [],
        data: { issuer, subject },
      }),
    );
    return { problem: "no-permission" };
  }
  const session = await signInOperator(deps, operator);
  return isRefusal(session) ? { problem: "no-permission" } : session;
}

/** Where an operator who has signed out here can sign out there, too (OpenID Connect RP-Initiated Logout 1.0). */
export async function endOfSessionAt(deps: LogInDeps, settings: ConsoleOpenId): Promise<string | undefined> {
  const provider = await providerOf(deps, settings);
  if (provider?.endSessionUri === undefined) return undefined;
  const location = new URL(provider.endSessionUri);
  location.searchParams.set("client_id", settings.clientId);
  return location.href;
}

interface Provider {
  readonly outbound: Outbound;
  readonly authorizeUri: string;
  readonly tokenUri: string;
  readonly jwksUri: string;
  readonly endSessionUri?: string | undefined;
  /** Every answer in the browser says whose it is (RFC 9207). */
  readonly namesItself: boolean;
}

async function providerOf(deps: LogInDeps, { issuer }: ConsoleOpenId): Promise<Provider | undefined> {
  const outbound = outboundTrusting(issuer, deps.outbound);
  const metadata = await discovered(outbound, issuer);
  if (metadata === undefined) return undefined;
  const [authorizeUri, tokenUri, jwksUri] = ["authorization_endpoint", "token_endpoint", "jwks_uri"].map((name) =>
    addressIn(metadata, name),
  );
  if (authorizeUri === undefined || tokenUri === undefined || jwksUri === undefined) return undefined;
  const namesItself = metadata["authorization_response_iss_parameter_supported"] === true;
  const endSessionUri = addressIn(metadata, "end_session_endpoint");
  return { outbound, authorizeUri, tokenUri, jwksUri, endSessionUri, namesItself };
}

/** By TLS; on this machine without. */
function addressIn(metadata: Json, name: string): string | undefined {
  const value = metadata[name];
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null) return undefined;
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isHere) ? url.href : undefined;
}

/** True once. */
async function end(deps: LogInDeps, token: string): Promise<boolean> {
  const { store } = deps;
  return store.transaction(async ({ db, now }) => {
    const ended = await db
      .deleteFrom("console_log_in")
      .where("tenant", "=", store.tenant)
      .where("id", "=", idOf(deps, token))
      .returning("expires_at")
      .executeTakeFirst();
    return ended !== undefined && ended.expires_at > now;
  });
}

/** Nobody without the token and this server's key can tell any of them, nor one from another. */
function drawnFrom({ secrets }: Pick<Deps, "secrets">, token: string) {
  return {
    state: secrets.hash("console-log-in-state", token),
    nonce: secrets.hash("console-log-in-nonce", token),
    verifier: secrets.hash("console-log-in-verifier", token),
  };
}

function idOf({ secrets }: Pick<Deps, "secrets">, token: string): string {
  return secrets.hash("console-log-in", token);
}
