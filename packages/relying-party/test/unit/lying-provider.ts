/** An OpenID provider that says what a test wants, true or not; it is a `fetch`, so that nothing is listened to. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { ClientOptions } from "../../src/openid/ciba.ts";

export const issuer = "https://bank.example/oidc";
export const clientId = "shop";
export const user = "anna";
export const start = Math.floor(Date.now() / 1000) * 1000;

type Answer = { readonly status: number; readonly body: unknown };
export const answer = (status: number, body: unknown): Answer => ({ status, body });

export type LyingProvider = Awaited<ReturnType<typeof lyingProvider>>;

export async function lyingProvider() {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: "one" };
  const provider = {
    now: start,
    /** How long was slept, ms. */
    slept: [] as number[],
    asked: [] as URLSearchParams[],
    started: answer(200, { auth_req_id: "1c266114-a1be-4252-8ad1-04986c5b9ac1", expires_in: 120, interval: 5 }),
    /** Of the token endpoint, one after the other; the last one stays. */
    results: [] as (Answer | Error)[],
    keys: { keys: [jwk] },
    privateKey,

    fetch: (async (input: URL | string, init: RequestInit = {}) => {
      const { pathname } = new URL(String(input));
      const given = answerTo(pathname, init);
      if (given instanceof Error) throw given;
      return new Response(JSON.stringify(given.body), {
        status: given.status,
        headers: { "content-type": "application/json" },
      });
    }) as typeof fetch,

    /** Signed as it should be, but for what is given. */
    async idToken(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key = privateKey) {
      const seconds = Math.floor(provider.now / 1000);
      const all = {
        iss: issuer,
        aud: clientId,
        sub: user,
        iat: seconds,
        exp: seconds + 600,
        txn: "0a1e2f3b-7c4d-4e5f-8a6b-1c2d3e4f5a6b",
        "urn:openid:params:jwt:claim:auth_req_id": "1c266114-a1be-4252-8ad1-04986c5b9ac1",
        approval: {
          decision: "approve",
          type: "login",
          at: seconds,
          data_sha256: "A".repeat(43),
          shown_sha256: "A".repeat(43),
          evidence: "powerauth",
          factors: ["possession", "knowledge"],
        },
        ...claims,
      };
      const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(given).setProtectedHeader({ alg: "ES256", kid: "one", ...header }).sign(key);
    },

    async tokens(claims: Record<string, unknown> = {}, more: object = {}) {
      const idToken = await provider.idToken(claims);
      return answer(200, { access_token: "at-1", token_type: "Bearer", expires_in: 600, id_token: idToken, ...more });
    },

    options: (): ClientOptions => ({
      issuer,
      clientId,
      clientSecret: "secret",
      fetch: provider.fetch,
      now: () => provider.now,
      async sleep(ms, signal) {
        provider.slept.push(ms);
        provider.now += ms;
        signal?.throwIfAborted();
      },
    }),
  };

  function answerTo(path: string, init: RequestInit): Answer | Error {
    switch (path) {
      case "/oidc/.well-known/openid-configuration":
        return answer(200, {
          issuer,
          token_endpoint: `${issuer}/token`,
          backchannel_authentication_endpoint: `${issuer}/backchannel`,
          jwks_uri: `${issuer}/jwks.json`,
        });
      case "/oidc/jwks.json":
        return answer(200, provider.keys);
      case "/oidc/backchannel":
        provider.asked.push(new URLSearchParams(String(init.body)));
        return provider.started;
      default:
        return (provider.results.length > 1 ? provider.results.shift() : provider.results[0]) ?? answer(500, {});
    }
  }
  return provider;
}
