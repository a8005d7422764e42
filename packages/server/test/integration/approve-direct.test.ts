import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { finishCompact } from "@countersign/protocol/approve/jws";
import { type ApproveDevice, softKey } from "../../../../tools/approve-device.ts";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import type { Credentials } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Direct signing on ${dialect}`, () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let shop: Credentials;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      phone = await at.deviceType();
      shop = await at.bank.client(["relying-party"], [at.application]);
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    const redeem = (id: string, client: Credentials = shop) =>
      at.bank.v1("POST", `/direct-requests/${id}/redeem`, undefined, { client });
    const signed = async (device: ApproveDevice, status = "approve", more: object = {}) =>
      device.sendDirect(await device.directText(shop.clientId, status, more));
    const operations = async (user: string) =>
      (await at.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body.items.length;

    it("a device signs a message, and the client that it names redeems it once (APV-DCS-1, -2)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const text = await device.directText(shop.clientId, "approve");
      const reply = await device.sendDirect(text);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      const { requestId, expiresAt } = reply.body;
      const input = text.slice(0, text.lastIndexOf("."));
      const key = device.keys.find(({ use }) => use === "auth")!;
      for (const same of [text, await finishCompact(input, key)]) {
        const again = await device.sendDirect(same);
        assert.deepEqual([again.body.requestId, again.body.expiresAt], [requestId, expiresAt], "the same (APV-RES-9)");
      }
      assert.equal((await redeem(requestId, at.bank.admin)).body.code, "direct-request-unknown", "another client");
      const parallel = await Promise.all([1, 2, 3, 4].map(() => redeem(requestId)));
      assert.equal(parallel.filter(({ status }) => status === 200).length, 1);
      assert.equal(parallel.filter(({ body }) => body.code === "direct-request-used").length, 3);
      const { status, operation } = parallel.find((one) => one.status === 200)!.body;
      assert.deepEqual([status, operation.status, operation.userId], ["approve", "APPROVED", user]);
      assert.equal(operation.parameters.message, "Sign in at the branch");
      assert.equal(operation.decisions[0].evidence.signature, text);
      assert.deepEqual(operation.decisions[0].evidence.factors, ["possession", "knowledge"]);
      const receipt = await at.bank.v1("GET", `/operations/${operation.id}/receipt`);
      assert.equal(receipt.status, 200);
      assert.equal(await operations(user), 1);
    });

    it("to decline gives an id, too, whose redemption says so", async () => {
      const device = await at.device(at.user(), phone);
      const { body } = await signed(device, "decline", { method: "none" });
      const { status, operation } = (await redeem(body.requestId)).body;
      assert.deepEqual([status, operation.status], ["decline", "REJECTED"]);
    });

    it("each member is checked, and nothing is created (APV-DCS-1)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const now = Math.floor(Date.now() / 1000);
      const digest = "B".repeat(42) + "A";
      const cases: readonly (readonly [object, string])[] = [
        [{ aud: "https://evil.example" }, "invalid-request"],
        [{ iss: "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11" }, "invalid-request"],
        [{ nonce: "1.x" }, "use_dpop_nonce"],
        [{ exp: now + 120 }, "invalid-request"],
        [{ iat: now - 600, exp: now - 590 }, "invalid-request"],
        [{ message: "Something else" }, "invalid-request"],
        [{ shown_sha256: digest }, "invalid-request"],
        [{ azp: "nobody" }, "client-unknown"],
        [{ status: "report" }, "status-not-allowed"],
        [{ uv: { method: "none", lock: "none" } }, "verification-required"],
        [{ uv: { method: "biometry", lock: "none" } }, "verification-required"],
        [{ seq: 0 }, "clone-suspected"],
        [{ prev: digest }, "clone-suspected"],
      ];
      for (const [claims, code] of cases) {
        assert.equal((await signed(device, "approve", { claims })).body.code, code, JSON.stringify(claims));
      }
      for (const use of ["pop", "enc"]) {
        assert.equal((await signed(device, "approve", { use })).body.code, "invalid-request", use);
      }
      const notAParty = await at.bank.client(["operate"]);
      const elsewhere = await at.bank.client(["relying-party"], [(await at.bank.application()).applicationId]);
      for (const { clientId } of [notAParty, elsewhere]) {
        assert.equal(
          (await device.sendDirect(await device.directText(clientId, "approve"))).body.code,
          "client-unknown",
        );
      }
      assert.equal(await operations(user), 0);
      assert.equal((await signed(device)).status, 200);
    });

    it("it goes through the sequence of the answers, and a wrong password counts (APV-RES-3, -5)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const pay = await at.template();
      assert.equal((await signed(device)).status, 200);
      assert.equal((await device.decide(await at.pay(pay, user), "approve")).status, 200);
      assert.equal((await signed(device)).status, 200);
      const codes = [];
      for (let tries = 0; tries < 5; tries++)
        codes.push((await signed(device, "approve", { signWith: softKey("auth") })).body.code);
      assert.deepEqual(codes.slice(3), ["signature-wrong", "container-blocked"]);
    });

    it("the device type turns it off or names its template; a suspended user has none", async () => {
      const off = await at.deviceType({ features: { cancel: true, direct: false, renew: true } });
      assert.equal((await signed(await at.device(at.user(), off))).body.code, "feature-off");
      const directTemplate = await at.template({
        operationType: "login",
        dataTemplate: "A1*N${message}",
        signatureTypes: ["POSSESSION_BIOMETRY"],
      });
      const features = { cancel: true, direct: true, renew: true, directTemplate };
      const strict = await at.device(at.user(), await at.deviceType({ features }));
      assert.equal((await signed(strict)).body.code, "verification-required", "the template wants biometry");
      const needsMore = await at.deviceType({ features: { ...features, directTemplate: await at.template() } });
      assert.equal((await signed(await at.device(at.user(), needsMore))).body.code, "feature-off");
      const user = at.user();
      const device = await at.device(user, phone);
      await device.cancel(await at.pay(await at.template(), user), "NOTIFY_SUSPICIOUS");
      assert.equal((await signed(device)).body.code, "user-suspended");
    });

    it("an id that is over, unknown or asked for without the permission is not redeemed", async () => {
      const device = await at.device(at.user(), phone);
      const { requestId } = (await signed(device)).body;
      const noParty = await at.bank.client(["operate", "integrate"]);
      assert.equal((await redeem(requestId, noParty)).status, 403);
      assert.equal((await redeem("unknown")).body.code, "direct-request-unknown");
      await store.store.transaction(({ db }) =>
        db.updateTable("direct_request").set({ expires_at: 1 }).where("id", "=", requestId).execute(),
      );
      assert.equal((await redeem(requestId)).body.code, "direct-request-expired");
    });
  });
});
