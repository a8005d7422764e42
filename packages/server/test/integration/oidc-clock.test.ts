/** CIBA results and time: relying parties that are away for ten minutes, late polls, and what is forgotten. Simulated clock. */
import assert from "node:assert/strict";
import { mock } from "node:test";
import { sweepRecords } from "../../src/oidc/records.ts";
import { expireOverdue } from "../../src/operations/expire.ts";
import { type OidcBank, startOidcBank } from "../oidc-bank.ts";
import { reachable, startRelyingParty, startTold, toldClient } from "../oidc-receiver.ts";
import { answer, type Receiver } from "../../../../tools/receiver.ts";
import { forEachStore, type TestStore } from "../stores.ts";

interface World {
  readonly oidc: OidcBank;
  readonly opened: TestStore;
  readonly shop: Receiver;
  /** Lets time pass, for the provider and the store alike. */
  pass(seconds: number): void;
}

function onClock(title: string, work: (world: World) => Promise<void>): void {
  forEachStore(
    title,
    async (opened) => {
      const start = Date.now();
      mock.timers.enable({ apis: ["Date"], now: start });
      const shop = await startRelyingParty();
      const oidc = await startOidcBank(opened, reachable);
      let at = start;
      const pass = (seconds: number) => mock.timers.setTime((at += seconds * 1000));
      try {
        await work({ oidc, opened, shop, pass });
      } finally {
        await oidc.close();
        await shop.close();
        mock.timers.reset();
      }
    },
    { now: () => Date.now() },
  );
}

/** Nobody holds a row: what was tried is written down. */
async function settledTries({ opened }: World): Promise<void> {
  for (;;) {
    const [held] = await opened.store.read.selectFrom("outbox").select("id").where("locked_until", ">", 0).execute();
    if (held === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (const mode of ["ping", "push"] as const) {
  onClock(`a relying party that is down for ten minutes still gets its ${mode}`, async (world) => {
    const { oidc, shop, pass } = world;
    const client = await toldClient(oidc, mode, shop);
    const user = oidc.user();
    const device = await oidc.device(user);
    shop.reply(answer(503));
    const id = await startTold(oidc, client, user, { requested_expiry: "1800" });
    await oidc.approve(user, device);
    for (let tries = 1; tries <= 5; tries++) {
      await shop.until(tries);
      await settledTries(world);
      pass(120);
    }
    shop.reply(answer(200));
    const before = shop.received.length;
    await shop.until(before + 1);
    await settledTries(world);
    const last = shop.received.at(-1)!.body;
    assert.equal(last.auth_req_id, id);
    if (mode === "ping") assert.equal((await oidc.redeem(client, id)).status, 200);
    else {
      assert.equal(last.access_token, shop.received[0]!.body.access_token, "the tokens of the first try");
      assert.ok(last.expires_in >= 600, "and they are not stale");
      assert.equal((await oidc.post("/introspect", { token: last.access_token }, client)).body.active, true);
    }
    pass(300);
    assert.equal(shop.received.length, before + 1, "told once");
  });
}

onClock("what was never delivered is given up when the request is over", async (world) => {
  const { oidc, opened, shop, pass } = world;
  const client = await toldClient(oidc, "push", shop);
  const user = oidc.user();
  const device = await oidc.device(user);
  shop.reply(answer(500));
  await startTold(oidc, client, user);
  await oidc.approve(user, device);
  await shop.until(1);
  await settledTries(world);
  pass(120 + 301);
  for (;;) {
    const [row] = await opened.store.read.selectFrom("outbox").select(["state", "last_failure"]).execute();
    if (row?.state === "DEAD") {
      assert.equal(row.last_failure, "request-over");
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(shop.received.length, 1);
});

onClock(
  "who polls late is told so for five minutes, and then nothing is known; nothing is left (CIBA §11)",
  async (world) => {
    const { oidc, opened, pass } = world;
    const client = await oidc.client();
    const user = oidc.user();
    await oidc.device(user);
    const id = await oidc.started(client, { login_hint: user });
    pass(119);
    assert.equal((await oidc.redeem(client, id)).body.error, "authorization_pending");
    pass(2);
    assert.equal((await oidc.redeem(client, id)).body.error, "expired_token");
    assert.equal(
      (await oidc.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body.items[0].status,
      "EXPIRED",
    );
    await sweepRecords(opened);
    assert.equal((await oidc.redeem(client, id)).body.error, "expired_token");
    pass(300);
    await sweepRecords(opened);
    assert.equal((await oidc.redeem(client, id)).body.error, "invalid_grant");
    pass(100_000);
    while ((await sweepRecords(opened)) > 0);
    assert.deepEqual(await opened.store.read.selectFrom("oidc_record").select("id").execute(), []);
  },
);

onClock("a push client is told that time ran out (CIBA §12 expired_token)", async (world) => {
  const { oidc, opened, shop, pass } = world;
  const client = await toldClient(oidc, "push", shop);
  const user = oidc.user();
  await oidc.device(user);
  const id = await startTold(oidc, client, user);
  pass(121);
  await expireOverdue(opened);
  const [one] = await shop.until(1);
  assert.deepEqual(one!.body, { auth_req_id: id, error: "expired_token", error_description: "not answered in time" });
});
