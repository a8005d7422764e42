/** Push bombing: however often relying parties ask, a person's telephone rings so often and no more. Real HTTP, a stand-in gateway. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Json } from "../bank.ts";
import type { Device } from "../device.ts";
import { type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { reachable, startRelyingParty } from "../oidc-receiver.ts";
import type { Receiver } from "../../../../tools/receiver.ts";
import type { TestStore } from "../stores.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const limit = 4;

suiteOnEachStore((_dialect, open) => {
  describe("push bombing", () => {
    let oidc: OidcBank;
    let opened: TestStore;
    let gateway: Receiver;
    let client: OidcClient;

    before(async () => {
      opened = await open();
      oidc = await startOidcBank(opened, { ...reachable, backchannelPerUser: limit });
      gateway = await startRelyingParty();
      // As Huawei answers: a token for whoever has the secret, and a code for each message.
      gateway.reply(({ path }, response) => {
        const body = path.endsWith("/token") ? { access_token: "access", expires_in: 3600 } : { code: "80000000" };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
      const base = gateway.url.slice(0, -"/hook".length);
      const settings = { clientId: "100", clientSecret: "right", url: base, tokenUrl: `${base}/token` };
      const place = `/push-gateways/${encodeURIComponent(oidc.app.applicationId)}/hms`;
      const made = await oidc.bank.v1("PUT", place, settings);
      assert.equal(made.status, 200, JSON.stringify(made.body));
      client = await oidc.client();
    });
    after(async () => {
      await oidc.close();
      await opened.close();
      await gateway.close();
    });

    async function reachableBy(token: string): Promise<{ readonly user: string; readonly device: Device }> {
      const user = oidc.user();
      const device = await oidc.device(user);
      const { token: its } = await device.createToken("possession");
      const body = JSON.stringify({ requestObject: { platform: "hms", token } });
      const reply = await device.post("/api/push/device/register/token", body, device.withToken(its));
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return { user, device };
    }

    const rings = (token: string) =>
      gateway.received.filter(({ path, text }) => path.endsWith("messages:send") && text.includes(token)).length;

    /** No row is under way or due. */
    async function quiet(): Promise<void> {
      for (;;) {
        const waiting = await opened.store.read
          .selectFrom("outbox")
          .select("id")
          .where("state", "=", "PENDING")
          .execute();
        if (waiting.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }

    const starts = (user: string, by = client) => oidc.start(by, { login_hint: user });

    it("50 requests at once ring as often as the limit says; the rest is denied, and leaves nothing behind", async () => {
      const { user } = await reachableBy("victim-a");
      const replies = await Promise.all(Array.from({ length: 50 }, () => starts(user)));
      assert.equal(replies.filter(({ status }) => status === 200).length, limit);
      for (const { status, body } of replies) {
        if (status === 200) continue;
        assert.deepEqual([status, body], [400, { error: "access_denied", error_description: "too-many-pending" }]);
      }
      await quiet();
      assert.equal(rings("victim-a"), limit);
      const { items } = (await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body;
      assert.equal(items.length, limit);
    });

    it("several relying parties have one limit together, and giving requests up does not get around it", async () => {
      const { user } = await reachableBy("victim-b");
      const others = [await oidc.client(), await oidc.client()];
      const codes: Json[] = [];
      for (let at = 0; at < 20; at++) {
        const by = others[at % 2]!;
        const { body } = await starts(user, by);
        codes.push(body.error ?? "started");
        const grant = "urn:countersign:params:grant-type:ciba-cancel";
        if (body.auth_req_id) await oidc.post("/token", { grant_type: grant, auth_req_id: body.auth_req_id }, by);
      }
      assert.equal(codes.filter((code) => code === "started").length, limit);
      await quiet();
      assert.ok(rings("victim-b") <= limit, `${rings("victim-b")}`);
    });

    it("another user is asked as if nothing were", async () => {
      const { user, device } = await reachableBy("bystander");
      const { user: victim } = await reachableBy("victim-c");
      const bombs = Array.from({ length: 30 }, () => starts(victim));
      const id = await oidc.started(client, { login_hint: user });
      await Promise.all(bombs);
      await quiet();
      assert.equal(rings("bystander"), 1);
      assert.equal(rings("victim-c"), limit);
      await oidc.approve(user, device);
      assert.equal((await oidc.redeem(client, id)).status, 200);
    });
  });
});
