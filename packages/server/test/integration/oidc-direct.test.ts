/** What a device signs by itself, redeemed by an OpenID client (Approve protocol §9, CIBA §10). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { type Json, unique } from "../bank.ts";
import { cibaGrant, type OidcClient } from "../oidc-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((_dialect, open) => {
  describe("direct signing for OpenID clients", () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let shop: OidcClient;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      phone = await at.deviceType();
      shop = await client();
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    async function client(applications: readonly string[] = [at.application]): Promise<OidcClient> {
      const made = await at.bank.v1("POST", "/oidc-clients", {
        client_name: `shop ${unique()}`,
        countersign: { applications },
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    }

    async function redeem(by: OidcClient, id: string): Promise<{ status: number; body: Json }> {
      const response = await fetch(`${at.bank.publicUrl}/oidc/token`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${by.client_id}:${by.client_secret}`)}` },
        body: new URLSearchParams({ grant_type: cibaGrant, auth_req_id: id }),
      });
      return { status: response.status, body: await response.json() };
    }

    const verified = async (token: string, audience: string): Promise<Json> =>
      (
        await jwtVerify(token, createRemoteJWKSet(new URL(`${at.bank.publicUrl}/oidc/jwks.json`)), {
          issuer: `${at.bank.publicUrl}/oidc`,
          audience,
        })
      ).payload;

    it("the device gets an ID token, the client redeems the request once, and both say the same (APV-DCS-2)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const text = await device.directText(shop.client_id, "approve");
      const { status, body } = await device.sendDirect(text);
      assert.equal(status, 200, JSON.stringify(body));
      const own = await verified(body.idToken, shop.client_id);
      assert.deepEqual([own.sub, own.acr], [user, "urn:countersign:acr:knowledge"]);
      assert.equal(own.approval.signature, text, "the device's own signature");

      const other = await client();
      assert.equal((await redeem(other, body.requestId)).body.error, "invalid_grant", "another client");
      const parallel = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => redeem(shop, body.requestId)));
      const [won, ...more] = parallel.filter((one) => one.status === 200);
      assert.equal(more.length, 0);
      assert.deepEqual(
        new Set(parallel.filter((one) => one.status !== 200).map((one) => one.body.error)),
        new Set(["invalid_grant"]),
      );
      assert.equal((await redeem(shop, body.requestId)).body.error, "invalid_grant", "nor later");
      const token = await verified(won!.body.id_token, shop.client_id);
      assert.deepEqual(
        [token.sub, token.txn, token.approval, token["urn:openid:params:jwt:claim:auth_req_id"]],
        [user, own.txn, own.approval, body.requestId],
      );
    });

    it("to decline gives a request that is denied, and no ID token", async () => {
      const device = await at.device(at.user(), phone);
      const { body } = await device.sendDirect(await device.directText(shop.client_id, "decline", { method: "none" }));
      assert.equal(body.idToken, undefined);
      const denied = await redeem(shop, body.requestId);
      assert.deepEqual([denied.body.error, denied.body.error_description], ["access_denied", "rejected: decline"]);
    });

    it("a client of another application cannot be named, and an API client cannot redeem it", async () => {
      const device = await at.device(at.user(), phone);
      const stranger = await client([(await at.bank.application()).applicationId]);
      const refused = await device.sendDirect(await device.directText(stranger.client_id, "approve"));
      assert.equal(refused.body.code, "client-unknown");
      const { body } = await device.sendDirect(await device.directText(shop.client_id, "approve"));
      const api = await at.bank.v1("POST", `/direct-requests/${body.requestId}/redeem`);
      assert.equal(api.body.code, "direct-request-unknown");
    });
  });
});
