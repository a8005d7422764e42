/** The request that a browser takes to an OpenID provider, and what it brings back (RFC 6749, RFC 7636). */
import { equalTexts, toBase64Url, utf8, type RandomBytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";

export interface OidcConfig {
  readonly providerId: string;
  readonly clientId: string;
  /** Separated by spaces. */
  readonly scopes: string;
  readonly authorizeUri: string;
  readonly redirectUri: string;
  readonly pkceEnabled: boolean;
}

export interface PkceCodes {
  readonly codeVerifier: string;
  readonly codeChallenge: string;
  readonly codeMethod: "S256";
}

export type CallbackDefect = "callback-malformed" | "code-missing" | "state-missing" | "state-mismatch";

/** Base64url of so many random bytes. */
export function randomText(random: RandomBytes, length: number): string {
  return toBase64Url(random(length));
}

/** `length` is in bytes, 32 to 96; any other counts as 32. */
export function createPkce(crypto: Pick<CryptoProvider, "sha256">, random: RandomBytes, length: number): PkceCodes {
  const isPossible = Number.isInteger(length) && length >= 32 && length <= 96;
  const codeVerifier = randomText(random, isPossible ? length : 32);
  return { codeVerifier, codeChallenge: toBase64Url(crypto.sha256(utf8(codeVerifier))), codeMethod: "S256" };
}

export function authorizationUrl(
  config: Pick<OidcConfig, "authorizeUri" | "clientId" | "redirectUri" | "scopes">,
  request: { readonly state: string; readonly nonce: string; readonly pkceCodes?: PkceCodes | undefined },
): string {
  const { pkceCodes } = request;
  const parameters = {
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scopes,
    state: request.state,
    nonce: request.nonce,
    response_type: "code",
    ...(pkceCodes && { code_challenge: pkceCodes.codeChallenge, code_challenge_method: pkceCodes.codeMethod }),
  };
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const base = config.authorizeUri;
  const separator = !base.includes("?") ? "?" : /[?&]$/.test(base) ? "" : "&";
  return base + separator + query.join("&");
}

/** The code, when the address is the answer to the request with this state. By hand: not every platform has a whole `URL`. */
export function codeOfCallback(address: string, state: string): { readonly code: string } | CallbackDefect {
  const found = parametersOf(address);
  if (found === undefined) return "callback-malformed";
  const [code, returned] = [tidy(found.get("code")), tidy(found.get("state"))];
  if (code === "" && returned === "") return "callback-malformed";
  if (code === "") return "code-missing";
  if (returned === "") return "state-missing";
  return equalTexts(returned, tidy(state)) ? { code } : "state-mismatch";
}

/** Undefined for escapes that are none, and for a name that comes twice: one of the two would be somebody else's. */
function parametersOf(address: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  const [beforeFragment = ""] = address.split("#", 1);
  const mark = beforeFragment.indexOf("?");
  for (const pair of mark < 0 ? [] : beforeFragment.slice(mark + 1).split("&")) {
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === undefined || value === undefined || found.has(name)) return undefined;
    found.set(name, value);
  }
  return found;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Platforms leave blanks around a value, and slashes at its end. */
function tidy(text: string | undefined): string {
  return text === undefined ? "" : text.trim().replace(/\/{1,64}$/, "");
}
