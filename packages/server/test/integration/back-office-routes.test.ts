/** `/rest/v3`: applications, API clients, templates, callbacks and operations, with every member of their answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fromBase64 } from "@countersign/protocol/bytes";
import { members, refused } from "../answers.ts";
import { type Bank, type Credentials, payment, send, startBank, unique } from "../bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const operationMembers =
  "activationFlag activationId additionalData applications data externalId failureCount id maxFailureCount operationType " +
  "parameters proximityOtp riskFlags signatureType status statusReason templateName timestampCreated timestampExpires " +
  "timestampFinalized userId";
const templateMembers =
  "dataTemplate expiration id maxFailureCount operationType proximityCheckEnabled riskFlags signatureType templateName";
const versionMembers = "applicationKey applicationSecret applicationVersionId mobileSdkConfig supported";

suiteOnEachStore((kind, open) => {
  describe(`The back-office API on ${kind}`, () => {
    let bank: Bank;
    let decider: Credentials;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let user: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      decider = await bank.client(["decide", "integrate", "operate"]);
      app = await bank.application();
      user = `user ${unique()}`;
    });
    after(() => bank.close());

    test("Status and error list", async () => {
      const status = await send(`${bank.privateUrl}/rest/v3/status`, "POST", undefined, bank.admin);
      assert.equal(status.status, 200);
      members(
        status.body.responseObject,
        "applicationDisplayName applicationEnvironment applicationName buildTime status timestamp version",
      );
      assert.equal(status.body.responseObject.status, "OK");
      const { errors } = await bank.done("/error/list", { language: "en" });
      const codes = errors.map(({ code }: { code: string }) => code);
      for (const code of [
        "ERR0009",
        "ERR0015",
        "ERR0024",
        "ERR0033",
        "ERR0034",
        "ERR0036",
        "ERR0037",
        "ERR0038",
        "ERR0039",
      ]) {
        assert.ok(codes.includes(code), code);
      }
      assert.equal(new Set(codes).size, codes.length);
    });

    test("Applications, versions and roles", async () => {
      const applicationId = `app ${unique()}`;
      assert.deepEqual(await bank.done("/application/create", { applicationId }), {
        applicationId,
        applicationRoles: [],
      });
      refused(await bank.call("/application/create", { applicationId }), "ERR0043");
      const { applications } = await bank.done("/application/list", {});
      assert.ok(applications.some((one: { applicationId: string }) => one.applicationId === applicationId));
      members(applications[0], "applicationId applicationRoles");
      const created = await bank.done("/application/version/create", { applicationId, applicationVersionId: "2.0" });
      members(created, versionMembers);
      refused(
        await bank.call("/application/version/create", { applicationId, applicationVersionId: "2.0" }),
        "ERR0043",
      );
      refused(
        await bank.call("/application/version/create", { applicationId: "none", applicationVersionId: "1" }),
        "ERR0015",
      );
      const detail = await bank.done("/application/detail", { applicationId });
      members(detail, "applicationId applicationRoles masterPublicKey versions");
      assert.equal(fromBase64(detail.masterPublicKey)?.length, 65);
      assert.deepEqual(detail.versions[1], created);
      assert.equal(fromBase64(created.applicationKey)?.length, 16);
      assert.equal(fromBase64(created.applicationSecret)?.length, 16);
      const { applicationKey } = created;
      assert.deepEqual(await bank.done("/application/detail/version", { applicationKey }), { applicationId });
      refused(await bank.call("/application/detail/version", { applicationKey: "none" }), "ERR0015");
      refused(await bank.call("/application/detail", { applicationId: "none" }), "ERR0015");
      for (const [call, supported] of [
        ["unsupport", false],
        ["support", true],
      ] as const) {
        const answer = await bank.done(`/application/version/${call}`, { applicationId, applicationVersionId: "2.0" });
        assert.deepEqual(answer, { applicationVersionId: "2.0", supported });
      }
      refused(await bank.call("/application/version/support", { applicationId, applicationVersionId: "9" }), "ERR0015");
      const roles = (call: string, applicationRoles?: readonly string[]) =>
        bank.done(`/application/roles/${call}`, { applicationId, applicationRoles });
      assert.deepEqual(await roles("create", ["A", "B"]), { applicationId, applicationRoles: ["A", "B"] });
      assert.deepEqual(await roles("remove", ["A"]), { applicationId, applicationRoles: ["B"] });
      assert.deepEqual(await roles("update", ["C"]), { applicationId, applicationRoles: ["C"] });
      assert.deepEqual(await roles("list"), { applicationRoles: ["C"] });
    });

    test("API clients under the name of integrations: the secret is shown once, removal works at once", async () => {
      const name = `front server ${unique()}`;
      const made = await bank.done("/integration/create", { name });
      members(made, "clientSecret clientToken id name");
      const client = { clientId: made.clientToken, clientSecret: made.clientSecret };
      const { items } = await bank.done("/integration/list", {});
      const listed = items.find(({ id }: { id: string }) => id === made.id);
      assert.deepEqual(listed, {
        id: made.id,
        name,
        clientToken: made.clientToken,
        permissions: ["integrate", "operate"],
        applications: null,
      });
      assert.equal((await bank.call("/status", {}, client)).status, 200);
      assert.deepEqual(await bank.done("/integration/remove", { id: made.id }), { id: made.id, removed: true });
      refused(await bank.call("/status", {}, client), "ERR0024", 401);
      assert.deepEqual(await bank.done("/integration/remove", { id: made.id }), { id: made.id, removed: false });
      refused(await bank.call("/integration/create", { name: "x", permissions: ["root"] }), "ERR0024");
      const limited = await bank.client(["admin"], [app.applicationId]);
      refused(await bank.call("/integration/create", { name: "free" }, limited), "ERR0024", 403);
    });

    test("Templates: numbered without a gap being used twice, found by number, changed but for the name", async () => {
      const made = await bank.template({ riskFlags: "XFC" });
      members(made, templateMembers);
      const { templateName: _, ...rest } = made;
      assert.deepEqual(await bank.done("/operation/template/detail", { id: made.id }), made);
      const changed = {
        ...rest,
        operationType: "login",
        signatureType: ["POSSESSION"],
        proximityCheckEnabled: true,
        riskFlags: null,
      };
      assert.deepEqual(await bank.done("/operation/template/update", changed), { ...made, ...changed });
      refused(await bank.call("/operation/template/create", { ...made }), "ERR0039");
      const list = await bank.done("/operation/template/list", {});
      assert.ok(list.some(({ id }: { id: number }) => id === made.id));
      assert.equal(await bank.done("/operation/template/remove", { id: made.id }), undefined);
      for (const call of ["detail", "remove"])
        refused(await bank.call(`/operation/template/${call}`, { id: made.id }), "ERR0033");
      refused(await bank.call("/operation/template/update", changed), "ERR0033");
      const next = await Promise.all(Array.from({ length: 12 }, () => bank.template()));
      const ids = next.map(({ id }) => id);
      assert.equal(new Set(ids).size, 12);
      assert.ok(ids.every((id) => Number.isInteger(id) && id > made.id));
    });

    test("Templates of one name made at once: one is, the others exist already; rules are checked by name", async () => {
      const templateName = `same ${unique()}`;
      const base = {
        templateName,
        operationType: "t",
        dataTemplate: "A2",
        signatureType: ["POSSESSION"],
        maxFailureCount: 5,
        expiration: 300,
      };
      const replies = await Promise.all(Array.from({ length: 8 }, () => bank.call("/operation/template/create", base)));
      assert.equal(replies.filter(({ status }) => status === 200).length, 1);
      for (const reply of replies) if (reply.status !== 200) refused(reply, "ERR0039");
      for (const wrong of [
        { signatureType: [] },
        { signatureType: ["POSSESSION", "POSSESSION"] },
        { signatureType: ["OTHER"] },
        { maxFailureCount: 0 },
        { expiration: 0 },
        { expiration: -1 },
        { expiration: 1e12 },
        { dataTemplate: "x".repeat(256) },
        { dataTemplate: "" },
        { riskFlags: "X F" },
        { templateName: "" },
        { operationType: undefined },
      ]) {
        refused(
          await bank.call("/operation/template/create", { ...base, templateName: `w ${unique()}`, ...wrong }),
          "ERR0024",
        );
      }
    });

    test("Callbacks are kept per application: created, listed, removed; credentials that cannot be used are refused", async () => {
      const { applicationId } = await bank.application();
      const request = {
        applicationId,
        name: "shop",
        callbackUrl: "https://shop.example/hook",
        type: "OPERATION_STATUS_CHANGE",
        attributes: ["userId", "status"],
      };
      const made = await bank.done("/application/callback/create", request);
      const unset = { authentication: {}, maxAttempts: null, initialBackoff: null, retentionPeriod: null };
      const { signingSecret, ...kept } = made;
      assert.deepEqual(kept, { id: made.id, ...request, ...unset });
      assert.match(signingSecret, /^whsec_[A-Za-z0-9+/]{43}=$/);
      assert.deepEqual(await bank.done("/application/callback/list", { applicationId }), { callbackUrlList: [kept] });
      for (const wrong of [
        { name: "shop" },
        { name: "b", callbackUrl: "ftp://shop.example" },
        { name: "b", callbackUrl: "https://user:pass@shop.example" },
        { name: "b", callbackUrl: "shop" },
        { name: "b", type: "OTHER" },
        { name: "b", authentication: { httpBasic: { enabled: true, username: "a" } } },
      ]) {
        refused(await bank.call("/application/callback/create", { ...request, ...wrong }), "ERR0024");
      }
      const off = { ...request, name: "b", authentication: { httpBasic: { enabled: false } } };
      assert.equal((await bank.call("/application/callback/create", off)).status, 200);
      refused(await bank.call("/application/callback/create", { ...request, applicationId: "none" }), "ERR0015");
      const { templateName } = await bank.template();
      await bank.done("/operation/create", {
        templateName,
        userId: "a",
        applications: [applicationId],
        parameters: payment,
      });
      const queued = await bank.store.read.selectFrom("outbox").select("sink_id").execute();
      assert.ok(queued.some(({ sink_id }) => sink_id === made.id));
      assert.deepEqual(await bank.done("/application/callback/remove", { id: made.id }), {
        id: made.id,
        removed: true,
      });
      assert.deepEqual(await bank.done("/application/callback/remove", { id: made.id }), {
        id: made.id,
        removed: false,
      });
    });

    test("Operations: every call has the members of its answer", async () => {
      const { templateName } = await bank.template();
      const { applicationId } = app;
      const create = () =>
        bank.done("/operation/create", {
          templateName,
          userId: user,
          applications: [applicationId],
          parameters: payment,
          externalId: "e",
        });
      const made = await create();
      members(made, operationMembers);
      const operationId = made.id;
      members(await bank.done("/operation/detail", { operationId }), operationMembers);
      members(await bank.done("/operation/claim", { operationId, userId: user }), operationMembers);
      const [listed] = await bank.done("/operation/list", { userId: user, applications: [applicationId] });
      members(listed, operationMembers);
      const [pending] = await bank.done("/operation/list/pending", { userId: user, applications: [applicationId] });
      members(pending, operationMembers);
      const [external] = await bank.done("/operation/list/external", {
        externalId: "e",
        applications: [applicationId],
      });
      members(external, operationMembers);
      const decision = { operationId, userId: user, applicationId, additionalData: {} };
      const decided = [
        await bank.done("/operation/approve/fail", { operationId, additionalData: {} }, decider),
        await bank.done(
          "/operation/approve",
          { ...decision, data: made.data, signatureType: "POSSESSION_KNOWLEDGE" },
          decider,
        ),
        await bank.done("/operation/reject", { ...decision, operationId: (await create()).id }, decider),
      ];
      const canceled = await bank.done("/operation/cancel", { operationId: (await create()).id });
      members(canceled, operationMembers);
      assert.equal(canceled.status, "CANCELED");
      for (const answer of decided) {
        members(answer, "operation result");
        members(answer.operation, operationMembers);
      }
      assert.deepEqual(
        decided.map(({ result }) => result),
        ["APPROVAL_FAILED", "APPROVED", "REJECTED"],
      );
    });
  });
});
