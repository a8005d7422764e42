/** The authorization code flow: the browser waits for a device, and comes back with a code or a denial. */
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { enrolDevice } from "../../../../tools/approve-device.ts";
import { type Json, past } from "../bank.ts";
import { browser, type Page } from "../browser.ts";
import type { Device } from "../device.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { newSigner, proof, type RelyingParty, relyingParty, type Signer } from "../oidc-relying-party.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const callback = "https://shop.example/back";

suiteOnEachStore((_dialect, open) => {
  describe("authorization in a browser", () => {
    let oidc: OidcBank;
    let party: RelyingParty;
    let user: string;
    let device: Device;
    let key: Signer;
    let close = async () => {};

    const code = {
      grant_types: ["authorization_code"],
      response_types: ["code"],
      redirect_uris: [callback],
    };
    const fapi2 = {
      ...code,
      countersign: { profile: "fapi2" },
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
    };

    before(async () => {
      const opened = await open();
      oidc = await startOidcBank(opened);
      close = async () => {
        await oidc.close();
        await opened.close();
      };
      key = await newSigner();
      party = await relyingParty(oidc, fapi2);
      user = oidc.user();
      device = await oidc.device(user);
    });
    after(() => close());

    const verifier = randomBytes(32).toString("base64url");
    const asked = (more: Record<string, string | undefined> = {}): Record<string, string> => {
      const form = {
        response_type: "code",
        redirect_uri: callback,
        scope: "openid",
        state: "s1",
        nonce: "n1",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        ...more,
      };
      return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined)) as never;
    };
    const push = (by: RelyingParty, more: Record<string, string | undefined> = {}) =>
      by.post("/par", { client_id: by.clientId, ...asked(more) });
    const pushed = async (by: RelyingParty, more: Record<string, string | undefined> = {}): Promise<string> => {
      const { status, body } = await push(by, more);
      assert.equal(status, 201, JSON.stringify(body));
      const query = new URLSearchParams({ client_id: by.clientId, request_uri: body.request_uri });
      return `${oidc.issuer}/authorize?${query.toString()}`;
    };
    const person = () => browser(oidc.issuer);
    const backAt = (page: Page): Record<string, string> => {
      const { searchParams } = new URL(page.url);
      assert.ok(page.url.startsWith(callback), `${page.status} ${page.url} ${page.text}`);
      return Object.fromEntries(searchParams);
    };
    const redeem = async (by: RelyingParty, form: Record<string, string>, dpop?: Signer) =>
      by.post(
        "/token",
        { grant_type: "authorization_code", redirect_uri: callback, code_verifier: verifier, ...form },
        dpop ? { dpop: await proof(dpop, `${oidc.issuer}/token`) } : {},
      );

    it("a pushed request asks the device of the user it names; approved, it gives tokens with the claims of the approval (FAPI 2.0)", async () => {
      const address = await pushed(party, { login_hint: user });
      const at = person();
      const page = await at.go(address);
      assert.equal(page.status, 200, page.text);
      assert.match(page.text, /Confirm on your device/);
      assert.match(page.text, /Waiting for your answer/);
      const again = await at.go(page.url);
      assert.equal(again.status, 200);
      const operation = await oidc.approve(user, device);
      const { code: first = "", state, iss } = backAt(await at.go(page.url));
      assert.deepEqual([state, iss], ["s1", oidc.issuer]);
      const wrong = await redeem(party, { code: first, code_verifier: "x".repeat(43) }, key);
      assert.deepEqual([wrong.status, wrong.body.error], [400, "invalid_grant"]);
      const unbound = await redeem(party, { code: first });
      assert.equal(unbound.status, 400);
      const { status, body } = await redeem(party, { code: first }, key);
      assert.deepEqual([status, body.token_type], [200, "DPoP"], JSON.stringify(body));
      const { payload } = await jwtVerify(body.id_token, createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`)), {
        issuer: oidc.issuer,
        audience: party.clientId,
      });
      const { approval, ...claims } = payload as Json;
      assert.deepEqual([claims.sub, claims.txn, claims.nonce], [user, operation, "n1"]);
      assert.deepEqual([claims.acr, claims.amr], ["urn:countersign:acr:knowledge", ["pop", "pin", "mfa"]]);
      assert.deepEqual([approval.decision, approval.evidence], ["approve", "powerauth"]);
      assert.equal("urn:openid:params:jwt:claim:auth_req_id" in claims, false);
      const twice = await redeem(party, { code: first }, key);
      assert.deepEqual([twice.status, twice.body.error], [400, "invalid_grant"]);
      assert.deepEqual(
        at.jar.filter(({ name }) => /session/.test(name)),
        [],
        "nobody stays signed in",
      );
    });

    it("the next authorization in the same browser is approved anew", async () => {
      const at = person();
      for (const round of [1, 2]) {
        const page = await at.go(await pushed(party, { login_hint: user }));
        assert.match(page.text, /Confirm on your device/, `round ${round}`);
        await oidc.approve(user, device);
        assert.ok(backAt(await at.go(page.url))["code"]);
      }
      // Another person in the same browser is no obstacle.
      const second = oidc.user();
      const phone = await oidc.device(second);
      const page = await at.go(await pushed(party, { login_hint: second }));
      await oidc.approve(second, phone);
      assert.ok(backAt(await at.go(page.url))["code"]);
    });

    it("rejected on the device: access_denied, with the person's word", async () => {
      const at = person();
      const page = await at.go(await pushed(party, { login_hint: user }));
      await oidc.reject(user, device, "UNEXPECTED_OPERATION");
      const answer = backAt(await at.go(page.url));
      assert.deepEqual([answer["error"], answer["state"]], ["access_denied", "s1"]);
      assert.equal(answer["error_description"], "rejected: UNEXPECTED_OPERATION");
      assert.equal(answer["iss"], oidc.issuer);
    });

    it("cancelled in the browser: the operation is over, and the client is told", async () => {
      const at = person();
      const page = await at.go(await pushed(party, { login_hint: user }));
      const { id } = await oidc.pending(user);
      const answer = backAt(await at.go(`${page.url}/cancel`, "POST"));
      assert.equal(answer["error"], "access_denied");
      assert.equal((await oidc.bank.v1("GET", `/operations/${id}`)).body.status, "CANCELED");
    });

    it("nobody answers in time: access_denied", async () => {
      const { templateName: short } = await oidc.bank.template({ dataTemplate: "A1", expiration: 4 });
      const by = await relyingParty(oidc, { ...fapi2, countersign: { profile: "fapi2", template: short } });
      const at = person();
      const page = await at.go(await pushed(by, { login_hint: user }));
      assert.equal(page.status, 200, page.text);
      await past(Date.now() + 4000);
      const answer = backAt(await at.go(page.url));
      assert.deepEqual([answer["error"], answer["error_description"]], ["access_denied", "nobody approved in time"]);
    });

    it("one approval is one code, however many pages wait for it", async () => {
      const at = person();
      const page = await at.go(await pushed(party, { login_hint: user }));
      await oidc.approve(user, device);
      const pages = await Promise.all(Array.from({ length: 4 }, () => at.go(page.url)));
      const codes = new Set(pages.map(({ url }) => new URL(url).searchParams.get("code")).filter(Boolean));
      assert.equal(codes.size, 1);
      const address = await pushed(party, { login_hint: user });
      const other = person();
      const first = await other.go(address);
      await oidc.approve(user, device);
      assert.ok(backAt(await other.go(first.url))["code"]);
      // The pushed request is used up.
      assert.equal(backAt(await person().go(address))["error"], "invalid_request_uri");
    });

    it("one approval is one code, also where nothing was pushed and the browser comes back eight times at once", async () => {
      const by = await relyingParty(oidc, code);
      const claims = { ...asked({ login_hint: user }), client_id: by.clientId, binding_message: undefined };
      const query = new URLSearchParams({ client_id: by.clientId, response_type: "code", scope: "openid" });
      query.set("request", await by.object(claims));
      const at = person();
      const page = await at.go(`${oidc.issuer}/authorize?${query.toString()}`);
      await oidc.approve(user, device);
      const next = (await at.one(page.url, "GET")).headers.get("location") ?? "";
      const answers = await Promise.all(Array.from({ length: 8 }, () => at.one(next, "GET")));
      const codes = answers
        .map(({ headers }) => URL.parse(headers.get("location") ?? "")?.searchParams.get("code"))
        .filter((one) => one != null);
      assert.equal(codes.length, 1);
    });

    it("another browser cannot wait for, cancel or finish what one began", async () => {
      const at = person();
      const page = await at.go(await pushed(party, { login_hint: user }));
      const thief = person();
      const seen = await thief.go(page.url);
      assert.deepEqual([seen.status, /This request is over/.test(seen.text)], [400, true]);
      assert.equal((await thief.go(`${page.url}/cancel`, "POST")).status, 400);
      await oidc.approve(user, device);
      assert.equal((await thief.go(page.url)).status, 400);
      assert.ok(backAt(await at.go(page.url))["code"]);
    });

    it("a client held to FAPI 2.0 has to push its requests, with a challenge, and to authenticate for the issuer alone", async () => {
      const query = new URLSearchParams({ ...asked(), client_id: party.clientId }).toString();
      const direct = await person().go(`${oidc.issuer}/authorize?${query}`);
      assert.equal(new URL(direct.url).searchParams.get("error"), "invalid_request", direct.url);
      const plain = await push(party, { code_challenge: undefined, code_challenge_method: undefined });
      assert.deepEqual([plain.status, plain.body.error], [400, "invalid_request"]);
      const weak = await push(party, { code_challenge: verifier, code_challenge_method: "plain" });
      assert.equal(weak.status, 400);
      const elsewhere = await push(party, { redirect_uri: "https://evil.example/back" });
      assert.equal(elsewhere.status, 400);
      const credentials = await party.credentials({ aud: `${oidc.issuer}/token` });
      const { status, body } = await oidc.post("/par", { client_id: party.clientId, ...asked(), ...credentials });
      assert.deepEqual([status, body.error], [401, "invalid_client"]);
      const implicit = await push(party, { response_type: "id_token" });
      assert.equal(implicit.status, 400);
    });

    it("a user of a link is not asked: anybody can write one. The browser shows a code to scan instead", async () => {
      const by = await relyingParty(oidc, code);
      const query = new URLSearchParams({ ...asked({ login_hint: user }), client_id: by.clientId }).toString();
      const page = await person().go(`${oidc.issuer}/authorize?${query}`);
      assert.equal(page.status, 200, page.text);
      assert.match(page.text, /Scan with your app/);
      const waits = await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}&status=PENDING`);
      assert.deepEqual(waits.body.items, []);
    });

    it("without a user, whoever scans the code is asked, with the number that stands in the browser", async () => {
      const made = await oidc.bank.v1("POST", "/templates", {
        name: `sign in ${randomUUID()}`,
        operationType: "login",
        dataTemplate: "A1*NSign in",
        signatureTypes: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expirationSeconds: 300,
        approval: { match: "enter" },
      });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const phone = `phone ${randomUUID()}`;
      await oidc.bank.v1("PUT", `/device-types/${encodeURIComponent(phone)}`, {
        applicationId: oidc.app.applicationId,
      });
      const owner = oidc.user();
      const offered = await oidc.bank.v1("POST", "/offers", { userId: owner, deviceType: phone });
      const scanner = await enrolDevice({ url: oidc.issuer.slice(0, -"/oidc".length), offer: offered.body.offer });

      const by = await relyingParty(oidc, {
        ...fapi2,
        countersign: { profile: "fapi2", template: made.body.name },
      });
      const at = person();
      const page = await at.go(await pushed(by));
      assert.match(page.text, /Scan with your app/);
      assert.match(page.text, /<svg/);
      assert.doesNotMatch(page.text, /class="number"/);
      const reference = /#ref=([\w.-]+)"/.exec(page.text)?.[1] ?? "";
      const { tid } = JSON.parse(Buffer.from(reference.split(".")[1] ?? "", "base64url").toString()) as { tid: string };
      const transaction = await scanner.fetch(tid, reference);
      const next = await at.go(page.url);
      const number = /class="number"[^>]*>(\d{3})&#8239;(\d{3})</.exec(next.text);
      assert.ok(number, next.text);
      const claims = { num: `${number[1]}${number[2]}` };
      const reply = await scanner.respond(tid, await scanner.answer(transaction, "approve", { claims }));
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      const { code: given = "" } = backAt(await at.go(page.url));
      const { status, body } = await redeem(by, { code: given }, key);
      assert.equal(status, 200, JSON.stringify(body));
      const { payload } = await jwtVerify(body.id_token, createRemoteJWKSet(new URL(`${oidc.issuer}/jwks.json`)));
      assert.deepEqual([payload.sub, (payload as Json).approval.evidence], [owner, "approve-jws"]);
    });

    it("pages run nothing of others, are framed by nobody, and say nothing of what went wrong inside", async () => {
      const hostile = await relyingParty(oidc, {
        ...fapi2,
        client_name: `<img src=x onerror=alert(1)>"' ${randomUUID()}`,
      });
      const page = await person().go(await pushed(hostile, { login_hint: user }));
      assert.match(page.text, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;/);
      assert.doesNotMatch(page.text, /<img|style=|<style|onerror=alert\(1\)>|<script(?! src="[^"]+" defer><)/);
      await oidc.reject(user, device);
      const failed = await person().go(`${oidc.issuer}/authorize?client_id=nobody&response_type=code`);
      assert.equal(failed.status, 400);
      for (const { headers } of [page, failed]) {
        const policy = headers.get("content-security-policy") ?? "";
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /frame-ancestors 'none'/);
        assert.doesNotMatch(policy, /unsafe|\*/);
        assert.equal(headers.get("referrer-policy"), "no-referrer");
        assert.match(headers.get("cache-control") ?? "", /no-store/);
        assert.match(headers.get("content-type") ?? "", /^text\/html/);
      }
      assert.doesNotMatch(failed.text, /nobody|node_modules|stack/);
      for (const file of ["page.css", "page.js"]) {
        assert.equal((await person().go(`${oidc.issuer}/interaction/${file}`)).status, 200);
      }
      assert.equal((await person().go(`${oidc.issuer}/interaction/none/none`)).status, 404);
    });

    it("an earlier ID token names the user, and nobody else answers in that user's place", async () => {
      const at = person();
      const page = await at.go(await pushed(party, { login_hint: user }));
      await oidc.approve(user, device);
      const { code: given = "" } = backAt(await at.go(page.url));
      const { body } = await redeem(party, { code: given }, key);
      const again = await at.go(await pushed(party, { id_token_hint: body.id_token }));
      assert.match(again.text, /Confirm on your device/);
      await oidc.approve(user, device);
      assert.ok(backAt(await at.go(again.url))["code"]);
      // Asked by another name, somebody else's approval is not that user's.
      const other = oidc.user();
      const phone = await oidc.device(other);
      const both = await pushed(party, { login_hint: other, id_token_hint: body.id_token });
      const mixed = await at.go(both);
      await oidc.approve(other, phone);
      assert.equal(backAt(await at.go(mixed.url))["error"], "login_required");
    });

    it("a signed request in a link names its user, and ends within an hour", async () => {
      const by = await relyingParty(oidc, code);
      const go = async (more: object) => {
        const claims = { ...asked({ login_hint: user }), client_id: by.clientId, binding_message: undefined, ...more };
        const query = new URLSearchParams({ client_id: by.clientId, response_type: "code", scope: "openid" });
        query.set("request", await by.object(claims));
        return person().go(`${oidc.issuer}/authorize?${query.toString()}`);
      };
      const page = await go({});
      assert.match(page.text, /Confirm on your device/, page.url);
      await oidc.reject(user, device);
      for (const bad of [{ exp: undefined }, { exp: Math.floor(Date.now() / 1000) + 7200 }]) {
        const refused = await go(bad);
        assert.match(refused.url + refused.text, /invalid_request_object/);
      }
    });

    it("prompt=none has nobody to ask: login_required", async () => {
      const answer = backAt(await person().go(await pushed(party, { prompt: "none" })));
      assert.equal(answer["error"], "login_required");
    });

    it("a user without a device is told to the client, not to the browser", async () => {
      const answer = backAt(await person().go(await pushed(party, { login_hint: "nobody" })));
      assert.equal(answer["error"], "access_denied");
    });
  });
});
