/**
 * An OpenID provider on loopback: the real `oidc-provider`, and a user who logs in there over HTTP as with a browser.
 * Beside it a forger, for what no honest provider says: it answers with whatever ID token it is given.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { Provider } from "oidc-provider";

export const redirectUri = "com.bank.app:/oidc";

export interface OpenIdClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly method: "client_secret_basic" | "client_secret_post";
}

export interface OpenIdProvider {
  readonly issuer: string;
  readonly clients: readonly OpenIdClient[];
  /** The user logs in and consents; the code comes back as it would reach the app. */
  logIn(client: OpenIdClient, login: string, nonce: string, codeChallenge?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const server = createServer();
  const issuer = await listening(server);
  const clients: OpenIdClient[] = [
    { clientId: "bank app+:%", clientSecret: "s3cret with : and %", method: "client_secret_basic" },
    { clientId: "bank-app-post", clientSecret: "another secret", method: "client_secret_post" },
  ];
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: clients.map(({ clientId, clientSecret, method }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      token_endpoint_auth_method: method,
      application_type: "native",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    })),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    pkce: { required: () => false },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  });
  const answer = provider.callback();
  server.on("request", (request, response) => void answer(request, response));
  return {
    issuer,
    clients,
    async logIn(client, login, nonce, codeChallenge) {
      const query = new URLSearchParams({
        client_id: client.clientId,
        redirect_uri: redirectUri,
        response_type: "code",
        scope: "openid",
        nonce,
        ...(codeChallenge !== undefined && { code_challenge: codeChallenge, code_challenge_method: "S256" }),
      });
      const url = await logInAt(`${issuer}/auth?${query.toString()}`, login, redirectUri);
      const code = new URL(url).searchParams.get("code");
      if (code === null) throw new Error(`No code: ${url}`);
      return code;
    },
    close: () => closing(server),
  };
}

/** The address below `until` at which the user of this name ends who logs in and consents. */
export async function logInAt(address: string, login: string, until: string): Promise<string> {
  const browse = browser(until);
  let at = await browse(address);
  const forms: Record<string, string>[] = [{ prompt: "login", login, password: "x" }, { prompt: "consent" }];
  for (const form of forms) {
    const action = /<form[^>]* action="([^"]+)"/.exec(at.body)?.[1];
    if (action === undefined) throw new Error(`No form at ${at.url}: ${at.body.slice(0, 300)}`);
    at = await browse(new URL(action, at.url).href, new URLSearchParams(form));
  }
  return at.url;
}

/** RFC 7636, S256. */
export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** Follows redirects with its cookies, up to an address that begins like this. */
function browser(until: string) {
  const cookies = new Map<string, string>();
  return async (address: string, form?: URLSearchParams): Promise<{ url: string; body: string }> => {
    let url = address;
    let body: URLSearchParams | undefined = form;
    for (let step = 0; step < 10; step++) {
      if (url.startsWith(until)) return { url, body: "" };
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const method = body === undefined ? "GET" : "POST";
      const answer = await fetch(url, { method, headers: { cookie }, redirect: "manual", ...(body && { body }) });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      const text = await answer.text();
      const location = answer.headers.get("location");
      if (location === null) return { url, body: text };
      url = URL.canParse(location) ? location : new URL(location, url).href;
      body = undefined;
    }
    throw new Error("Redirected without end");
  };
}

export interface Forger {
  readonly url: string;
  /** Token answer of the next exchange. */
  answer: unknown;
  keys: readonly JWK[];
  /** What it publishes about itself. */
  metadata: object;
  /** What the last exchange sent. */
  readonly received: { authorization?: string | undefined; form?: URLSearchParams | undefined };
  close(): Promise<void>;
}

/** `/token` answers what it is told, `/jwks` has the keys it is told. */
export async function startForger(): Promise<Forger> {
  const server = createServer();
  const url = await listening(server);
  const forger: Forger = { url, answer: {}, keys: [], metadata: {}, received: {}, close: () => closing(server) };
  server.on("request", (request, response) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      if (request.url === "/token") {
        Object.assign(forger.received, {
          authorization: request.headers.authorization,
          form: new URLSearchParams(text),
        });
      }
      const isMetadata = request.url === "/.well-known/openid-configuration";
      const others = isMetadata ? forger.metadata : { keys: forger.keys };
      const body = request.url === "/token" ? forger.answer : others;
      response.setHeader("content-type", "application/json");
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  return forger;
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
