/** CIBA over real HTTP: a request becomes an operation, and its decision becomes a token or a denial. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { Json } from "../bank.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((_dialect, open) => {
  describe("backchannel authentication", () => {
    let oidc: OidcBank;
    let close = async () => {};

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
    });
    after(() => close());

    it("an approved request gives an ID token that says what was signed, and with what (CIBA §10.1.1)", async () => {
      const client = await oidc.client();
      const user = oidc.user();
      const device = await oidc.device(user);
      const started = await oidc.start(client, { login_hint: user });
      assert.equal(started.status, 200, JSON.stringify(started.body));
      const { auth_req_id: id, expires_in: seconds, interval } = started.body;
      assert.deepEqual([seconds, interval], [120, 5]);

      const early = await oidc.redeem(client, id);
      assert.deepEqual([early.status, early.body.error], [400, "authorization_pending"]);
      const operation = await oidc.approve(user, device);
      const { status, body } = await oidc.redeem(client, id);
      assert.equal(status, 200, JSON.stringify(body));

      const { payload, protectedHeader } = await jwtVerify(
        body.id_token,
        createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`)),
        { issuer: oidc.issuer, audience: client.client_id },
      );
      assert.equal(protectedHeader.alg, "ES256");
      const { approval, ...claims } = payload as Json;
      assert.equal(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
      assert.deepEqual([claims.sub, claims.txn, claims.acr], [user, operation, "urn:countersign:acr:knowledge"]);
      assert.deepEqual(claims.amr, ["pop", "pin", "mfa"]);
      assert.equal(approval.decision, "approve");
      assert.equal(approval.evidence, "powerauth");
    });

    it("the device sees who asks and the binding message as it is; one that cannot be shown is refused (CIBA §7.1)", async () => {
      const client = await oidc.client();
      const user = oidc.user();
      const device = await oidc.device(user);
      await oidc.started(client, { login_hint: user, binding_message: "Ř7 – K2" });
      const { token } = await device.createToken("possession");
      const list = await device.post(
        "/api/auth/token/app/operation/list",
        JSON.stringify({ requestObject: {} }),
        device.withToken(token),
      );
      const [operation] = list.body.responseObject;
      const shown = Object.fromEntries(
        operation.formData.attributes.map(({ id, value }: Record<string, string>) => [id, value]),
      );
      assert.deepEqual([shown["bindingMessage"], shown["clientName"]], ["Ř7 – K2", (client as Json).client_name]);
      for (const message of ["a\u202eb", "a\u0000", "x".repeat(257)]) {
        const { status, body } = await oidc.start(client, { login_hint: user, binding_message: message });
        assert.deepEqual([status, body.error], [400, "invalid_binding_message"], JSON.stringify(message));
      }
    });

    it("a rejected one is denied with the person's word", async () => {
      const client = await oidc.client();
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await oidc.started(client, { login_hint: user });
      await oidc.reject(user, device, "UNEXPECTED_OPERATION");
      const { status, body } = await oidc.redeem(client, id);
      assert.deepEqual(
        [status, body],
        [400, { error: "access_denied", error_description: "rejected: UNEXPECTED_OPERATION" }],
      );
    });
  });
});
