/**
 * The tests that the conformance suite has for FAPI-CIBA (fapi-ciba-id1-*), against a running server over raw HTTP:
 * signed requests, hints, what a request may say, and the answers.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it, mock } from "node:test";
import { decodeJwt } from "jose";
import type { Json, Reply } from "../bank.ts";
import type { Device } from "../device.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { newSigner, proof, type RelyingParty, relyingParty, seconds, type Signer } from "../oidc-relying-party.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const fapiCiba = {
  countersign: { profile: "fapi-ciba" },
  backchannel_authentication_request_signing_alg: "ES256",
  dpop_bound_access_tokens: true,
};

suiteOnEachStore((_dialect, open) => {
  describe("FAPI-CIBA", () => {
    let oidc: OidcBank;
    let party: RelyingParty;
    let user: string;
    let device: Device;
    let key: Signer;
    let close = async () => {};

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      key = await newSigner();
      party = await relyingParty(oidc, fapiCiba);
      user = oidc.user();
      device = await oidc.device(user);
    });
    after(() => close());

    const refused = async (reply: Reply, error = "invalid_request", status = 400) => {
      assert.deepEqual([reply.status, reply.body?.error], [status, error], JSON.stringify(reply.body));
      assert.match(reply.headers.get("content-type") ?? "", /^application\/json/);
      assert.match(reply.headers.get("cache-control") ?? "", /no-store/);
      assert.match(reply.body.error_description ?? "", /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
    };
    /** Whoever asks again after this is not in the way of others. */
    const clear = (id: string) => oidc.reject(id, device).catch(() => undefined);

    it("fapi-ciba-id1-discovery-end-point-verification: modes, grant, endpoints and algorithms, whatever host is named", async () => {
      const response = await fetch(`${oidc.issuer}/.well-known/openid-configuration`, {
        headers: { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
      });
      const metadata: Record<string, Json> = await response.json();
      assert.equal(metadata.issuer, oidc.issuer);
      for (const [name, value] of Object.entries(metadata)) {
        if (/_endpoint$|_uri$/.test(name)) assert.ok(String(value).startsWith(`${oidc.issuer}/`), name);
      }
      for (const mode of ["poll", "ping"]) {
        assert.ok(metadata.backchannel_token_delivery_modes_supported.includes(mode));
      }
      assert.ok(metadata.grant_types_supported.includes("urn:openid:params:grant-type:ciba"));
      for (const name of [
        "backchannel_authentication_request_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "request_object_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
      ]) {
        assert.deepEqual(metadata[name], ["ES256", "PS256", "Ed25519"], name);
      }
      assert.equal(metadata.backchannel_user_code_parameter_supported, true);
      assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    });

    it("fapi-ciba-id1: a signed request with binding message is approved and gives a bound token; the answers are as they must be", async () => {
      const started = await party.start({ login_hint: user });
      assert.equal(started.status, 200, JSON.stringify(started.body));
      assert.match(started.headers.get("content-type") ?? "", /^application\/json/);
      assert.match(started.headers.get("cache-control") ?? "", /no-store/);
      const { auth_req_id: id, expires_in: life, interval } = started.body;
      assert.deepEqual([typeof life, typeof interval], ["number", "number"]);
      assert.match(id, /^[A-Za-z0-9._-]{22,}$/, "128 bits");
      await refused(await party.redeem(id, key), "authorization_pending");
      await oidc.approve(user, device);
      const { status, body } = await party.redeem(id, key);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.token_type, "DPoP");
      const claims = decodeJwt<Json>(body.id_token);
      assert.deepEqual([claims.sub, claims.aud], [user, party.clientId]);
      assert.equal(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
      assert.equal(typeof claims.txn, "string");
    });

    it("fapi-ciba-id1-user-rejects-authentication: access_denied", async () => {
      const id = await party.started({ login_hint: user });
      await oidc.reject(user, device);
      await refused(await party.redeem(id, key), "access_denied");
    });

    it("fapi-ciba-id1-auth-req-id-expired: expired_token, and requested_expiry is what counts", async () => {
      const started = await party.start({ login_hint: user, requested_expiry: 10 });
      assert.deepEqual([started.status, started.body.expires_in], [200, 10]);
      mock.timers.enable({ apis: ["Date"], now: Date.now() + 11_000 });
      try {
        await refused(await party.redeem(started.body.auth_req_id, key), "expired_token");
      } finally {
        mock.timers.reset();
      }
      await clear(user);
    });

    it("fapi-ciba-id1-requested-expiry-as-string-succeeds", async () => {
      const started = await party.start({ login_hint: user, requested_expiry: "60" });
      assert.deepEqual([started.status, started.body.expires_in], [200, 60]);
      await clear(user);
    });

    it("fapi-ciba-id1-multiple-call-to-token-endpoint: authorization_pending, then slow_down", async () => {
      const id = await party.started({ login_hint: user });
      await refused(await party.redeem(id, key), "authorization_pending");
      await refused(await party.redeem(id, key), "slow_down");
      await clear(user);
    });

    it("fapi-ciba-id1-ensure-authorization-request-with-binding-message-succeeds: '1234' stands on the device", async () => {
      await party.started({ login_hint: user, binding_message: "1234" });
      assert.equal((await oidc.pending(user)).data, "A1*N1234");
      await clear(user);
    });

    it("fapi-ciba-id1-ensure-authorization-request-with-potentially-bad-binding-message: shown exactly, or invalid_binding_message", async () => {
      const long = "1234567890 ".repeat(20).trim();
      await party.started({ login_hint: user, binding_message: long });
      assert.equal((await oidc.pending(user)).data, `A1*N${long}`);
      await clear(user);
      for (const bad of ["a\u202eb", "tab\u0007", "x".repeat(301)]) {
        await refused(await party.start({ login_hint: user, binding_message: bad }), "invalid_binding_message");
      }
    });

    it("fapi-ciba-id1-ensure-other-scope-order-succeeds", async () => {
      await party.started({ login_hint: user, scope: "offline_access openid" });
      await clear(user);
    });

    // What a request object may not be; undefined leaves a claim out.
    const badObjects: readonly (readonly [string, () => Json])[] = [
      ["without-aud-fails", () => ({ aud: undefined })],
      ["with-bad-aud-fails", () => ({ aud: "https://other.example" })],
      ["without-iss-fails", () => ({ iss: undefined })],
      ["with-bad-iss-fails", () => ({ iss: "somebody" })],
      ["without-exp-fails", () => ({ exp: undefined })],
      ["expired-fails", () => ({ nbf: seconds() - 600, iat: seconds() - 600, exp: seconds() - 300 })],
      ["with-exp-70-minutes-ahead-fails", () => ({ exp: seconds() + 4200 })],
      ["without-iat-fails", () => ({ iat: undefined })],
      ["without-nbf-fails", () => ({ nbf: undefined })],
      ["with-nbf-10-minutes-ahead-fails", () => ({ nbf: seconds() + 600, exp: seconds() + 900 })],
      ["with-nbf-70-minutes-ago-fails", () => ({ nbf: seconds() - 4200 })],
      ["without-jti-fails", () => ({ jti: undefined })],
    ];
    for (const [name, changed] of badObjects) {
      it(`fapi-ciba-id1-ensure-request-object-${name}`, async () => {
        await refused(await party.start({ login_hint: user, ...changed() }));
      });
    }

    it("fapi-ciba-id1-ensure-request-object-signature-algorithm-is-not-bad: not the registered one", async () => {
      const strong = await newSigner("PS256");
      const object = await party.object({ login_hint: user }, { ...strong, jwk: { ...strong.jwk, kid: "x" } });
      await refused(await party.post("/backchannel", { request: object }));
    });

    it("fapi-ciba-id1-ensure-request-object-signature-algorithm-is-not-none", async () => {
      const object = await party.object({ login_hint: user }, party.signer, "none");
      await refused(await party.post("/backchannel", { request: object }));
    });

    it("fapi-ciba-id1-ensure-request-object-signature-algorithm-is-not-RS256", async () => {
      const weak = await newSigner("RS256");
      const registered = await oidc.bank.v1("POST", "/oidc-clients", {
        client_name: `weak ${randomUUID()}`,
        jwks: { keys: [weak.jwk] },
        token_endpoint_auth_method: "private_key_jwt",
        ...fapiCiba,
        countersign: { applications: [oidc.app.applicationId], template: oidc.login, profile: "fapi-ciba" },
        backchannel_authentication_request_signing_alg: "RS256",
      });
      assert.deepEqual([registered.status, registered.body.code], [400, "invalid-request"]);
      await refused(await party.post("/backchannel", { request: await party.object({ login_hint: user }, weak) }));
    });

    it("fapi-ciba-id1-ensure-request-object-signed-by-other-client-fails", async () => {
      const other = await newSigner();
      await refused(await party.post("/backchannel", { request: await party.object({ login_hint: user }, other) }));
    });

    it("fapi-ciba-id1-ensure-unsigned-request-fails", async () => {
      await refused(await party.post("/backchannel", { scope: "openid", login_hint: user, binding_message: "1234" }));
    });

    it("fapi-ciba-id1-ensure-authorization-request-with-multiple-hints-fails", async () => {
      await refused(await party.start({ login_hint: user, id_token_hint: "e30.e30.e30" }));
    });

    it("fapi-ciba-id1-ensure-wrong-authentication-request-id-in-token-endpoint-request: another client's is invalid_grant", async () => {
      const other = await relyingParty(oidc, fapiCiba);
      const id = await party.started({ login_hint: user });
      await oidc.approve(user, device);
      await refused(await other.redeem(id, key), "invalid_grant");
      assert.equal((await party.redeem(id, key)).status, 200);
    });

    it("fapi-ciba-id1-ensure-client-assertion-in-token-endpoint: without one it is refused", async () => {
      const form = { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: "x", client_id: party.clientId };
      await refused(await oidc.post("/token", form), "invalid_client", 401);
    });

    it("fapi-ciba-id1-ensure-client-assertion-in-backchannel-authorization-request: without one it is refused", async () => {
      const form = { request: await party.object({ login_hint: user }), client_id: party.clientId };
      await refused(await oidc.post("/backchannel", form), "invalid_client", 401);
    });

    it("fapi-ciba-id1-ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails", async () => {
      const weak = await newSigner("RS256");
      const reply = await oidc.post("/backchannel", {
        ...(await party.credentials()),
        client_assertion: await party.assertion({}, weak),
        request: await party.object({ login_hint: user }),
      });
      await refused(reply, "invalid_client", 401);
    });

    it("fapi-ciba-id1-ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails", async () => {
      const weak = await newSigner("RS256");
      const reply = await oidc.post("/token", {
        ...(await party.credentials()),
        client_assertion: await party.assertion({}, weak),
        grant_type: "urn:openid:params:grant-type:ciba",
        auth_req_id: "x",
      });
      await refused(reply, "invalid_client", 401);
    });

    it("fapi-ciba-id1-ensure-client-assertion-with-iss-aud-succeeds: the issuer is an audience of assertions", async () => {
      const form = {
        ...(await party.credentials({ aud: oidc.issuer })),
        request: await party.object({ login_hint: user }),
      };
      const reply = await oidc.post("/backchannel", form);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      await clear(user);
    });

    it("fapi-ciba-id1-refresh-token: bound to the client and to its key", async () => {
      const id = await party.started({ login_hint: user, scope: "openid offline_access" });
      await oidc.approve(user, device);
      const { body } = await party.redeem(id, key);
      // Without the grant type nobody gets one: this client may not refresh.
      assert.equal(body.refresh_token, undefined);
      const fresh = await relyingParty(oidc, {
        ...fapiCiba,
        grant_types: ["urn:openid:params:grant-type:ciba", "refresh_token"],
      });
      const other = await relyingParty(oidc, {
        ...fapiCiba,
        grant_types: ["urn:openid:params:grant-type:ciba", "refresh_token"],
      });
      const next = await fresh.started({ login_hint: user, scope: "openid offline_access" });
      await oidc.approve(user, device);
      const first = await fresh.redeem(next, key);
      assert.equal(typeof first.body.refresh_token, "string", JSON.stringify(first.body));
      const form = { grant_type: "refresh_token", refresh_token: first.body.refresh_token };
      const url = `${oidc.issuer}/token`;
      await refused(await other.post("/token", form, { dpop: await proof(key, url) }), "invalid_grant");
      const again = await fresh.post("/token", form, { dpop: await proof(key, url) });
      assert.equal(again.status, 200, JSON.stringify(again.body));
    });

    it("the notification token is needed for ping, has the syntax of a bearer token, and at most 1024 characters (CIBA §7.1)", async () => {
      const ping = await relyingParty(oidc, {
        ...fapiCiba,
        backchannel_token_delivery_mode: "ping",
        backchannel_client_notification_endpoint: "https://shop.example/ping",
      });
      for (const token of [undefined, "two words", "x".repeat(1025)]) {
        await refused(await ping.start({ login_hint: user, client_notification_token: token }));
      }
      await ping.started({ login_hint: user, client_notification_token: "8d67dc78-7faa-4d41-aabd-67707b374255" });
      await clear(user);
    });

    it("ConnectID: a request without binding message or details is refused", async () => {
      await refused(await party.start({ login_hint: user, binding_message: undefined }));
    });

    it("a signed request is good once, and a forged one burns nothing (JAR)", async () => {
      const jti = randomUUID();
      const forged = await party.object({ login_hint: user, jti }, await newSigner());
      await refused(await party.post("/backchannel", { request: forged }));
      const object = await party.object({ login_hint: user, jti });
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => party.post("/backchannel", { request: object })),
      );
      const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b);
      assert.deepEqual(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
      await clear(user);
      // Another client may use the same jti: it names its own requests.
      const other = await relyingParty(oidc, fapiCiba);
      await other.started({ login_hint: user, jti });
      await clear(user);
    });

    it("an assertion is good once", async () => {
      const credentials = await party.credentials();
      const send = async () =>
        oidc.post("/backchannel", { ...credentials, request: await party.object({ login_hint: user }) });
      assert.equal((await send()).status, 200);
      await refused(await send(), "invalid_client", 401);
      await clear(user);
    });
  });
});
