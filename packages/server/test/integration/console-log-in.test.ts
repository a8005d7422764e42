/** `/console/log-in`: operators come in by a real OpenID provider; whatever a forger or a stranger's link brings is refused. */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { pino } from "pino";
import {
  operatorSettings,
  type OperatorsProvider,
  startOperatorsProvider,
} from "../../../../tools/operators-provider.ts";
import type { Config, ConsoleOpenId } from "../../src/config.ts";
import { type Bank, type Reply, send, startBank } from "../bank.ts";
import { type Answered, begin, comeBack, type Headers, problemIn, sessionIn, visit } from "../console-browser.ts";
import { type Forger, logInAt, startForger } from "../openid-provider.ts";
import { openStream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((kind, open) => {
  describe(`Operators log in by OpenID Connect on ${kind}`, () => {
    let opened: TestStore;
    let bank: Bank;
    let provider: OperatorsProvider;
    let ahead = 0;
    const logged: string[] = [];
    const sink = new Writable({ write: (part, _encoding, done) => (logged.push(String(part)), done()) });
    const answerAt = (of: Bank = bank) => `${of.privateUrl}/console/log-in/answer`;

    before(async () => {
      opened = await open({ now: () => Date.now() + ahead });
      provider = await startOperatorsProvider();
      const config = { consoleOpenId: operatorSettings(provider.issuer) };
      bank = await startBank({ opened, config, log: pino(sink) });
      provider.open(answerAt());
    });
    after(async () => {
      await bank.close();
      await provider.close();
      await opened.close();
    });

    const call = (method: string, path: string, headers: Headers, body?: object): Promise<Reply> =>
      send(bank.privateUrl + path, method, body && JSON.stringify(body), undefined, headers);

    /** At the provider and back, up to the request that the browser is about to make. */
    async function loggedIn(login: string): Promise<{ readonly address: URL; readonly cookie: string }> {
      const { location, cookie } = await begin(bank);
      return { address: new URL(await logInAt(location.href, login, answerAt())), cookie };
    }

    async function session(login: string): Promise<{ readonly all: Headers; readonly body: Reply["body"] }> {
      const { address, cookie } = await loggedIn(login);
      const cookieOfSession = sessionIn(await comeBack(address, cookie)) ?? "";
      const { body } = await call("GET", "/console/session", { cookie: cookieOfSession });
      return { all: { cookie: cookieOfSession, "x-csrf-token": body.csrfToken }, body };
    }

    test("The page is told that there is a provider; the browser is sent there with code, PKCE, state and nonce", async () => {
      assert.deepEqual((await call("GET", "/console/log-in", {})).body, { openId: { name: "Bank ID" } });
      const reply = await call("POST", "/console/log-in", {});
      const cookie = reply.headers.get("set-cookie") ?? "";
      assert.match(
        cookie,
        /^countersign_console_log_in=[\w-]{43}; Path=\/console\/log-in\/answer; Max-Age=600; HttpOnly; SameSite=Lax$/,
      );
      const { origin, searchParams } = new URL(reply.body.location);
      assert.equal(origin, provider.issuer);
      const { state, nonce, code_challenge: challenge, ...others } = Object.fromEntries(searchParams);
      assert.deepEqual(others, {
        response_type: "code",
        client_id: "countersign-console",
        redirect_uri: answerAt(),
        scope: "openid groups",
        code_challenge_method: "S256",
      });
      assert.equal(new Set([state, nonce, challenge, /=([\w-]{43});/.exec(cookie)?.[1]]).size, 4);
      for (const one of [state, nonce, challenge]) assert.match(one ?? "", /^[\w-]{43}$/);
    });

    test("Whom a rule fits has its permissions and applications, and the same kind of session as an API client", async () => {
      const { address, cookie } = await loggedIn("ada");
      const reply = await comeBack(address, cookie);
      assert.equal(reply.status, 200);
      assert.match(reply.text, /content="0;url=\/console\/"/);
      assert.equal(reply.headers["cache-control"], "no-store");
      assert.equal(reply.headers["referrer-policy"], "no-referrer");
      assert.match(String(reply.headers["content-security-policy"]), /^default-src 'none'/);
      assert.equal(reply.headers.location, undefined);
      const [forgotten, given] = reply.cookies;
      assert.match(forgotten ?? "", /^countersign_console_log_in=; .*Max-Age=0/);
      assert.match(given ?? "", /^countersign_console=[\w-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/);
      const found = { cookie: sessionIn(reply) ?? "" };
      const { body } = await call("GET", "/console/session", found);
      assert.deepEqual(
        [body.clientId, body.name, body.permissions, body.applications],
        [`${provider.issuer}#ada`, "ada", ["admin", "integrate", "operate", "relying-party"], undefined],
      );
      assert.equal((await call("GET", "/v1/api-clients", found)).status, 200);
      assert.equal((await call("POST", "/v1/applications", found, { id: "without a token" })).status, 403);
      assert.equal((await call("GET", "/metrics", found)).status, 401);
    });

    test("The first rule that fits decides: rights of several are never joined", async () => {
      const otto = await session("otto");
      assert.deepEqual([otto.body.permissions, otto.body.applications], [["operate"], ["bank"]]);
      const both = await session("both");
      assert.deepEqual([both.body.permissions, both.body.applications], [["operate"], ["bank"]]);
      assert.equal((await call("GET", "/v1/api-clients", both.all)).status, 403);
    });

    test("Whom no rule fits gets nothing, and the audit says who it was", async () => {
      for (const login of ["mallory", "nobody"]) {
        const { address, cookie } = await loggedIn(login);
        const reply = await comeBack(address, cookie);
        assert.deepEqual([reply.status, problemIn(reply), sessionIn(reply)], [403, "no-permission", undefined]);
        const { items } = (await bank.v1("GET", "/audit?type=console.refused")).body;
        assert.equal(items[0].subject, `${provider.issuer}#${login}`);
        assert.deepEqual(items[0].data, { issuer: provider.issuer, subject: login });
      }
    });

    test("The audit names the operator in what they do, from coming in to signing out", async () => {
      const { all } = await session("ada");
      const { body } = await call("POST", "/v1/applications", all, { id: `of ada ${kind}` });
      const who = `${provider.issuer}#ada`;
      const created = (await bank.v1("GET", `/audit?subject=${encodeURIComponent(body.id)}`)).body.items;
      assert.equal(created[0].data.clientId, who);
      const stream = await openStream(`${bank.privateUrl}/v1/live`, { ...all, accept: "text/event-stream" });
      await stream.until(({ event }) => event === "ready");
      const end = await call("DELETE", "/console/session", all);
      assert.equal(end.status, 200);
      const { origin, searchParams } = new URL(end.body.location);
      assert.deepEqual(
        [origin, Object.fromEntries(searchParams)],
        [provider.issuer, { client_id: "countersign-console" }],
      );
      await stream.ended;
      assert.equal((await call("GET", "/v1/operations", all)).status, 401);
      const { items } = (await bank.v1("GET", `/audit?subject=${encodeURIComponent(who)}`)).body;
      assert.deepEqual([items[0].type, items[0].data], ["console.signed-out", { clientId: who }]);
      assert.deepEqual(
        [items[1].type, items[1].data],
        ["console.signed-in", { issuer: provider.issuer, subject: "ada", name: "ada", permissions: ["admin"] }],
      );
    });

    test("An answer is good once, for the browser that began it, and for ten minutes", async () => {
      const first = await loggedIn("ada");
      const other = await begin(bank);
      assert.equal(problemIn(await comeBack(first.address, "")), "log-in-unknown");
      assert.equal(problemIn(await comeBack(first.address, other.cookie)), "log-in-unknown");
      assert.equal(problemIn(await comeBack(first.address, "countersign_console_log_in=x")), "log-in-unknown");
      const strange = new URL(first.address);
      for (const state of ["", "x", other.location.searchParams.get("state") ?? ""]) {
        strange.searchParams.set("state", state);
        assert.equal(problemIn(await comeBack(strange, first.cookie)), "log-in-unknown");
      }
      strange.searchParams.delete("state");
      assert.equal(problemIn(await comeBack(strange, first.cookie)), "log-in-unknown");
      // None of these has ended what was begun.
      assert.ok(sessionIn(await comeBack(first.address, first.cookie)));
      assert.equal(problemIn(await comeBack(first.address, first.cookie)), "log-in-unknown");

      const late = await loggedIn("ada");
      ahead += 600_000;
      assert.equal(problemIn(await comeBack(late.address, late.cookie)), "log-in-unknown");
      await begin(bank);
      assert.equal((await opened.store.read.selectFrom("console_log_in").selectAll().execute()).length, 1);
      ahead = 0;
    });

    test("Twice at once, one of them gets in", async () => {
      const { address, cookie } = await loggedIn("ada");
      const replies = await Promise.all([1, 2, 3, 4].map(() => comeBack(address, cookie)));
      assert.equal(replies.filter((one) => sessionIn(one) !== undefined).length, 1);
    });

    test("Another issuer in the answer, or none where the provider always says it, is a mix-up (RFC 9207)", async () => {
      for (const iss of ["https://other.example", `${provider.issuer}/`, undefined]) {
        const { address, cookie } = await loggedIn("ada");
        assert.equal(address.searchParams.get("iss"), provider.issuer);
        if (iss === undefined) address.searchParams.delete("iss");
        else address.searchParams.set("iss", iss);
        const reply = await comeBack(address, cookie);
        assert.deepEqual([reply.status, problemIn(reply), sessionIn(reply)], [400, "issuer-mixed-up", undefined]);
      }
    });

    test("Another's code, a changed one and none are refused; the verifier never left the server", async () => {
      const [own, others] = [await loggedIn("ada"), await loggedIn("ada")];
      own.address.searchParams.set("code", others.address.searchParams.get("code") ?? "");
      assert.equal(problemIn(await comeBack(own.address, own.cookie)), "code-not-exchanged");
      const changed = await loggedIn("ada");
      changed.address.searchParams.set("code", "x");
      assert.equal(problemIn(await comeBack(changed.address, changed.cookie)), "code-not-exchanged");
      const { location, cookie } = await begin(bank);
      const denied = new URL(answerAt());
      denied.searchParams.set("state", location.searchParams.get("state") ?? "");
      denied.searchParams.set("iss", provider.issuer);
      denied.searchParams.set("error", "access_denied");
      denied.searchParams.set("error_description", "<script>alert(1)</script>");
      const reply = await comeBack(denied, cookie);
      assert.equal(problemIn(reply), "provider-refused");
      assert.doesNotMatch(reply.text, /script/);
    });

    test("Nothing in the request says where the browser goes next, and broken ones are refused as such", async () => {
      const { address, cookie } = await loggedIn("ada");
      for (const name of ["redirect_uri", "return_to", "next", "session_state"]) {
        address.searchParams.set(name, "https://evil.example/");
      }
      const reply = await comeBack(address, cookie);
      assert.ok(sessionIn(reply));
      assert.doesNotMatch(reply.text, /evil/);
      for (const query of ["state=a&state=b", `code=${"x".repeat(5000)}`]) {
        assert.equal((await comeBack(`${answerAt()}?${query}`, cookie)).status, 400);
      }
    });

    test("Another site may send a window here, and nothing else: no frame, no script, and no log-in is begun for it", async () => {
      const { address, cookie } = await loggedIn("ada");
      for (const more of [
        { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
        { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
        { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
      ]) {
        assert.equal((await comeBack(address, cookie, { ...visit, ...more })).status, 403);
      }
      assert.equal((await call("POST", "/console/log-in", visit)).status, 403);
      assert.equal((await call("GET", "/console/session", { ...visit, cookie })).status, 403);
      assert.ok(sessionIn(await comeBack(address, cookie)));
    });

    test("Neither codes, tokens, states nor secrets are in the log, which says why nobody was let in", async () => {
      const { address, cookie } = await loggedIn("ada");
      address.searchParams.set("iss", "https://other.example");
      await comeBack(address, cookie);
      const all = logged.join("");
      assert.match(all, /"problem":"issuer-mixed-up"/);
      const secrets = ["code", "state"].map((name) => address.searchParams.get(name) ?? "");
      for (const secret of [...secrets, cookie.split("=")[1] ?? "", operatorSettings("x").clientSecret, "eyJ"]) {
        assert.ok(secret.length > 2 && !all.includes(secret));
      }
    });

    test("With other rules the earlier sessions are over; on another node of the same settings they are not", async () => {
      const { all } = await session("ada");
      const settings = operatorSettings(provider.issuer);
      const node = async (consoleOpenId: ConsoleOpenId | undefined) => {
        const again = { ...opened, close: async () => {} };
        const config: Partial<Config> = consoleOpenId === undefined ? {} : { consoleOpenId };
        const other = await startBank({ opened: again, admin: bank.admin, config });
        const { status } = await send(`${other.privateUrl}/v1/operations`, "GET", undefined, undefined, all);
        await other.close();
        return status;
      };
      assert.equal(await node({ ...settings, clientSecret: "rotated", name: "Another name" }), 200);
      assert.equal(await node({ ...settings, rules: settings.rules.slice(1) }), 401);
      assert.equal(await node({ ...settings, issuer: "https://other.example" }), 401);
      assert.equal(await node(undefined), 401);
      assert.equal((await call("GET", "/v1/operations", all)).status, 200);
    });
  });

  describe(`What a forged provider says is refused on ${kind}`, () => {
    let opened: TestStore;
    let bank: Bank;
    let forger: Forger;
    let key: CryptoKey;
    before(async () => {
      opened = await open();
      forger = await startForger();
      bank = await startBank({ opened, config: { consoleOpenId: operatorSettings(forger.url) } });
      const pair = await generateKeyPair("RS256", { extractable: true });
      key = pair.privateKey;
      forger.keys = [await exportJWK(pair.publicKey)];
    });
    after(async () => {
      await bank.close();
      await forger.close();
      await opened.close();
    });

    const metadata = () => ({
      issuer: forger.url,
      authorization_endpoint: `${forger.url}/auth`,
      token_endpoint: `${forger.url}/token`,
      jwks_uri: `${forger.url}/jwks`,
    });

    async function answered(change: object, alg = "RS256", by: CryptoKey | Uint8Array = key): Promise<Answered> {
      forger.metadata = metadata();
      const { location, cookie } = await begin(bank);
      const now = Math.floor(Date.now() / 1000);
      const nonce = location.searchParams.get("nonce");
      const claims = { iss: forger.url, aud: "countersign-console", sub: "root", nonce, iat: now, exp: now + 60 };
      const token = await new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg }).sign(by);
      forger.answer = { access_token: "access", token_type: "Bearer", id_token: token };
      const back = new URL(`${bank.privateUrl}/console/log-in/answer`);
      back.searchParams.set("state", location.searchParams.get("state") ?? "");
      back.searchParams.set("code", "c");
      return comeBack(back, cookie);
    }

    test("The same, honest, is let in, with a proof of possession of the code", async () => {
      const reply = await answered({ name: "Root\u0000", preferred_username: "root of all" });
      const { body } = await send(`${bank.privateUrl}/console/session`, "GET", undefined, undefined, {
        cookie: sessionIn(reply) ?? "",
      });
      assert.deepEqual([body.name, body.permissions.includes("decide")], ["root of all", true]);
      const { form, authorization } = forger.received;
      assert.match(form?.get("code_verifier") ?? "", /^[\w-]{43}$/);
      assert.equal(form?.get("redirect_uri"), `${bank.privateUrl}/console/log-in/answer`);
      const secret = new URLSearchParams({ a: "a secret of the console" }).toString().slice(2);
      assert.equal(authorization, `Basic ${Buffer.from(`countersign-console:${secret}`).toString("base64")}`);
    });

    const cases: readonly [string, object][] = [
      ["another nonce", { nonce: "A".repeat(43) }],
      ["no nonce", { nonce: undefined }],
      ["another audience", { aud: "other" }],
      ["several audiences without saying for whom", { aud: ["countersign-console", "other"] }],
      ["another authorized party", { azp: "other" }],
      ["another issuer", { iss: "https://other.example" }],
      ["an expired token", { exp: Math.floor(Date.now() / 1000) - 60 }],
      ["a token without an end", { exp: undefined }],
      ["no subject", { sub: undefined }],
      ["a subject nobody can be called", { sub: "a\nb" }],
      ["another access token's hash", { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }],
    ];
    for (const [title, change] of cases) {
      test(`Refused with ${title}`, async () => {
        const reply = await answered(change);
        assert.deepEqual([reply.status, problemIn(reply), sessionIn(reply)], [400, "token-not-valid", undefined]);
      });
    }

    test("Refused when it is signed by another key, or with the client's secret", async () => {
      const other = (await generateKeyPair("RS256")).privateKey;
      assert.equal(problemIn(await answered({}, "RS256", other)), "token-not-valid");
      const secret = Buffer.from("a secret of the console".padEnd(32, "x"));
      assert.equal(problemIn(await answered({}, "HS256", secret)), "token-not-valid");
    });

    test("A claim that is inherited, an object or a part of a text fits no rule", async () => {
      for (const change of [
        { groups: { "console-admins": true } },
        { groups: "x console-admins" },
        { groups: [["console-admins"]] },
      ]) {
        assert.equal(problemIn(await answered({ sub: "someone", ...change })), "no-permission");
      }
    });

    test("Metadata of another issuer, without TLS or incomplete send nobody anywhere; other origins are reached as any", async () => {
      const whole = metadata();
      const asked = async (given: object) => {
        forger.metadata = given;
        return (await send(`${bank.privateUrl}/console/log-in`, "POST", undefined, undefined)).status;
      };
      assert.equal(await asked(whole), 201);
      assert.equal(await asked({ ...whole, issuer: "https://other.example" }), 503);
      assert.equal(await asked({ ...whole, authorization_endpoint: "http://other.example/auth" }), 503);
      assert.equal(await asked({ ...whole, authorization_endpoint: "javascript:alert(1)" }), 503);
      assert.equal(await asked({ ...whole, token_endpoint: undefined }), 503);
      forger.metadata = whole;
      const { location, cookie } = await begin(bank);
      const elsewhere = await startForger();
      forger.metadata = { ...whole, token_endpoint: `${elsewhere.url}/token` };
      const back = new URL(`${bank.privateUrl}/console/log-in/answer?code=c`);
      back.searchParams.set("state", location.searchParams.get("state") ?? "");
      const reply = await comeBack(back, cookie);
      await elsewhere.close();
      assert.equal(elsewhere.received.form, undefined, "a private address that is not the issuer's was called");
      assert.equal(problemIn(reply), "code-not-exchanged");
    });
  });
});
