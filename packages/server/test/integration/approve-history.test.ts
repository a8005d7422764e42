/** A container's history: what became of what it was told (Approve protocol §7). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { history, mostPast } from "@countersign/protocol/approve/history";
import { readMessage } from "@countersign/protocol/approve/message";
import { isFailure } from "@countersign/protocol/errors";
import type { ApproveDevice } from "../../../../tools/approve-device.ts";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const path = "/approve/v1/history";

async function pageOf(device: ApproveDevice, place?: string) {
  const { status, body } = await device.call("POST", path, { after: place });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(Object.keys(body), ["history"]);
  const read = readMessage(history, await device.open(body.history as string));
  assert.ok(!isFailure(read));
  assert.equal(read.claims.aud, device.cid);
  return read.claims;
}

suiteOnEachStore((dialect, open) => {
  describe(`History of containers on ${dialect}`, () => {
    let store: TestStore;
    let approve: ContainerBank;
    before(async () => {
      store = await open();
      approve = await startContainerBank(store);
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });

    it("what was fetched and is over stands there as it was told, newest first, sealed to its container (APV-HIS-1)", async () => {
      const user = approve.userOf();
      const [device, other] = [await approve.device(user), await approve.device(user)];
      const ids: Record<string, string> = {};
      for (const name of ["approved", "rejected", "canceled", "pending", "unseen"]) {
        ids[name] = await approve.operation(user);
      }
      const told = await device.fetch(ids.approved!);
      await device.respond(ids.approved!, await device.answer(told, "approve"));
      await device.decide(ids.rejected!, "decline");
      await device.fetch(ids.canceled!);
      await approve.bank.v1("POST", `/operations/${ids.canceled}/cancel`, {});
      await device.fetch(ids.pending!);
      await approve.bank.v1("POST", `/operations/${ids.unseen}/cancel`, {});
      const { transactions, next } = await pageOf(device);
      assert.equal(next, undefined);
      assert.deepEqual(
        transactions.map(({ tid, status }) => [tid, status]),
        [
          [ids.canceled, "CANCELED"],
          [ids.rejected, "REJECTED"],
          [ids.approved, "APPROVED"],
        ],
      );
      assert.equal(transactions[2]?.text, told.claims.display.text);
      assert.ok(transactions.every(({ iat, at }) => at >= iat && Math.abs(at - Date.now() / 1000) < 60));
      assert.deepEqual((await pageOf(other)).transactions, [], "another container of the same user");
    });

    it("it comes in pages; a place that is none, another member and another's proof are refused (APV-HIS-1)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const ids: string[] = [];
      for (let at = 0; at < mostPast + 3; at++) {
        const id = await approve.operation(user);
        await device.fetch(id);
        await approve.bank.v1("POST", `/operations/${id}/cancel`, {});
        ids.unshift(id);
      }
      const first = await pageOf(device);
      assert.equal(first.transactions.length, mostPast);
      const second = await pageOf(device, first.next);
      assert.equal(second.next, undefined);
      const found = [...first.transactions, ...second.transactions].map(({ tid }) => tid);
      assert.deepEqual(found, ids);
      for (const body of [{ after: "x" }, { after: "" }, { after: 7 }, { before: first.next }]) {
        assert.equal((await device.call("POST", path, body)).body.code, "invalid-request", JSON.stringify(body));
      }
      const stranger = await approve.device(approve.userOf());
      assert.deepEqual((await pageOf(stranger, first.next)).transactions, [], "a place is no way to another's");
      await stranger.call("GET", "/approve/v1/container");
      const dpop = await stranger.proof("POST", path, "{}", { cid: device.cid });
      const headers = { dpop, "content-type": "application/json" };
      const refused = await fetch(device.url + path, { method: "POST", headers, body: "{}" });
      assert.equal(refused.status, 401);
    });

    it("long texts make short pages, and none is lost", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const note = "n".repeat(12_000);
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) {
        const id = await approve.operation(user, { parameters: { amount: "100", currency: "CZK", note } });
        await device.fetch(id);
        await approve.bank.v1("POST", `/operations/${id}/cancel`, {});
        ids.unshift(id);
      }
      const found: string[] = [];
      let next: string | undefined;
      let pages = 0;
      do {
        const page = await pageOf(device, next);
        found.push(...page.transactions.map(({ tid }) => tid));
        next = page.next;
        pages++;
      } while (next !== undefined && pages < 10);
      assert.deepEqual(found, ids);
      assert.ok(pages > 1);
    });
  });
});
