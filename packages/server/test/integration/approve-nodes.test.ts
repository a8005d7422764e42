/** Two nodes on one PostgreSQL database: what one commits, the other has to see in time. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { enrolDevice } from "../../../../tools/approve-device.ts";
import { postgres, withStore } from "../stores.ts";

const skip = (await postgres()) === undefined ? "PostgreSQL: not found" : false;

describe("Approve on two nodes", { skip }, () => {
  const onTwoNodes =
    (work: (a: ApproveBank, b: ApproveBank, phone: string, pay: string) => Promise<void>) => (t: TestContext) =>
      withStore("postgres", {}, t, async (store) => {
        const a = await startApproveBank({ opened: store });
        const { admin, publicUrl } = a.bank;
        const b = await startApproveBank({
          opened: await store.reopen(),
          admin,
          application: a.application,
          config: { publicUrl },
        });
        try {
          await work(a, b, await a.deviceType(), await a.template());
        } finally {
          await b.close();
          await a.close();
        }
      });

  const deviceAt = async (node: ApproveBank, at: ApproveBank, user: string, deviceType: string) => {
    const { offer } = (await at.bank.v1("POST", "/offers", { userId: user, deviceType })).body;
    return enrolDevice({ url: node.bank.publicUrl, offer });
  };

  it(
    "reported on one node while the other creates: nothing stays pending",
    { timeout: 120_000 },
    onTwoNodes(async (a, b, phone, pay) => {
      for (let round = 0; round < 12; round++) {
        const user = a.user();
        const device = await deviceAt(a, a, user, phone);
        const id = await a.pay(pay, user);
        const creating = [1, 2, 3, 4, 5, 6].map(() => b.create(pay, { userId: user }));
        const more = [1, 2].map(() => a.create(pay, { userId: user }));
        const [report, ...made] = await Promise.all([device.cancel(id, "NOTIFY_SUSPICIOUS"), ...creating, ...more]);
        assert.equal(report.status, 200, JSON.stringify(report.body));
        for (const { status, body } of made) {
          assert.ok(status === 201 || ["user-suspended", "too-many-pending"].includes(body.code), JSON.stringify(body));
        }
        const { items } = (await b.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}&status=PENDING`))
          .body;
        assert.deepEqual(items, [], `round ${round}`);
        assert.equal((await b.create(pay, { userId: user })).body.code, "user-suspended");
      }
    }),
  );

  it(
    "two reports of one user and redemptions on both nodes: each counts once",
    { timeout: 60_000 },
    onTwoNodes(async (a, b, phone, pay) => {
      const user = a.user();
      const [one, two] = [await deviceAt(a, a, user, phone), await deviceAt(a, a, user, phone)];
      const { requestId } = (await one.sendDirect(await one.directText(a.bank.admin.clientId, "approve"))).body;
      const redeemed = await Promise.all(
        [a, b, a, b].map((node) => node.bank.v1("POST", `/direct-requests/${requestId}/redeem`)),
      );
      assert.equal(redeemed.filter(({ status }) => status === 200).length, 1);
      const ids = [await a.pay(pay, user), await b.pay(pay, user)] as const;
      const replies = await Promise.all([
        one.cancel(ids[0], "NOTIFY_SUSPICIOUS"),
        two.cancel(ids[1], "NOTIFY_SUSPICIOUS"),
      ]);
      const codes = replies.map(({ status, body }) => (status === 200 ? "ok" : body.code));
      assert.deepEqual(new Set(codes), new Set(["ok", "operation-canceled"]));
      for (const id of ids) assert.equal((await b.detail(id)).status, "CANCELED");
    }),
  );

  it(
    "the open code and the match number of one node are good on the other",
    { timeout: 60_000 },
    onTwoNodes(async (a, b, phone) => {
      const template = await a.template({ approval: { match: "scan" } });
      const device = await deviceAt(a, a, a.user(), phone);
      const { operation } = await b.transaction(template);
      const { reference } = (await a.bank.v1("GET", `/transactions/${operation.id}/reference`)).body;
      const tx = await device.fetch(operation.id, reference);
      const num = (await a.detail(operation.id)).matchNumber;
      assert.equal(num, operation.matchNumber);
      assert.equal(
        (await device.respond(operation.id, await device.answer(tx, "approve", { claims: { num } }))).status,
        200,
      );
    }),
  );
});
