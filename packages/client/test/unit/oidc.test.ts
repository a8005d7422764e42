/** Signing in at an OpenID provider before an activation. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  MobileTokenError,
  type MobileTokenErrorDetail,
  type MobileTokenErrorReason,
  type OidcAuthorizationRequest,
} from "../../src/mobile-token/index.ts";
import { configuredDevice } from "../device.ts";

const config = {
  providerId: "bank-id",
  clientId: "app 1",
  scopes: "openid profile",
  authorizeUri: "https://idp.test/authorize",
  redirectUri: "bank://oidc?x=1",
  pkceEnabled: true,
};

const fails = (reason: MobileTokenErrorReason, detail?: MobileTokenErrorDetail) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.deepEqual([error.reason, error.detail], [reason, detail]);
  return true;
};

async function device() {
  const { powerAuth, peer } = await configuredDevice();
  return { peer, oidc: powerAuth.createMobileToken({ acceptLanguage: "cs" }).oidc };
}

describe("the configuration of a provider", () => {
  test("is asked for without an activation, encrypted both ways", async () => {
    const { oidc, peer } = await device();
    let asked: unknown;
    peer.oidcConfig = (question) => {
      asked = question;
      return config;
    };
    assert.deepEqual(await oidc.getConfig("bank-id"), config);
    assert.deepEqual(asked, { providerId: "bank-id" });
    const request = peer.requests.at(-1)!;
    assert.equal(request.path, "/api/config/oidc");
    assert.ok(!request.body.includes("bank-id"));
    assert.ok(request.headers.has("X-PowerAuth-Encryption") && !request.headers.has("X-PowerAuth-Authorization"));
    assert.equal(request.headers.get("Accept-Language"), "cs");
  });

  test("may come in an envelope, with a list of scopes, without PKCE", async () => {
    const { oidc, peer } = await device();
    const { pkceEnabled: _, ...rest } = config;
    peer.oidcConfig = () => ({ status: "OK", responseObject: { ...rest, scopes: ["openid", "profile"] } });
    assert.deepEqual(await oidc.getConfig("bank-id"), { ...config, pkceEnabled: false });
  });

  test("that is incomplete, and a refusal with its code, are told", async () => {
    const { oidc, peer } = await device();
    for (const odd of [{}, [], null, { ...config, authorizeUri: 7 }]) {
      peer.oidcConfig = () => odd;
      await assert.rejects(oidc.getConfig("x"), fails("network_invalidResponseObject"));
    }
    const body = { status: "ERROR", responseObject: { code: "APPLICATION_CONFIGURATION_ERROR", message: "" } };
    peer.intercept = (path) => (path === "/api/config/oidc" ? Response.json(body, { status: 400 }) : undefined);
    await assert.rejects(oidc.getConfig("x"), (error: unknown) => {
      assert.ok(error instanceof MobileTokenError);
      return error.reason === "restApiError" && error.responseError?.code === "APPLICATION_CONFIGURATION_ERROR";
    });
  });
});

describe("an authorization", () => {
  test("is prepared with state, nonce and PKCE verifier of 32 random bytes each", async () => {
    const { oidc } = await device();
    const request = await oidc.prepareAuthorizationData(config);
    for (const text of [request.state, request.nonce, request.codeVerifier!]) assert.match(text, /^[\w-]{43}$/);
    assert.equal(new Set([request.state, request.nonce, request.codeVerifier]).size, 3);
    const { searchParams, origin, pathname } = new URL(request.authorizeUri);
    assert.equal(origin + pathname, config.authorizeUri);
    assert.deepEqual(Object.fromEntries(searchParams), {
      client_id: "app 1",
      redirect_uri: "bank://oidc?x=1",
      scope: "openid profile",
      state: request.state,
      nonce: request.nonce,
      response_type: "code",
      code_challenge: createHash("sha256").update(request.codeVerifier!).digest("base64url"),
      code_challenge_method: "S256",
    });
    const plain = await oidc.prepareAuthorizationData({ ...config, pkceEnabled: false });
    assert.ok(!("codeVerifier" in plain) && !plain.authorizeUri.includes("code_challenge"));
  });

  test("keeps parameters that the provider's address has", async () => {
    const { oidc } = await device();
    const of = (authorizeUri: string) =>
      oidc.createAuthorizationUrl({ ...config, authorizeUri }, { state: "s", nonce: "n" });
    assert.match(of("https://idp/a?b=c"), /^https:\/\/idp\/a\?b=c&client_id=/);
    assert.match(of("https://idp/a?"), /^https:\/\/idp\/a\?client_id=/);
    assert.match(of("https://idp/a?b&"), /^https:\/\/idp\/a\?b&client_id=/);
  });

  test("has verifiers of 32 to 96 bytes, and 32 for any other length", async () => {
    const { oidc } = await device();
    const lengths = [32, 96, 64, 31, 97, 0, -1, Number.NaN, 40.5].map(
      (length) => oidc.createPKCE(length).codeVerifier.length,
    );
    assert.deepEqual(lengths, [43, 128, 86, 43, 43, 43, 43, 43, 43]);
    assert.equal(oidc.createPKCE().codeMethod, "S256");
    assert.match(oidc.getRandomBase64UrlSafe(8), /^[\w-]{11}$/);
  });
});

describe("what the browser brings back", () => {
  const request: OidcAuthorizationRequest = {
    authorizeUri: "",
    providerId: "bank-id",
    nonce: "n",
    state: "state-1",
    codeVerifier: "v",
  };
  const taken: readonly (readonly [string, string])[] = [
    ["bank://oidc?code=c%2B1&state=state-1", "c+1"],
    ["https://bank/cb?x=1&state=state-1&code=c1#rest", "c1"],
    ["bank://oidc?code=c1&state=state-1/", "c1"],
    ["bank://oidc?code=%20c1/&state=state-1%20", "c1"],
    ["?code=c1&state=state-1", "c1"],
  ];
  for (const [url, code] of taken) {
    test(`is taken from ${url}`, async () => {
      const { oidc } = await device();
      const expected = { providerId: "bank-id", code, nonce: "n", codeVerifier: "v" };
      assert.deepEqual(oidc.processWebCallback(url, request), expected);
    });
  }

  const refused: readonly (readonly [string, MobileTokenErrorDetail])[] = [
    ["bank://oidc", "callback-malformed"],
    ["bank://oidc?error=access_denied", "callback-malformed"],
    ["bank://oidc?code=&state=", "callback-malformed"],
    ["bank://oidc?code=%zz&state=state-1", "callback-malformed"],
    ["bank://oidc?code=a&code=b&state=state-1", "callback-malformed"],
    ["bank://oidc?code=a&state=state-1&state=other", "callback-malformed"],
    ["bank://oidc#code=a&state=state-1", "callback-malformed"],
    ["bank://oidc?state=state-1", "code-missing"],
    ["bank://oidc?error=access_denied&state=state-1", "code-missing"],
    ["bank://oidc?code=a", "state-missing"],
    ["bank://oidc?code=a&state=state-2", "state-mismatch"],
    ["bank://oidc?code=a&state=STATE-1", "state-mismatch"],
    ["bank://oidc?code=a&state=state-11", "state-mismatch"],
  ];
  for (const [url, detail] of refused) {
    test(`is refused as ${detail}: ${url}`, async () => {
      const { oidc } = await device();
      assert.throws(() => oidc.processWebCallback(url, request), fails("oidc_callbackInvalid", detail));
    });
  }
});
