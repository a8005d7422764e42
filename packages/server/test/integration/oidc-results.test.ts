/** What a relying party learns of its CIBA request: the pace, denials with their reason, giving up, and races. Real HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApproveDevice, enrolDevice } from "../../../../tools/approve-device.ts";
import { type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import type { TestStore } from "../stores.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const cancelGrant = "urn:countersign:params:grant-type:ciba-cancel";

suiteOnEachStore((_dialect, open) => {
  describe("results of CIBA requests", () => {
    let oidc: OidcBank;
    let opened: TestStore;
    let client: OidcClient;

    before(async () => {
      opened = await open();
      oidc = await startOidcBank(opened);
      client = await oidc.client();
    });
    after(async () => {
      await oidc.close();
      await opened.close();
    });

    const giveUp = (id: string, by = client) => oidc.post("/token", { grant_type: cancelGrant, auth_req_id: id }, by);

    const denied = async (id: string) => {
      const { status, body } = await oidc.redeem(client, id);
      assert.deepEqual([status, body.error], [400, "access_denied"], JSON.stringify(body));
      return body.error_description as string;
    };

    async function waiting() {
      const user = oidc.user();
      const device = await oidc.device(user);
      return { user, device, id: await oidc.started(client, { login_hint: user }) };
    }

    /** A customer of an application with Approve devices, and a client that asks them. */
    async function approving(more: object = {}) {
      const app = await oidc.bank.application();
      const type = `phone ${app.applicationId}`;
      const body = { applicationId: app.applicationId, ...more };
      const made = await oidc.bank.v1("PUT", `/device-types/${encodeURIComponent(type)}`, body);
      assert.equal(made.status, 200, JSON.stringify(made.body));
      const by = await oidc.client({ countersign: { applications: [app.applicationId], template: oidc.login } });
      const user = oidc.user();
      const { offer } = (await oidc.bank.v1("POST", "/offers", { userId: user, deviceType: type })).body;
      const url = oidc.issuer.slice(0, -"/oidc".length);
      const device: ApproveDevice = await enrolDevice({ url, offer });
      return { by, user, device };
    }

    it("the life that is asked for is taken where it fits, else the nearest (CIBA §7.1 requested_expiry)", async () => {
      for (const [asked, given] of [
        ["1", 10],
        ["45", 45],
        ["3600", 3600],
        ["1000000", 3600],
      ] as const) {
        const user = oidc.user();
        await oidc.device(user);
        const { body } = await oidc.start(client, { login_hint: user, requested_expiry: asked });
        assert.equal(body.expires_in, given);
        const { createdAt, expiresAt } = await oidc.pending(user);
        assert.ok(Date.parse(expiresAt) - Date.parse(createdAt) <= given * 1000, "the operation ends with it");
      }
      for (const asked of ["0", "-5", "1.5", "soon"]) {
        const user = oidc.user();
        await oidc.device(user);
        const { status, body } = await oidc.start(client, { login_hint: user, requested_expiry: asked });
        assert.deepEqual([status, body.error], [400, "invalid_request"]);
      }
    });

    it("a second poll at once is told to slow down, and a result is not held back by that (CIBA §11)", async () => {
      const { user, device, id } = await waiting();
      assert.equal((await oidc.redeem(client, id)).body.error, "authorization_pending");
      assert.equal((await oidc.redeem(client, id)).body.error, "slow_down");
      await oidc.approve(user, device);
      assert.equal((await oidc.redeem(client, id)).status, 200);
    });

    it("eight redemptions at once: one of them succeeds", async () => {
      for (let round = 0; round < 4; round++) {
        const { user, device, id } = await waiting();
        await oidc.approve(user, device);
        const replies = await Promise.all(Array.from({ length: 8 }, () => oidc.redeem(client, id)));
        const good = replies.filter(({ status }) => status === 200);
        assert.equal(good.length, 1);
        const token = good[0]!.body.access_token;
        assert.equal((await oidc.post("/introspect", { token }, client)).body.active, true, "and keeps its tokens");
        for (const { status, body } of replies) {
          if (status !== 200)
            assert.ok(["invalid_grant", "authorization_pending", "slow_down"].includes(body.error), body.error);
        }
        assert.equal((await oidc.redeem(client, id)).body.error, "invalid_grant");
      }
    });

    it("after an approval nothing denies: not the device, not the back office, not the relying party", async () => {
      const { user, device, id } = await waiting();
      const operation = await oidc.approve(user, device);
      const late = await device.signed("/api/auth/token/app/operation/cancel", {
        uriId: "/operation/cancel",
        factors: "possession",
        body: JSON.stringify({ requestObject: { id: operation, reason: "UNEXPECTED_OPERATION" } }),
      });
      assert.notEqual(late.status, 200);
      assert.notEqual((await oidc.bank.call("/operation/cancel", { operationId: operation })).status, 200);
      const gone = await giveUp(id);
      assert.deepEqual([gone.status, gone.body.error], [400, "invalid_grant"]);
      assert.equal((await oidc.redeem(client, id)).status, 200);
    });

    it("what the relying party gives up is denied as canceled, and nobody can approve it any more", async () => {
      const { user, device, id } = await waiting();
      const { id: operation, data } = await oidc.pending(user);
      const given = await giveUp(id);
      assert.deepEqual([given.status, given.body], [200, {}]);
      assert.deepEqual((await giveUp(id)).body, {}, "the same again gets the same");
      const late = await device.signed("/api/auth/token/app/operation/authorize", {
        uriId: "/operation/authorize",
        body: JSON.stringify({ requestObject: { id: operation, data } }),
      });
      assert.notEqual(late.status, 200);
      assert.equal(await denied(id), "canceled: RELYING_PARTY");
      assert.equal(await denied(id), "canceled: RELYING_PARTY", "an answer that was lost is given again");
    });

    it("a request of another client, an unknown one and none are not given up", async () => {
      const { user, id } = await waiting();
      const other = await oidc.client();
      for (const reply of [await giveUp(id, other), await giveUp("unknown")]) {
        assert.deepEqual([reply.status, reply.body.error], [400, "invalid_grant"]);
      }
      const none = await oidc.post("/token", { grant_type: cancelGrant }, client);
      assert.deepEqual([none.status, none.body.error], [400, "invalid_request"]);
      const wrong = await giveUp(id, { ...client, client_secret: "wrong" });
      assert.deepEqual([wrong.status, wrong.body.error], [401, "invalid_client"]);
      await oidc.pending(user);
    });

    it("giving up and approving at once: one of them wins, and the poll agrees", async () => {
      for (let round = 0; round < 4; round++) {
        const { user, device, id } = await waiting();
        const { id: operation, data } = await oidc.pending(user);
        const [approved, given] = await Promise.all([
          device.signed("/api/auth/token/app/operation/authorize", {
            uriId: "/operation/authorize",
            body: JSON.stringify({ requestObject: { id: operation, data } }),
          }),
          giveUp(id),
        ]);
        assert.notEqual(approved.status === 200, given.status === 200);
        assert.equal((await oidc.redeem(client, id)).status, approved.status === 200 ? 200 : 400);
      }
    });

    it("too many failed tries deny", async () => {
      const { user, id } = await waiting();
      const { id: operationId } = await oidc.pending(user);
      const decider = await oidc.bank.client(["decide", "integrate"]);
      for (let left = 5; left > 0; left--) {
        await oidc.bank.call("/operation/approve/fail", { operationId, additionalData: {} }, decider);
      }
      assert.equal(await denied(id), "too many failed attempts");
    });

    for (const reason of ["USER_CANCEL", "NOTIFY_SUSPICIOUS"] as const) {
      it(`${reason} of an Approve device denies with that word`, async () => {
        const { by, user, device } = await approving();
        const id = await oidc.started(by, { login_hint: user });
        const { id: operation } = await oidc.pending(user);
        const reply = await device.cancel(operation, reason);
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        const { body } = await oidc.redeem(by, id);
        assert.deepEqual(body, { error: "access_denied", error_description: `canceled: ${reason}` });
        if (reason === "USER_CANCEL") return;
        const more = await oidc.start(by, { login_hint: user });
        assert.deepEqual([more.status, more.body.error], [400, "access_denied"]);
        assert.equal(more.body.error_description, "user-suspended");
      });
    }

    it("where too much waits, a further request is denied at once", async () => {
      const { by, user } = await approving({
        countermeasures: {
          disabledTimeReset: 900,
          challengeTimeoutPeriod: -1,
          challengeDisableThreshold: -1,
          disableThreshold: 5,
          mostOutstanding: 2,
          deniedThreshold: -1,
        },
      });
      await oidc.started(by, { login_hint: user });
      await oidc.started(by, { login_hint: user });
      const { status, body } = await oidc.start(by, { login_hint: user });
      assert.deepEqual([status, body], [400, { error: "access_denied", error_description: "too-many-pending" }]);
    });
  });
});
