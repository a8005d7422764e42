import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { finishCompact } from "@countersign/protocol/approve/jws";
import { order } from "@countersign/protocol/crypto";
import {
  enrolDevice,
  enrolmentOf,
  sendEnrolment,
  softKey,
  type ApproveDevice,
} from "../../../../tools/approve-device.ts";
import { type Bank, startBank } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Approve decisions on ${dialect}`, () => {
    let store: TestStore;
    let bank: Bank;
    let url: string;
    let application: string;
    let count = 0;

    before(async () => {
      store = await open();
      bank = await startBank({ opened: store, config: { basePath: "" } });
      url = bank.publicUrl;
      application = (await bank.application()).applicationId;
      const made = await bank.v1("PUT", "/device-types/phone", { applicationId: application });
      assert.equal(made.status, 200, JSON.stringify(made.body));
      await bank.template({ templateName: "pay" });
    });
    after(async () => {
      await bank.close();
      await store.close();
    });

    const offerFor = async (userId: string) => {
      const reply = await bank.v1("POST", "/offers", { userId, deviceType: "phone" });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body as { id: string; offer: string };
    };
    const deviceOf = async (userId: string): Promise<ApproveDevice> =>
      enrolDevice({ url, offer: (await offerFor(userId)).offer });
    const operationFor = async (userId: string): Promise<string> => {
      const parameters = { amount: "100", currency: "CZK", note: "Rent" };
      const reply = await bank.v1("POST", "/operations", {
        template: "pay",
        applications: [application],
        userId,
        parameters,
      });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body.id as string;
    };
    const userOf = () => `user ${++count}`;
    const statusOf = async (id: string) => (await bank.v1("GET", `/operations/${id}`)).body.status as string;

    it("a device enrols by an offer, and the same bytes again get the same container (APV-OFF-4)", async () => {
      const { id, offer } = await offerFor(userOf());
      const { keys, bytes } = await enrolmentOf({ url, offer });
      const first = await sendEnrolment(url, bytes);
      const again = await sendEnrolment(url, bytes);
      assert.equal(first.status, 201);
      assert.equal(again.status, 201);
      const other = await enrolmentOf(
        { url, offer },
        keys.map(({ use }) => softKey(use)),
      );
      assert.equal((await sendEnrolment(url, other.bytes)).body.code, "offer-used");
      const state = (await bank.v1("GET", `/offers/${id}`)).body;
      assert.equal(state.state, "used");
    });

    it("a pending operation is listed, fetched, shown and approved; the receipt carries the device's signature", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const id = await operationFor(user);
      assert.equal((await device.pending()).length, 1);
      const tx = await device.fetch(id);
      assert.deepEqual(
        tx.claims.allowed.map(({ status }) => status),
        ["approve", "decline"],
      );
      assert.equal((await device.fetch(id)).text, tx.text, "APV-TX-3");
      const reply = await device.respond(id, await device.answer(tx, "approve"));
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      assert.equal(await statusOf(id), "APPROVED");
      const { decisions } = (await bank.v1("GET", `/operations/${id}`)).body;
      assert.equal(decisions[0].evidence.kind, "approve-jws");
      assert.deepEqual(decisions[0].evidence.factors, ["possession", "knowledge"]);
    });

    it("the same answer again gets the same outcome, another one 409 (APV-RES-4)", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const id = await operationFor(user);
      const tx = await device.fetch(id);
      const text = await device.answer(tx, "approve");
      const first = await device.respond(id, text);
      const again = await device.respond(id, text);
      assert.deepEqual([again.status, again.body], [200, first.body]);
      const other = await device.respond(id, await device.answer(tx, "decline", { method: "none" }));
      assert.deepEqual([other.status, other.body.code], [409, "operation-finished"]);
      assert.equal(await statusOf(id), "APPROVED");
    });

    it("a wrong signature of a proven device counts, and the fifth blocks it (APV-RES-5)", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const codes = [];
      const id = await operationFor(user);
      const other = await operationFor(user);
      for (let at = 0; at < 5; at++) {
        const tid = at < 3 ? id : other;
        const tx = await device.fetch(tid);
        const wrong = await device.answer(tx, "approve", { signWith: softKey("tx") });
        codes.push((await device.respond(tid, wrong)).body.code);
      }
      assert.deepEqual(codes, [
        "signature-wrong",
        "signature-wrong",
        "signature-wrong",
        "signature-wrong",
        "container-blocked",
      ]);
      const blocked = await device.call("GET", "/approve/v1/transactions");
      assert.deepEqual([blocked.status, blocked.body.code], [403, "container-blocked"]);
      assert.equal(await statusOf(id), "PENDING");
    });

    it("a key of another use approves nothing (APV-KEY-2)", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const id = await operationFor(user);
      const tx = await device.fetch(id);
      for (const use of ["auth", "pop", "enc"] as const) {
        const reply = await device.respond(id, await device.answer(tx, "approve", { use }));
        assert.equal(reply.status, 400, use);
      }
      assert.equal(await statusOf(id), "PENDING");
    });

    it("a proof is used once, for one method, address and body (APV-POP-2 to -5)", async () => {
      const device = await deviceOf(userOf());
      const path = "/approve/v1/transactions";
      await device.call("GET", path);
      const proof = await device.proof("GET", path, "");
      const send = async (value: string, at = path) => {
        const reply = await fetch(url + at, { headers: { dpop: value } });
        return ((await reply.json()) as { code?: string }).code;
      };
      assert.equal(await send(proof), undefined);
      assert.equal(await send(proof), "proof-invalid", "replayed");
      assert.equal(await send(await device.proof("POST", path, "")), "proof-invalid", "method");
      assert.equal(await send(await device.proof("GET", `${path}/x`, "")), "proof-invalid", "address");
      assert.equal(await send(await device.proof("GET", path, "x")), "proof-invalid", "body");
      assert.equal(
        await send(await device.proof("GET", path, "", { cid: (await deviceOf(userOf())).cid })),
        "proof-invalid",
        "container",
      );
      assert.equal(await send(await device.proof("GET", path, "", { nonce: "1.x" })), "use_dpop_nonce");
      assert.equal(await send(await device.proof("GET", path, "", { iat: 1 })), "proof-invalid", "time");
    });

    it("another user's transaction does not exist", async () => {
      const owner = userOf();
      await deviceOf(owner);
      const id = await operationFor(owner);
      const stranger = await deviceOf(userOf());
      const reply = await stranger.call("POST", `/approve/v1/transactions/${id}`, {});
      assert.deepEqual([reply.status, reply.body.code], [404, "transaction-unknown"]);
    });

    it("each member that binds an answer to its place is checked (APV-RES-2)", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const id = await operationFor(user);
      const tx = await device.fetch(id);
      const digest = "B".repeat(42) + "A";
      const now = Math.floor(Date.now() / 1000);
      const cases: readonly (readonly [object, string])[] = [
        [{ aud: "https://evil.example" }, "invalid-request"],
        [{ iss: "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11" }, "invalid-request"],
        [{ tid: "7d3f1b52-0f9c-4f5e-8a2d-0c6b7e4a1f22" }, "transaction-unknown"],
        [{ nonce: "AAAAAAAAAAAAAAAAAAAAAA" }, "invalid-request"],
        [{ tx_sha256: digest }, "invalid-request"],
        [{ shown_sha256: digest }, "invalid-request"],
        [{ status: "accept" }, "status-not-allowed"],
        [{ uv: { method: "none", lock: "none" } }, "verification-required"],
        [{ uv: { method: "biometry", lock: "none" } }, "verification-required"],
        [{ iat: now - 900, exp: now - 800 }, "invalid-request"],
        [{ iat: now + 900, exp: now + 910 }, "invalid-request"],
        [{ exp: now + 3600 }, "invalid-request"],
        [{ seq: 0 }, "clone-suspected"],
        [{ prev: digest }, "clone-suspected"],
      ];
      for (const [claims, code] of cases) {
        const reply = await device.respond(id, await device.answer(tx, "approve", { claims }));
        assert.equal(reply.body.code, code, JSON.stringify(claims));
      }
      assert.equal(await statusOf(id), "PENDING");
      assert.equal((await device.decide(id, "approve")).status, 200);
    });

    it("what is signed names an answer: under another right signature it is the same one (APV-RES-4, -9)", async () => {
      const user = userOf();
      const device = await deviceOf(user);
      const id = await operationFor(user);
      const path = `/approve/v1/transactions/${id}/response`;
      const send = (response: string) => device.call("POST", path, { response });
      const tx = await device.fetch(id);
      const text = await device.answer(tx, "approve");
      const input = text.slice(0, text.lastIndexOf("."));
      const key = device.keys.find(({ use }) => use === "tx")!;
      const first = await send(text);
      assert.equal(first.status, 200, JSON.stringify(first.body));
      const signature = Buffer.from(text.slice(input.length + 1), "base64url");
      const s = order - BigInt(`0x${signature.subarray(32).toString("hex")}`);
      const turned = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
      for (const same of [text, await finishCompact(input, key), `${input}.${turned.toString("base64url")}`]) {
        const again = await send(same);
        assert.deepEqual([again.status, again.body], [200, first.body]);
      }
      const failures = async () => (await bank.v1("GET", `/containers/${device.cid}`)).body.failedAttempts as number;
      const place = async () => (await device.call("GET", "/approve/v1/container")).body;
      const known = await place();
      assert.equal((await send(await finishCompact(input, softKey("tx")))).body.code, "signature-wrong");
      assert.equal(await statusOf(id), "APPROVED");
      assert.deepEqual(await place(), known);
      assert.notEqual(await failures(), 0, "a guess counts");
      assert.deepEqual((await send(text)).body, first.body);
      const { jti } = JSON.parse(Buffer.from(input.split(".")[1]!, "base64url").toString());
      for (const claims of [
        { jti, seq: 7 },
        { jti, status: "decline" },
        { jti, amr: ["hwk"] },
      ]) {
        const other = await send(await device.answer(tx, "approve", { claims }));
        assert.deepEqual([other.status, other.body.code], [409, "operation-finished"], JSON.stringify(claims));
      }
      const { items } = (await bank.v1("GET", `/operations?userId=${encodeURIComponent(user)}`)).body;
      assert.equal(items.length, 1);
      const { decisions } = (await bank.v1("GET", `/operations/${id}`)).body;
      assert.deepEqual(
        decisions.map(({ evidence }: { evidence: { signature: string } }) => evidence.signature),
        [text],
        "the first stays the evidence",
      );
    });

    it("ten answers at once to one transaction: one decides", async () => {
      const user = userOf();
      const devices = await Promise.all([deviceOf(user), deviceOf(user), deviceOf(user), deviceOf(user)]);
      const id = await operationFor(user);
      const replies = await Promise.all(
        devices.map((device, at) => device.decide(id, at % 2 === 0 ? "approve" : "decline")),
      );
      assert.equal(replies.filter(({ status }) => status === 200).length, 1);
      assert.ok(replies.every(({ status, body }) => status === 200 || body.code === "operation-finished"));
    });
  });
});
