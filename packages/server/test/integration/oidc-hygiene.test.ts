/** What a log may not hold, and signing keys that change while the provider is at work. Real HTTP. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { pino } from "pino";
import { rotateSigningKey, rotationDelayMs } from "../../src/keys/signing-keys.ts";
import { cibaGrant, type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { notificationToken, reachable, startRelyingParty, startTold, toldClient } from "../oidc-receiver.ts";
import { answer } from "../../../../tools/receiver.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import { forEachStore, postgres, type TestStore, withStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe("the log of the OpenID side", () => {
    it("has no request id, token, secret or binding message, whatever goes right or wrong", async () => {
      const lines: string[] = [];
      const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
      const opened = await open();
      const oidc = await startOidcBank(opened, reachable, undefined, log);
      const shop = await startRelyingParty();
      const secrets: string[] = [notificationToken];
      try {
        for (const mode of ["poll", "ping", "push"] as const) {
          const client =
            mode === "poll"
              ? await oidc.client({ grant_types: [cibaGrant, "refresh_token"] })
              : await toldClient(oidc, mode, shop, { grant_types: [cibaGrant, "refresh_token"] });
          secrets.push(client.client_secret);
          for (const [end, status] of [
            ["approve", 200],
            ["approve", 503],
            ["reject", 401],
          ] as const) {
            shop.reply(answer(status));
            const user = oidc.user();
            const device = await oidc.device(user);
            const message = `binding of ${mode} ${end} ${status}`;
            const id = await startTold(oidc, client, user, {
              binding_message: message,
              scope: "openid offline_access",
            });
            secrets.push(id, message);
            await oidc.redeem(client, id);
            await oidc[end](user, device);
            if (mode !== "poll") await shop.until(1, ({ body }) => body.auth_req_id === id);
            for (let twice = 0; twice < 2; twice++) {
              const { body } = await oidc.redeem(client, id);
              secrets.push(
                ...[body.access_token, body.refresh_token, body.id_token].filter((one) => one !== undefined),
              );
            }
            await oidc.redeem({ ...client, client_secret: "a wrong secret" }, id);
            await oidc.post("/token", { grant_type: cibaGrant, auth_req_id: "a wrong id" }, client);
            await oidc.start(client, { login_hint: user, binding_message: "an unsafe \u202e message" });
          }
        }
        for (const { body } of shop.received) {
          secrets.push(...[body.access_token, body.refresh_token, body.id_token].filter((one) => one !== undefined));
        }
      } finally {
        await oidc.close();
        await opened.close();
        await shop.close();
      }
      const text = lines.join("");
      assert.ok(lines.length > 0, "something was logged");
      for (const one of [...secrets, "a wrong secret", "a wrong id", "an unsafe"]) {
        assert.ok(!text.includes(one), `the log of ${dialect} holds ${one.slice(0, 12)}…`);
      }
    });
  });
});

let aheadMs = 0;
const clock = { now: () => Date.now() + aheadMs };

/** The new key's id, once every node signs with it. */
async function rotate(store: TestStore): Promise<string> {
  const { kid } = await rotateSigningKey(store, { use: "oidc" });
  aheadMs += rotationDelayMs + 10_000;
  return kid;
}

forEachStore(
  "a new signing key signs from its time on, and the old one stays published",
  async (store) => {
    const oidc = await startOidcBank(store);
    try {
      const client = await oidc.client();
      const before = await idToken(oidc, client);
      await checkRotated([oidc], client, before, await rotate(store));
    } finally {
      await oidc.close();
      aheadMs = 0;
    }
  },
  clock,
);

describe(
  "a new signing key on two nodes",
  { skip: (await postgres()) === undefined ? "PostgreSQL: not found" : false },
  () => {
    it("is used by both, and both publish the old one", (t) =>
      withStore("postgres", clock, t, async (store) => {
        const a = await startOidcBank(store);
        const second = await store.reopen();
        const b = await startOidcBank(second, { publicUrl: a.issuer.slice(0, -"/oidc".length) }, a.bank.admin);
        try {
          const client = await a.client();
          const before = await idToken(a, client);

          await checkRotated([a, b], client, before, await rotate(store));
        } finally {
          await b.close();
          await a.close();
        }
      }));
  },
);

async function idToken(oidc: OidcBank, client: OidcClient): Promise<string> {
  const user = oidc.user();
  // Users of the node that made the application; either node serves them.
  const device = await oidc.bank.device(oidc.app, user);
  const template = (client as unknown as { readonly countersign: { readonly template: string } }).countersign.template;
  assert.ok(template);
  const id = await oidc.started(client, { login_hint: user });
  await oidc.approve(user, device);
  const { status, body } = await oidc.redeem(client, id);
  assert.equal(status, 200, JSON.stringify(body));
  return body.id_token;
}

async function checkRotated(nodes: readonly OidcBank[], client: OidcClient, old: string, kid: string): Promise<void> {
  const [first] = nodes;
  for (const node of nodes) {
    const keys = createRemoteJWKSet(new URL(`${node.issuer}/jwks.json`));
    const expected = { issuer: first!.issuer, audience: client.client_id };
    await jwtVerify(old, keys, expected);
    assert.notEqual(decodeProtectedHeader(old).kid, kid);
    if (node === first) {
      const fresh = await idToken(node, client);
      assert.equal(decodeProtectedHeader(fresh).kid, kid);
      await jwtVerify(fresh, keys, expected);
    }
    const { keys: published } = (await (await fetch(`${node.issuer}/jwks.json`)).json()) as { keys: { kid: string }[] };
    assert.equal(published[0]?.kid, kid, "the new one is first");
    assert.equal(published.length, 2);
  }
}
