/** Clients that authenticate with certificates, behind the proxy where TLS ends (RFC 8705), as FAPI-CIBA tests them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Reply } from "../bank.ts";
import type { Device } from "../device.ts";
import { cibaGrant, type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { newCertificate, newSigner, partyOf, type Signer } from "../oidc-relying-party.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const header = "x-client-cert";
const verified = "x-client-verify";
const escaped = (pem: string) => ({ [header]: encodeURIComponent(pem) });
const chain = (pem: string) => ({ ...escaped(pem), [verified]: "SUCCESS" });

suiteOnEachStore((_dialect, open) => {
  describe("mutual TLS", () => {
    let oidc: OidcBank;
    let user: string;
    let device: Device;
    let key: Signer;
    let close = async () => {};
    const own = newCertificate("/C=CZ/O=Shop a.s./CN=shop.example", "DNS:shop.example,URI:https://shop.example/id");
    const other = newCertificate("/C=CZ/O=Other/CN=other.example");

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened, {
        trustedProxies: ["127.0.0.1"],
        clientCertificateHeader: "X-Client-Cert",
        clientCertificateVerifiedHeader: "X-Client-Verify",
      });
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      key = await newSigner();
      user = oidc.user();
      device = await oidc.device(user);
    });
    after(() => close());

    const clientOf = async (more: object): Promise<ReturnType<typeof partyOf>> => {
      const { client_id: id } = await oidc.client({
        countersign: { profile: "fapi-ciba" },
        backchannel_authentication_request_signing_alg: "ES256",
        tls_client_certificate_bound_access_tokens: true,
        jwks: { keys: [key.jwk, own.jwk] },
        ...more,
      });
      return partyOf(oidc, id, key);
    };
    const selfSigned = () => clientOf({ token_endpoint_auth_method: "self_signed_tls_client_auth" });
    const byAuthority = (more: object = { tls_client_auth_subject_dn: "CN=shop.example, O=Shop a.s., C=CZ" }) =>
      clientOf({ token_endpoint_auth_method: "tls_client_auth", ...more });
    type Party = Awaited<ReturnType<typeof clientOf>>;

    const start = async (party: Party, headers: Record<string, string>): Promise<Reply> => {
      const form = { client_id: party.clientId, request: await party.object({ login_hint: user }) };
      return oidc.post("/backchannel", form, undefined, headers);
    };
    const redeem = (party: Party, id: string, headers: Record<string, string>): Promise<Reply> =>
      oidc.post("/token", { client_id: party.clientId, grant_type: cibaGrant, auth_req_id: id }, undefined, headers);
    const refused = (reply: Reply, error: string, status = 400) =>
      assert.deepEqual([reply.status, reply.body?.error], [status, error], JSON.stringify(reply.body));

    it("a certificate that is registered itself authenticates, and binds the access token (RFC 8705 §2.2, §3)", async () => {
      const party = await selfSigned();
      const started = await start(party, escaped(own.pem));
      assert.equal(started.status, 200, JSON.stringify(started.body));
      await oidc.approve(user, device);
      const { status, body } = await redeem(party, started.body.auth_req_id, escaped(own.pem));
      assert.equal(status, 200, JSON.stringify(body));
      const seen = await oidc.post(
        "/introspect",
        { client_id: party.clientId, token: body.access_token },
        undefined,
        escaped(own.pem),
      );
      const digest = Buffer.from(new X509Certificate(own.pem).fingerprint256.replaceAll(":", ""), "hex");
      assert.deepEqual(seen.body.cnf, { "x5t#S256": digest.toString("base64url") });
      const user_info = (headers: Record<string, string>) =>
        fetch(`${oidc.issuer}/userinfo`, { headers: { authorization: `Bearer ${body.access_token}`, ...headers } });
      assert.equal((await user_info(escaped(own.pem))).status, 200);
      assert.equal((await user_info(escaped(other.pem))).status, 401);
      assert.equal((await user_info({})).status, 401);
    });

    it("fapi-ciba-id1-mtls-holder-of-key-required: another certificate, or none, is invalid_client", async () => {
      const party = await selfSigned();
      const others: Record<string, string>[] = [escaped(other.pem), {}, { [header]: "rubbish" }];
      for (const headers of others) {
        refused(await start(party, headers), "invalid_client", 401);
      }
      const started = await start(party, escaped(own.pem));
      refused(await redeem(party, started.body.auth_req_id, escaped(other.pem)), "invalid_client", 401);
      await oidc.reject(user, device);
    });

    it("fapi-ciba-id1-ensure-different-client-id-and-issuer-in-backchannel-authorization-request-fails", async () => {
      const party = await selfSigned();
      const second = await selfSigned();
      const object = await party.object({ login_hint: user, iss: second.clientId });
      const reply = await oidc.post(
        "/backchannel",
        { client_id: party.clientId, request: object },
        undefined,
        escaped(own.pem),
      );
      assert.ok([400, 401].includes(reply.status), JSON.stringify(reply.body));
      assert.ok(["invalid_request", "invalid_client"].includes(reply.body.error));
    });

    it("fapi-ciba-id1-ensure-wrong-client-id-in-backchannel-authorization-request-fails", async () => {
      const party = await selfSigned();
      const form = { client_id: "nobody", request: await party.object({ login_hint: user }) };
      refused(await oidc.post("/backchannel", form, undefined, escaped(own.pem)), "invalid_client", 401);
    });

    it("fapi-ciba-id1-ensure-wrong-client-id-in-token-endpoint-request-fails", async () => {
      const party = await selfSigned();
      const form = { client_id: "nobody", grant_type: cibaGrant, auth_req_id: party.clientId };
      refused(await oidc.post("/token", form, undefined, escaped(own.pem)), "invalid_client", 401);
    });

    it("a certificate of an authority authenticates by its subject, and only where the proxy verified the chain (RFC 8705 §2.1)", async () => {
      for (const subject of [
        { tls_client_auth_subject_dn: "CN=shop.example, O=Shop a.s., C=CZ" },
        { tls_client_auth_san_dns: "shop.example" },
        { tls_client_auth_san_uri: "https://shop.example/id" },
      ]) {
        const party = await byAuthority(subject);
        const started = await start(party, chain(own.pem));
        assert.equal(started.status, 200, JSON.stringify(started.body));
        refused(await start(party, escaped(own.pem)), "invalid_client", 401);
        refused(await start(party, { ...escaped(own.pem), [verified]: "FAILED" }), "invalid_client", 401);
        refused(await start(party, chain(other.pem)), "invalid_client", 401);
        await oidc.reject(user, device);
      }
    });

    it("what a subject contains is not what it is: a longer name does not match", async () => {
      const longer = newCertificate("/C=CZ/O=Shop a.s./CN=shop.example.evil.test", "DNS:shop.example.evil.test");
      refused(await start(await byAuthority(), chain(longer.pem)), "invalid_client", 401);
      const byName = await byAuthority({ tls_client_auth_san_dns: "shop.example" });
      refused(await start(byName, chain(longer.pem)), "invalid_client", 401);
    });

    it("base64 of DER, bare or between colons (RFC 9440), is read as well", async () => {
      const party = await selfSigned();
      const der = new X509Certificate(own.pem).raw.toString("base64");
      for (const value of [der, `:${der}:`]) {
        const started = await start(party, { [header]: value });
        assert.equal(started.status, 200, JSON.stringify(started.body));
        await oidc.reject(user, device);
      }
    });

    it("discovery says what certificates are good for", async () => {
      const metadata = (await (await fetch(`${oidc.issuer}/.well-known/openid-configuration`)).json()) as Record<
        string,
        unknown
      >;
      assert.equal(metadata["tls_client_certificate_bound_access_tokens"], true);
      assert.deepEqual(metadata["token_endpoint_auth_methods_supported"], [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "self_signed_tls_client_auth",
        "tls_client_auth",
      ]);
    });
  });

  describe("mutual TLS without a trusted proxy", () => {
    it("the header is believed of nobody who is not named, and a certificate authority of no proxy that says nothing", async () => {
      const opened = await open();
      const own = newCertificate("/CN=shop.example");
      const key = await newSigner();
      const oidc = await startOidcBank(opened, {
        trustedProxies: ["192.0.2.1"],
        clientCertificateHeader: "X-Client-Cert",
      });
      try {
        const { client_id: id } = await oidc.client({
          token_endpoint_auth_method: "self_signed_tls_client_auth",
          jwks: { keys: [key.jwk, own.jwk] },
        });
        const form = { client_id: id, scope: "openid", login_hint: "somebody" };
        const reply = await oidc.post("/backchannel", form, undefined, escaped(own.pem));
        assert.deepEqual([reply.status, reply.body.error], [401, "invalid_client"]);
        const forwarded = { ...escaped(own.pem), "x-forwarded-for": "192.0.2.1" };
        assert.equal((await oidc.post("/backchannel", form, undefined, forwarded)).status, 401);
        const registered = await oidc.bank.v1("POST", "/oidc-clients", {
          client_name: "by authority",
          countersign: { applications: [oidc.app.applicationId] },
          token_endpoint_auth_method: "tls_client_auth",
          tls_client_auth_subject_dn: "CN=shop.example",
        });
        assert.equal(registered.status, 400);
      } finally {
        await oidc.close();
        await opened.close();
      }
    });
  });
});
