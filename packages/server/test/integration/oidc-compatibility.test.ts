/** Back ends written for an existing service: their request forms, where the operator lets a client use them (A23). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { type Json, unique } from "../bank.ts";
import { cibaGrant, type OidcClient } from "../oidc-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (claims: object, header: object = { alg: "none" }) => `${part(header)}.${part(claims)}.`;

suiteOnEachStore((_dialect, open) => {
  describe("request forms of an existing service", () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let template: string;
    let old: OidcClient;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      phone = await at.deviceType();
      template = await at.template({ dataTemplate: "A1*A${amount}EUR*N${account_to}" });
      old = await client({ compatibility: { policies: { AT_TDS: template } } });
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    async function client(settings: object): Promise<OidcClient> {
      const made = await at.bank.v1("POST", "/oidc-clients", {
        client_name: `back end ${unique()}`,
        countersign: { applications: [at.application], template, ...settings },
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return made.body;
    }

    async function post(path: string, body: string | URLSearchParams, by: OidcClient): Promise<Json> {
      const response = await fetch(`${at.bank.publicUrl}/oidc${path}`, {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`${by.client_id}:${by.client_secret}`)}`,
          ...(typeof body === "string" && { "content-type": "application/json" }),
        },
        body,
      });
      return { status: response.status, body: await response.json() };
    }

    const hint = (user: string, more: object = {}) =>
      unsigned({
        authpol: "AT_TDS",
        tds: "{amount, 400.00},{sortcode,20-30-90}, {account_to,1234-5678}",
        channel: "CH_TDS",
        usercode: user,
        createSession: "0",
        ...more,
      });
    const start = (by: OidcClient, token: string) =>
      post("/backchannel", JSON.stringify({ scope: "openid hid-tx-sign", login_hint_token: token }), by);
    const redeem = (by: OidcClient, id: string) =>
      post("/token", new URLSearchParams({ grant_type: cibaGrant, auth_req_id: id }), by);
    const pending = async (user: string): Promise<Json[]> =>
      (await at.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body.items;

    it("an unsigned hint in a JSON body asks the device used last, and the token has the names known there (A23)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const started = await start(old, hint(user));
      assert.equal(started.status, 200, JSON.stringify(started.body));
      const [operation] = await pending(user);
      assert.equal(operation.data, "A1*A400.00EUR*N1234-5678");
      assert.equal(operation.activationId, device.cid);
      assert.equal((await device.decide(operation.id, "approve")).status, 200);
      const { status, body } = await redeem(old, started.body.auth_req_id);
      assert.equal(status, 200, JSON.stringify(body));
      const claims: Json = JSON.parse(Buffer.from(body.id_token.split(".")[1], "base64url").toString());
      assert.deepEqual([claims.sub, claims.approvalstatus, claims.deviceid], [user, "approve", device.cid]);
      assert.ok(claims.JWS.startsWith("eyJ") && claims.PUK.kty === "EC");
    });

    it("a named device alone is asked; ciba_delete takes the request back (A23)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      await at.device(user, phone);
      const started = await start(old, hint(user, { deviceid: device.cid }));
      assert.equal(started.status, 200, JSON.stringify(started.body));
      assert.equal((await pending(user))[0].activationId, device.cid);
      const { auth_req_id: id } = started.body;
      const gone = await post("/token", new URLSearchParams({ grant_type: "ciba_delete", auth_req_id: id }), old);
      assert.equal(gone.status, 200, JSON.stringify(gone.body));
      assert.equal((await pending(user))[0].status, "CANCELED");
      assert.equal((await redeem(old, id)).body.error, "access_denied");
    });

    it("it is off by default: other clients get none of it, and nothing is created (A23)", async () => {
      const user = at.user();
      await at.device(user, phone);
      const modern = await client({});
      const token = hint(user);
      const form = new URLSearchParams({ scope: "openid", login_hint_token: token });
      const json = JSON.stringify({ scope: "openid", login_hint: user });
      const refusals = [await post("/backchannel", form, modern), await post("/backchannel", json, modern)];
      const deleted = new URLSearchParams({ grant_type: "ciba_delete", auth_req_id: "x" });
      refusals.push(await post("/token", deleted, modern));
      for (const { status, body } of refusals) assert.deepEqual([status, body.error], [400, "invalid_request"]);
      assert.deepEqual(await pending(user), []);
    });

    it("what is not of the form is refused, and nothing is created", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const stranger = await at.device(at.user(), phone);
      const wrong = [
        hint(user, { authpol: "AT_OTHER" }),
        hint(user, { authpol: "constructor" }),
        hint(user, { usercode: "" }),
        hint(user, { deviceid: stranger.cid }),
        hint(user, { tds: "Please validate Logon" }),
        hint(user, { tds: "{amount, 1\u202e0},{account_to,1}" }),
        hint(user, { createSession: "2" }),
        `${hint(user)}AAAA`,
        unsigned({ usercode: user }),
        unsigned({ usercode: user, authpol: "AT_TDS", tds: "x" }, { alg: "NONE" }),
      ];
      for (const token of wrong) {
        const { status, body } = await start(old, token);
        assert.deepEqual([status, body.error], [400, "invalid_request"], JSON.stringify(body));
      }
      assert.equal((await start(old, hint("nobody"))).body.error, "unknown_user_id");
      for (const body of ["", "[]", "{", "null", `{"scope":${"[".repeat(500)}`]) {
        assert.equal((await post("/backchannel", body, old)).status, 400, body);
      }
      assert.deepEqual(await pending(user), []);
      assert.equal((await start(old, hint(user, { deviceid: device.cid }))).status, 200);
    });
  });
});
