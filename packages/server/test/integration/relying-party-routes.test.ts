/** `/v1/operations` as a relying party uses it: create, look, wait, cancel, and problem details for what is refused. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bank, nested, payment, type Reply, startBank, unique } from "../bank.ts";
import type { Device } from "../device.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`The API for relying parties on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let template: string;
    let user: string;
    let device: Device;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      template = (await bank.template()).templateName;
      user = `user ${unique()}`;
      device = await bank.device(app, user);
    });
    after(() => bank.close());

    const body = (more: object = {}) => ({
      template,
      userId: user,
      applications: [app.applicationId],
      parameters: payment,
      ...more,
    });
    const create = async (more: object = {}) => {
      const reply = await bank.v1("POST", "/operations", body(more));
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    };
    const approve = (id: string, data = "A1*A100CZK*Nrent") =>
      device.signed("/api/auth/token/app/operation/authorize", {
        uriId: "/operation/authorize",
        body: JSON.stringify({ requestObject: { id, data } }),
      });
    const problem = (reply: Reply, status: number, code: string) => {
      assert.deepEqual(
        [reply.status, reply.body.status, reply.body.code],
        [status, status, code],
        JSON.stringify(reply.body),
      );
      assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/);
      assert.equal(typeof reply.body.title, "string");
    };

    test("Create answers 201 with the operation and where it is; it reads the same there", async () => {
      const reply = await bank.v1(
        "POST",
        "/operations",
        body({ externalId: "o-1", additionalData: { a: 1 }, activationFlag: "GOLD" }),
      );
      assert.equal(reply.status, 201);
      assert.equal(reply.headers.get("location"), `/v1/operations/${reply.body.id}`);
      const { id, createdAt, expiresAt, ...rest } = reply.body;
      assert.deepEqual(rest, {
        status: "PENDING",
        template,
        operationType: "authorize_payment",
        userId: user,
        applications: [app.applicationId],
        activationFlag: "GOLD",
        externalId: "o-1",
        data: "A1*A100CZK*Nrent",
        parameters: payment,
        additionalData: { a: 1 },
        signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        proximityCheck: false,
        failureCount: 0,
        maxFailureCount: 5,
        attempts: [],
      });
      assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 300_000);
      assert.deepEqual((await bank.v1("GET", `/operations/${id}`)).body, reply.body);
    });

    test("What was tried and decided is told with the operation", async () => {
      const { id } = await create();
      await approve(id, "other");
      await approve(id);
      const { body: told } = await bank.v1("GET", `/operations/${id}`);
      assert.equal(told.status, "APPROVED");
      assert.equal(told.failureCount, 1);
      const { activationId } = device;
      assert.deepEqual(
        told.attempts.map(({ at: _, ...rest }: { at: string }) => rest),
        [
          { action: "approve", outcome: "data", activationId },
          { action: "approve", outcome: "decided", activationId },
        ],
      );
      assert.equal(told.decisions[0].evidence.activationId, activationId);
      assert.equal(told.decisions[0].at, told.finalizedAt);
    });

    test("Applications default to the activation's one, then to those the client is limited to; else they are required", async () => {
      const { activationId } = device;
      const bound = await create({ applications: undefined, userId: undefined, activationId });
      assert.deepEqual(
        [bound.applications, bound.userId, bound.activationId],
        [[app.applicationId], user, activationId],
      );
      const limited = await bank.client(["relying-party"], [app.applicationId]);
      const own = await bank.v1("POST", "/operations", body({ applications: undefined }), { client: limited });
      assert.deepEqual(own.body.applications, [app.applicationId]);
      problem(await bank.v1("POST", "/operations", body({ applications: undefined })), 400, "invalid-request");
    });

    test("Unknown members are refused, in bodies and in queries; so is everything malformed, and nothing is made", async () => {
      const externalId = `never ${unique()}`;
      const wrong: unknown[] = [
        body({ externalId, amount: 1 }),
        body({ externalId, proximityCheck: "true" }),
        body({ externalId, template: undefined }),
        body({ externalId, template: 7 }),
        body({ externalId, userId: null }),
        body({ externalId, applications: [] }),
        body({ externalId, applications: app.applicationId }),
        body({ externalId, parameters: { amount: 100 } }),
        body({ externalId, parameters: { ...payment, note: "\u0001" } }),
        body({ externalId, parameters: { amount: "1" } }),
        body({ externalId, additionalData: [] }),
        body({ externalId, expiresAt: "2100-02-30T00:00:00Z" }),
        body({ externalId, expiresAt: Date.now() - 1000 }),
        body({ externalId, activationId: unknownId }),
        body({ externalId, userId: "a\u0000" }),
        [],
        "{",
        "null",
        '"text"',
        "",
        `{"template":"x","__proto__":{}}`,
        JSON.stringify(body({ externalId })).replace(/}$/, `,"additionalData":${nested(100_000)}}`),
      ];
      for (const one of wrong) problem(await bank.v1("POST", "/operations", one), 400, "invalid-request");
      problem(await bank.v1("POST", "/operations?dry=1", body({ externalId })), 400, "invalid-request");
      problem(await bank.v1("POST", "/operations", body({ externalId, template: "none" })), 404, "template-not-found");
      problem(
        await bank.v1("POST", "/operations", body({ externalId, applications: ["none"] })),
        404,
        "application-not-found",
      );
      const made = await bank.done("/operation/list/external", { externalId, applications: [app.applicationId] });
      assert.deepEqual(made, []);
      const { id } = await create();
      for (const query of [
        "waitSeconds=31",
        "waitSeconds=-1",
        "waitSeconds=1.5",
        "waitSeconds=",
        "wait=1",
        "waitSeconds=1&waitSeconds=2",
      ]) {
        problem(await bank.v1("GET", `/operations/${id}?${query}`), 400, "invalid-request");
      }
    });

    test("Unknown operations, and paths that do not exist, are not found", async () => {
      for (const id of [unknownId, "none", "%00", "%ff", unknownId.toUpperCase()]) {
        const reply = await bank.v1("GET", `/operations/${id}`);
        assert.ok(reply.status === 404 || reply.status === 400, `${id} ${reply.status}`);
      }
      problem(await bank.v1("GET", `/operations/${unknownId}?waitSeconds=1`), 404, "operation-not-found");
      problem(await bank.v1("POST", `/operations/${unknownId}/cancel`), 404, "operation-not-found");
      problem(await bank.v1("GET", "/none"), 404, "not-found");
      problem(await bank.v1("DELETE", `/operations/${unknownId}`), 404, "not-found");
    });

    test("Cancel ends a pending operation once; afterwards each final state has its code", async () => {
      const { id } = await create();
      const canceled = await bank.v1("POST", `/operations/${id}/cancel`, { reason: "OUT_OF_STOCK" });
      assert.deepEqual(
        [canceled.status, canceled.body.status, canceled.body.statusReason],
        [200, "CANCELED", "OUT_OF_STOCK"],
      );
      problem(await bank.v1("POST", `/operations/${id}/cancel`), 409, "operation-canceled");
      const approved = (await create()).id;
      await approve(approved);
      problem(await bank.v1("POST", `/operations/${approved}/cancel`, {}), 409, "operation-finished");
      for (const wrong of [{ reason: "x".repeat(33) }, { because: "x" }, { reason: 1 }, []]) {
        problem(await bank.v1("POST", `/operations/${(await create()).id}/cancel`, wrong), 400, "invalid-request");
      }
    });

    test("Waiting ends with the decision, long before its time", async () => {
      const { id } = await create();
      const started = performance.now();
      const waiting = bank.v1("GET", `/operations/${id}?waitSeconds=20`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await approve(id);
      const { status, body: told } = await waiting;
      assert.deepEqual([status, told.status], [200, "APPROVED"]);
      assert.ok(performance.now() - started < 5000);
    });

    test("Waiting sees a decision that this process did not make, by looking again", async () => {
      const { id } = await create();
      const waiting = bank.v1("GET", `/operations/${id}?waitSeconds=20`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await bank.store.transaction(({ db }) =>
        db.updateTable("operation").set({ status: "CANCELED" }).where("id", "=", id).execute(),
      );
      assert.equal((await waiting).body.status, "CANCELED");
    });

    test("Waiting ends when its time is over, when the operation expires, and at once when it is final", async () => {
      const pending = await create();
      const started = performance.now();
      const { status, body: told } = await bank.v1("GET", `/operations/${pending.id}?waitSeconds=1`);
      assert.deepEqual([status, told.status], [200, "PENDING"]);
      const took = performance.now() - started;
      assert.ok(took >= 900 && took < 4000, String(took));
      const short = await create({ expiresAt: Date.now() + 300 });
      assert.equal((await bank.v1("GET", `/operations/${short.id}?waitSeconds=20`)).body.status, "EXPIRED");
      const again = performance.now();
      await bank.v1("GET", `/operations/${short.id}?waitSeconds=20`);
      assert.ok(performance.now() - again < 500);
    });

    test("A caller that goes away leaves nothing behind", async () => {
      const { id } = await create();
      const gone = new AbortController();
      const waiting = bank.v1("GET", `/operations/${id}?waitSeconds=30`, undefined, { signal: gone.signal });
      await new Promise((resolve) => setTimeout(resolve, 100));
      gone.abort();
      await assert.rejects(waiting);
      assert.equal((await bank.v1("GET", `/operations/${id}`)).status, 200);
    });

    test("A client sees the operations of its applications only; others do not exist for it", async () => {
      const other = await bank.application();
      const stranger = await bank.client(["relying-party"], [other.applicationId]);
      const { id } = await create();
      for (const [method, path] of [
        ["GET", ""],
        ["GET", "?waitSeconds=1"],
        ["GET", "/receipt"],
        ["POST", "/cancel"],
      ] as const) {
        problem(
          await bank.v1(method, `/operations/${id}${path}`, undefined, { client: stranger }),
          404,
          "operation-not-found",
        );
      }
      problem(await bank.v1("POST", "/operations", body(), { client: stranger }), 404, "application-not-found");
      const hidden = body({ applications: undefined, activationId: device.activationId, userId: undefined });
      problem(await bank.v1("POST", "/operations", hidden, { client: stranger }), 400, "invalid-request");
    });
  });

  test(`Closing the server on ${kind} ends what waits, with the operation as it stands`, async () => {
    const bank = await startBank({ opened: await open() });
    const { applicationId } = await bank.application();
    const { templateName } = await bank.template();
    const created = await bank.v1("POST", "/operations", {
      template: templateName,
      applications: [applicationId],
      parameters: payment,
    });
    const waiting = bank.v1("GET", `/operations/${created.body.id}?waitSeconds=30`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const started = performance.now();
    await bank.close();
    assert.deepEqual([(await waiting).status, (await waiting).body.status], [200, "PENDING"]);
    assert.ok(performance.now() - started < 5000);
  });
});
