import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApproveDevice, softKey } from "../../../../tools/approve-device.ts";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Cancelling and countermeasures on ${dialect}`, () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let pay: string;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      phone = await at.deviceType();
      pay = await at.template();
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    const audit = async (type: string, subject: string) =>
      (
        await store.store.read
          .selectFrom("audit_event")
          .select("payload")
          .where("type", "=", type)
          .where("subject", "=", subject)
          .execute()
      ).map(({ payload }) => JSON.parse(payload!).data);
    const unblock = (user: string) => at.bank.v1("POST", `/users/${encodeURIComponent(user)}/approvals/unblock`);
    const state = async (user: string) =>
      (await at.bank.v1("GET", `/users/${encodeURIComponent(user)}/approvals`)).body;

    it("a transaction is cancelled with a message and no signing key, and the message is audited (APV-CAN-1)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const id = await at.pay(pay, user);
      const text = await device.cancelText(id, "USER_CANCEL", "Not now, later");
      const reply = await device.sendCancel(id, text);
      assert.deepEqual([reply.status, reply.body], [200, { status: "CANCELED" }]);
      assert.deepEqual([(await device.sendCancel(id, text)).status], [200], "the same bytes again");
      const other = await device.cancel(id, "USER_CANCEL");
      assert.deepEqual([other.status, other.body.code], [409, "operation-canceled"]);
      const { status, statusReason } = await at.detail(id);
      assert.deepEqual([status, statusReason], ["CANCELED", "USER_CANCEL"]);
      assert.equal((await audit("operation.canceled", id))[0].message, "Not now, later");
      assert.equal((await state(user)).suspended, false);
    });

    it("each member of a cancel message is checked, and nothing changes (APV-CAN-1)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const id = await at.pay(pay, user);
      const now = Math.floor(Date.now() / 1000);
      const cases = [
        [{ claims: { aud: "https://evil.example" } }, "invalid-request"],
        [{ claims: { iss: "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11" } }, "invalid-request"],
        [{ claims: { tid: "7d3f1b52-0f9c-4f5e-8a2d-0c6b7e4a1f22" } }, "transaction-unknown"],
        [{ claims: { iat: now - 300 } }, "invalid-request"],
        [{ claims: { message: "a\u202eb" } }, "invalid-request"],
        [{ use: "tx" }, "invalid-request"],
        [{ signWith: softKey("pop") }, "invalid-request"],
      ] as const;
      for (const [more, code] of cases) {
        const text = await device.cancelText(id, "NOTIFY_SUSPICIOUS", "", more);
        assert.equal((await device.sendCancel(id, text)).body.code, code, JSON.stringify(more));
      }
      const stranger = await at.device(at.user(), phone);
      assert.equal((await stranger.cancel(id, "NOTIFY_SUSPICIOUS")).body.code, "transaction-unknown");
      const nobodys = (await at.transaction(pay)).operation.id;
      assert.equal((await device.cancel(nobodys, "USER_CANCEL")).body.code, "transaction-unknown");
      assert.equal((await at.detail(id)).status, "PENDING");
      assert.equal((await state(user)).suspended, false);
    });

    it("cancel is off by device type and by template, and the device is told beforehand", async () => {
      const strict = await at.deviceType({ features: { cancel: false, direct: true, renew: true } });
      const firm = await at.template({ approval: { cancelable: false } });
      const user = at.user();
      const device = await at.device(user, strict);
      const id = await at.pay(pay, user);
      assert.equal((await device.fetch(id)).claims.cancelable, false);
      assert.equal((await device.cancel(id, "NOTIFY_SUSPICIOUS")).body.code, "feature-off");
      const other = at.user();
      const phoneOfOther = await at.device(other, phone);
      const firmId = await at.pay(firm, other);
      assert.equal((await phoneOfOther.fetch(firmId)).claims.cancelable, false);
      assert.equal((await phoneOfOther.cancel(firmId, "USER_CANCEL")).body.code, "feature-off");
      assert.equal((await at.detail(firmId)).status, "PENDING");
    });

    it("a suspicious transaction suspends the user and revokes what waits, in one commit (APV-CAN-2)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const holding = await at.device(user, phone);
      const ids = [await at.pay(pay, user), await at.pay(pay, user), await at.pay(pay, user)];
      const held = await holding.fetch(ids[1]!);
      const reply = await device.cancel(ids[0]!, "NOTIFY_SUSPICIOUS", "I did not ask for this");
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      for (const id of ids) assert.equal((await at.detail(id)).status, "CANCELED");
      assert.equal((await at.detail(ids[0]!)).statusReason, "NOTIFY_SUSPICIOUS");
      assert.equal((await at.detail(ids[1]!)).statusReason, "USER_SUSPENDED");
      const late = await holding.respond(ids[1]!, await holding.answer(held, "approve"));
      assert.deepEqual([late.status, late.body.code], [409, "operation-canceled"]);
      const v1 = await at.create(pay, { userId: user });
      assert.deepEqual([v1.status, v1.body.code], [403, "user-suspended"]);
      const operations = await at.bank.v1("POST", "/operations", at.body(pay, { userId: user }));
      assert.equal(operations.body.code, "user-suspended");
      const rest = await at.bank.call("/operation/create", {
        templateName: pay,
        userId: user,
        applications: [at.application],
        parameters: at.body(pay).parameters,
      });
      assert.deepEqual([rest.status, rest.body.responseObject.code], [400, "USER_SUSPENDED"]);
      const bound = await at.create(pay, { activationId: device.cid });
      assert.equal(bound.body.code, "user-suspended");
      const anybodys = await at.transaction(pay);
      const scanned = await device.call("POST", `/approve/v1/transactions/${anybodys.operation.id}`, {
        ref: anybodys.open.reference,
      });
      assert.equal(scanned.body.code, "user-suspended", "nor by scanning");
      assert.equal((await at.create(pay, { userId: at.user() })).status, 201, "others notice nothing");
      const [suspended] = await audit("user.suspended", user);
      assert.deepEqual([suspended.cause, suspended.canceled], ["report", 2]);
      const { until, ...told } = await state(user);
      assert.deepEqual(told, { userId: user, suspended: true, cause: "report", suspensions: 1 });
      const seconds = (Date.parse(until) - Date.now()) / 1000;
      assert.ok(seconds > 880 && seconds <= 901, until);
    });

    it("a suspension ends by itself, or not before somebody unblocks (-1)", async () => {
      const short = await at.deviceType({ countermeasures: { ...limits, disabledTimeReset: 0 } });
      const endless = await at.deviceType({ countermeasures: { ...limits, disabledTimeReset: -1 } });
      const [a, b] = [at.user(), at.user()];
      const first = await at.device(a, short);
      await first.cancel(await at.pay(pay, a), "NOTIFY_SUSPICIOUS");
      assert.equal((await at.create(pay, { userId: a })).status, 201);
      const second = await at.device(b, endless);
      await second.cancel(await at.pay(pay, b), "NOTIFY_SUSPICIOUS");
      const told = await state(b);
      assert.deepEqual([told.suspended, told.until], [true, undefined]);
      assert.equal((await at.create(pay, { userId: b })).body.code, "user-suspended");
      const ended = await unblock(b);
      assert.deepEqual([ended.status, ended.body], [200, { userId: b, suspended: false, suspensions: 0 }]);
      assert.equal((await at.create(pay, { userId: b })).status, 201);
      assert.equal((await audit("user.unblocked", b)).length, 1);
    });

    it("unblocking needs the permission, and the application it began with", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      await device.cancel(await at.pay(pay, user), "NOTIFY_SUSPICIOUS");
      const path = `/users/${encodeURIComponent(user)}/approvals`;
      const elsewhere = (await at.bank.application()).applicationId;
      for (const client of [
        await at.bank.client(["relying-party", "integrate"]),
        await at.bank.client(["operate"], [elsewhere]),
      ]) {
        for (const [method, more] of [
          ["GET", ""],
          ["POST", "/unblock"],
        ] as const) {
          assert.equal((await at.bank.v1(method, path + more, undefined, { client })).status, 403);
        }
      }
      assert.equal((await state(user)).suspended, true);
      const client = await at.bank.client(["operate"], [at.application]);
      assert.equal((await at.bank.v1("POST", `${path}/unblock`, undefined, { client })).status, 200);
    });

    it("a status whose effect is report is a signed rejection and brings the countermeasures", async () => {
      const statuses = [
        { status: "accept", effect: "approve", key: "tx", uv: "required" },
        { status: "deny", effect: "deny", key: "tx", uv: "none" },
        { status: "fraud", effect: "report", key: "tx", uv: "none" },
      ];
      const template = await at.template({ approval: { statuses } });
      const user = at.user();
      const device = await at.device(user, phone);
      const [id, other] = [await at.pay(template, user), await at.pay(pay, user)];
      const tx = await device.fetch(id);
      assert.deepEqual(tx.claims.allowed, statuses);
      assert.equal((await device.decide(id, "approve")).body.code, "status-not-allowed");
      const text = await device.answer(tx, "fraud", { method: "none" });
      const reply = await device.respond(id, text);
      assert.deepEqual([reply.status, reply.body], [200, { status: "fraud", outcome: "REJECTED" }]);
      assert.deepEqual((await device.respond(id, text)).body, reply.body, "the same bytes again");
      const receipt = (await at.bank.v1("GET", `/operations/${id}/receipt`)).body.claims;
      assert.deepEqual([receipt.decisions[0].reason, receipt.decisions[0].evidence.signature], ["fraud", text]);
      assert.equal((await at.detail(other)).status, "CANCELED");
      assert.deepEqual((await state(user)).cause, "report");
    });

    it("a report with a wrong signature, or that was not allowed, suspends nobody", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const id = await at.pay(pay, user);
      const tx = await device.fetch(id);
      await device.respond(id, await device.answer(tx, "report", { method: "none" }));
      await device.respond(id, await device.answer(tx, "decline", { method: "none", signWith: softKey("tx") }));
      assert.equal((await state(user)).suspended, false);
      assert.equal((await at.detail(id)).status, "PENDING");
    });

    it("created and reported at once: nothing stays pending, whichever commits last (APV-CAN-3)", async () => {
      for (let round = 0; round < 5; round++) {
        const user = at.user();
        const device = await at.device(user, phone);
        const id = await at.pay(pay, user);
        const [report, ...made] = await Promise.all([
          device.cancel(id, "NOTIFY_SUSPICIOUS"),
          ...Array.from({ length: 6 }, () => at.create(pay, { userId: user })),
        ]);
        assert.equal(report.status, 200, JSON.stringify(report.body));
        for (const { status, body } of made)
          assert.ok(status === 201 || body.code === "user-suspended", status + JSON.stringify(body));
        const pending = await at.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}&status=PENDING`);
        assert.deepEqual(pending.body.items, []);
      }
    });

    const expire = async (id: string) => {
      await store.store.transaction(({ db }) =>
        db
          .updateTable("operation")
          .set({ expires_at: 1 })
          .where("id", "=", id)
          .where("status", "=", "PENDING")
          .execute(),
      );
      return at.bank.v1("GET", `/operations/${id}`);
    };

    it("cancel, approve, deny and expire at once: one of them wins", { timeout: 120_000 }, async () => {
      let user = "";
      let devices: ApproveDevice[] = [];
      const wins: Record<string, number> = {};
      for (let round = 0; round < 50; round++) {
        // Not so many for one user that the unanswered ones suspend.
        if (round % 10 === 0) {
          user = at.user();
          devices = [await at.device(user, phone), await at.device(user, phone), await at.device(user, phone)];
        }
        const id = await at.pay(pay, user);
        const [a, b, c] = devices as [ApproveDevice, ApproveDevice, ApproveDevice];
        const [ta, tb] = [await a.fetch(id), await b.fetch(id)];
        const texts = [
          await a.answer(ta, "approve"),
          await b.answer(tb, "decline"),
          await c.cancelText(id, "USER_CANCEL", ""),
        ] as const;
        const replies = await Promise.all([
          a.respond(id, texts[0]),
          b.respond(id, texts[1]),
          c.sendCancel(id, texts[2]),
          at.bank.v1("POST", `/operations/${id}/cancel`),
          ...(round % 4 === 0 ? [expire(id)] : []),
        ]);
        const { status } = await at.detail(id);
        const won = replies.slice(0, 4).filter((reply) => reply.status === 200);
        assert.equal(
          won.length,
          status === "EXPIRED" ? 0 : 1,
          JSON.stringify([status, replies.map((r) => [r.status, r.body?.code])]),
        );
        wins[status] = (wins[status] ?? 0) + 1;
        const receipts = await store.store.read
          .selectFrom("decision")
          .selectAll()
          .where("operation_id", "=", id)
          .execute();
        assert.equal(receipts.length, status === "CANCELED" || status === "EXPIRED" ? 0 : 1);
      }
    });
  });
});

const limits = {
  disabledTimeReset: 900,
  challengeTimeoutPeriod: 3600,
  challengeDisableThreshold: 8,
  disableThreshold: 5,
  mostOutstanding: 8,
  deniedThreshold: -1,
};
