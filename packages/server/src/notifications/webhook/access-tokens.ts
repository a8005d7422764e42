/** OAuth 2 access tokens for receivers, by client credentials (RFC 6749 §4.4): fetched once, kept until they expire. */
import type { Deps } from "../../deps.ts";
import type { OutboundTls } from "../../outbound.ts";
import type { Authentication } from "./authentication.ts";

export type Client = NonNullable<Authentication["oAuth2"]>;

export type AccessToken = { readonly token: string } | { readonly failed: string };

export interface AccessTokens {
  /** `fresh` throws away the one that a receiver has just refused. */
  get(
    client: Client,
    more: { readonly tls?: OutboundTls; readonly fresh?: boolean; readonly signal: AbortSignal },
  ): Promise<AccessToken>;
}

/** Not used in the last seconds of its life: it has to get there. */
const marginMs = 10_000;
/** Where the authorization server does not say how long. */
const defaultSeconds = 300;
const mostKept = 1_000;

/** `clock` in ms, from any start. */
export function accessTokens(deps: Pick<Deps, "outbound">, clock: () => number): AccessTokens {
  const kept = new Map<string, { readonly token: string; readonly until: number }>();
  const fetching = new Map<string, Promise<AccessToken>>();

  return {
    async get(client, { fresh = false, ...more }) {
      const key = JSON.stringify([client.tokenUri, client.clientId, client.clientSecret, client.scope]);
      const known = kept.get(key);
      if (!fresh && known !== undefined && clock() < known.until) return { token: known.token };
      kept.delete(key);
      // Deliveries that start together share one request.
      const running = fetching.get(key) ?? fetchToken(key, client, more).finally(() => fetching.delete(key));
      fetching.set(key, running);
      return running;
    },
  };

  async function fetchToken(
    key: string,
    client: Client,
    more: { readonly tls?: OutboundTls; readonly signal: AbortSignal },
  ): Promise<AccessToken> {
    const { tokenUri, clientId, clientSecret, scope } = client;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      ...(typeof scope === "string" && scope !== "" && { scope }),
    });
    // §2.3.1: both parts form-encoded, then Basic.
    const pair = `${encoded(clientId)}:${encoded(clientSecret)}`;
    const answer = await deps.outbound({
      url: tokenUri ?? "",
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
      },
      body: form.toString(),
      ...more,
    });
    if ("failed" in answer) return { failed: `token-${answer.failed}` };
    if (answer.status !== 200) return { failed: `token-http-${answer.status}` };
    const read = readToken(answer.body);
    if (read === undefined) return { failed: "token-malformed" };
    if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? "");
    kept.set(key, { token: read.token, until: clock() + read.seconds * 1000 - marginMs });
    return { token: read.token };
  }
}

function readToken(body: string): { token: string; seconds: number } | undefined {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { access_token: token, expires_in: seconds, token_type: type } = members ?? {};
  // RFC 6750 §2.1, and nothing that could end a header.
  if (typeof token !== "string" || !/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return undefined;
  if (typeof type === "string" && type.toLowerCase() !== "bearer") return undefined;
  return { token, seconds: typeof seconds === "number" && seconds > 0 ? seconds : defaultSeconds };
}

function encoded(text: string | null | undefined): string {
  return new URLSearchParams([["", text ?? ""]]).toString().slice(1);
}
