/** How results of CIBA requests reach their clients: ping, push, and what a receiver can answer. Real HTTP both ways. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { Json } from "../bank.ts";
import { cibaGrant, type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { notificationToken, reachable, startRelyingParty, startTold, toldClient } from "../oidc-receiver.ts";
import { answer, type Received, type Receiver } from "../../../../tools/receiver.ts";
import type { TestStore } from "../stores.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((_dialect, open) => {
  describe("delivery of CIBA results", () => {
    let oidc: OidcBank;
    let opened: TestStore;
    let shop: Receiver;

    before(async () => {
      opened = await open();
      oidc = await startOidcBank(opened, reachable);
      shop = await startRelyingParty();
    });
    after(async () => {
      await oidc.close();
      await opened.close();
      await shop.close();
    });

    const of = (id: string) => (one: Received) => one.body.auth_req_id === id;
    const heard = async (id: string) => (await shop.until(1, of(id)))[0]!;

    /** State and last failure of the client's rows, once none of them is pending or `enough` of them were tried. */
    async function rows(client: OidcClient, tries = Infinity) {
      for (;;) {
        const found = await opened.store.read
          .selectFrom("outbox as o")
          .innerJoin("sink as s", "s.id", "o.sink_id")
          .select(["o.state", "o.attempts", "o.last_failure"])
          .where("s.name", "=", `oidc:${client.client_id}`)
          .execute();
        const settled = found.every(
          ({ state, attempts, last_failure }) => state !== "PENDING" || (attempts >= tries && last_failure !== null),
        );
        if (found.length > 0 && settled) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }

    it("a ping is the request's id and nothing else, with the client's token, and the result is fetched (CIBA §10.2)", async () => {
      const client = await toldClient(oidc, "ping", shop);
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user);
      await oidc.approve(user, device);
      const ping = await heard(id);
      assert.equal(ping.text, JSON.stringify({ auth_req_id: id }));
      assert.equal(ping.headers.authorization, `Bearer ${notificationToken}`);
      assert.equal(ping.headers["content-type"], "application/json");
      const { status, body } = await oidc.redeem(client, id);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal((await oidc.redeem(client, id)).body.error, "invalid_grant");
    });

    for (const [status, headers, kept] of [
      [200, {}, "DONE"],
      [204, {}, "DONE"],
      [401, {}, "DEAD"],
      [403, {}, "DEAD"],
      [301, { location: "https://127.0.0.1:1/elsewhere" }, "DEAD"],
      [307, { location: "/elsewhere" }, "DEAD"],
    ] as const) {
      it(`a ping that is answered ${status} is sent once, no redirect followed, and the result can be fetched (CIBA §10.2)`, async () => {
        const client = await toldClient(oidc, "ping", shop);
        const user = oidc.user();
        const device = await oidc.device(user);
        shop.reply(answer(status, headers));
        const id = await startTold(oidc, client, user);
        await oidc.approve(user, device);
        const [row] = await rows(client);
        shop.reply(answer(200));
        assert.deepEqual([row?.state, row?.attempts], [kept, 1]);
        assert.equal(row?.last_failure, kept === "DONE" ? null : `http-${status}`);
        assert.equal(shop.received.filter(of(id)).length, 1);
        assert.ok(!shop.received.some(({ path }) => path === "/elsewhere"));
        assert.equal((await oidc.redeem(client, id)).status, 200);
      });
    }

    it("an address that is not allowed is never called (security requirement: SSRF)", async () => {
      const client = await oidc.client({
        backchannel_token_delivery_mode: "push",
        backchannel_client_notification_endpoint: "https://10.1.2.3/hook",
      });
      const user = oidc.user();
      const device = await oidc.device(user);
      await startTold(oidc, client, user);
      await oidc.approve(user, device);
      assert.equal((await rows(client, 1))[0]?.last_failure, "address-not-allowed");
    });

    it("a push brings tokens that work, bound to each other by at_hash and rt_hash (CIBA §10.3.1)", async () => {
      const client = await toldClient(oidc, "push", shop, { grant_types: [cibaGrant, "refresh_token"] });
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user, { scope: "openid offline_access" });
      const operation = await oidc.approve(user, device);
      const { headers, body } = await heard(id);
      assert.equal(headers.authorization, `Bearer ${notificationToken}`);
      assert.equal(body.token_type, "Bearer");
      assert.ok(body.expires_in >= 600, String(body.expires_in));

      const { payload } = await jwtVerify(body.id_token, createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`)), {
        issuer: oidc.issuer,
        audience: client.client_id,
      });
      const claims = payload as Json;
      const half = (text: string) => createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
      assert.equal(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
      assert.equal(claims.at_hash, half(body.access_token));
      assert.equal(claims["urn:openid:params:jwt:claim:rt_hash"], half(body.refresh_token));
      assert.deepEqual([claims.sub, claims.txn, claims.approval.decision], [user, operation, "approve"]);
      assert.deepEqual(claims.amr, ["pop", "pin", "mfa"]);

      const known = await oidc.post("/introspect", { token: body.access_token }, client);
      assert.equal(known.body.active, true, JSON.stringify(known.body));
      const again = await oidc.post(
        "/token",
        { grant_type: "refresh_token", refresh_token: body.refresh_token },
        client,
      );
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.equal((await rows(client))[0]?.state, "DONE");
    });

    it("a client that is pushed to gets unauthorized_client where others poll, before and after (CIBA §11)", async () => {
      const client = await toldClient(oidc, "push", shop);
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user);
      const asks = async () => {
        const { status, body } = await oidc.redeem(client, id);
        assert.deepEqual([status, body.error], [400, "unauthorized_client"]);
      };
      await asks();
      await oidc.approve(user, device);
      await heard(id);
      await asks();
    });

    it("a push that was not taken is repeated with the same tokens until it arrives, and then forgotten", async () => {
      const client = await toldClient(oidc, "push", shop);
      const user = oidc.user();
      const device = await oidc.device(user);
      let left = 2;
      shop.reply((_one, response) => void response.writeHead(left-- > 0 ? 503 : 204).end());
      const id = await startTold(oidc, client, user);
      await oidc.approve(user, device);
      const pushes = await shop.until(3, of(id));
      shop.reply(answer(200));
      assert.equal((await rows(client))[0]?.state, "DONE");
      assert.equal(new Set(pushes.map(({ body }) => body.access_token)).size, 1);
      assert.equal(new Set(pushes.map(({ body }) => body.id_token)).size, 1);
      const { body } = await oidc.post("/introspect", { token: pushes[0]!.body.access_token }, client);
      assert.equal(body.active, true);
    });

    it("a denial and the end of time are pushed as errors (CIBA §12)", async () => {
      const client = await toldClient(oidc, "push", shop);
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user);
      await oidc.reject(user, device);
      assert.deepEqual((await heard(id)).body, {
        auth_req_id: id,
        error: "access_denied",
        error_description: "rejected: UNEXPECTED_OPERATION",
      });
    });

    it("what cannot be granted any more is pushed as transaction_failed (CIBA §12)", async () => {
      const resource = "https://api.example/payments";
      const client = await toldClient(oidc, "push", shop, { countersign: { resources: [{ uri: resource }] } });
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user, { resource });
      const { metadata } = await opened.store.read
        .selectFrom("oidc_client")
        .select("metadata")
        .where("id", "=", client.client_id)
        .executeTakeFirstOrThrow();
      const less: Json = JSON.parse(metadata);
      delete less.countersign.resources;
      await opened.store.transaction(({ db }) =>
        db
          .updateTable("oidc_client")
          .set({ metadata: JSON.stringify(less) })
          .where("id", "=", client.client_id)
          .execute(),
      );
      await oidc.approve(user, device);
      assert.equal((await heard(id)).body.error, "transaction_failed");
    });

    it("a token for a resource is pushed for that resource (RFC 8707)", async () => {
      const resource = "https://api.example/payments";
      const client = await toldClient(oidc, "push", shop, {
        countersign: { resources: [{ uri: resource, token: "jwt" }] },
      });
      const user = oidc.user();
      const device = await oidc.device(user);
      const id = await startTold(oidc, client, user, { resource });
      await oidc.approve(user, device);
      const { body } = await heard(id);
      const { payload } = await jwtVerify(body.access_token, createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`)), {
        issuer: oidc.issuer,
        audience: resource,
      });
      assert.equal(payload.sub, user);
    });

    it("push is refused where a profile or a bound token forbids it (FAPI-CIBA §5.2.2)", async () => {
      const countersign = { applications: [oidc.app.applicationId], template: oidc.login };
      for (const [more, detail] of [
        [{ countersign: { ...countersign, profile: "fapi-ciba" } }, /backchannel_token_delivery_mode/],
        [{ countersign, dpop_bound_access_tokens: true }, /dpop_bound_access_tokens/],
      ] as const) {
        const reply = await oidc.bank.v1("POST", "/oidc-clients", {
          client_name: `pushed ${Math.random()}`,
          backchannel_token_delivery_mode: "push",
          backchannel_client_notification_endpoint: shop.url,
          ...more,
        });
        assert.equal(reply.status, 400, JSON.stringify(reply.body));
        assert.match(JSON.stringify(reply.body), detail);
      }
    });
  });
});
