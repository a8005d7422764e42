/** Polls that wait are answered from memory; whatever ends the waiting is seen by the next one, on every node. Real HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type OidcBank, type OidcClient, startOidcBank } from "../oidc-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import { postgres, withStore } from "../stores.ts";

suiteOnEachStore((_dialect, open) => {
  describe("polls that wait", () => {
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

    async function polled(client?: OidcClient) {
      const user = oidc.user();
      const device = await oidc.device(user);
      const shop = client ?? (await oidc.client());
      const id = await oidc.started(shop, { login_hint: user });
      const first = await oidc.redeem(shop, id);
      assert.equal(first.body.error, "authorization_pending");
      return { user, device, shop, id, first };
    }

    it("are told to slow down, in the same words as the first one", async () => {
      const { shop, id, first } = await polled();
      const second = await oidc.redeem(shop, id);
      assert.equal(second.status, 400);
      assert.deepEqual(second.body, { error: "slow_down", error_description: "ask less often" });
      const names = (reply: typeof first) =>
        [...reply.headers.keys()].filter((name) => name !== "content-length").sort();
      assert.deepEqual(names(second), names(first));
      assert.equal(second.headers.get("cache-control"), "no-store");
    });

    it("give way to the result as soon as there is one", async () => {
      const approved = await polled();
      await oidc.approve(approved.user, approved.device);
      assert.equal((await oidc.redeem(approved.shop, approved.id)).status, 200);
      const rejected = await polled();
      await oidc.reject(rejected.user, rejected.device);
      assert.equal((await oidc.redeem(rejected.shop, rejected.id)).body.error, "access_denied");
      const canceled = await polled();
      const { id } = await oidc.pending(canceled.user);
      assert.equal((await oidc.bank.v1("POST", `/operations/${id}/cancel`, {})).status, 200);
      assert.equal((await oidc.redeem(canceled.shop, canceled.id)).body.error, "access_denied");
    });

    it("are of the client that proves itself: neither a wrong secret nor another client hears of them", async () => {
      const { shop, id } = await polled();
      const wrong = await oidc.redeem({ ...shop, client_secret: `${shop.client_secret}x` }, id);
      assert.equal(wrong.body.error, "invalid_client");
      assert.equal((await oidc.redeem(await oidc.client(), id)).body.error, "invalid_grant");
    });

    it("end with the client, and with its secret", async () => {
      const removed = await polled();
      assert.equal((await oidc.bank.v1("DELETE", `/oidc-clients/${removed.shop.client_id}`)).status, 204);
      assert.equal((await oidc.redeem(removed.shop, removed.id)).body.error, "invalid_client");
      const changed = await polled();
      const { client_id: id } = changed.shop;
      const { status, body } = await oidc.bank.v1("POST", `/oidc-clients/${id}/rotate-secret`);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal((await oidc.redeem(changed.shop, changed.id)).body.error, "invalid_client");
      assert.match((await oidc.redeem(body, changed.id)).body.error, /^(slow_down|authorization_pending)$/);
    });
  });
});

describe(
  "polls that wait on two nodes",
  { skip: (await postgres()) === undefined ? "PostgreSQL: not found" : false },
  () => {
    it("hear of a decision and of the end of a client on the other one", (t) =>
      withStore("postgres", {}, t, async (store) => {
        const a = await startOidcBank(store);
        const second = await store.reopen();
        const b = await startOidcBank(second, { publicUrl: a.issuer.slice(0, -"/oidc".length) }, a.bank.admin);
        const news = async (type: string) => {
          let stop = () => {};
          await new Promise<void>((resolve) => {
            stop = second.store.onCommit(({ hints, missed }) => {
              if (missed || hints.some((one) => one.type === type)) resolve();
            });
          });
          stop();
        };
        try {
          const client = await a.client();
          const started = async () => {
            const user = a.user();
            const device = await a.device(user);
            const id = await a.started(client, { login_hint: user });
            for (const node of [a, b])
              assert.equal((await node.redeem(client, id)).body.error, "authorization_pending");
            assert.equal((await b.redeem(client, id)).body.error, "slow_down");
            return { user, device, id };
          };
          const { user, device, id } = await started();
          const approved = news("operation.approved");
          await a.approve(user, device);
          await approved;
          assert.equal((await b.redeem(client, id)).status, 200);

          const other = await started();
          const removed = news("oidc-client.removed");
          await a.bank.v1("DELETE", `/oidc-clients/${client.client_id}`);
          await removed;
          assert.equal((await b.redeem(client, other.id)).body.error, "invalid_client");
        } finally {
          await b.close();
          await a.close();
        }
      }));
  },
);
