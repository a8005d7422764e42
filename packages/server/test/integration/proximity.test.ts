/** The proximity check: who sees the password, and what becomes of a right, wrong, old, future, foreign or missing one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { proximityOtp } from "@countersign/protocol/operation/proximity";
import { type Json, unique } from "../bank.ts";
import { accepted, data, type MobileBank, refused, startMobileBank } from "../mobile-bank.ts";
import { problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const stepMs = 30_000;

suiteOnEachStore((kind, open) => {
  describe(`The proximity check on ${kind}`, () => {
    let opened: TestStore;
    let its: MobileBank;
    let bank: MobileBank["bank"];
    let template: string;
    before(async () => {
      opened = await open();
      its = await startMobileBank(opened);
      ({ bank } = its);
      template = (await bank.template({ proximityCheckEnabled: true, maxFailureCount: 20 })).templateName;
    });
    after(() => bank.close());

    const create = (more: object = {}): Promise<Json> => its.create({ templateName: template, ...more });
    const check = (otp: unknown, more: object = {}) => ({ proximityCheck: { otp, type: "QR_CODE", ...more } });

    /** What the screen shows, showed or will show, `steps` from now. */
    async function passwordOf(id: string, steps = 0): Promise<string> {
      const { proximity_seed_sealed: sealed } = (await bank.store.findOperation(id))!;
      const seed = opened.secrets.open({ table: "operation", column: "proximity_seed_sealed", row: id }, sealed!);
      assert.equal(seed.length, 16);
      return proximityOtp(nodeCrypto, seed, (await bank.store.now()) + steps * stepMs);
    }

    const eventsOf = async (id: string): Promise<[string, string | undefined, boolean][]> => {
      const rows = await bank.store.read
        .selectFrom("audit_event")
        .select(["type", "payload"])
        .where("subject", "=", id)
        .orderBy("at")
        .orderBy("seq")
        .execute();
      return rows.map(({ type, payload }) => {
        const told = JSON.parse(payload!).data;
        return [type, told.proximityCheckResult, told.proximityCheckEnabled];
      });
    };

    test("The password of the screen approves; result, type and both times reach the back office (M17)", async () => {
      const { id, proximityOtp: otp } = await create();
      assert.match(otp, /^[0-9]{8}$/);
      const times = { timestampReceived: "2026-11-27T08:00:00.250Z", timestampSent: 1_795_766_401_000 };
      accepted(await its.authorize(id, check(otp, times)));
      const { status, additionalData, proximityOtp: later } = await its.detail(id);
      assert.deepEqual([status, later], ["APPROVED", null]);
      assert.equal(additionalData.proximity_otp, otp);
      assert.deepEqual(additionalData.proximityCheck, {
        type: "QR_CODE",
        timestampReceived: "2026-11-27T08:00:00.250+00:00",
        timestampSent: "2026-11-27T08:00:01.000+00:00",
      });
      assert.deepEqual(await eventsOf(id), [
        ["operation.created", undefined, true],
        ["operation.approved", "SUCCESS", true],
      ]);
      const other = await create();
      accepted(await its.authorize(other.id, check(other.proximityOtp, { type: "DEEPLINK" })));
      assert.deepEqual((await its.detail(other.id)).additionalData.proximityCheck, { type: "DEEPLINK" });
    });

    test("Wrong, old, future, foreign, malformed and missing passwords each cost a try and approve nothing (M17)", async () => {
      const { id, proximityOtp: right } = await create();
      const wrongDigit = right.replace(/.$/, (last: string) => String((Number(last) + 1) % 10));
      const foreign = (await create()).proximityOtp;
      const tries: readonly [unknown, "FAILED" | "ERROR"][] = [
        [wrongDigit, "FAILED"],
        [await passwordOf(id, -2), "FAILED"],
        [await passwordOf(id, 2), "FAILED"],
        [foreign, "FAILED"],
        [undefined, "FAILED"],
        ["", "ERROR"],
        [right.slice(0, 7), "ERROR"],
        [`${right}0`, "ERROR"],
        [`${right.slice(0, 7)} `, "ERROR"],
        [right.replace(/[0-9]/g, (digit: string) => String.fromCodePoint(0x0660 + Number(digit))), "ERROR"],
        ["1".repeat(255), "ERROR"],
      ];
      for (const [at, [otp]] of tries.entries()) {
        refused(await its.authorize(id, otp === undefined ? {} : check(otp)), 401, "OPERATION_FAILED");
        const { status, failureCount } = await its.detail(id);
        assert.deepEqual([status, failureCount], ["PENDING", at + 1], JSON.stringify(otp));
      }
      const failed = (await eventsOf(id)).filter(([type]) => type === "operation.attempt.failed");
      assert.deepEqual(
        failed.map(([, result]) => result),
        tries.map(([, result]) => result),
      );
      const { attempts } = (await bank.v1("GET", `/operations/${id}`)).body;
      assert.ok(attempts.every((one: Json) => one.outcome === "proximity"));
      // The activation is not punished: its factors were right.
      assert.equal((await its.device.status()).failedAttempts, 0);
      accepted(await its.authorize(id, check(await passwordOf(id))));
    });

    test("The password of the step before is still good, as screens are read late", async () => {
      for (;;) {
        const { id } = await create();
        const step = Math.floor((await bank.store.now()) / stepMs);
        const answer = await its.authorize(id, check(await passwordOf(id, -1)));
        // Half a minute may end between the two: then this says nothing.
        if (Math.floor((await bank.store.now()) / stepMs) !== step) continue;
        return accepted(answer);
      }
    });

    test("A password is worth nothing for other data, with a wrong PIN, or once the operation is decided", async () => {
      const { id, proximityOtp: otp } = await create();
      refused(await its.authorize(id, { ...check(otp), data: `${data}!` }), 401, "OPERATION_FAILED");
      refused(await its.authorize(id, check(otp), { pin: "0000" }), 401, "POWERAUTH_AUTH_FAIL");
      assert.equal((await its.detail(id)).failureCount, 2);
      accepted(await its.authorize(id, check(await passwordOf(id))));
      refused(await its.authorize(id, check(await passwordOf(id))), 400, "OPERATION_ALREADY_FINISHED");
      const next = await create();
      refused(await its.authorize(next.id, check(await passwordOf(id))), 401, "OPERATION_FAILED");
    });

    test("The last wrong password makes the operation FAILED, and its right one comes too late", async () => {
      const own = await bank.template({ proximityCheckEnabled: true, maxFailureCount: 1 });
      const { id, proximityOtp: otp } = await create({ templateName: own.templateName });
      refused(await its.authorize(id), 400, "OPERATION_ALREADY_FAILED");
      refused(await its.authorize(id, check(otp)), 400, "OPERATION_ALREADY_FAILED");
      assert.equal((await its.detail(id)).proximityOtp, null);
    });

    test("The device is never shown the password nor its seed; a QR_SCAN screen only where a check is asked for", async () => {
      const operationType = `scan ${unique()}`;
      const screen = { type: "QR_SCAN", heading: "Scan", message: "the code on the screen" };
      const display = { title: "Scan", message: "", attributes: [], ui: { preApprovalScreen: screen } };
      const put = await bank.v1("PUT", `/display-templates/${encodeURIComponent(operationType)}/en`, display);
      assert.equal(put.status, 200);
      const own = await bank.template({ operationType, proximityCheckEnabled: true });
      const near = await create({ templateName: own.templateName });
      const anywhere = await create({ templateName: own.templateName, proximityCheckEnabled: false });
      const list = await its.read("/list");
      const found = (id: string) => list.body.responseObject.find((one: Json) => one.id === id);
      assert.deepEqual(found(near.id).ui, { preApprovalScreen: screen });
      assert.equal("ui" in found(anywhere.id), false);
      const { proximity_seed_sealed: sealed } = (await bank.store.findOperation(near.id))!;
      const answers = [
        list,
        await its.read("/detail", { id: near.id }),
        await its.read("/detail/claim", { id: near.id }),
      ];
      answers.push(await its.sign("/history", {}));
      for (const { body } of answers) {
        const told = JSON.stringify(body);
        assert.ok(!told.includes(near.proximityOtp) && !told.includes(sealed!) && !/otp|seed/i.test(told), told);
      }
      accepted(await its.authorize(anywhere.id));
      assert.deepEqual((await eventsOf(anywhere.id)).at(-1), ["operation.approved", "DISABLED", false]);
    });

    test("Create, detail, claim and the pending list give it to the back office; other lists and answers do not (§3.8)", async () => {
      const { id, proximityOtp: otp } = await create({ userId: undefined });
      assert.match(otp, /^[0-9]{8}$/);
      const both = [await passwordOf(id), await passwordOf(id, -1), await passwordOf(id, 1)];
      assert.ok(both.includes((await its.detail(id)).proximityOtp));
      const userId = `user ${unique()}`;
      assert.ok(both.includes((await bank.done("/operation/claim", { operationId: id, userId })).proximityOtp));
      assert.ok(both.includes((await bank.done("/operation/detail", { operationId: id, userId })).proximityOtp));
      const filter = { userId, applications: [its.app.applicationId] };
      const [pending] = await bank.done("/operation/list/pending", filter);
      assert.ok(both.includes(pending.proximityOtp));
      assert.equal((await bank.done("/operation/list", filter))[0].proximityOtp, null);
      const operator = await bank.client(["operate"]);
      assert.equal((await bank.done("/operation/list/pending", filter, operator))[0].proximityOtp, null);
      const told = (await bank.v1("GET", `/operations/${id}`)).body;
      assert.ok(both.includes(told.proximityOtp) && told.proximityCheck);
      const seenByOperator = (await bank.v1("GET", `/operations/${id}`, undefined, { client: operator })).body;
      assert.deepEqual([seenByOperator.id, "proximityOtp" in seenByOperator], [id, false]);
      const listed = (await bank.v1("GET", `/operations?userId=${encodeURIComponent(userId)}`)).body.items[0];
      assert.deepEqual([listed.id, "proximityOtp" in listed], [id, false]);
      const canceled = await bank.done("/operation/cancel", { operationId: id });
      assert.equal(canceled.proximityOtp, null);
      assert.equal((await bank.v1("GET", `/operations/${id}`)).body.proximityOtp, undefined);
    });

    test("The request decides against the template, both ways, also in /v1; a repeated request finds the same operation", async () => {
      const { templateName } = await bank.template();
      assert.match((await create({ templateName, proximityCheckEnabled: true })).proximityOtp, /^[0-9]{8}$/);
      assert.equal((await create({ templateName, proximityCheckEnabled: null })).proximityOtp, null);
      assert.equal((await create({ proximityCheckEnabled: false })).proximityOtp, null);
      const body = { template: templateName, userId: its.user, applications: [its.app.applicationId] };
      const ask = (more: object, headers = {}) =>
        bank.v1(
          "POST",
          "/operations",
          { ...body, parameters: { amount: "1", currency: "EUR", note: "" }, ...more },
          { headers },
        );
      const key = { "idempotency-key": `k${unique()}` };
      const [made, again] = [await ask({ proximityCheck: true }, key), await ask({ proximityCheck: true }, key)];
      assert.deepEqual([made.status, again.body.id], [201, made.body.id]);
      assert.match(again.body.proximityOtp, /^[0-9]{8}$/);
      problem(await ask({ proximityCheck: false }, key), 409, "idempotency-conflict");
      assert.equal((await ask({})).body.proximityCheck, false);
    });

    test("A back office that decides has to bring it too: among the additional data, as integrations do (§1.1)", async () => {
      const { id, proximityOtp: otp } = await create();
      const approve = (additionalData: object) =>
        bank.call(
          "/operation/approve",
          {
            operationId: id,
            userId: its.user,
            applicationId: its.app.applicationId,
            data,
            signatureType: "POSSESSION_KNOWLEDGE",
            additionalData,
          },
          its.decider,
        );
      for (const [at, wrong] of [{}, { proximity_otp: "00000000" }, { proximity_otp: Number(otp) }].entries()) {
        const { body } = await approve(wrong);
        assert.equal(body.responseObject.result, "APPROVAL_FAILED", JSON.stringify(wrong));
        assert.equal(body.responseObject.operation.failureCount, at + 1);
        assert.equal(body.responseObject.operation.proximityOtp, null);
      }
      const { body } = await approve({ proximity_otp: await passwordOf(id) });
      assert.equal(body.responseObject.result, "APPROVED");
      assert.equal((await eventsOf(id)).at(-1)?.[1], "SUCCESS");
    });

    test("To reject needs no password: who is not near may always say no", async () => {
      const { id } = await create();
      accepted(await its.cancel(id));
      assert.deepEqual((await eventsOf(id)).at(-1), ["operation.rejected", undefined, true]);
    });

    test("Two devices with the same right password: one approves, the other learns that it is finished", async () => {
      const second = await bank.device(its.app, its.user);
      const { id, proximityOtp: otp } = await create();
      const answers = await Promise.all([its.authorize(id, check(otp)), its.authorize(id, check(otp), {}, second)]);
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 400],
      );
    });

    test("The seed is sealed to its operation: moved to another row it opens nothing, and nothing is approved", async () => {
      const [one, two] = [await create(), await create()];
      const rows = [(await bank.store.findOperation(one.id))!, (await bank.store.findOperation(two.id))!];
      assert.notEqual(rows[0]!.proximity_seed_sealed, rows[1]!.proximity_seed_sealed);
      await bank.store.transaction(({ db }) =>
        db
          .updateTable("operation")
          .set({ proximity_seed_sealed: rows[1]!.proximity_seed_sealed })
          .where("id", "=", one.id)
          .execute(),
      );
      const answer = await its.authorize(one.id, check(two.proximityOtp));
      assert.equal(answer.status, 500);
      assert.equal((await bank.store.findOperation(one.id))!.status, "PENDING");
    });
  });
});
