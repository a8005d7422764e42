/** `/console/session`: how a browser signs in with an API client, what its cookie opens, and when that ends. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bank, type Credentials, type Reply, send, startBank, unique } from "../bank.ts";
import { openStream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import { withStore } from "../stores.ts";

type Headers = Record<string, string>;

async function signIn(
  bank: Bank,
  client: Credentials = bank.admin,
): Promise<{ reply: Reply; session: Headers; all: Headers }> {
  const { clientId, clientSecret } = client;
  const credentials = { clientId, clientSecret };
  const reply = await send(`${bank.privateUrl}/console/session`, "POST", JSON.stringify(credentials), undefined);
  const [cookie = ""] = (reply.headers.get("set-cookie") ?? "").split(";");
  return { reply, session: { cookie }, all: { cookie, "x-csrf-token": reply.body.csrfToken } };
}

suiteOnEachStore((kind, open) => {
  describe(`Sessions of the console on ${kind}`, () => {
    let bank: Bank;
    /** How far the server's clock is ahead. */
    let ahead = 0;
    before(async () => {
      bank = await startBank({ opened: await open({ now: () => Date.now() + ahead }) });
    });
    after(() => bank.close());
    const call = (method: string, path: string, headers: Headers, body?: object): Promise<Reply> =>
      send(bank.privateUrl + path, method, body && JSON.stringify(body), undefined, headers);

    test("An API client signs in; its cookie is kept from scripts and other sites, and opens /v1 with its permissions", async () => {
      const client = await bank.client(["operate"]);
      const { reply, session } = await signIn(bank, client);
      assert.equal(reply.status, 201);
      assert.equal(reply.headers.get("cache-control"), "no-store");
      const cookie = reply.headers.get("set-cookie") ?? "";
      assert.match(cookie, /^countersign_console=[\w-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/);
      assert.doesNotMatch(JSON.stringify(reply.body), new RegExp(session.cookie!.split("=")[1]!));
      assert.deepEqual([reply.body.clientId, reply.body.permissions], [client.clientId, ["operate"]]);
      assert.deepEqual((await call("GET", "/console/session", session)).body, reply.body);
      assert.equal((await call("GET", "/v1/operations", session)).status, 200);
      assert.equal((await call("GET", "/v1/api-clients", session)).status, 403);
    });

    test("What changes something needs the token that only the page can read, its own and no other", async () => {
      const { all, session } = await signIn(bank);
      const other = await signIn(bank);
      const id = `app ${unique()}`;
      const tries: Headers[] = [
        session,
        { ...session, "x-csrf-token": "" },
        { ...session, "x-csrf-token": other.all["x-csrf-token"]! },
      ];
      for (const headers of tries) {
        assert.equal((await call("POST", "/v1/applications", headers, { id })).status, 403);
        assert.equal((await call("DELETE", "/console/session", headers)).status, 403);
      }
      assert.equal((await call("POST", "/v1/applications", all, { id })).status, 201);
    });

    test("Another site's page gets nothing, not even with the cookie, and cannot sign anybody in", async () => {
      const { all } = await signIn(bank);
      for (const site of ["cross-site", "same-site"]) {
        const foreign = { ...all, "sec-fetch-site": site };
        assert.equal((await call("GET", "/v1/operations", foreign)).status, 403);
        assert.equal((await call("POST", "/console/session", { "sec-fetch-site": site }, bank.admin)).status, 403);
      }
    });

    test("The cookie opens /v1 only, and never beats credentials that are wrong", async () => {
      const { all } = await signIn(bank);
      const body = { requestObject: {} };
      assert.equal((await call("POST", "/rest/v3/application/list", all, body)).status, 401);
      assert.equal((await call("GET", "/metrics", all)).status, 401);
      assert.equal((await call("GET", "/docs/openapi-v1.json", all)).status, 401);
      const wrong = { ...all, authorization: `Basic ${Buffer.from("a:b").toString("base64")}` };
      assert.equal((await call("GET", "/v1/operations", wrong)).status, 401);
    });

    test("Wrong credentials and broken requests are refused alike, and a browser is never challenged", async () => {
      const { clientId } = bank.admin;
      for (const [body, status] of [
        [{ clientId, clientSecret: "wrong" }, 401],
        [{ clientId: "nobody", clientSecret: "wrong" }, 401],
        [{ clientId, clientSecret: "" }, 401],
        [{ clientId: "a:b", clientSecret: "c\n" }, 401],
        [{ clientId }, 400],
        [{ clientId, clientSecret: 1 }, 400],
        [{ ...bank.admin, more: 1 }, 400],
      ] as const) {
        const reply = await call("POST", "/console/session", {}, body);
        assert.deepEqual([reply.status, reply.headers.get("www-authenticate")], [status, null], JSON.stringify(body));
        assert.equal(reply.headers.get("set-cookie"), null);
      }
      for (const cookie of [
        "",
        "countersign_console=",
        "countersign_console=x",
        `countersign_console=${"A".repeat(43)}`,
      ]) {
        assert.equal((await call("GET", "/console/session", { cookie })).status, 401);
        assert.equal((await call("GET", "/v1/operations", { cookie })).status, 401);
      }
    });

    test("Signing out ends it for good, with its streams, and no other session; removing the client ends all", async () => {
      const client = await bank.client(["admin"]);
      const [first, second] = [await signIn(bank, client), await signIn(bank, client)];
      const live = async ({ session }: { session: Headers }) => {
        const headers = { ...session, accept: "text/event-stream" };
        const stream = await openStream(`${bank.privateUrl}/v1/live`, headers);
        await stream.until(({ event }) => event === "ready");
        return stream;
      };
      const streams = [await live(first), await live(second)];
      assert.equal((await call("DELETE", "/console/session", first.all)).status, 204);
      await streams[0]!.ended;
      assert.equal((await call("GET", "/v1/operations", first.session)).status, 401);
      assert.equal((await call("GET", "/v1/operations", second.session)).status, 200);
      await bank.v1("DELETE", `/api-clients/${client.clientId}`);
      await streams[1]!.ended;
      assert.equal((await call("GET", "/v1/operations", second.session)).status, 401);
      const { items } = (await bank.v1("GET", `/audit?subject=${client.clientId}`)).body;
      const types = items.map(({ type }: { type: string }) => type).toReversed();
      assert.deepEqual(types.slice(-4), [
        "console.signed-in",
        "console.signed-in",
        "console.signed-out",
        "api-client.removed",
      ]);
    });

    const minutes = 60_000;
    const statusOf = async (session: Headers) => (await call("GET", "/v1/operations", session)).status;

    test("It ends half an hour after its operator last did something, by the server's time; asking alone keeps nothing open", async () => {
      const { all, session } = await signIn(bank);
      const other = await signIn(bank);
      ahead += 29 * minutes;
      assert.equal(await statusOf(session), 200);
      assert.equal((await call("POST", "/console/session/keep", session)).status, 403);
      assert.equal((await call("POST", "/console/session/keep", all)).status, 204);
      ahead += 1 * minutes;
      assert.deepEqual([await statusOf(session), await statusOf(other.session)], [200, 401]);
      assert.equal((await call("GET", "/console/session", other.session)).status, 401);
      ahead += 29 * minutes;
      assert.equal(await statusOf(session), 401);
      assert.equal((await call("POST", "/console/session/keep", all)).status, 401, "what is over is not kept");
      await signIn(bank);
      const left = await bank.store.read.selectFrom("console_session").selectAll().execute();
      assert.equal(left.length, 1, "those that are over are forgotten");
    });

    test("It is over after eight hours, by the server's time, whatever its operator does", async () => {
      const { all, session } = await signIn(bank);
      for (let passed = 0; passed < 8 * 60 - 20; passed += 20) {
        ahead += 20 * minutes;
        assert.equal((await call("POST", "/console/session/keep", all)).status, 204, `after ${passed} minutes`);
      }
      assert.equal(await statusOf(session), 200);
      ahead += 20 * minutes;
      assert.equal(await statusOf(session), 401);
      assert.equal((await call("POST", "/console/session/keep", all)).status, 401);
    });
  });
});

test("Guesses are throttled by address", (t) =>
  withStore("sqlite", {}, t, async (opened) => {
    const bank = await startBank({ opened: { ...opened, close: async () => {} }, config: { refusalsPerMinute: 2 } });
    const guess = JSON.stringify({ clientId: bank.admin.clientId, clientSecret: "wrong" });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) {
      statuses.push((await send(`${bank.privateUrl}/console/session`, "POST", guess, undefined)).status);
    }
    assert.deepEqual(statuses.slice(-1), [429]);
    assert.equal((await signIn(bank)).reply.status, 201);
    await bank.close();
  }));
