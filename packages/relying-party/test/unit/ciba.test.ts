/** The relying party's half of CIBA against a provider that lies, dawdles and goes away. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, describe, it } from "node:test";
import { generateKeyPair } from "jose";
import { type CibaClient, cibaClient, OpenIdError, type Started } from "../../src/openid/ciba.ts";
import { verifyApproval } from "../../src/openid/id-token.ts";
import { answer, clientId, issuer, lyingProvider, type LyingProvider, user } from "./lying-provider.ts";

const isCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof OpenIdError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};
const pending = answer(400, { error: "authorization_pending" });
const slowDown = answer(400, { error: "slow_down" });
const atHash = createHash("sha256").update("at-1").digest().subarray(0, 16).toString("base64url");

describe("CIBA at the relying party", () => {
  let provider: LyingProvider;
  let ciba: CibaClient;
  beforeEach(async () => {
    provider = await lyingProvider();
    ciba = await cibaClient(provider.options());
  });

  it("an answer without auth_req_id, or without expires_in, starts nothing (CIBA §7.3)", async () => {
    for (const body of [
      { expires_in: 120 },
      { auth_req_id: "a" },
      { auth_req_id: 7, expires_in: 120 },
      { auth_req_id: "a", expires_in: 0 },
      [],
      "no",
    ]) {
      provider.started = answer(200, body);
      await assert.rejects(ciba.start({ user }), isCode("response-malformed"), JSON.stringify(body));
    }
    provider.started = answer(400, { error: "unknown_user_id" });
    await assert.rejects(ciba.start({ user }), isCode("refused"));
    provider.started = answer(503, {});
    await assert.rejects(ciba.start({ user }), isCode("unreachable"));
  });

  it("what is asked is sent as the specification names it, and nothing else", async () => {
    await ciba.start({
      user,
      bindingMessage: "A7K2",
      details: [{ type: "t" }],
      acrValues: ["a", "b"],
      requestedExpiry: 60,
      userCode: "1234",
      scope: "hid-tx-sign",
    });
    assert.deepEqual(Object.fromEntries(provider.asked[0] ?? []), {
      client_id: clientId,
      scope: "openid hid-tx-sign",
      login_hint: user,
      binding_message: "A7K2",
      authorization_details: '[{"type":"t"}]',
      acr_values: "a b",
      requested_expiry: "60",
      user_code: "1234",
    });
  });

  it("an interval of 31 seconds is respected, and slow_down adds five for good (CIBA §7.3, §11)", async () => {
    provider.started = answer(200, {
      auth_req_id: "1c266114-a1be-4252-8ad1-04986c5b9ac1",
      expires_in: 300,
      interval: 31,
    });
    const started = await ciba.start({ user });
    provider.results = [pending, slowDown, pending, await provider.tokens({ exp: provider.now / 1000 + 3600 })];
    assert.equal((await ciba.wait(started)).user, user);
    assert.deepEqual(provider.slept, [31_000, 31_000, 36_000, 36_000]);
  });

  it("without an interval it is five seconds, and time that is over ends the waiting even when the server does not", async () => {
    provider.started = answer(200, { auth_req_id: "a", expires_in: 20 });
    const started = await ciba.start({ user });
    provider.results = [pending];
    await assert.rejects(ciba.wait(started), isCode("expired"));
    assert.deepEqual(new Set(provider.slept), new Set([5000]));
    assert.ok(provider.slept.length <= 6);
  });

  it("a server that is away for a while is asked again; one that stays away is told as unreachable", async () => {
    const started = await ciba.start({ user });
    provider.results = [
      new TypeError("cut"),
      answer(503, {}),
      await provider.tokens({ exp: provider.now / 1000 + 900 }),
    ];
    assert.equal((await ciba.wait(started)).user, user);
    provider.results = [new TypeError("cut")];
    await assert.rejects(ciba.wait(await ciba.start({ user })), isCode("unreachable"));
  });

  it("denial, expiry and failure are told apart, with the server's words", async () => {
    const started = await ciba.start({ user });
    for (const [error, code] of [
      ["access_denied", "denied"],
      ["expired_token", "expired"],
      ["transaction_failed", "failed"],
      ["invalid_grant", "refused"],
    ] as const) {
      provider.results = [answer(400, { error, error_description: "why" })];
      await assert.rejects(ciba.fetch(started), (thrown: unknown) => {
        isCode(code)(thrown);
        assert.deepEqual([(thrown as OpenIdError).error, (thrown as OpenIdError).detail], [error, "why"]);
        return true;
      });
    }
  });

  it("an aborted signal ends the waiting as cancelled", async () => {
    const started = await ciba.start({ user });
    provider.results = [pending];
    await assert.rejects(ciba.wait(started, { signal: AbortSignal.abort() }), isCode("cancelled"));
  });

  it("cancel takes an empty answer for done, and says when it was too late", async () => {
    const started = await ciba.start({ user });
    provider.results = [answer(200, {})];
    await ciba.cancel(started);
    provider.results = [answer(400, { error: "invalid_grant" })];
    await assert.rejects(ciba.cancel(started), isCode("refused"));
    provider.results = [answer(200, { something: "else" })];
    await assert.rejects(ciba.cancel(started), isCode("response-malformed"));
  });

  it("an ID token with a bad iss, aud, exp, iat, signature, alg or auth_req_id is no approval", async () => {
    const now = Math.floor(provider.now / 1000);
    const other = (await generateKeyPair("ES256")).privateKey;
    const rs = (await generateKeyPair("RS256")).privateKey;
    const good = await provider.idToken();
    const [head = "", body = "", signature = ""] = good.split(".");
    const none = Buffer.from('{"alg":"none","kid":"one"}').toString("base64url");
    const cases: [string, string | undefined][] = [
      ["wrong-issuer", await provider.idToken({ iss: "https://evil.example" })],
      ["wrong-audience", await provider.idToken({ aud: "another" })],
      ["wrong-audience", await provider.idToken({ aud: [clientId, "another"] })],
      ["wrong-audience", await provider.idToken({ azp: "another" })],
      ["token-expired", await provider.idToken({ exp: now - 61 })],
      ["token-malformed", await provider.idToken({ exp: undefined })],
      ["token-malformed", await provider.idToken({ iat: undefined })],
      ["token-too-new", await provider.idToken({ iat: now + 61 })],
      ["wrong-request", await provider.idToken({ "urn:openid:params:jwt:claim:auth_req_id": "another" })],
      ["wrong-request", await provider.idToken({ "urn:openid:params:jwt:claim:auth_req_id": undefined })],
      ["wrong-user", await provider.idToken({ sub: "eve" })],
      ["token-malformed", await provider.idToken({ approval: undefined })],
      ["wrong-signature", await provider.idToken({}, {}, other)],
      ["wrong-signature", `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`],
      ["token-header", await provider.idToken({}, { alg: "RS256" }, rs)],
      ["token-header", `${none}.${body}.AAAA`],
      ["token-malformed", `${none}.${body}.`],
      ["token-header", await provider.idToken({}, { jwk: provider.keys.keys[0] })],
      ["token-header", await provider.idToken({}, { typ: "at+jwt" })],
      ["unknown-key", await provider.idToken({}, { kid: "two" })],
      ["token-malformed", good.slice(0, -1)],
    ];
    const expected = { issuer, clientId, user, authReqId: "1c266114-a1be-4252-8ad1-04986c5b9ac1" };
    const check = (token: string) => verifyApproval(token, provider.keys as never, expected, provider.now);
    assert.equal((await check(good)).user, user);
    const started = await ciba.start({ user });
    for (const [code, token = ""] of cases) {
      await assert.rejects(check(token), isCode(code), code);
      provider.results = [answer(200, { access_token: "at-1", token_type: "Bearer", id_token: token })];
      await assert.rejects(ciba.fetch(started), (error) => error instanceof OpenIdError, code);
    }
    const { approval } = JSON.parse(Buffer.from(body, "base64url").toString()) as { approval: object };
    for (const [code, more] of [
      ["not-approved", { decision: "reject" }],
      ["wrong-device-signature", { evidence: "approve-jws" }],
      ["wrong-device-signature", { signature: "a.b.c" }],
    ] as const) {
      await assert.rejects(check(await provider.idToken({ approval: { ...approval, ...more } })), isCode(code));
    }
    await assert.rejects(
      verifyApproval(good, provider.keys as never, { ...expected, details: [{ type: "t" }] }, provider.now),
      isCode("wrong-details"),
    );
  });

  it("keys that the provider has changed are fetched once more; pinned ones are not", async () => {
    const started = await ciba.start({ user });
    provider.results = [await provider.tokens()];
    assert.equal((await ciba.fetch(started))?.user, user);
    const [old] = provider.keys.keys;
    const fresh = await lyingProvider();
    const renamed = { ...fresh.keys.keys[0], kid: "two" };
    const token = await provider.idToken({}, { kid: "two" }, fresh.privateKey);
    provider.results = [answer(200, { access_token: "at-1", token_type: "Bearer", id_token: token })];
    provider.keys = { keys: [renamed] };
    assert.equal((await ciba.fetch(started))?.user, user);
    const pinning = await cibaClient({ ...provider.options(), keys: { keys: [old as never] } });
    await assert.rejects(pinning.fetch(started), isCode("unknown-key"));
  });

  describe("at its own endpoint", () => {
    let started: Started;
    const known = async (id: string) => (id === started.authReqId ? started : undefined);
    const bearer = () => `Bearer ${started.notificationToken}`;
    const ping = () => JSON.stringify({ auth_req_id: started.authReqId });
    beforeEach(async () => {
      started = await ciba.start({ user, notified: true });
      assert.match(started.notificationToken ?? "", /^[\w-]{43}$/);
      assert.equal(provider.asked.at(-1)?.get("client_notification_token"), started.notificationToken);
    });

    it("a ping with an invalid bearer, of an unknown request or with more in it is refused (CIBA §10.2)", async () => {
      const { receivePing } = ciba;
      assert.equal(await receivePing({ authorization: bearer(), body: ping() }, known), started);
      for (const authorization of [
        undefined,
        "",
        "Bearer ",
        "Bearer wrong",
        `Basic ${started.notificationToken}`,
        `${bearer()}x`,
      ]) {
        await assert.rejects(
          receivePing({ authorization, body: ping() }, known),
          isCode("wrong-bearer"),
          authorization,
        );
      }
      const quiet = await ciba.start({ user });
      await assert.rejects(
        receivePing({ authorization: "Bearer x", body: ping() }, async () => quiet),
        isCode("wrong-bearer"),
      );
      const cases: [string, string][] = [
        ['{"auth_req_id":"another"}', "unknown-request"],
        ["{}", "notification-malformed"],
        ["[]", "notification-malformed"],
        ["auth_req_id", "notification-malformed"],
        [JSON.stringify({ auth_req_id: started.authReqId, access_token: "x" }), "notification-malformed"],
      ];
      for (const [body, code] of cases) {
        await assert.rejects(receivePing({ authorization: bearer(), body }, known), isCode(code), body);
      }
    });

    it("a pushed result is believed when its ID token is of this request and this access token (CIBA §10.3.1)", async () => {
      const push = async (claims: object, more: object = {}, authorization = bearer()) => {
        const tokens = (await provider.tokens(claims as never, more)).body as object;
        const body = JSON.stringify({ auth_req_id: started.authReqId, ...tokens });
        return ciba.receivePush({ authorization, body }, known);
      };
      assert.equal((await push({ at_hash: atHash })).user, user);
      await assert.rejects(push({ at_hash: atHash }, {}, "Bearer wrong"), isCode("wrong-bearer"));
      await assert.rejects(push({ at_hash: atHash }, { access_token: "at-2" }), isCode("wrong-access-token"));
      await assert.rejects(push({}), isCode("wrong-access-token"));
      await assert.rejects(push({ at_hash: atHash }, { id_token: undefined }), isCode("response-malformed"));
      const other = { at_hash: atHash, "urn:openid:params:jwt:claim:auth_req_id": "another" };
      await assert.rejects(push(other), isCode("wrong-request"));
      const denied = JSON.stringify({
        auth_req_id: started.authReqId,
        error: "access_denied",
        error_description: "no",
      });
      await assert.rejects(ciba.receivePush({ authorization: bearer(), body: denied }, known), isCode("denied"));
    });
  });
});
