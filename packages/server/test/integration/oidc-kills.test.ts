/**
 * Real server processes that are killed after every single commit on the way from a CIBA request to its tokens, and two
 * that serve one database. Whatever was killed: at most one success, none without an approval, and an approval arrives
 * unless it was redeemed.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { cibaGrant } from "../oidc-bank.ts";
import { bankOfProcesses, freePort, type ServerChild } from "../oidc-processes.ts";
import { startRelyingParty, startTold, toldClient } from "../oidc-receiver.ts";
import { postgres, type TestStore, withStore } from "../stores.ts";

const cluster = await postgres();
const long = { requested_expiry: "3600" };

for (const dialect of ["sqlite", "postgres"] as const) {
  const skip = dialect === "postgres" && cluster === undefined ? "PostgreSQL: not found" : false;
  describe(dialect, { skip }, () => {
    for (const mode of ["poll", "push"] as const) {
      it(`killed after each commit from the request to its ${mode === "poll" ? "redemption" : "delivery"}`, (t) =>
        withStore(dialect, {}, t, (store) => killedEverywhere(store, mode, t)));
    }
  });
}

async function killedEverywhere(store: TestStore, mode: "poll" | "push", t: TestContext): Promise<void> {
  const shop = await startRelyingParty();
  const { oidc, prepared, start } = await bankOfProcesses(store, async (bank) => ({
    client: mode === "push" ? await toldClient(bank, "push", shop) : await bank.client(),
  }));
  const { client } = prepared;
  let server: ServerChild = await start();
  t.after(async () => {
    await server.kill();
    await shop.close();
  });
  const restart = async () => {
    await server.gone;
    server = await start();
  };
  let silent = 0;
  /** Undefined where the server died before it answered. */
  const answered = <T>(work: Promise<T>): Promise<T | undefined> =>
    work.catch(() => {
      silent += 1;
      return undefined;
    });
  let deaths = 0;
  for (let commit = 1; ; commit++) {
    const user = oidc.user();
    const device = await oidc.device(user);
    const pushed = (id: string) => shop.received.filter(({ body }) => body.auth_req_id === id);
    let successes = 0;
    let lostAnswer = false;
    silent = 0;
    const redeem = async (id: string) => {
      const reply = await answered(oidc.redeem(client, id));
      if (reply?.status === 200) successes += 1;
      return reply;
    };

    await server.arm(commit);
    const id = await answered(
      mode === "push" ? startTold(oidc, client, user, long) : oidc.started(client, { login_hint: user, ...long }),
    );
    if (id !== undefined) {
      if (mode === "poll") assert.notEqual((await redeem(id))?.status, 200, "not approved yet");
      await answered(oidc.approve(user, device));
      if (mode === "poll") lostAnswer = silent === 0 && (await redeem(id)) === undefined;
      else await Promise.race([shop.until(1, ({ body }) => body.auth_req_id === id), server.gone]);
    }
    // The last commits settle what was delivered: nobody is told of these but by the death.
    const died = silent > 0 || (mode === "push" && (await diesSoon(server)));
    if (!died) {
      await server.arm(0);
      break;
    }
    deaths += 1;
    await restart();
    if (id === undefined) continue;

    const items = (await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body.items;
    assert.equal(items.length, 1, "a request that was answered has its operation");
    if (items[0].status === "PENDING") await oidc.approve(user, device);
    if (mode === "poll") {
      const first = successes;
      const last = await redeem(id);
      if (last?.status !== 200) assert.equal(last?.body.error, "invalid_grant");
      assert.ok(successes === 1 || lostAnswer, "an approval arrives, unless its redemption was committed");
      assert.ok(first === 0 || last?.status !== 200, "and never twice");
      assert.ok(successes <= 1, `${successes} successes after commit ${commit}`);
    } else {
      await shop.until(1, ({ body }) => body.auth_req_id === id);
      assert.equal(new Set(pushed(id).map(({ body }) => body.access_token)).size, 1, "the same tokens each time");
      assert.ok(pushed(id).every(({ body }) => body.access_token !== undefined));
    }
  }
  t.diagnostic(`${deaths} deaths`);
  assert.ok(deaths >= 3, `${deaths} deaths`);
}

function diesSoon(server: ServerChild): Promise<boolean> {
  return Promise.race([
    server.gone.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 3_000)),
  ]);
}

describe(
  "two server processes on one database",
  { skip: cluster === undefined ? "PostgreSQL: not found" : false },
  () => {
    it("eight redemptions of one request at both: one of them succeeds, and its tokens work", (t) =>
      withStore("postgres", {}, t, async (store) => {
        const { oidc, prepared, start } = await bankOfProcesses(store, async (bank) => bank.client());
        const other = { port: await freePort(), privatePort: await freePort() };
        const servers = [await start(), await start(other)];
        t.after(() => Promise.all(servers.map((one) => one.kill())));
        const basic = `Basic ${Buffer.from(`${prepared.client_id}:${prepared.client_secret}`).toString("base64")}`;
        const ask = (port: string, id: string) =>
          fetch(`http://127.0.0.1:${port}/oidc/token`, {
            method: "POST",
            headers: { "content-type": "application/x-www-form-urlencoded", authorization: basic },
            body: new URLSearchParams({ grant_type: cibaGrant, auth_req_id: id }).toString(),
          });
        const ports = [new URL(oidc.issuer).port, String(other.port)] as const;
        for (let round = 0; round < 10; round++) {
          const user = oidc.user();
          const device = await oidc.device(user);
          const id = await oidc.started(prepared, { login_hint: user, ...long });
          await oidc.approve(user, device);
          const replies = await Promise.all(Array.from({ length: 8 }, (_, at) => ask(ports[at % 2]!, id)));
          const good = replies.filter(({ status }) => status === 200);
          assert.equal(good.length, 1, `round ${round}`);
          const { access_token: token } = (await good[0]!.json()) as { access_token: string };
          assert.equal((await oidc.post("/introspect", { token }, prepared)).body.active, true);
          assert.equal((await oidc.redeem(prepared, id)).body.error, "invalid_grant");
        }
      }));
  },
);
