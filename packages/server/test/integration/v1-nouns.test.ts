/** `/v1` for operators and integrators: templates, applications, activations, API clients. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bank, type Json, startBank, unique } from "../bank.ts";
import { createDevice } from "../device.ts";
import { body, problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`The nouns of the API on ${kind}`, () => {
    let bank: Bank;
    before(async () => {
      bank = await startBank({ opened: await open() });
    });
    after(() => bank.close());

    const at = (name: string) => encodeURIComponent(name);
    const content = {
      operationType: "payment",
      dataTemplate: "A1*A${amount}${currency}",
      signatureTypes: ["POSSESSION_KNOWLEDGE"],
      maxFailureCount: 3,
      expirationSeconds: 60,
    };

    test("A template is made, read, changed and removed by its name, whatever the name", async () => {
      const name = `über / ${unique()} %2F ? ${"x".repeat(200)}`;
      const made = await bank.v1("POST", "/templates", { name, ...content, riskFlags: "XF" });
      const { id, ...rest } = body(made, 201);
      assert.deepEqual(rest, { name, ...content, riskFlags: "XF", proximityCheck: false });
      const path = (made.headers.get("location") ?? "").slice("/v1".length);
      assert.equal(path, `/templates/${at(name)}`);
      assert.deepEqual(body(await bank.v1("GET", path)), { id, ...rest });
      assert.ok(body(await bank.v1("GET", "/templates")).items.some((one: Json) => one.name === name));
      problem(await bank.v1("POST", "/templates", { name, ...content }), 409, "template-exists");
      const changed = body(await bank.v1("PUT", path, { ...content, maxFailureCount: 9 }));
      assert.deepEqual([changed.maxFailureCount, changed.riskFlags, changed.id], [9, undefined, id]);
      for (const wrong of [
        { ...content, name },
        { ...content, signatureTypes: [] },
        { ...content, signatureTypes: ["OTHER"] },
        { ...content, maxFailureCount: "3" },
        { ...content, maxFailureCount: 0 },
        { ...content, riskFlags: "x1" },
        {},
        [],
        "{",
      ]) {
        problem(await bank.v1("PUT", path, wrong), 400, "invalid-request");
      }
      assert.equal((await bank.v1("DELETE", path)).status, 204);
      problem(await bank.v1("GET", path), 404, "template-not-found");
      problem(await bank.v1("PUT", path, content), 404, "template-not-found");
      problem(await bank.v1("DELETE", path), 404, "template-not-found");
    });

    test("An application has versions that can be switched off, and roles", async () => {
      const id = `app / ${unique()}`;
      const made = body(await bank.v1("POST", "/applications", { id, minVersion: "3.2", roles: ["A"] }), 201);
      const { createdAt, masterPublicKey, versions, ...rest } = made;
      assert.deepEqual(rest, { id, roles: ["A"], minVersion: "3.2" });
      assert.match(createdAt, /Z$/);
      assert.equal(Buffer.from(masterPublicKey, "base64").length, 65);
      assert.deepEqual(
        versions.map((one: Json) => [one.id, one.supported]),
        [["default", true]],
      );
      problem(await bank.v1("POST", "/applications", { id }), 409, "application-exists");
      const path = `/applications/${at(id)}`;
      assert.deepEqual(body(await bank.v1("GET", path)), made);
      const { items } = body(await bank.v1("GET", "/applications"));
      assert.deepEqual(
        items.find((one: Json) => one.id === id),
        { id, roles: ["A"] },
      );
      const second = body(await bank.v1("POST", `${path}/versions`, { id: "2 / b" }), 201);
      assert.equal(second.supported, true);
      const off = body(await bank.v1("POST", `${path}/versions/${at("2 / b")}/unsupport`));
      assert.deepEqual(off, { ...second, supported: false });
      assert.equal(body(await bank.v1("POST", `${path}/versions/${at("2 / b")}/support`)).supported, true);
      problem(await bank.v1("POST", `${path}/versions/none/support`), 404, "application-not-found");
      assert.deepEqual(body(await bank.v1("PUT", `${path}/roles`, { roles: ["B", "C"] })), { roles: ["B", "C"] });
      problem(await bank.v1("PUT", `${path}/roles`, { roles: "B" }), 400, "invalid-request");
      problem(await bank.v1("POST", "/applications", { id: "x", minVersion: "2.1" }), 400, "invalid-request");
      problem(await bank.v1("GET", "/applications/none"), 404, "application-not-found");
    });

    test("An activation from its code to its end, with its history", async () => {
      const app = await bank.application();
      const { applicationId } = app;
      const userId = `user ${unique()}`;
      const started = body(
        await bank.v1("POST", "/activations", { applicationId, userId, flags: ["NEW"], additionalData: { a: 1 } }),
        201,
      );
      const { id, activationCode } = started;
      const path = `/activations/${id}`;
      const waiting = body(await bank.v1("GET", path));
      assert.deepEqual(
        [waiting.status, waiting.activationCode, waiting.additionalData, waiting.flags],
        ["CREATED", activationCode, { a: 1 }, ["NEW"]],
      );
      problem(await bank.v1("POST", `${path}/commit`), 409, "activation-state");
      const device = await createDevice(app).activate(activationCode);
      assert.equal(device.activationId, id);
      const active = body(await bank.v1("POST", `${path}/commit`, { by: "clerk" }));
      assert.equal(active.status, "ACTIVE");
      assert.match(active.fingerprint, /^\d{8}$/);
      assert.equal(body(await bank.v1("PUT", `${path}/name`, { name: "tablet" })).name, "tablet");
      assert.deepEqual(body(await bank.v1("PUT", `${path}/flags`, { flags: ["GOLD"] })).flags, ["GOLD"]);
      const blocked = body(await bank.v1("POST", `${path}/block`, { reason: "LOST" }));
      assert.deepEqual([blocked.status, blocked.blockedReason], ["BLOCKED", "LOST"]);
      assert.equal(body(await bank.v1("POST", `${path}/unblock`)).status, "ACTIVE");
      assert.equal((await bank.v1("DELETE", path)).status, 204);
      assert.equal(body(await bank.v1("GET", path)).status, "REMOVED");
      const { items } = body(await bank.v1("GET", `${path}/history`));
      assert.deepEqual(
        items.map((one: Json) => one.status),
        ["CREATED", "PENDING_COMMIT", "ACTIVE", "ACTIVE", "BLOCKED", "ACTIVE", "REMOVED"],
      );
      assert.equal(items[2].by, "clerk");
      const some = await bank.v1("GET", `${path}/history?from=${items[4].at}&to=${items[4].at}`);
      assert.ok(body(some).items.some((one: Json) => one.status === "BLOCKED"));
      for (const [method, call, sent] of [
        ["POST", "/block", { because: 1 }],
        ["POST", "/unblock", { reason: "x" }],
        ["PUT", "/name", { name: "" }],
        ["PUT", "/name", {}],
        ["PUT", "/flags", { flags: [1] }],
        ["POST", "/commit", { otp: 1 }],
      ] as const) {
        problem(await bank.v1(method, path + call, sent), 400, "invalid-request");
      }
    });

    test("Activations of unknown ids and of other applications are not found, by any call", async () => {
      const app = await bank.application();
      const { activationId } = await bank.device(app, `user ${unique()}`);
      const stranger = await bank.client(["integrate", "operate"], [(await bank.application()).applicationId]);
      for (const [id, client] of [
        [unknownId, bank.admin],
        [activationId, stranger],
      ] as const) {
        for (const [method, path, sent] of [
          ["GET", "", undefined],
          ["GET", "/history", undefined],
          ["POST", "/commit", {}],
          ["POST", "/block", {}],
          ["POST", "/unblock", {}],
          ["PUT", "/name", { name: "x" }],
          ["PUT", "/flags", { flags: [] }],
          ["DELETE", "", undefined],
        ] as const) {
          problem(await bank.v1(method, `/activations/${id}${path}`, sent, { client }), 404, "activation-not-found");
        }
      }
      const { applicationId } = app;
      const init = await bank.v1("POST", "/activations", { applicationId, userId: "u" }, { client: stranger });
      problem(init, 404, "application-not-found");
      assert.equal(body(await bank.v1("GET", `/activations/${activationId}`)).status, "ACTIVE");
    });

    test("API clients are made, listed without secrets and removed, by an admin of every application only", async () => {
      const name = `client ${unique()}`;
      const made = body(
        await bank.v1("POST", "/api-clients", { name, permissions: ["relying-party"], applications: ["x"] }),
        201,
      );
      const client = { clientId: made.clientId, clientSecret: made.clientSecret };
      body(await bank.v1("GET", "/operations", undefined, { client }));
      const { items } = body(await bank.v1("GET", "/api-clients"));
      const { createdAt: _, ...listed } = items.find((one: Json) => one.name === name);
      assert.deepEqual(listed, { id: made.clientId, name, permissions: ["relying-party"], applications: ["x"] });
      assert.ok(!JSON.stringify(items).includes(made.clientSecret));
      problem(await bank.v1("POST", "/api-clients", { name, permissions: ["operate"] }), 400, "invalid-request");
      problem(await bank.v1("POST", "/api-clients", { name: "y", permissions: ["root"] }), 400, "invalid-request");
      problem(await bank.v1("POST", "/api-clients", { name: "y" }), 400, "invalid-request");
      const limited = await bank.client(["admin"], ["x"]);
      for (const [method, path, sent] of [
        ["POST", "/api-clients", { name: "y", permissions: ["admin"] }],
        ["GET", "/api-clients", undefined],
        ["DELETE", `/api-clients/${made.clientId}`, undefined],
      ] as const) {
        problem(await bank.v1(method, path, sent, { client: limited }), 403, "forbidden");
      }
      assert.equal((await bank.v1("DELETE", `/api-clients/${made.clientId}`)).status, 204);
      problem(await bank.v1("GET", "/operations", undefined, { client }), 401, "unauthenticated");
      problem(await bank.v1("DELETE", `/api-clients/${made.clientId}`), 404, "not-found");
    });

    test("An admin of one application neither makes, reads nor changes another one", async () => {
      const { applicationId } = await bank.application();
      const own = await bank.application();
      const client = await bank.client(["admin"], [own.applicationId]);
      for (const [method, path, sent] of [
        ["POST", "/applications", { id: `app ${unique()}` }],
        ["GET", `/applications/${at(applicationId)}`, undefined],
        ["PUT", `/applications/${at(applicationId)}/roles`, { roles: [] }],
        ["POST", `/applications/${at(applicationId)}/versions`, { id: "x" }],
        ["POST", `/applications/${at(applicationId)}/versions/default/unsupport`, undefined],
      ] as const) {
        problem(await bank.v1(method, path, sent, { client }), 404, "application-not-found");
      }
      const { items } = body(await bank.v1("GET", "/applications", undefined, { client }));
      assert.deepEqual(
        items.map((one: Json) => one.id),
        [own.applicationId],
      );
    });
  });
});
