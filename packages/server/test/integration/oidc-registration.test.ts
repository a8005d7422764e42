/** Clients that are registered by an operator, or register themselves: what they may be, and who decides. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Device } from "../device.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { newSigner, partyOf, seconds } from "../oidc-relying-party.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((_dialect, open) => {
  describe("registration of OpenID clients", () => {
    let oidc: OidcBank;
    let user: string;
    let device: Device;
    let close = async () => {};

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      user = oidc.user();
      device = await oidc.device(user);
    });
    after(() => close());

    it("what a profile wants is asked when a client is registered", async () => {
      const { jwk } = await newSigner();
      const fapi = {
        client_name: `fapi ${randomUUID()}`,
        countersign: { applications: [oidc.app.applicationId], template: oidc.login, profile: "fapi-ciba" },
        jwks: { keys: [jwk] },
        token_endpoint_auth_method: "private_key_jwt",
        backchannel_authentication_request_signing_alg: "ES256",
        dpop_bound_access_tokens: true,
      };
      const fapi2 = {
        ...fapi,
        countersign: { ...fapi.countersign, profile: "fapi2" },
        grant_types: ["authorization_code"],
        response_types: ["code"],
        redirect_uris: ["https://shop.example/back"],
        require_pushed_authorization_requests: true,
      };
      const register = (body: object) => oidc.bank.v1("POST", "/oidc-clients", body);
      for (const [name, body] of [
        ["secret", { ...fapi, token_endpoint_auth_method: "client_secret_basic" }],
        ["unbound", { ...fapi, dpop_bound_access_tokens: false }],
        ["unsigned", { ...fapi, backchannel_authentication_request_signing_alg: undefined }],
        [
          "push",
          {
            ...fapi,
            backchannel_token_delivery_mode: "push",
            backchannel_client_notification_endpoint: "https://shop.example/push",
          },
        ],
        ["grant", { ...fapi, grant_types: ["authorization_code"] }],
        ["no PAR", { ...fapi2, require_pushed_authorization_requests: false }],
        ["http", { ...fapi2, redirect_uris: ["http://shop.example/back"] }],
        ["secret 2", { ...fapi2, token_endpoint_auth_method: "client_secret_post" }],
        ["unbound 2", { ...fapi2, dpop_bound_access_tokens: undefined }],
      ] as const) {
        const { status, body: answer } = await register(body);
        assert.deepEqual([status, answer.code], [400, "invalid-request"], name);
      }
      assert.equal((await register(fapi)).status, 201);
      assert.equal((await register({ ...fapi2, client_name: `fapi2 ${randomUUID()}` })).status, 201);
    });

    it("a client registers itself with an initial access token, and is what the operator decided", async () => {
      const invited = await oidc.bank.v1("POST", "/oidc-clients/initial-access-tokens", {
        countersign: { applications: [oidc.app.applicationId], template: oidc.login, profile: "fapi-ciba" },
        expiresInSeconds: 300,
      });
      assert.equal(invited.status, 201, JSON.stringify(invited.body));
      const { initialAccessToken, registrationEndpoint } = invited.body;
      assert.equal(registrationEndpoint, `${oidc.issuer}/clients`);
      const kept = oidc.bank.store.read.selectFrom("oidc_record").select("expires_at");
      const { expires_at: ends } = await kept.where("model", "=", "InitialAccessToken").executeTakeFirstOrThrow();
      assert.ok(Math.abs(ends / 1000 - seconds() - 300) < 30, "it ends when it was told to");
      const key = await newSigner();
      const metadata = {
        client_name: `shop ${randomUUID()}`,
        jwks: { keys: [key.jwk] },
        token_endpoint_auth_method: "private_key_jwt",
        backchannel_authentication_request_signing_alg: "ES256",
        dpop_bound_access_tokens: true,
        countersign: { applications: ["another"], template: "another" },
      };
      const send = async (url: string, method: string, token: string, body?: object) => {
        const response = await fetch(url, {
          method,
          headers: { "content-type": "application/json", ...(token !== "" && { authorization: `Bearer ${token}` }) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
      };
      assert.equal((await send(registrationEndpoint, "POST", "", metadata)).status, 401);
      assert.equal((await send(registrationEndpoint, "POST", "made-up", metadata)).status, 401);
      const weak = { ...metadata, dpop_bound_access_tokens: false };
      const without = await send(registrationEndpoint, "POST", initialAccessToken, weak);
      assert.deepEqual([without.status, without.body.error], [400, "invalid_client_metadata"]);
      const made = await send(registrationEndpoint, "POST", initialAccessToken, metadata);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const { client_id: id, registration_client_uri: uri, registration_access_token: token } = made.body;
      assert.equal(made.body.countersign.profile, "fapi-ciba");
      await partyOf(oidc, id, key).started({ login_hint: user });
      await oidc.reject(user, device);

      const listed = await oidc.bank.v1("GET", `/oidc-clients/${id}`);
      assert.deepEqual(listed.body.countersign.applications, [oidc.app.applicationId]);
      assert.equal((await send(uri, "GET", token)).body.client_id, id);
      const { registration_client_uri: _, registration_access_token: _t, client_id_issued_at: _i, ...rest } = made.body;
      const renamed = await send(uri, "PUT", token, { ...rest, client_name: `new ${randomUUID()}` });
      assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
      assert.equal(renamed.body.countersign.template, oidc.login);
      const next = renamed.body.registration_access_token;
      assert.equal((await send(uri, "GET", token)).status, 401, "the old token is over");
      assert.equal((await send(uri, "DELETE", next)).status, 204);
      assert.equal((await oidc.bank.v1("GET", `/oidc-clients/${id}`)).status, 404);
    });
  });
});
