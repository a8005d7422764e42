/** Operations through `/rest/v3`: create, decide, list, claim and expire, as PowerAuth back offices know them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { applicationBucket, userBucket } from "../../src/ids.ts";
import { expireOverdue } from "../../src/operations/expire.ts";
import { operationWatch } from "../../src/operations/watch.ts";
import { type Bank, type Credentials, payment, type Reply, startBank, unique } from "../bank.ts";
import { forEachStore } from "../stores.ts";

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

forEachStore((kind, open) => {
  describe(`Operations on ${kind}`, () => {
    let bank: Bank;
    let decider: Credentials;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let template: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      decider = await bank.client(["decide", "integrate"]);
      app = await bank.application();
      template = (await bank.template()).templateName;
    });
    after(() => bank.close());

    const request = (more: object = {}) => ({
      templateName: template,
      userId: "alice",
      applications: [app.applicationId],
      parameters: payment,
      ...more,
    });
    const create = (more: object = {}) => bank.done("/operation/create", request(more));
    const detail = (operationId: string) => bank.done("/operation/detail", { operationId });
    const approval = (id: string, more: object = {}) => ({
      operationId: id,
      userId: "alice",
      applicationId: app.applicationId,
      data: "A1*A100CZK*Nrent",
      signatureType: "POSSESSION_KNOWLEDGE",
      additionalData: {},
      ...more,
    });
    const approve = (id: string, more: object = {}) => bank.call("/operation/approve", approval(id, more), decider);
    const reject = (id: string, more: object = {}) =>
      bank.call("/operation/reject", { operationId: id, userId: "alice", applicationId: app.applicationId, ...more }, decider);
    const fail = (id: string) => bank.call("/operation/approve/fail", { operationId: id, additionalData: {} }, decider);
    const cancel = (id: string, more: object = {}) => bank.call("/operation/cancel", { operationId: id, ...more });
    const refused = (reply: Reply, code: string) => {
      assert.equal(reply.status, 400, JSON.stringify(reply.body));
      assert.equal(reply.body.status, "ERROR");
      assert.equal(reply.body.responseObject.code, code);
      assert.deepEqual(Object.keys(reply.body.responseObject).sort(), ["code", "localizedMessage", "message"]);
    };
    const answered = (reply: Reply, result: string) => {
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      assert.equal(reply.body.responseObject.result, result);
      return reply.body.responseObject.operation;
    };
    const sleepUntil = (at: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now()) + 30));

    test("Create composes the data, copies the template and answers with the whole detail (§3.2)", async () => {
      const operation = await create({ externalId: "order-1", additionalData: { channel: { web: [1, 2.5] } } });
      assert.match(operation.id, uuid4);
      assert.equal(Number.parseInt(operation.id.slice(0, 3), 16), userBucket(bank.store.tenant, "alice"));
      const { id, timestampCreated, timestampExpires, ...rest } = operation;
      assert.deepEqual(rest, {
        userId: "alice",
        applications: [app.applicationId],
        externalId: "order-1",
        activationFlag: null,
        activationId: null,
        operationType: "authorize_payment",
        templateName: template,
        data: "A1*A100CZK*Nrent",
        parameters: payment,
        additionalData: { channel: { web: [1, 2.5] } },
        status: "PENDING",
        statusReason: null,
        signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        failureCount: 0,
        maxFailureCount: 5,
        timestampFinalized: null,
        riskFlags: null,
        proximityOtp: null,
      });
      assert.match(timestampCreated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
      assert.equal(Date.parse(timestampExpires) - Date.parse(timestampCreated), 300_000);
      assert.deepEqual(await detail(id), operation);
    });

    test("Parameter values are escaped, so that none can start a field of its own; unfilled places stay (§3.4)", async () => {
      const note = "a*b\\c\nd ${amount} $& $1";
      const { data, parameters } = await create({ parameters: { amount: "1", note } });
      assert.equal(data, "A1*A1${currency}*Na\\*b\\\\c\\nd ${amount} $& $1");
      assert.equal(parameters.note, note);
    });

    test("Create refuses what it cannot make: each with its code, and makes nothing (§3.2)", async () => {
      refused(await bank.call("/operation/create", request({ templateName: "none" })), "ERR0033");
      refused(await bank.call("/operation/create", request({ applications: ["none"] })), "ERR0015");
      refused(await bank.call("/operation/create", request({ applications: [app.applicationId, "none"] })), "ERR0015");
      for (const wrong of [
        { applications: [] },
        { applications: undefined },
        { templateName: undefined },
        { templateName: "" },
        { userId: "" },
        { userId: "x".repeat(256) },
        { userId: "a\u0000" },
        { userId: "\ud800" },
        { userId: 7 },
        { timestampExpires: Date.now() - 1 },
        { timestampExpires: "2020-01-01T00:00:00Z" },
        { timestampExpires: "2100-02-30T00:00:00Z" },
        { timestampExpires: "soon" },
        { timestampExpires: true },
        { parameters: { amount: 100 } },
        { parameters: { amount: "1\t" } },
        { parameters: { unused: "\u0001" } },
        { parameters: [] },
        { parameters: "amount" },
        { additionalData: "text" },
        { activationId: "unknown" },
        { proximityCheckEnabled: true },
        { proximityCheckEnabled: "true" },
      ]) {
        refused(await bank.call("/operation/create", request({ externalId: "wrong", ...wrong })), "ERR0024");
      }
      const made = await bank.done("/operation/list/external", { externalId: "wrong", applications: [app.applicationId] });
      assert.deepEqual(made, []);
    });

    test("A validity of the caller's own replaces the template's, as ISO date or milliseconds", async () => {
      const at = Date.now() + 1_000_000;
      const expires = async (timestampExpires: unknown) => Date.parse((await create({ timestampExpires })).timestampExpires);
      assert.equal(await expires(at), at);
      assert.equal(await expires(new Date(at).toISOString()), at);
    });

    test("With an activation the user is its user; another user or application is refused (§3.2)", async () => {
      const userId = `user ${unique()}`;
      const device = await bank.device(app, userId);
      const bound = await create({ userId: undefined, activationId: device.activationId });
      assert.equal(bound.userId, userId);
      assert.equal(bound.activationId, device.activationId);
      assert.equal((await create({ userId, activationId: device.activationId })).userId, userId);
      const { activationId } = device;
      refused(await bank.call("/operation/create", request({ activationId })), "ERR0024");
      const other = await bank.application();
      const foreign = request({ userId, activationId, applications: [other.applicationId] });
      refused(await bank.call("/operation/create", foreign), "ERR0024");
    });

    test("Without user and activation it is for nobody yet and lies in its application's bucket", async () => {
      const { id, userId } = await create({ userId: null });
      assert.equal(userId, null);
      assert.equal(Number.parseInt(id.slice(0, 3), 16), applicationBucket(bank.store.tenant, app.applicationId));
    });

    test("Editing or removing a template changes no operation that was made from it (§3.2)", async () => {
      const own = await bank.template();
      const operation = await create({ templateName: own.templateName });
      const { templateName: _, ...rest } = own;
      await bank.done("/operation/template/update", { ...rest, operationType: "other", maxFailureCount: 1 });
      assert.deepEqual(await detail(operation.id), operation);
      await bank.done("/operation/template/remove", { id: own.id });
      assert.deepEqual(await detail(operation.id), operation);
    });

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

    test("Approve: for another user, application or activation it fails and, unlike the reference, counts nothing (DESIGN §2.6)", async () => {
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
      const before = await detail(id);
      assert.deepEqual(answered(await reject(id, { userId: "bob" }), "REJECT_FAILED"), before);
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
      const operation = answered(reply, "CANCELED");
      assert.deepEqual([operation.status, operation.statusReason], ["CANCELED", "CUSTOMER_CALLED"]);
      assert.deepEqual(operation.additionalData, { a: 1, by: "desk" });
      assert.notEqual(operation.timestampFinalized, null);
      refused(await cancel(id), "ERR0036");
      refused(await cancel("none"), "ERR0034");
      refused(await cancel((await create()).id, { statusReason: "x".repeat(33) }), "ERR0024");
    });

    test("From the instant it expires nothing but expiry is possible, written down or not; the sweeper writes it once", async () => {
      const at = Date.now() + 700;
      const { id } = await create({ timestampExpires: at });
      await sleepUntil(at);
      const overdue = await detail(id);
      assert.deepEqual([overdue.status, overdue.timestampFinalized], ["EXPIRED", null]);
      refused(await approve(id), "ERR0037");
      refused(await reject(id), "ERR0038");
      refused(await fail(id), "ERR0036");
      refused(await cancel(id), "ERR0036");
      // Two nodes sweep at once, several times each.
      const deps = { store: bank.store, operationWatch: operationWatch() };
      const counts = await Promise.all(Array.from({ length: 6 }, () => expireOverdue(deps)));
      assert.equal(counts.reduce((sum, count) => sum + count, 0), 1);
      const written = await detail(id);
      assert.equal(written.status, "EXPIRED");
      assert.notEqual(written.timestampFinalized, null);
      assert.deepEqual(await eventsOf(bank, id), ["operation.created", "operation.expired"]);
    });

    test("Approve, reject, cancel and fail at once: exactly one ends the operation, and only it leaves a decision", async () => {
      const own = await bank.template({ maxFailureCount: 1 });
      for (let round = 0; round < 12; round++) {
        const { id } = await create({ templateName: own.templateName });
        const replies = await Promise.all([approve(id), cancel(id), reject(id), fail(id), approve(id), cancel(id)]);
        const results = replies.filter(({ status }) => status === 200).map(({ body }) => body.responseObject.result);
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
      assert.deepEqual(await eventsOf(bank, id), ["operation.created", "operation.attempt.failed", "operation.approved"]);
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

    test("Lists are newest first, in pages, for the user and applications named; unknown applications are ERR0015 (§3.7)", async () => {
      const userId = `user ${unique()}`;
      const other = await bank.application();
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) ids.unshift((await create({ userId })).id);
      const elsewhere = (await create({ userId, applications: [other.applicationId] })).id;
      const applications = [app.applicationId];
      const listed = async (more: object) =>
        (await bank.done("/operation/list", { userId, applications, ...more })).map(({ id }: { id: string }) => id);
      assert.deepEqual(new Set(await listed({})), new Set(ids));
      const pages = [0, 1, 2, 3].map((pageNumber) => listed({ pageNumber, pageSize: 2 }));
      assert.deepEqual((await Promise.all(pages)).flat(), await listed({}));
      const both = await listed({ applications: [app.applicationId, other.applicationId] });
      assert.deepEqual(new Set(both), new Set([...ids, elsewhere]));
      assert.deepEqual(await listed({ userId: "nobody" }), []);
      refused(await bank.call("/operation/list", { userId, applications: ["none"] }), "ERR0015");
      for (const wrong of [{ pageSize: 0 }, { pageNumber: -1 }, { pageSize: 1e9 }, { applications: [] }, { pageSize: "1" }]) {
        refused(await bank.call("/operation/list", { userId, applications, ...wrong }), "ERR0024");
      }
    });

    test("The pending list leaves out what is final or overdue, which the full list shows as EXPIRED (§3.7)", async () => {
      const userId = `user ${unique()}`;
      const at = Date.now() + 500;
      const open = (await create({ userId })).id;
      const final = (await create({ userId })).id;
      const overdue = (await create({ userId, timestampExpires: at })).id;
      await cancel(final);
      await sleepUntil(at);
      const body = { userId, applications: [app.applicationId] };
      const ids = (rows: { id: string; status: string }[]) => Object.fromEntries(rows.map(({ id, status }) => [id, status]));
      assert.deepEqual(ids(await bank.done("/operation/list/pending", body)), { [open]: "PENDING" });
      const all = ids(await bank.done("/operation/list", body));
      assert.deepEqual(all, { [open]: "PENDING", [final]: "CANCELED", [overdue]: "EXPIRED" });
    });

    test("An external id need not be unique; the look-up returns all that carry it (§3.2)", async () => {
      const externalId = `order ${unique()}`;
      const ids = [(await create({ externalId })).id, (await create({ externalId, userId: null })).id];
      const found = await bank.done("/operation/list/external", { externalId, applications: [app.applicationId] });
      assert.deepEqual(new Set(found.map(({ id }: { id: string }) => id)), new Set(ids));
    });

    test("Asked for an activation, lists hide what is bound to another one, and flags it does not have (DESIGN: stricter)", async () => {
      const userId = `user ${unique()}`;
      const [plain, golden] = [await bank.device(app, userId), await bank.device(app, userId, { flags: ["GOLD"] })];
      const free = (await create({ userId })).id;
      const bound = (await create({ userId, activationId: golden.activationId })).id;
      const flagged = (await create({ userId, activationFlag: "GOLD" })).id;
      const listed = async (activationId?: string) => {
        const rows = await bank.done("/operation/list/pending", { userId, applications: [app.applicationId], activationId });
        return new Set(rows.map(({ id }: { id: string }) => id));
      };
      assert.deepEqual(await listed(golden.activationId), new Set([free, bound, flagged]));
      assert.deepEqual(await listed(plain.activationId), new Set([free]));
      assert.deepEqual(await listed("unknown"), new Set([free]));
      assert.deepEqual(await listed(), new Set([free, bound, flagged]));
    });

    test("Claim gives an operation for nobody to the first who asks; for all others it does not exist (§3.6)", async () => {
      const { id } = await create({ userId: null });
      const users = Array.from({ length: 12 }, (_, at) => `claimant ${at}`);
      const replies = await Promise.all(users.map((userId) => bank.call("/operation/claim", { operationId: id, userId })));
      const winners = replies.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1);
      const { userId } = winners[0]!.body.responseObject;
      for (const reply of replies) if (reply.status !== 200) refused(reply, "ERR0034");
      assert.equal((await detail(id)).userId, userId);
      assert.equal((await bank.done("/operation/claim", { operationId: id, userId })).userId, userId);
      refused(await bank.call("/operation/detail", { operationId: id, userId: "someone" }), "ERR0034");
      assert.deepEqual(await eventsOf(bank, id), ["operation.created", "operation.claimed"]);
    });

    test("Detail with a user claims, as older integrations expect; a final operation is returned untouched (§3.6)", async () => {
      const { id } = await create({ userId: null });
      assert.equal((await bank.done("/operation/detail", { operationId: id, userId: "dave" })).userId, "dave");
      await cancel(id);
      const final = await bank.done("/operation/claim", { operationId: id, userId: "erin" });
      assert.deepEqual([final.userId, final.status], ["dave", "CANCELED"]);
    });
  });
});

async function eventsOf(bank: Bank, subject: string): Promise<string[]> {
  const rows = await bank.store.read
    .selectFrom("audit_event")
    .select("type")
    .where("subject", "=", subject)
    .orderBy("at")
    .orderBy("seq")
    .execute();
  return rows.map(({ type }) => type);
}
