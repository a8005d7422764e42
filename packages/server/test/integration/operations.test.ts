/** Operations through `/rest/v3`: created, listed and claimed, as PowerAuth back offices know them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { applicationBucket, userBucket } from "../../src/ids.ts";
import { refused } from "../answers.ts";
import { past, payment, unique } from "../bank.ts";
import { type OperationBank, startOperationBank } from "../operation-calls.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

suiteOnEachStore((kind, open) => {
  describe(`Operations on ${kind}`, () => {
    let bank: OperationBank["bank"];
    let app: OperationBank["app"];
    let request: OperationBank["request"];
    let create: OperationBank["create"];
    let detail: OperationBank["detail"];
    let cancel: OperationBank["cancel"];
    let eventsOf: OperationBank["eventsOf"];
    let templateName: OperationBank["templateName"];
    before(async () => {
      ({ bank, app, request, create, detail, cancel, eventsOf, templateName } = await startOperationBank(await open()));
    });
    after(() => bank.close());

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
        templateName,
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
        { proximityCheckEnabled: "true" },
      ]) {
        refused(await bank.call("/operation/create", request({ externalId: "wrong", ...wrong })), "ERR0024");
      }
      const made = await bank.done("/operation/list/external", {
        externalId: "wrong",
        applications: [app.applicationId],
      });
      assert.deepEqual(made, []);
    });

    test("A validity of the caller's own replaces the template's, as ISO date or milliseconds", async () => {
      const at = Date.now() + 1_000_000;
      const expires = async (timestampExpires: unknown) =>
        Date.parse((await create({ timestampExpires })).timestampExpires);
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
      for (const wrong of [
        { pageSize: 0 },
        { pageNumber: -1 },
        { pageSize: 1e9 },
        { applications: [] },
        { pageSize: "1" },
      ]) {
        refused(await bank.call("/operation/list", { userId, applications, ...wrong }), "ERR0024");
      }
    });

    test("The pending list leaves out what is final or overdue, which the full list shows as EXPIRED (§3.7)", async () => {
      const userId = `user ${unique()}`;
      const at = Date.now() + 500;
      const waiting = (await create({ userId })).id;
      const final = (await create({ userId })).id;
      const overdue = (await create({ userId, timestampExpires: at })).id;
      await cancel(final);
      await past(at);
      const body = { userId, applications: [app.applicationId] };
      const ids = (rows: { id: string; status: string }[]) =>
        Object.fromEntries(rows.map(({ id, status }) => [id, status]));
      assert.deepEqual(ids(await bank.done("/operation/list/pending", body)), { [waiting]: "PENDING" });
      const all = ids(await bank.done("/operation/list", body));
      assert.deepEqual(all, { [waiting]: "PENDING", [final]: "CANCELED", [overdue]: "EXPIRED" });
    });

    test("An external id need not be unique; the look-up returns all that carry it (§3.2)", async () => {
      const externalId = `order ${unique()}`;
      const ids = [(await create({ externalId })).id, (await create({ externalId, userId: null })).id];
      const found = await bank.done("/operation/list/external", { externalId, applications: [app.applicationId] });
      assert.deepEqual(new Set(found.map(({ id }: { id: string }) => id)), new Set(ids));
    });

    test("Asked for an activation, lists hide what is bound to another one, and flags it does not have", async () => {
      const userId = `user ${unique()}`;
      const [plain, golden] = [await bank.device(app, userId), await bank.device(app, userId, { flags: ["GOLD"] })];
      const free = (await create({ userId })).id;
      const bound = (await create({ userId, activationId: golden.activationId })).id;
      const flagged = (await create({ userId, activationFlag: "GOLD" })).id;
      const listed = async (activationId?: string) => {
        const rows = await bank.done("/operation/list/pending", {
          userId,
          applications: [app.applicationId],
          activationId,
        });
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
      const replies = await Promise.all(
        users.map((userId) => bank.call("/operation/claim", { operationId: id, userId })),
      );
      const winners = replies.filter(({ status }) => status === 200);
      assert.equal(winners.length, 1);
      const { userId } = winners[0]!.body.responseObject;
      for (const reply of replies) if (reply.status !== 200) refused(reply, "ERR0034");
      assert.equal((await detail(id)).userId, userId);
      assert.equal((await bank.done("/operation/claim", { operationId: id, userId })).userId, userId);
      refused(await bank.call("/operation/detail", { operationId: id, userId: "someone" }), "ERR0034");
      assert.deepEqual(await eventsOf(id), ["operation.created", "operation.claimed"]);
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
