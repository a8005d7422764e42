import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const statuses = [
  { status: "accept", effect: "approve", key: "auth", uv: "required" },
  { status: "deny", effect: "deny", key: "tx", uv: "none" },
];

suiteOnEachStore((dialect, open) => {
  describe(`Approve transactions on ${dialect}`, () => {
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

    it("a template's policy is validated, stored, answered, and left alone by the interface that does not know it", async () => {
      const content = {
        operationType: "payment",
        dataTemplate: "A1*N${note}",
        signatureTypes: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expirationSeconds: 300,
      };
      const bad = [
        { statuses: [statuses[0], { ...statuses[0], status: "yes" }] },
        { statuses: [statuses[1], { ...statuses[1], status: "no" }] },
        { statuses: [statuses[0], { ...statuses[1], status: "accept" }] },
        { statuses: [statuses[0]] },
        { statuses: [{ ...statuses[0], effect: "maybe" }, statuses[1]] },
        { statuses: [{ ...statuses[0], status: "acc\u202ept" }, statuses[1]] },
        { match: "guess" },
        { more: 1 },
      ];
      for (const approval of bad) {
        const reply = await at.bank.v1("POST", "/templates", { name: "bad", ...content, approval });
        assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], JSON.stringify(approval));
      }
      const approval = { statuses, match: "enter", cancelable: false };
      const name = await at.template({ approval });
      const made = (await at.bank.v1("GET", `/templates/${name}`)).body;
      assert.deepEqual(made.approval, approval);
      await at.bank.done("/operation/template/update", {
        id: made.id,
        operationType: "payment",
        dataTemplate: "A1",
        signatureType: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expiration: 300,
      });
      assert.deepEqual((await at.bank.v1("GET", `/templates/${name}`)).body.approval, approval);
      await at.bank.v1("PUT", `/templates/${name}`, content);
      assert.equal((await at.bank.v1("GET", `/templates/${name}`)).body.approval, undefined);
    });

    it("what the creator adds reaches the device inside the signed transaction (APV-TX-1)", async () => {
      const template = await at.template({ approval: { statuses } });
      const user = at.user();
      const device = await at.device(user, phone);
      const details = {
        clientName: "Web shop",
        bindingMessage: "AB-12",
        authorizationDetails: [{ type: "payment", amount: { value: "100" } }],
        request: "eyJ.a.b",
        origin: { ipAddress: "192.0.2.1", userAgent: "Browser", location: "Prague" },
        payload: "anything",
      };
      const id = await at.pay(template, user, details);
      const { claims } = await device.fetch(id);
      const { clientName, ...rest } = details;
      assert.deepEqual(claims.client, { id: at.bank.admin.clientId, name: clientName });
      for (const [member, value] of Object.entries(rest)) {
        assert.deepEqual(claims[member as "payload"], value, member);
      }
      assert.deepEqual(claims.allowed, statuses);
      assert.equal((await device.decide(id, "accept", { use: "tx" })).body.code, "status-not-allowed", "another key");
      const ctx = "eyJhIjoxfQ+/==";
      const reply = await device.decide(id, "accept", { use: "auth", claims: { ctx } });
      assert.deepEqual(reply.body, { status: "accept", outcome: "APPROVED" });
      const { additionalData, decisions } = await at.detail(id);
      assert.equal(additionalData.mobileContext, ctx, "byte for byte");
      const signed = JSON.parse(Buffer.from(decisions[0].evidence.signature.split(".")[1], "base64url").toString());
      assert.equal(signed.ctx, ctx);
    });

    it("text that hides something or changes its direction is refused when the transaction is created", async () => {
      const user = at.user();
      for (const more of [
        { bindingMessage: "a\u202eb" },
        { bindingMessage: "a\u0007b" },
        { clientName: "B\u200bank" },
        { origin: { location: "a\u2066" } },
        { payload: "\u0085" },
        { authorizationDetails: [{ type: "x", deep: [{ "k\u202e": 1 }] }] },
      ]) {
        const reply = await at.create(pay, { userId: user, ...more });
        assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], JSON.stringify(more));
      }
      assert.deepEqual((await at.bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body.items, []);
    });

    describe("with number matching (APV-RES-6)", () => {
      const matching = () => at.template({ approval: { match: "enter" } });

      it("the right number approves; the screen has it, the device has not", async () => {
        const user = at.user();
        const device = await at.device(user, phone);
        const { operation } = await at.transaction(await matching(), { userId: user });
        assert.match(operation.matchNumber, /^\d{6}$/);
        assert.equal((await at.detail(operation.id)).matchNumber, operation.matchNumber);
        const client = await at.bank.client(["operate"]);
        const seen = await at.bank.v1("GET", `/operations/${operation.id}`, undefined, { client });
        assert.equal(seen.body.matchNumber, undefined);
        const tx = await device.fetch(operation.id);
        assert.deepEqual(tx.claims.match, { mode: "enter", length: 6 });
        assert.ok(!JSON.stringify(tx.claims).includes(operation.matchNumber));
        const reply = await device.decide(operation.id, "approve", { claims: { num: operation.matchNumber } });
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
        assert.equal((await at.detail(operation.id)).matchNumber, undefined);
      });

      it("there is one try: a wrong number, or none, fails the transaction", async () => {
        const template = await matching();
        const user = at.user();
        const device = await at.device(user, phone);
        for (const number of ["wrong", "none"]) {
          const { operation } = await at.transaction(template, { userId: user });
          const num = String((Number(operation.matchNumber) + 1) % 1_000_000).padStart(6, "0");
          const claims = number === "wrong" ? { num } : {};
          const first = await device.decide(operation.id, "approve", { claims });
          assert.deepEqual([first.status, first.body.code], [400, "number-wrong"]);
          const tx = await device.call("POST", `/approve/v1/transactions/${operation.id}`, {});
          assert.equal(tx.body.code, "operation-out-of-tries");
          assert.equal((await at.detail(operation.id)).status, "FAILED");
        }
      });

      it("no number is needed to deny, and nobody approves without", async () => {
        const template = await matching();
        const user = at.user();
        const device = await at.device(user, phone);
        const denied = (await at.transaction(template, { userId: user })).operation.id;
        assert.equal((await device.decide(denied, "decline", { method: "none" })).status, 200);
        const { operation } = await at.transaction(template, { userId: user });
        const client = await at.bank.client(["decide"]);
        const forced = await at.bank.done(
          "/operation/approve",
          {
            operationId: operation.id,
            userId: user,
            applicationId: at.application,
            data: operation.data,
            signatureType: "POSSESSION_KNOWLEDGE",
          },
          client,
        );
        assert.equal(forced.result, "APPROVAL_FAILED");
        assert.equal((await at.detail(operation.id)).status, "PENDING");
      });
    });

    describe("without a user (APV-REF-3)", () => {
      it("whoever scans first has it, and for everybody else it does not exist any more (APV-REF-4)", async () => {
        const { operation, open: first } = await at.transaction(pay);
        assert.equal(first.rotateSeconds, 15);
        assert.ok(first.link.endsWith(first.reference));
        const devices = await Promise.all([1, 2, 3, 4].map(() => at.device(at.user(), phone)));
        const path = `/approve/v1/transactions/${operation.id}`;
        const without = await devices[0]!.call("POST", path, {});
        assert.equal(without.body.code, "transaction-unknown", "without the code");
        const { reference } = (await at.bank.v1("GET", `/transactions/${operation.id}/reference`)).body;
        const replies = await Promise.all(devices.map((device) => device.call("POST", path, { ref: reference })));
        const won = replies.findIndex(({ status }) => status === 200);
        assert.equal(replies.filter(({ status }) => status === 200).length, 1);
        for (const [index, { body }] of replies.entries()) {
          if (index !== won) assert.equal(body.code, "transaction-unknown");
        }
        assert.equal((await devices[won]!.decide(operation.id, "approve")).status, 200);
        const decided = await at.bank.v1("GET", `/transactions/${operation.id}/reference`);
        assert.equal(decided.body.code, "operation-finished");
        assert.equal((await at.detail(operation.id)).userId, devices[won]!.record.user);
      });

      it("a code that is over, of another transaction, of another server or of a device is refused", async () => {
        const { operation, open: mine } = await at.transaction(pay);
        const other = await at.transaction(pay);
        const device = await at.device(at.user(), phone);
        const path = `/approve/v1/transactions/${operation.id}`;
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: at.bank.publicUrl, tid: operation.id, act: "tx", iat: now - 90, qr: 1, n: 0 };
        const sign = (more: object) => store.signingKeys.sign("approve", "apv-ref+jwt", { ...claims, ...more });
        const [header, payload, signature] = mine.reference.split(".");
        const bad = [
          await sign({ exp: now - 1 }),
          await sign({ exp: now + 60, iss: "https://evil.example" }),
          await sign({ exp: now + 60, cid: device.cid, tk: device.kid("enc") }),
          await store.signingKeys.sign("receipt", "apv-ref+jwt", { ...claims, exp: now + 60 }),
          other.open.reference,
          `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
          "x",
        ];
        for (const ref of bad) {
          assert.equal((await device.call("POST", path, { ref })).body.code, "transaction-unknown", ref);
        }
        const read = JSON.parse(Buffer.from(payload, "base64url").toString());
        assert.ok(read.exp - now <= 30, "good while it is shown and one turn longer");
        assert.equal((await device.call("POST", path, { ref: mine.reference })).status, 200);
        const claimed = await at.bank.v1("GET", `/transactions/${operation.id}/reference`);
        assert.deepEqual([claimed.status, claimed.body.code], [409, "transaction-claimed"]);
      });
    });

    describe("for one device, the last, or all (A22)", () => {
      it("a named device alone sees it; unknown, foreign and removed ones are errors", async () => {
        const user = at.user();
        const [a, b] = [await at.device(user, phone), await at.device(user, phone)];
        const foreign = await at.device(at.user(), phone);
        const { operation, references } = await at.transaction(pay, { activationId: a.cid });
        assert.deepEqual(
          references.map(({ containerId }: { containerId: string }) => containerId),
          [a.cid],
        );
        assert.deepEqual([(await a.pending()).length, (await b.pending()).length], [1, 0]);
        assert.equal(
          (await b.call("POST", `/approve/v1/transactions/${operation.id}`, {})).body.code,
          "transaction-unknown",
        );
        const unknown = "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11";
        await at.bank.done("/activation/remove", { activationId: b.cid });
        for (const more of [
          { activationId: unknown },
          { userId: user, activationId: foreign.cid },
          { activationId: b.cid },
          { activationId: a.cid, device: "last" },
          { userId: at.user(), device: "last" },
          { userId: at.user(), device: "all" },
          { device: "last" },
        ]) {
          const reply = await at.create(pay, more);
          assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], JSON.stringify(more));
        }
      });

      it("the device used last, and all of them: the first decision wins and the others learn it", async () => {
        const user = at.user();
        const [a, b] = [await at.device(user, phone), await at.device(user, phone)];
        assert.equal((await a.decide(await at.pay(pay, user), "approve")).status, 200);
        const last = await at.transaction(pay, { userId: user, device: "last" });
        assert.equal(last.operation.activationId, a.cid);
        const all = await at.transaction(pay, { userId: user, device: "all" });
        assert.equal(all.references.length, 2);
        const { id } = all.operation;
        const held = await b.fetch(id);
        assert.equal((await a.decide(id, "decline", { method: "none" })).status, 200);
        const late = await b.respond(id, await b.answer(held, "approve"));
        assert.deepEqual([late.status, late.body.code], [409, "operation-finished"]);
      });
    });

    it("creating needs the permission and the application; a repeated request makes one", async () => {
      const client = await at.bank.client(["operate"]);
      const body = at.body(pay, { userId: at.user() });
      assert.equal((await at.bank.v1("POST", "/transactions", body, { client })).status, 403);
      const elsewhere = await at.bank.client(["relying-party"], [(await at.bank.application()).applicationId]);
      assert.equal(
        (await at.bank.v1("POST", "/transactions", body, { client: elsewhere })).body.code,
        "application-not-found",
      );
      const headers = { "idempotency-key": at.user().replace(" ", "-") };
      const first = await at.bank.v1("POST", "/transactions", body, { headers });
      const again = await at.bank.v1("POST", "/transactions", body, { headers });
      assert.deepEqual([first.status, again.body.operation.id], [201, first.body.operation.id]);
    });
  });
});
