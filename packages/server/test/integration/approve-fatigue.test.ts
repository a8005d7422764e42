import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { expireOverdue } from "../../src/operations/expire.ts";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import type { ApproveDevice } from "../../../../tools/approve-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const limits = {
  disabledTimeReset: 100,
  challengeTimeoutPeriod: 60,
  challengeDisableThreshold: 4,
  disableThreshold: 5,
  mostOutstanding: 3,
  deniedThreshold: 4,
};

suiteOnEachStore((dialect, open) => {
  describe(`Limits against prompt fatigue on ${dialect}`, () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let pay: string;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      phone = await at.deviceType({ countermeasures: limits });
      pay = await at.template();
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    const state = async (user: string) =>
      (await at.bank.v1("GET", `/users/${encodeURIComponent(user)}/approvals`)).body;
    const later = async (user: string, set: object) =>
      store.store.transaction(({ db }) =>
        db.updateTable("operation").set(set).where("user_id", "=", user).where("status", "=", "PENDING").execute(),
      );
    /** Nobody answers: time passes. */
    const unanswered = async (user: string) => {
      const { operation } = await at.transaction(pay, { userId: user, notify: true });
      await later(user, { expires_at: 1 });
      await expireOverdue(store);
      assert.equal((await at.detail(operation.id)).status, "EXPIRED");
      return operation.id as string;
    };
    const denied = async (user: string, device: ApproveDevice) => {
      assert.equal((await device.decide(await at.pay(pay, user), "decline", { method: "none" })).status, 200);
    };
    const suspensionOver = async (user: string) =>
      store.store.transaction(({ db }) =>
        db.updateTable("user_approval").set({ suspended_until: 1 }).where("user_id", "=", user).execute(),
      );
    const secondsLeft = async (user: string) => Math.round((Date.parse((await state(user)).until) - Date.now()) / 1000);
    const quietOf = async (id: string) => {
      const { approval } = await store.store.read
        .selectFrom("operation")
        .select("approval")
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      return (JSON.parse(approval ?? "{}") as { quiet?: boolean }).quiet ?? false;
    };

    it("so many transactions wait at most, also when they are created at once; others notice nothing", async () => {
      const user = at.user();
      const replies = await Promise.all(Array.from({ length: 24 }, () => at.create(pay, { userId: user })));
      for (const { status, body } of replies) assert.ok(status === 201 || body.code === "too-many-pending", body.code);
      const path = `/operations?userId=${encodeURIComponent(user)}&status=PENDING`;
      assert.equal((await at.bank.v1("GET", path)).body.items.length, limits.mostOutstanding);
      assert.equal((await at.create(pay, { userId: user })).body.code, "too-many-pending");
      const rest = await at.bank.call("/operation/create", {
        templateName: pay,
        userId: user,
        applications: [at.application],
        parameters: at.body(pay).parameters,
      });
      assert.equal(rest.body.responseObject.code, "TOO_MANY_PENDING");
      assert.equal((await at.create(pay, { userId: at.user() })).status, 201);
    });

    it("the device type's time for an answer ends a transaction before its template does", async () => {
      const { operation } = await at.transaction(pay, { userId: at.user() });
      assert.equal(Date.parse(operation.expiresAt) - Date.parse(operation.createdAt), 60_000);
    });

    it("half of the unanswered make it quiet, all of them suspend, and each suspension doubles", async () => {
      const user = at.user();
      await at.device(user, phone);
      const quiet = [];
      for (let count = 0; count < 4; count++) quiet.push(await quietOf(await unanswered(user)));
      assert.deepEqual(quiet, [false, false, true, true]);
      assert.equal((await at.create(pay, { userId: user })).body.code, "user-suspended");
      const { cause, suspensions } = await state(user);
      assert.deepEqual([cause, suspensions], ["unanswered", 1]);
      assert.ok(Math.abs((await secondsLeft(user)) - 100) <= 2);
      await suspensionOver(user);
      for (let count = 0; count < 4; count++) await unanswered(user);
      assert.equal((await at.create(pay, { userId: user })).body.code, "user-suspended", "not counted twice, but anew");
      assert.ok(Math.abs((await secondsLeft(user)) - 200) <= 2);
      assert.equal((await at.create(pay, { userId: at.user() })).status, 201, "others notice nothing");
    });

    it("an answer begins the row anew, and an approval forgives suspensions", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      for (let count = 0; count < 3; count++) await unanswered(user);
      await denied(user, device);
      for (let count = 0; count < 3; count++) await unanswered(user);
      assert.equal((await device.decide(await at.pay(pay, user), "approve")).status, 200);
      for (let count = 0; count < 4; count++) await unanswered(user);
      await at.create(pay, { userId: user });
      await suspensionOver(user);
      assert.equal((await device.decide(await at.pay(pay, user), "approve")).status, 200);
      for (let count = 0; count < 4; count++) await unanswered(user);
      await at.create(pay, { userId: user });
      assert.equal((await state(user)).suspensions, 1);
    });

    it("denied in a row suspends, whatever expired between", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      for (let count = 0; count < 3; count++) {
        await denied(user, device);
        await unanswered(user);
      }
      await denied(user, device);
      const reply = await at.create(pay, { userId: user });
      assert.equal(reply.body.code, "user-suspended");
      assert.equal((await state(user)).cause, "denied");
    });

    it("an application without Approve devices knows none of these limits", async () => {
      const { applicationId } = await at.bank.application();
      const user = at.user();
      const more = { userId: user, applications: [applicationId] };
      for (let count = 0; count < 6; count++) assert.equal((await at.create(pay, more)).status, 201);
      await later(user, { expires_at: 1 });
      for (let count = 0; count < 6; count++) assert.equal((await at.create(pay, more)).status, 201);
      const [operation] = (await at.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}&limit=1`)).body
        .items;
      assert.equal(Date.parse(operation.expiresAt) - Date.parse(operation.createdAt), 300_000);
    });
  });
});
