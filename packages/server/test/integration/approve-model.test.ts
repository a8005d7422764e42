/**
 * Random histories of one container against a small model of what the protocol promises: one decision for each
 * transaction, a sequence that only rises, a chain of answers, and failures counted for wrong signatures only.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { answerDigest, noAnswer } from "@countersign/protocol/approve/response";
import { shownDefect } from "@countersign/protocol/approve/shown";
import {
  type ApproveDevice,
  deviceOf as deviceWith,
  digest,
  enrolDevice,
  enrolmentOf,
  openRecord,
  sendEnrolment,
  sha256,
  softKey,
} from "../../../../tools/approve-device.ts";
import { type Bank, type Json, startBank } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const kinds = [
  "create",
  "fetch",
  "approve",
  "approve",
  "decline",
  "replay",
  "other bytes",
  "wrong signature",
  "wrong use",
  "old seq",
  "wrong prev",
  "wrong nonce",
  "stale proof",
  "expire",
  "block",
  "unblock",
] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  readonly which: number;
}

const steps = fc.array(fc.record({ kind: fc.constantFrom(...kinds), which: fc.nat(1) }), {
  minLength: 6,
  maxLength: 24,
});

interface ModelOperation {
  readonly id: string;
  status: "PENDING" | "APPROVED" | "REJECTED" | "EXPIRED";
  tx?: Awaited<ReturnType<ApproveDevice["fetch"]>>;
  answer?: { readonly text: string; readonly body: Json };
}

const most = 5;

suiteOnEachStore((dialect, open) => {
  describe(`Approve against a model on ${dialect}`, () => {
    let store: TestStore;
    let bank: Bank;
    let application: string;
    let count = 0;

    before(async () => {
      store = await open();
      bank = await startBank({ opened: store, config: { basePath: "" } });
      application = (await bank.application()).applicationId;
      await bank.v1("PUT", "/device-types/phone", { applicationId: application });
      await bank.template({ templateName: "pay", maxFailureCount: 1000 });
    });
    after(async () => {
      await bank.close();
      await store.close();
    });

    async function deviceOf(userId: string): Promise<ApproveDevice> {
      const { body } = await bank.v1("POST", "/offers", { userId, deviceType: "phone" });
      return enrolDevice({ url: bank.publicUrl, offer: body.offer as string });
    }

    async function run(history: readonly Step[]): Promise<void> {
      const userId = `user ${++count}`;
      const device = await deviceOf(userId);
      const model = { blocked: false, failures: 0, seq: 0, prev: noAnswer, operations: [] as ModelOperation[] };

      const create = async () => {
        const parameters = { amount: "100", currency: "CZK", note: "Rent" };
        const made = await bank.v1("POST", "/operations", {
          template: "pay",
          applications: [application],
          userId,
          parameters,
        });
        assert.equal(made.status, 201);
        model.operations.push({ id: made.body.id as string, status: "PENDING" });
      };

      /** What refuses every call, or what the transaction's state refuses. */
      const refusal = ({ status }: ModelOperation) =>
        model.blocked
          ? "container-blocked"
          : {
              PENDING: undefined,
              APPROVED: "operation-finished",
              REJECTED: "operation-finished",
              EXPIRED: "operation-expired",
            }[status];

      const act = async ({ kind, which }: Step): Promise<void> => {
        const one = model.operations[which % model.operations.length]!;
        const next = { seq: model.seq + 1, prev: model.prev };
        const path = `/approve/v1/transactions/${one.id}`;
        switch (kind) {
          case "create":
            return create();
          case "expire":
            if (one.status !== "PENDING") return;
            await bank.store.transaction(({ db, now }) =>
              db.updateTable("operation").set({ expires_at: now }).where("id", "=", one.id).execute(),
            );
            one.status = "EXPIRED";
            return;
          case "block":
          case "unblock": {
            const reply = await bank.v1("POST", `/activations/${device.cid}/${kind}`, {});
            assert.ok(reply.status < 300 || model.blocked === (kind === "block"), JSON.stringify(reply.body));
            if (kind === "unblock" && model.blocked) model.failures = 0;
            model.blocked = kind === "block";
            return;
          }
          case "fetch": {
            const refused = refusal(one);
            if (refused === undefined) one.tx = await device.fetch(one.id);
            else assert.equal((await device.call("POST", path, {})).body.code, refused);
            return;
          }
          case "stale proof": {
            const body = "{}";
            const headers = { dpop: await device.proof("POST", path, body), "content-type": "application/json" };
            const send = async () => fetch(bank.publicUrl + path, { method: "POST", headers, body });
            await send();
            const again = await send();
            assert.ok([401, 403].includes(again.status), String(again.status));
            return;
          }
          case "replay": {
            if (one.answer === undefined) return;
            const reply = await device.respond(one.id, one.answer.text);
            if (model.blocked) assert.equal(reply.body.code, "container-blocked");
            else assert.deepEqual([reply.status, reply.body], [200, one.answer.body]);
            return;
          }
          default:
        }
        if (one.tx === undefined) return;
        const status = kind === "decline" ? "decline" : "approve";
        const claims =
          {
            "old seq": { ...next, seq: model.seq },
            "wrong prev": { ...next, prev: digest("another answer") },
            "wrong nonce": { ...next, nonce: "AAAAAAAAAAAAAAAAAAAAAA" },
          }[kind as string] ?? next;
        const text = await device.answer(one.tx, status, {
          claims,
          ...(kind === "wrong signature" && { signWith: softKey("tx") }),
          ...(kind === "wrong use" && { use: "pop" as const }),
        });
        const reply = await device.respond(one.id, text);
        if (model.blocked) return assert.equal(reply.body.code, "container-blocked");
        if (kind === "wrong signature") {
          model.failures++;
          model.blocked = model.failures >= most;
          return assert.equal(reply.body.code, model.blocked ? "container-blocked" : "signature-wrong");
        }
        const expected =
          kind === "wrong use"
            ? "invalid-request"
            : (refusal(one) ??
              { "old seq": "clone-suspected", "wrong prev": "clone-suspected", "wrong nonce": "invalid-request" }[
                kind as string
              ]);
        assert.equal(reply.body.code, expected, kind);
        if (expected !== undefined) return;
        assert.equal(reply.status, 200);
        one.status = status === "approve" ? "APPROVED" : "REJECTED";
        one.answer = { text, body: reply.body };
        Object.assign(model, { seq: next.seq, prev: answerDigest(sha256, text), failures: 0 });
      };

      const compare = async (step: string) => {
        const row = await bank.store.read
          .selectFrom("activation")
          .select(["status", "counter", "ctr_data", "failed_attempts"])
          .where("id", "=", device.cid)
          .executeTakeFirstOrThrow();
        const prev = row.ctr_data === null ? noAnswer : Buffer.from(row.ctr_data, "base64").toString("base64url");
        assert.deepEqual(
          { status: row.status, seq: row.counter, prev, failures: row.failed_attempts },
          { status: model.blocked ? "BLOCKED" : "ACTIVE", seq: model.seq, prev: model.prev, failures: model.failures },
          step,
        );
        for (const { id, status } of model.operations) {
          const { body } = await bank.v1("GET", `/operations/${id}`);
          assert.equal(body.status, status, step);
          const decided = status === "APPROVED" || status === "REJECTED";
          assert.equal(((body.decisions ?? []) as unknown[]).length, decided ? 1 : 0, step);
        }
      };

      for (let at = 0; at < 2; at++) {
        await create();
        const one = model.operations[at]!;
        one.tx = await device.fetch(one.id);
      }
      assert.equal((await device.pending()).length, 2);
      for (const [at, step] of history.entries()) {
        await act(step);
        await compare(`step ${at}, ${step.kind}`);
      }
      const sequence = model.operations.filter(({ answer }) => answer !== undefined).length;
      assert.equal(model.seq, sequence, "one rise for each decision");
    }

    it("a record names what was enrolled and the digest of what was sent; a transaction names its container (APV-ENR-5, APV-TX-1)", async () => {
      const userId = `user ${++count}`;
      const { body } = await bank.v1("POST", "/offers", { userId, deviceType: "phone" });
      const { keys, bytes } = await enrolmentOf({ url: bank.publicUrl, offer: body.offer as string });
      const reply = await sendEnrolment(bank.publicUrl, bytes);
      const record = await openRecord(keys, reply.body.record as string);
      assert.equal(record.transcript, digest(Buffer.from(bytes).toString()));
      assert.deepEqual([record.iss, record.aud, record.user], [bank.publicUrl, record.cid, userId]);
      const device = deviceWith(bank.publicUrl, keys, record);
      const parameters = { amount: "100", currency: "CZK", note: "Rent" };
      const made = await bank.v1("POST", "/operations", {
        template: "pay",
        applications: [application],
        userId,
        parameters,
      });
      const { claims } = await device.fetch(made.body.id as string);
      assert.deepEqual([claims.iss, claims.aud, claims.tid], [record.iss, record.cid, made.body.id]);
      assert.deepEqual([claims.user, claims.details.parameters], [userId, parameters]);
      assert.equal(shownDefect(claims.display.text, claims.display.form, claims.details.parameters), undefined);
    });

    it("no history decides twice, breaks the chain or counts what is no wrong signature (APV-RES-2 to -5, APV-RES-7, APV-DEV-1, APV-POP-5)", async () => {
      await fc.assert(fc.asyncProperty(steps, run), { numRuns: 20, endOnFailure: true });
    });

    it("a history that wears the last try out, and one that is unblocked in time (APV-RES-5)", async () => {
      const wrong = (times: number): Step[] =>
        Array.from({ length: times }, () => ({ kind: "wrong signature", which: 0 }));
      await run([...wrong(4), { kind: "approve", which: 0 }, ...wrong(4), { kind: "replay", which: 0 }]);
      await run([
        ...wrong(5),
        { kind: "approve", which: 0 },
        { kind: "unblock", which: 0 },
        { kind: "approve", which: 0 },
      ]);
    });

    it("a wrong proof counts nothing, whatever is wrong, and its answer asks for the right one (APV-POP-3, APV-POP-4, APV-POP-6)", async () => {
      const device = await deviceOf(`user ${++count}`);
      const path = "/approve/v1/transactions";
      await device.call("GET", path);
      const send = async (at: string, dpop?: string) =>
        fetch(bank.publicUrl + at, { headers: dpop === undefined ? {} : { dpop } });
      const good = await device.proof("GET", path, "");
      const cases: readonly (readonly [string, string | undefined])[] = [
        [path, undefined],
        [path, ""],
        [path, `${good}, ${good}`],
        [path, good.slice(0, -1)],
        [path, good.replace(/\.[^.]*$/, `.${"A".repeat(86)}`)],
        [`${path}?a=1`, await device.proof("GET", `${path}?a=1`, "")],
        [`${path}?`, await device.proof("GET", `${path}?`, "")],
        [path, await device.proof("GET", path, "", { htu: `http://evil.example${path}` })],
        [path, await device.proof("GET", path, "", { htm: "get" })],
      ];
      for (const [at, proof] of cases) {
        const reply = await send(at, proof);
        const { code } = (await reply.json()) as { code: string };
        assert.deepEqual([reply.status, code], [401, "proof-invalid"], String(proof));
        assert.equal(reply.headers.get("www-authenticate"), 'DPoP algs="ES256"');
        assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/);
      }
      const old = await send(path, await device.proof("GET", path, "", { nonce: "1.old" }));
      assert.equal(old.status, 401);
      assert.equal(old.headers.get("www-authenticate"), 'DPoP error="use_dpop_nonce", algs="ES256"');
      assert.ok(old.headers.get("dpop-nonce"));
      assert.equal((await send(path, good)).status, 200, "and the good one is still good");
      const row = await bank.store.read
        .selectFrom("activation")
        .select("failed_attempts")
        .where("id", "=", device.cid)
        .executeTakeFirstOrThrow();
      assert.equal(row.failed_attempts, 0);
    });
  });
});
