/** `/v1/oidc-clients` over HTTP: relying parties are registered, changed, given a new secret, and ended. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Json, unique } from "../bank.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { body, problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((_dialect, open) => {
  describe("OpenID clients", () => {
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

    const metadata = (more: Json = {}) => ({
      client_name: `shop ${unique()}`,
      ...more,
      countersign: { applications: [oidc.app.applicationId], template: oidc.login, ...more.countersign },
    });
    const place = (id: string) => `/oidc-clients/${id}`;
    const sinksOf = async (id: string) =>
      oidc.bank.store.read.selectFrom("sink").select(["id", "url"]).where("name", "=", `oidc:${id}`).execute();
    const pinged = (url = "https://shop.example/ciba") => ({
      backchannel_token_delivery_mode: "ping",
      backchannel_client_notification_endpoint: url,
    });

    it("what is wrong is told by its member, never by its value, and changes nothing", async () => {
      const earlier = (await oidc.bank.v1("GET", "/oidc-clients")).body.items.length;
      const cases: [Json, RegExp][] = [
        [{ token_endpoint_auth_method: "none-such" }, /^token_endpoint_auth_method - must be /],
        [{ token_endpoint_auth_method: "private_key_jwt" }, /^jwks or jwks_uri is mandatory/],
        [{ backchannel_token_delivery_mode: "ping" }, /^backchannel_client_notification_endpoint - is mandatory/],
        [pinged("http://shop.example/ciba"), /^backchannel_client_notification_endpoint - must be a https uri/],
        [{ authorization_details_types: ["no-such-type"] }, /^authorization_details_types - /],
        [{ id_token_signed_response_alg: "none" }, /^id_token_signed_response_alg - /],
        [{ countersign: { applications: ["no-such-app"] } }, /^countersign\.applications - unknown$/],
        [{ countersign: { template: "no-such-template" } }, /^countersign\.template - unknown$/],
        [{ countersign: { scopeTemplates: { pay: "no-such-one" } } }, /^countersign\.scopeTemplates - unknown$/],
        [{ countersign: { nonsense: true } }, /countersign/],
        [{ client_secret: "chosen by me" }, /client_secret|additional/],
        [{ jwks: JSON.parse(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`) }, /^jwks - nested too deeply/],
      ];
      for (const [more, detail] of cases) {
        const reply = await oidc.bank.v1("POST", "/oidc-clients", metadata(more));
        problem(reply, 400, "invalid-request");
        assert.match(reply.body.detail, detail, JSON.stringify(more));
        assert.doesNotMatch(reply.body.detail, /no-such|chosen by me/);
      }
      assert.equal((await oidc.bank.v1("GET", "/oidc-clients")).body.items.length, earlier);
    });

    it("a taken name is refused, and leaves no receiver of pings behind", async () => {
      const first = metadata(pinged());
      body(await oidc.bank.v1("POST", "/oidc-clients", first), 201);
      const sinks = async () => (await oidc.bank.store.read.selectFrom("sink").select("id").execute()).length;
      const earlier = await sinks();
      const again = await oidc.bank.v1("POST", "/oidc-clients", first);
      problem(again, 400, "invalid-request");
      assert.equal(again.body.detail, "client_name - taken");
      assert.equal(await sinks(), earlier);
    });

    it("no answer but the first has the secret", async () => {
      const made = await oidc.client();
      assert.match(made.client_secret, /^[\w-]{43}$/);
      for (const reply of [
        await oidc.bank.v1("GET", place(made.client_id)),
        await oidc.bank.v1("GET", "/oidc-clients"),
      ]) {
        assert.doesNotMatch(JSON.stringify(body(reply)), /client_secret/);
      }
    });

    it("a change takes the place of all but the secret; the receiver of pings comes, moves and goes with it", async () => {
      const client = await oidc.client();
      const { client_id: id } = client;
      const user = oidc.user();
      await oidc.device(user);
      assert.deepEqual(await sinksOf(id), []);

      const name = `shop ${unique()}`;
      const changed = body(await oidc.bank.v1("PUT", place(id), metadata({ client_name: name, ...pinged() })));
      assert.deepEqual([changed.client_name, changed.client_secret], [name, undefined]);
      const [sink] = await sinksOf(id);
      assert.equal(sink?.url, "https://shop.example/ciba");
      const token = { client_notification_token: "8d67dc78-7faa-4d41-aabd-67707b374255" };
      assert.equal((await oidc.start(client, { login_hint: user, ...token })).status, 200, "its secret still holds");
      assert.equal((await oidc.start(client, { login_hint: user })).status, 400, "it is a client of ping now");

      body(await oidc.bank.v1("PUT", place(id), metadata(pinged("https://other.example/ciba"))));
      assert.deepEqual(await sinksOf(id), [{ id: sink.id, url: "https://other.example/ciba" }]);
      body(await oidc.bank.v1("PUT", place(id), metadata()));
      assert.deepEqual(await sinksOf(id), []);
      assert.equal((await oidc.start(client, { login_hint: user })).status, 200);
    });

    it("a secret is drawn when a client comes to need one, and forgotten when it no longer does", async () => {
      const { client_id: id, client_secret: secret } = await oidc.client();
      const jwks = { keys: [{ kty: "EC", crv: "P-256", ...publicPoint }] };
      const keyed = metadata({ token_endpoint_auth_method: "private_key_jwt", jwks });
      assert.equal(body(await oidc.bank.v1("PUT", place(id), keyed)).client_secret, undefined);
      const reply = await oidc.bank.v1("POST", `${place(id)}/rotate-secret`);
      problem(reply, 400, "invalid-request");
      const again = body(await oidc.bank.v1("PUT", place(id), metadata()));
      assert.match(again.client_secret, /^[\w-]{43}$/);
      assert.notEqual(again.client_secret, secret);
      assert.equal((await oidc.start(again, { login_hint: "nobody" })).body.error, "unknown_user_id");
    });

    it("a refused change changes nothing", async () => {
      const taken = await oidc.client({ client_name: `shop ${unique()}` });
      const { client_id: id } = await oidc.client(pinged());
      const earlier = body(await oidc.bank.v1("GET", place(id)));
      const { client_name: name } = body(await oidc.bank.v1("GET", place(taken.client_id)));
      for (const more of [{ client_name: name }, { countersign: { template: "none" } }, { scope: "none" }]) {
        problem(await oidc.bank.v1("PUT", place(id), metadata(more)), 400, "invalid-request");
      }
      assert.deepEqual(body(await oidc.bank.v1("GET", place(id))), earlier);
      assert.equal((await sinksOf(id)).length, 1);
    });

    it("a rotated secret holds at once, and the old one no more", async () => {
      const old = await oidc.client();
      const { client_id: id } = old;
      const fresh = body(await oidc.bank.v1("POST", `${place(id)}/rotate-secret`));
      assert.equal((await oidc.start(old, { login_hint: "nobody" })).status, 401);
      assert.equal((await oidc.start(fresh, { login_hint: "nobody" })).body.error, "unknown_user_id");
      const { items } = body(await oidc.bank.v1("GET", "/audit?type=oidc-client.changed&limit=200"));
      assert.ok(items.some((event: Json) => event.subject === id && event.data.rotated === true));
      assert.doesNotMatch(JSON.stringify(items), new RegExp(`${fresh.client_secret}|${old.client_secret}`));
    });

    it("one that is removed is nobody's any more, and what is unknown is not found", async () => {
      const client = await oidc.client(pinged());
      const { client_id: id } = client;
      assert.equal((await oidc.bank.v1("DELETE", place(id))).status, 204);
      assert.equal((await oidc.start(client, { login_hint: "nobody" })).status, 401);
      assert.deepEqual(await sinksOf(id), []);
      problem(await oidc.bank.v1("GET", place(id)), 404, "not-found");
      problem(await oidc.bank.v1("DELETE", place(id)), 404, "not-found");
      problem(await oidc.bank.v1("PUT", place(id), metadata()), 404, "not-found");
      problem(await oidc.bank.v1("POST", `${place(id)}/rotate-secret`), 404, "not-found");
    });

    it("only an admin of every application may: another one is refused", async () => {
      const limited = { client: await oidc.bank.client(["admin"], [oidc.app.applicationId]) };
      const { client_id: id } = await oidc.client();
      const calls: [string, string, Json?][] = [
        ["POST", "/oidc-clients", metadata()],
        ["GET", "/oidc-clients"],
        ["GET", place(id)],
        ["PUT", place(id), metadata()],
        ["POST", `${place(id)}/rotate-secret`],
        ["DELETE", place(id)],
      ];
      for (const [method, path, sent] of calls) {
        problem(await oidc.bank.v1(method, path, sent, limited), 403, "forbidden");
      }
    });
  });
});

/** A point of P-256: RFC 7515 A.3. */
const publicPoint = {
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};
