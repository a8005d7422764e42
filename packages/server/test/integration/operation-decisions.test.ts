/** Operations through `/rest/v3`: approved, rejected, failed, canceled and expired, row by row of the state table. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { expireOverdue } from "../../src/operations/expire.ts";
import { refused } from "../answers.ts";
import { answered, type OperationBank, startOperationBank } from "../operation-calls.ts";
import { past, unique } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((kind, open) => {
  describe(`Decisions in the back office on ${kind}`, () => {
    let bank: OperationBank["bank"];
    let decider: OperationBank["decider"];
    let app: OperationBank["app"];
    let create: OperationBank["create"];
    let detail: OperationBank["detail"];
    let approve: OperationBank["approve"];
    let reject: OperationBank["reject"];
    let fail: OperationBank["fail"];
    let cancel: OperationBank["cancel"];
    let eventsOf: OperationBank["eventsOf"];
    before(async () => {
      ({ bank, decider, app, create, detail, approve, reject, fail, cancel, eventsOf } = await startOperationBank(
        await open(),
      ));
    });
    after(() => bank.close());

    test("Approve: all checks hold, so the operation is APPROVED for its approver, with what the caller adds (§3.1)", async () => {
      const { id } = await create({ additionalData: { a: 1 } });
      const operation = answered(await approve(id, { additionalData: { b: { c: 2 } } }), "APPROVED");
      assert.equal(operation.status, "APPROVED");
      assert.equal(operation.userId, "alice");
      assert.deepEqual(operation.additionalData, { a: 1, b: { c: 2 } });
      assert.match(operation.timestampFinalized, /\+00:00$/);
      assert.deepEqual(await detail(id), operation);
    });

    test("Approve: other data or an unlisted combination count one try; the last makes it FAILED (§3.1)", async () => {
      const own = await bank.template({ maxFailureCount: 3 });
      const { id } = await create({ templateName: own.templateName });
      const first = answered(await approve(id, { data: "A1*A100CZK*Nrenx" }), "APPROVAL_FAILED");
      assert.deepEqual([first.status, first.failureCount], ["PENDING", 1]);
      const second = answered(await approve(id, { signatureType: "POSSESSION" }), "APPROVAL_FAILED");
      assert.deepEqual([second.status, second.failureCount], ["PENDING", 2]);
      const last = answered(await approve(id, { data: "" }), "OPERATION_FAILED");
      assert.deepEqual([last.status, last.failureCount], ["FAILED", 3]);
      assert.notEqual(last.timestampFinalized, null);
      refused(await approve(id), "ERR0037");
    });

    test("Approve: for another user, application or activation it fails and, unlike the reference, counts nothing", async () => {
      const other = await bank.application();
      const device = await bank.device(app, "alice");
      const { id } = await create({ activationId: device.activationId });
      const additionalData = { activationId: device.activationId };
      for (const wrong of [{ userId: "bob" }, { applicationId: other.applicationId }, { additionalData: {} }]) {
        const operation = answered(await approve(id, { additionalData, ...wrong }), "APPROVAL_FAILED");
        assert.deepEqual([operation.status, operation.failureCount, operation.userId], ["PENDING", 0, "alice"]);
      }
      answered(await approve(id, { additionalData }), "APPROVED");
    });

    test("Approve: unknown operation ERR0037, unknown application ERR0015, final operation ERR0037 (§3.1)", async () => {
      const { id } = await create();
      for (const unknown of ["none", "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e", id.toUpperCase(), `${id} `]) {
        refused(await approve(unknown), "ERR0037");
      }
      refused(await approve(id, { applicationId: "none" }), "ERR0015");
      answered(await approve(id), "APPROVED");
      refused(await approve(id), "ERR0037");
    });

    test("Approve: an operation for nobody is taken by whoever approves; a failed try binds no one (§3.6)", async () => {
      const { id } = await create({ userId: null });
      assert.equal(answered(await approve(id, { userId: "bob", data: "other" }), "APPROVAL_FAILED").userId, null);
      assert.equal(answered(await approve(id, { userId: "carol" }), "APPROVED").userId, "carol");
    });

    test("Reject: REJECTED for its user; for another one REJECT_FAILED and nothing changes; final is ERR0038 (§3.1)", async () => {
      const { id } = await create();
      const untouched = await detail(id);
      assert.deepEqual(answered(await reject(id, { userId: "bob" }), "REJECT_FAILED"), untouched);
      const operation = answered(await reject(id, { additionalData: { rejectReason: "UNKNOWN" } }), "REJECTED");
      assert.deepEqual([operation.status, operation.additionalData], ["REJECTED", { rejectReason: "UNKNOWN" }]);
      assert.notEqual(operation.timestampFinalized, null);
      refused(await reject(id), "ERR0038");
      refused(await reject("6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e"), "ERR0038");
      refused(await reject((await create()).id, { applicationId: "none" }), "ERR0015");
    });

    test("A reported failure counts one, the last makes it FAILED; unknown is ERR0034, final ERR0036 (§3.1)", async () => {
      const own = await bank.template({ maxFailureCount: 2 });
      const { id } = await create({ templateName: own.templateName });
      assert.equal(answered(await fail(id), "APPROVAL_FAILED").failureCount, 1);
      assert.equal(answered(await fail(id), "OPERATION_FAILED").status, "FAILED");
      refused(await fail(id), "ERR0036");
      refused(await fail("6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e"), "ERR0034");
    });

    test("Cancel: CANCELED with its reason and, unlike the reference, the time; unknown ERR0034, final ERR0036 (§3.1)", async () => {
      const { id } = await create({ additionalData: { a: 1 } });
      const reply = await cancel(id, { statusReason: "CUSTOMER_CALLED", additionalData: { by: "desk" } });
      assert.equal(reply.status, 200);
      const operation = reply.body.responseObject;
      assert.deepEqual([operation.status, operation.statusReason], ["CANCELED", "CUSTOMER_CALLED"]);
      assert.deepEqual(operation.additionalData, { a: 1, by: "desk" });
      assert.notEqual(operation.timestampFinalized, null);
      refused(await cancel(id), "ERR0036");
      refused(await cancel("none"), "ERR0034");
      refused(await cancel((await create()).id, { statusReason: "x".repeat(33) }), "ERR0024");
    });

    test("From the instant it expires nothing but expiry is possible; sweepers and readers write it down once between them", async () => {
      const at = Date.now() + 700;
      const { id } = await create({ timestampExpires: at });
      await past(at);
      refused(await approve(id), "ERR0037");
      refused(await reject(id), "ERR0038");
      refused(await fail(id), "ERR0036");
      refused(await cancel(id), "ERR0036");
      // Two nodes sweep at once, several times each, while others look.
      const deps = { store: bank.store };
      const sweeps = Array.from({ length: 6 }, () => expireOverdue(deps));
      const looks = Array.from({ length: 6 }, () => detail(id));
      const expired = (await Promise.all(sweeps)).reduce((sum, count) => sum + count, 0);
      assert.ok(expired <= 1, String(expired));
      for (const seen of await Promise.all(looks)) assert.equal(seen.status, "EXPIRED");
      assert.notEqual((await detail(id)).timestampFinalized, null);
      assert.deepEqual(await eventsOf(id), ["operation.created", "operation.expired"]);
    });

    test("Nobody is told that an operation is expired before that is written down", async () => {
      const userId = `user ${unique()}`;
      const at = Date.now() + 500;
      const read = [
        (id: string) => detail(id),
        () => bank.done("/operation/list", { userId, applications: [app.applicationId] }),
        (id: string) => bank.v1("GET", `/operations/${id}`),
      ];
      const ids: string[] = [];
      for (const _ of read) ids.push((await create({ userId, timestampExpires: at })).id);
      await past(at);
      for (const [index, look] of read.entries()) {
        const id = ids[index]!;
        await look(id);
        assert.equal((await bank.store.findOperation(id))?.status, "EXPIRED");
        assert.deepEqual(await eventsOf(id), ["operation.created", "operation.expired"]);
      }
    });

    test("A backlog of overdue operations is worked off in one sweep, whatever its length", async () => {
      const made = await Promise.all(Array.from({ length: 230 }, () => create()));
      const ids = made.map(({ id }) => id as string);
      // Their time is over all at once, however long it took to make them.
      await bank.store.transaction(({ db, now }) =>
        db.updateTable("operation").set({ expires_at: now }).where("id", "in", ids).execute(),
      );
      assert.equal(await expireOverdue({ store: bank.store }), 230);
    });

    test("Approve, reject, cancel and fail at once: exactly one ends the operation, and only it leaves a decision", async () => {
      const own = await bank.template({ maxFailureCount: 1 });
      for (let round = 0; round < 12; round++) {
        const { id } = await create({ templateName: own.templateName });
        const replies = await Promise.all([approve(id), cancel(id), reject(id), fail(id), approve(id), cancel(id)]);
        const results = replies
          .filter(({ status }) => status === 200)
          .map(({ body }) => body.responseObject.result ?? body.responseObject.status);
        assert.equal(results.length, 1, results.join());
        const { status } = await detail(id);
        assert.equal(status, results[0] === "OPERATION_FAILED" ? "FAILED" : results[0]);
        const decisions = await bank.store.read
          .selectFrom("decision")
          .select("operation_id")
          .where("operation_id", "=", id)
          .execute();
        assert.equal(decisions.length, ["APPROVED", "REJECTED"].includes(status) ? 1 : 0);
      }
    });

    test("Every change of an operation stands in the audit with who made it, and each try among its attempts", async () => {
      const { id } = await create();
      await approve(id, { data: "other" });
      await approve(id);
      await approve(id);
      assert.deepEqual(await eventsOf(id), ["operation.created", "operation.attempt.failed", "operation.approved"]);
      const attempts = await bank.store.read
        .selectFrom("operation_attempt")
        .select(["action", "outcome"])
        .where("operation_id", "=", id)
        .orderBy("at")
        .orderBy("id")
        .execute();
      const seen = attempts.map(({ action, outcome }) => `${action} ${outcome}`);
      assert.deepEqual(seen, ["approve data", "approve decided", "approve final"]);
      const [last] = await bank.store.read
        .selectFrom("audit_event")
        .select("payload")
        .where("subject", "=", id)
        .where("type", "=", "operation.approved")
        .execute();
      const { data } = JSON.parse(last!.payload!) as { data: { by: unknown } };
      assert.deepEqual(data.by, { kind: "back-office", clientId: decider.clientId });
    });
  });
});
