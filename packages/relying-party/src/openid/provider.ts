/**
 * The provider as this client talks to it: discovery, authentication, and every failure as an `OpenIdError`. Protocol
 * messages are openid-client's.
 */
import * as openid from "openid-client";
import { fetchJwks, type Jwks } from "../receipt.ts";
import { OpenIdError } from "./errors.ts";

/** ES256 keys of one's own. The public half is registered with the client under this `kid`. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly kid: string;
}

export interface ClientOptions {
  /** `https://…/oidc`, without a slash at the end. Plain HTTP only on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  /** One of the two, as registered. */
  readonly clientSecret?: string;
  readonly privateKey?: SigningKey;
  /** Signs every request, so that the person's device can check it. */
  readonly signRequests?: SigningKey;
  /** Tokens are bound to this key (RFC 9449). */
  readonly dpop?: CryptoKeyPair;
  /** Keys of the provider, pinned. Without, they are fetched from it, and again for a key that is not known. */
  readonly keys?: Jwks;
  readonly fetch?: typeof fetch;
  /** Epoch ms. */
  readonly now?: () => number;
  /** Rejects when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export async function discovered(options: ClientOptions): Promise<openid.Configuration> {
  const { issuer, clientId, clientSecret, privateKey, fetch: send } = options;
  const authentication =
    privateKey === undefined
      ? openid.ClientSecretBasic(clientSecret)
      : openid.PrivateKeyJwt({ key: privateKey.key, kid: privateKey.kid });
  const config = await asked(() =>
    openid.discovery(new URL(issuer), clientId, { id_token_signed_response_alg: "ES256" }, authentication, {
      ...(isLocal(issuer) && { execute: [openid.allowInsecureRequests] }),
      ...(send !== undefined && { [openid.customFetch]: send as openid.CustomFetch }),
    }),
  );
  if (config.serverMetadata().issuer !== issuer) throw new OpenIdError("wrong-issuer", "This is another issuer");
  return config;
}

/** The provider's keys as they are now. */
export async function publishedKeys(config: openid.Configuration, send: typeof fetch | undefined): Promise<Jwks> {
  const { jwks_uri: url } = config.serverMetadata();
  try {
    return await fetchJwks(url ?? "", send === undefined ? {} : { fetch: send });
  } catch (cause) {
    throw new OpenIdError("unreachable", "The provider's keys could not be fetched", { cause });
  }
}

/** Resolves as the call does; throws `OpenIdError` for whatever it throws. */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw failureOf(cause);
  }
}

function failureOf(cause: unknown): OpenIdError {
  if (cause instanceof OpenIdError) return cause;
  if (isAway(cause)) return new OpenIdError("unreachable", "The provider is not available", { cause });
  if (cause instanceof openid.ResponseBodyError) return refusalOf(cause.error, cause.error_description, cause);
  if (cause instanceof openid.WWWAuthenticateChallengeError) {
    return new OpenIdError("refused", "The provider refuses the credentials", { error: "invalid_client", cause });
  }
  const { code } = cause as { readonly code?: string };
  if (code?.startsWith("OAUTH_JWT") === true) {
    return new OpenIdError("token-malformed", "The ID token is not for this client and time", { cause });
  }
  if (code === undefined || code === "OAUTH_TIMEOUT" || code === "OAUTH_ABORT") {
    return new OpenIdError("unreachable", "The provider could not be reached", { cause });
  }
  return new OpenIdError("response-malformed", "The answer is not one of an OpenID provider", { cause });
}

/** It, or something before it, says that it cannot answer at present. */
function isAway(cause: unknown): boolean {
  const from = cause instanceof openid.ResponseBodyError ? cause : (cause as { readonly cause?: unknown }).cause;
  const { status } = (from ?? {}) as { readonly status?: unknown };
  return status === 429 || (typeof status === "number" && status >= 500);
}

const outcomes: Readonly<Record<string, "denied" | "expired" | "failed">> = {
  access_denied: "denied",
  expired_token: "expired",
  transaction_failed: "failed",
};

/** What an error code of the provider means here (CIBA §11, §13). */
export function refusalOf(error: string, detail: string | undefined, cause?: unknown): OpenIdError {
  const code = Object.hasOwn(outcomes, error) ? (outcomes[error] ?? "refused") : "refused";
  const more = { error, cause, ...(detail !== undefined && { detail }) };
  return new OpenIdError(code, detail === undefined ? error : `${error}: ${detail}`, more);
}

function isLocal(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
