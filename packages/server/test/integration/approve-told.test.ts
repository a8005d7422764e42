/** What programs are told of Approve devices: webhooks and security event tokens at a real receiver, receipts, pages. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { type ApproveDevice, enrolmentOf, sendEnrolment } from "../../../../tools/approve-device.ts";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import { type Json, unique } from "../bank.ts";
import { answer, type Received, type Receiver, startReceiver } from "../../../../tools/receiver.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

/** An answer that the device's own functions would not make, well signed. */
async function changed({ keys }: ApproveDevice, text: string, claims: object): Promise<string> {
  const [header = "", payload = ""] = text.split(".");
  const made = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const input = `${header}.${Buffer.from(JSON.stringify({ ...made, ...claims })).toString("base64url")}`;
  const signature = await keys.find(({ use }) => use === "tx")!.sign(Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

suiteOnEachStore((dialect, open) => {
  describe(`Approve told to programs on ${dialect}`, () => {
    let store: TestStore;
    let at: ApproveBank;
    let phone: string;
    let pay: string;
    let events: Receiver;
    let tokens: Receiver;
    let tokensUrl: string;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store, config: { outboundAllow: ["127.0.0.0/8"] } });
      phone = await at.deviceType();
      pay = await at.template();
      [events, tokens] = [await startReceiver(), await startReceiver()];
      await webhook({ url: events.url });
      const made = await webhook({ url: tokens.url, form: "secevent" });
      assert.equal(made.form, "secevent");
      tokensUrl = made.url;
    });
    after(async () => {
      await at.close();
      await events.close();
      await tokens.close();
      await store.close();
    });

    const webhook = async (more: object): Promise<Json> => {
      const name = `hook ${unique()}`;
      const reply = await at.bank.v1("POST", "/webhooks", { applicationId: at.application, name, ...more });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    };
    const told = async (type: string, subject: string): Promise<Json> => {
      const [one] = await events.until(1, ({ body }) => body.type === type && body.subject === subject);
      return one!.body.data;
    };
    const claimsOf = ({ text }: Received): Json =>
      JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString());
    const tokenOf = async (user: string, event: string): Promise<Received> => {
      const kind = (one: Received) => {
        const { sub_id, events: what } = claimsOf(one);
        return sub_id.id === user && Object.hasOwn(what, `urn:countersign:event:${event}`);
      };
      return (await tokens.until(1, kind))[0]!;
    };
    const verified = async ({ text }: Received) => {
      const jwks = await (await fetch(`${at.bank.publicUrl}/.well-known/countersign/jwks.json`)).json();
      const keys = createLocalJWKSet(jwks as Parameters<typeof createLocalJWKSet>[0]);
      return jwtVerify(text, keys, { issuer: at.bank.publicUrl, audience: tokensUrl, typ: "secevent+jwt" });
    };

    it("enrolled, failed and deleted devices reach a receiver (A21)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const enrolled = await told("activation.committed", device.cid);
      assert.deepEqual([enrolled.userId, enrolled.deviceType, enrolled.protocol], [user, phone, "approve"]);
      const picky = await at.deviceType({ rules: { platforms: [], hardwareKeysRequired: true, rootedAllowed: false } });
      const { id, offer } = (await at.bank.v1("POST", "/offers", { userId: user, deviceType: picky })).body;
      const { bytes } = await enrolmentOf({ url: at.bank.publicUrl, offer });
      assert.equal((await sendEnrolment(at.bank.publicUrl, bytes)).body.code, "device-not-allowed");
      const failed = await told("enrolment.failed", id);
      assert.deepEqual([failed.userId, failed.deviceType, failed.reason], [user, picky, "device-not-allowed"]);
      assert.equal((await device.call("DELETE", "/approve/v1/container", { reason: "sold" })).status, 204);
      assert.equal((await told("activation.removed", device.cid)).userId, user);
    });

    it("countermeasures reach a receiver of events, and one of security event tokens (A13; RFC 8417, 8935)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const [id, other] = [await at.pay(pay, user), await at.pay(pay, user)];
      assert.equal((await device.cancel(id, "NOTIFY_SUSPICIOUS", "not me")).status, 200);
      const event = await told("user.suspended", user);
      assert.deepEqual([event.cause, event.canceled, event.applicationId], ["report", 1, at.application]);
      assert.equal((await told("operation.canceled", id)).message, "not me");
      assert.equal((await told("operation.canceled", other)).reason, "USER_SUSPENDED");

      const pushed = await tokenOf(user, "user.suspended");
      assert.equal(pushed.headers["content-type"], "application/secevent+jwt");
      const { payload, protectedHeader } = await verified(pushed);
      assert.equal(protectedHeader.alg, "ES256");
      const { "urn:countersign:event:user.suspended": what, ...none } = payload.events as Json;
      assert.deepEqual(none, {}, "one event in each token");
      assert.deepEqual([what.cause, what.canceled, what.applicationId], ["report", 1, at.application]);
      assert.ok(what.until > Date.now() / 1000 && what.until < Date.now() / 1000 + 1000);
      assert.deepEqual(payload.sub_id, { format: "opaque", id: user });
      assert.equal(payload.exp, undefined, "a fact does not expire (RFC 8417 §2.2)");
      assert.doesNotMatch(
        JSON.stringify(payload),
        /not me|Rent|CZK/,
        "nothing of what the person wrote or should sign",
      );

      assert.equal((await at.bank.v1("POST", `/users/${encodeURIComponent(user)}/approvals/unblock`)).status, 200);
      assert.equal((await told("user.unblocked", user)).cause, "report");
      await verified(await tokenOf(user, "user.unblocked"));
      assert.ok(tokens.received.every(({ headers }) => headers["content-type"] === "application/secevent+jwt"));
    });

    it("a token that was not taken comes again with the same id; a blocked device is told as well", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      tokens.reply(answer(503));
      assert.equal((await at.bank.v1("POST", `/containers/${device.cid}/block`, { reason: "LOST" })).status, 200);
      const first = await tokenOf(user, "activation.blocked");
      tokens.reply(answer(202));
      const { jti } = claimsOf(first);
      const same = (one: Received) => claimsOf(one).jti === jti;
      const all = await tokens.until(2, same);
      for (const one of all) {
        const { payload } = await verified(one);
        const what = (payload.events as Json)["urn:countersign:event:activation.blocked"];
        assert.deepEqual([what.activationId, what.blockedReason, what.protocol], [device.cid, "LOST", "approve"]);
      }
      assert.deepEqual(claimsOf(all[0]!), claimsOf(all[1]!));
    });

    it("a form of webhook that is not known is refused", async () => {
      const body = { applicationId: at.application, name: "x", url: events.url, form: "nonsense" };
      assert.equal((await at.bank.v1("POST", "/webhooks", body)).body.code, "invalid-request");
    });

    it("the mobile context is the same text in the answer, /v1, webhook and receipt; no other than Base64 up to 16 KiB (A10, APV-RES-8)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const id = await at.pay(pay, user);
      const tx = await device.fetch(id);
      for (const ctx of ["not base64!", "=AAA", "A".repeat(16 * 1024 + 4)]) {
        const refused = await device.respond(id, await changed(device, await device.answer(tx, "approve"), { ctx }));
        assert.deepEqual([refused.status, refused.body.code], [400, "invalid-request"], ctx.slice(0, 20));
      }
      assert.equal((await at.detail(id)).status, "PENDING");
      const ctx = Buffer.from(JSON.stringify({ lat: 50.0755, note: "ž" })).toString("base64");
      const text = await device.answer(tx, "approve", { claims: { ctx } });
      assert.equal((await device.respond(id, text)).status, 200);
      const ctxOf = (jws: string) => JSON.parse(Buffer.from(jws.split(".")[1]!, "base64url").toString()).ctx;
      const { additionalData } = await at.detail(id);
      const webhookData = await told("operation.approved", id);
      const { claims } = (await at.bank.v1("GET", `/operations/${id}/receipt`)).body;
      const { signature } = claims.decisions[0].evidence;
      assert.equal(signature, text, "the receipt holds what the device signed");
      for (const kept of [additionalData.mobileContext, webhookData.additionalData.mobileContext, ctxOf(signature)]) {
        assert.equal(kept, ctx);
      }
    });

    it("statuses are the template's: renamed ones with their effects approve, deny and report (A09, APV-TX-5)", async () => {
      const uv = "none";
      const statuses = [
        { status: "accept", effect: "approve", key: "tx", uv: "required" },
        { status: "deny", effect: "deny", key: "tx", uv },
        { status: "report", effect: "report", key: "tx", uv },
      ];
      const template = await at.template({ approval: { statuses } });
      for (const [status, outcome] of [
        ["accept", "APPROVED"],
        ["deny", "REJECTED"],
        ["report", "REJECTED"],
      ] as const) {
        const user = at.user();
        const device = await at.device(user, phone);
        const id = await at.pay(template, user);
        const tx = await device.fetch(id);
        assert.deepEqual(tx.claims.allowed, statuses);
        for (const unknown of ["approve", "decline", "Accept", ""]) {
          const text = await changed(device, await device.answer(tx, "accept"), { status: unknown });
          const reply = await device.respond(id, text);
          assert.ok(["status-not-allowed", "invalid-request"].includes(reply.body.code), unknown);
        }
        const reply = await device.respond(id, await device.answer(tx, status));
        assert.deepEqual(reply.body, { status, outcome });
        const { suspended } = (await at.bank.v1("GET", `/users/${encodeURIComponent(user)}/approvals`)).body;
        assert.equal(suspended, status === "report");
      }
    });

    it("parameters that nobody can be shown are refused where Approve devices are, in any way of creating (APV-TX-4)", async () => {
      const user = at.user();
      const bad = ["1\u202e2", "a\u200bb", "a\u0007", "\u{e0041}", "x\ufeff", "\u2066y"];
      for (const note of bad) {
        const parameters = { amount: "1", currency: "CZK", note };
        for (const path of ["/transactions", "/operations"]) {
          const reply = await at.bank.v1("POST", path, at.body(pay, { userId: user, parameters }));
          assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], JSON.stringify(note));
          assert.ok(!JSON.stringify(reply.body).includes(note), "the text is not told back");
        }
      }
      const named = { amount: "1", currency: "CZK", note: "a", "k\u202e": "b" };
      assert.equal((await at.create(pay, { userId: user, parameters: named })).body.code, "invalid-request");
      const fine = { amount: "1", currency: "CZK", note: "two\nlines, žluťoučký, नमस्ते, 👩‍👩‍👧" };
      assert.equal((await at.create(pay, { userId: user, parameters: fine })).status, 201);
    });

    it("a decimal that no JSON number carries is shown as it was given, digit for digit (APV-TX-4)", async () => {
      const template = await at.template({ operationType: "exact" });
      const content = {
        title: "Payment",
        message: "Pay",
        attributes: [{ id: "a", type: "AMOUNT", text: "Amount", params: { amount: "amount", currency: "currency" } }],
      };
      assert.equal((await at.bank.v1("PUT", "/display-templates/exact/en", content)).status, 200);
      for (const amount of ["123456789012345678.90", "0.1000000000000000055511151231257827", "100.00"]) {
        const user = at.user();
        const device = await at.device(user, phone);
        const id = await at.pay(template, user, { parameters: { amount, currency: "CZK", note: "x" } });
        const { text, form } = (await device.fetch(id)).claims.display;
        assert.equal(text, `Payment\nPay\nAmount: ${amount === "100.00" ? "100" : amount} CZK`);
        const [row] = form.attributes as readonly Json[];
        assert.ok(row.amount === amount || row.amount === 100, String(row.amount));
        assert.equal((await device.decide(id, "approve")).status, 200);
      }
    });

    it("whoever names the end gets no later one than devices have (challengeTimeoutPeriod)", async () => {
      const { applicationId } = await at.bank.application();
      const countermeasures = {
        disabledTimeReset: 900,
        challengeTimeoutPeriod: 60,
        challengeDisableThreshold: 8,
        disableThreshold: 5,
        mostOutstanding: 8,
        deniedThreshold: -1,
      };
      await at.deviceType({ applicationId, countermeasures });
      const created = async (seconds: number): Promise<number> => {
        const expiresAt = new Date(Date.now() + seconds * 1000).toISOString();
        const body = { ...at.body(pay, { userId: at.user(), expiresAt }), applications: [applicationId] };
        const reply = await at.bank.v1("POST", "/transactions", body);
        assert.equal(reply.status, 201, JSON.stringify(reply.body));
        return (Date.parse(reply.body.operation.expiresAt) - Date.now()) / 1000;
      };
      assert.ok((await created(3600)) <= 60);
      const sooner = await created(30);
      assert.ok(sooner > 20 && sooner <= 30);
    });

    it("the link of a code leads to a page that runs nothing (APV-REF-3)", async () => {
      const { open: shown } = await at.transaction(pay);
      const link = new URL(shown.link);
      assert.equal(link.pathname, "/approve/v1/open");
      const page = await fetch(link);
      assert.equal(page.status, 200);
      assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
      assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none';.*frame-ancestors 'none'/);
      assert.equal(page.headers.get("referrer-policy"), "no-referrer");
      const html = await page.text();
      assert.match(html, /Open the app/);
      assert.doesNotMatch(html, /<script|<link|src=|href=|style=/);
    });
  });
});
