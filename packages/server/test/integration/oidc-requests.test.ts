/** What comes in with a CIBA request: hints, user codes, proofs of possession, resources; and who may ask of tokens. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { Reply } from "../bank.ts";
import type { Device } from "../device.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import {
  newSigner,
  proof,
  type RelyingParty,
  relyingParty,
  seconds,
  signed,
  type Signer,
} from "../oidc-relying-party.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((_dialect, open) => {
  describe("OpenID requests", () => {
    let oidc: OidcBank;
    let party: RelyingParty;
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
      party = await relyingParty(oidc, { backchannel_user_code_parameter: true });
      user = oidc.user();
      device = await oidc.device(user);
    });
    after(() => close());

    const refused = (reply: Reply, error: string, status = 400) =>
      assert.deepEqual([reply.status, reply.body?.error], [status, error], JSON.stringify(reply.body));
    const ask = (form: Record<string, string>, by = party) =>
      by.post("/backchannel", { scope: "openid", binding_message: "A7K2", ...form });
    const asked = async (form: Record<string, string>, by = party): Promise<string> => {
      const reply = await ask(form, by);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return reply.body.auth_req_id;
    };

    const hintToken = (changed: Record<string, unknown> = {}, by: Signer = party.signer, alg?: string) =>
      signed(
        by,
        { iss: party.clientId, aud: oidc.issuer, exp: seconds() + 60, jti: randomUUID(), sub: user, ...changed },
        alg,
      );

    it("login_hint is a user id; one of nobody, and a text that none can be, is unknown_user_id", async () => {
      for (const hint of ["nobody", "a\u0000b", "x".repeat(300)]) {
        refused(await ask({ login_hint: hint }), "unknown_user_id");
      }
      refused(await ask({}), "invalid_request");
    });

    it("login_hint_token names the user by sub, or by sub_id (CIBA §7.1, RFC 9493)", async () => {
      for (const changed of [
        {},
        { sub: undefined, sub_id: { format: "opaque", id: user } },
        { sub: undefined, sub_id: { format: "iss_sub", iss: oidc.issuer, sub: user } },
      ]) {
        await asked({ login_hint_token: await hintToken(changed) });
        await oidc.reject(user, device);
      }
      const foreign = { sub: undefined, sub_id: { format: "iss_sub", iss: "https://other.example", sub: user } };
      refused(await ask({ login_hint_token: await hintToken(foreign) }), "unknown_user_id");
    });

    it("a login_hint_token that is expired is told so; one of others, for others, or unsigned is invalid_request", async () => {
      const token = await hintToken({ exp: seconds() - 60 });
      refused(await ask({ login_hint_token: token }), "expired_login_hint_token");
      const foreign = await newSigner();
      for (const bad of [
        await hintToken({}, foreign),
        await hintToken({ exp: seconds() - 60 }, foreign),
        await hintToken({ aud: "https://other.example" }),
        await hintToken({ iss: "somebody" }),
        await hintToken({ exp: undefined }),
        await hintToken({ jti: undefined }),
        await hintToken({}, party.signer, "none"),
        "rubbish",
      ]) {
        refused(await ask({ login_hint_token: bad }), "invalid_request");
      }
    });

    it("a login_hint_token is good once, and a forged one burns nothing", async () => {
      const jti = randomUUID();
      refused(await ask({ login_hint_token: await hintToken({ jti }, await newSigner()) }), "invalid_request");
      const token = await hintToken({ jti });
      const replies = await Promise.all(Array.from({ length: 4 }, () => ask({ login_hint_token: token })));
      assert.deepEqual(
        replies.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 400, 400, 400],
      );
      await oidc.reject(user, device);
    });

    it("id_token_hint names the user of an ID token of ours, for this client", async () => {
      const id = await asked({ login_hint: user });
      await oidc.approve(user, device);
      const { body } = await party.redeem(id);
      await asked({ id_token_hint: body.id_token });
      await oidc.reject(user, device);
      const [head, claims] = body.id_token.split(".");
      refused(await ask({ id_token_hint: `${head}.${claims}.AAAA` }), "invalid_request");
      const other = await relyingParty(oidc);
      refused(await ask({ id_token_hint: body.id_token }, other), "invalid_request");
      refused(await ask({ id_token_hint: await hintToken({ iss: oidc.issuer }) }), "invalid_request");
    });

    describe("user codes", () => {
      const set = (id: string, userCode: string) =>
        oidc.bank.v1("PUT", `/users/${encodeURIComponent(id)}/user-code`, { userCode });

      it("missing_user_code, invalid_user_code, and the right one (CIBA §13)", async () => {
        const person = oidc.user();
        const phone = await oidc.device(person);
        await asked({ login_hint: person });
        await oidc.reject(person, phone);
        assert.equal((await set(person, "tram 17")).status, 204);
        refused(await ask({ login_hint: person }), "missing_user_code");
        refused(await ask({ login_hint: person, user_code: "tram 18" }), "invalid_user_code");
        await asked({ login_hint: person, user_code: "tram 17" });
        await oidc.reject(person, phone);
        // Clients that did not register for it are not asked.
        await asked({ login_hint: person }, await relyingParty(oidc));
        await oidc.reject(person, phone);
        assert.equal((await oidc.bank.v1("DELETE", `/users/${encodeURIComponent(person)}/user-code`)).status, 204);
        assert.equal((await oidc.bank.v1("DELETE", `/users/${encodeURIComponent(person)}/user-code`)).status, 404);
        refused(await ask({ login_hint: person, user_code: "tram 17" }), "invalid_user_code");
      });

      it("five wrong ones, at once or one by one, and the right one is refused, too; for this client and user only", async () => {
        const person = oidc.user();
        const phone = await oidc.device(person);
        await set(person, "tram 17");
        const guesses = await Promise.all(
          ["1111", "2222", "3333", "4444", "5555", "6666"].map((code) => ask({ login_hint: person, user_code: code })),
        );
        for (const guess of guesses) refused(guess, "invalid_user_code");
        refused(await ask({ login_hint: person, user_code: "tram 17" }), "invalid_user_code");
        const other = await relyingParty(oidc, { backchannel_user_code_parameter: true });
        await asked({ login_hint: person, user_code: "tram 17" }, other);
        await oidc.reject(person, phone);
        const neighbour = oidc.user();
        await oidc.device(neighbour);
        await set(neighbour, "tram 22");
        await asked({ login_hint: neighbour, user_code: "tram 22" });
      });

      it("a code is at rest neither in clear nor as a hash that can be read, nor in what is kept of a request", async () => {
        const person = oidc.user();
        await oidc.device(person);
        await set(person, "Zebra-Kolibri");
        const object = await party.object({ login_hint: person, user_code: "Zebra-Kolibri" });
        assert.equal((await party.post("/backchannel", { request: object })).status, 200);
        const { read } = oidc.bank.store;
        const rows = JSON.stringify([
          await read.selectFrom("user_code").selectAll().execute(),
          await read.selectFrom("oidc_record").selectAll().execute(),
          await read.selectFrom("operation").selectAll().where("user_id", "=", person).execute(),
          await read.selectFrom("audit_event").selectAll().execute(),
        ]);
        assert.ok(!rows.includes("Kolibri"));
        const parts = rows.match(/eyJ[\w-]+\.eyJ[\w-]+/g) ?? [];
        for (const part of parts) assert.ok(!Buffer.from(part.split(".")[1] ?? "", "base64url").includes("Kolibri"));
      });
    });

    it("DPoP: the token is bound, a proof is good once, and one of another key or address is not (RFC 9449)", async () => {
      const key = await newSigner("Ed25519");
      const bound = await relyingParty(oidc, { dpop_bound_access_tokens: true });
      const url = `${oidc.issuer}/token`;
      const id = await asked({ login_hint: user }, bound);
      await oidc.approve(user, device);
      const form = { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: id };
      assert.equal((await bound.post("/token", form)).status, 400);
      for (const changed of [{ htu: `${oidc.issuer}/par` }, { htm: "GET" }, { iat: seconds() - 3600 }]) {
        assert.equal((await bound.post("/token", form, { dpop: await proof(key, url, changed) })).status, 400);
      }
      const used = await proof(key, url);
      const { status, body } = await bound.post("/token", form, { dpop: used });
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.token_type, "DPoP");
      const info = `${oidc.issuer}/userinfo`;
      const accessToken = body.access_token;
      const call = async (by: Signer, headers: Record<string, string> = {}) =>
        fetch(info, {
          headers: {
            authorization: `DPoP ${accessToken}`,
            dpop: await proof(by, info, { accessToken }, "GET"),
            ...headers,
          },
        });
      const good = await call(key);
      assert.deepEqual([good.status, await good.json()], [200, { sub: user }]);
      assert.equal((await call(await newSigner())).status, 401);
      const once = { dpop: await proof(key, info, { accessToken }, "GET") };
      assert.equal((await call(key, once)).status, 200);
      assert.equal((await call(key, once)).status, 401);
      assert.equal((await fetch(info, { headers: { authorization: `Bearer ${accessToken}` } })).status, 401);
    });

    it("a server's nonce takes the place of a clock (RFC 9449 §8)", async () => {
      const key = await newSigner();
      const url = `${oidc.issuer}/token`;
      const id = await asked({ login_hint: user });
      await oidc.approve(user, device);
      const form = { grant_type: "urn:openid:params:grant-type:ciba", auth_req_id: id };
      const late = await party.post("/token", form, { dpop: await proof(key, url, { iat: seconds() - 3600 }) });
      refused(late, "use_dpop_nonce");
      const nonce = late.headers.get("dpop-nonce") ?? "";
      refused(
        await party.post("/token", form, { dpop: await proof(key, url, { nonce: `${nonce}x` }) }),
        "use_dpop_nonce",
      );
      const { status, body } = await party.post("/token", form, {
        dpop: await proof(key, url, { nonce, iat: seconds() - 3600 }),
      });
      assert.deepEqual([status, body.token_type], [200, "DPoP"], JSON.stringify(body));
    });

    it("a resource gets a token of its own: signed or opaque, for it alone (RFC 8707)", async () => {
      const resources = [
        { uri: "https://ledger.example/", scopes: ["pay"], token: "jwt" },
        { uri: "https://vault.example/", scopes: ["look"] },
      ];
      const client = await relyingParty(oidc, {
        countersign: { resources },
      });
      const id = await asked({ login_hint: user, scope: "openid pay", resource: "https://ledger.example/" }, client);
      await oidc.approve(user, device);
      const { status, body } = await client.redeem(id);
      assert.equal(status, 200, JSON.stringify(body));
      const keys = createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify(body.access_token, keys, {
        issuer: oidc.issuer,
        audience: "https://ledger.example/",
        typ: "at+jwt",
      });
      assert.deepEqual([payload.sub, payload["scope"], protectedHeader.alg], [user, "pay", "ES256"]);
      refused(await ask({ login_hint: user, resource: "https://elsewhere.example/" }, client), "invalid_target");
    });

    it("a token is introspected by its client and by the server of its resource, and by nobody else", async () => {
      const vault = "https://vault.example/";
      const client = await relyingParty(oidc, {
        countersign: { resources: [{ uri: vault, scopes: ["look"] }] },
      });
      const server = await relyingParty(oidc, { countersign: { introspects: [vault] } });
      const id = await asked({ login_hint: user, scope: "openid look", resource: vault }, client);
      await oidc.approve(user, device);
      const { access_token: token } = (await client.redeem(id)).body;
      const seen = async (by: RelyingParty) => (await by.post("/introspect", { token })).body;
      for (const by of [client, server]) {
        const { active, aud, client_id: clientId, sub } = await seen(by);
        assert.deepEqual([active, aud, clientId, sub], [true, vault, client.clientId, user]);
      }
      assert.deepEqual(await seen(party), { active: false });
      const strange = await oidc.post("/introspect", { token });
      assert.ok([400, 401].includes(strange.status));
      // Another client can neither use nor end it.
      assert.equal((await party.post("/revoke", { token })).status, 400);
      assert.equal((await seen(client)).active, true);
      assert.equal((await client.post("/revoke", { token })).status, 200);
      assert.deepEqual(await seen(server), { active: false });
    });

    it("secrets authenticate by Basic and by form", async () => {
      const basic = await oidc.client();
      const form = await oidc.client({ token_endpoint_auth_method: "client_secret_post" });
      const body = { scope: "openid", binding_message: "A7K2", login_hint: user };
      const inForm = { ...body, client_id: form.client_id, client_secret: form.client_secret };
      assert.equal((await oidc.post("/backchannel", body, basic)).status, 200);
      await oidc.reject(user, device);
      assert.equal((await oidc.post("/backchannel", inForm)).status, 200);
      await oidc.reject(user, device);
      const wrong = { client_id: basic.client_id, client_secret: form.client_secret };
      refused(await oidc.post("/backchannel", body, wrong), "invalid_client", 401);
      const strange = { client_id: "a\u0000b", client_secret: "x" };
      const reply = await oidc.post("/backchannel", { ...body, ...strange });
      assert.ok([400, 401].includes(reply.status), String(reply.status));
    });

    it("assertions of ES256, PS256 and Ed25519 are taken", async () => {
      for (const alg of ["ES256", "PS256", "Ed25519"]) {
        const by = await relyingParty(oidc, {}, await newSigner(alg));
        await asked({ login_hint: user }, by);
        await oidc.reject(user, device);
      }
    });
  });
});
