/** `/v1/users`, `/v1/statistics`, previews and callbacks: what operators look at. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { past, type Bank, type Json, payment, startBank, unique } from "../bank.ts";
import { accepted } from "../mobile-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((kind, open) => {
  describe(`What operators look at on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let templateName: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      ({ templateName } = await bank.template());
    });
    after(() => bank.close());
    const get = async (path: string): Promise<Json> => {
      const { status, body } = await bank.v1("GET", path);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    const create = (userId: string, more: object = {}): Promise<Json> =>
      bank.done("/operation/create", {
        templateName,
        userId,
        applications: [app.applicationId],
        parameters: payment,
        ...more,
      });

    test("Users come by their ids, page by page, with what their devices are; by prefix and by application", async () => {
      const elsewhere = await bank.application();
      const prefix = `û${unique()}_%-`;
      for (const name of ["c", "a", "b"]) await bank.device(app, prefix + name);
      await bank.device(elsewhere, `${prefix}d`);
      const { id } = (await bank.device(app, `${prefix}a`)).activation;
      await bank.done("/activation/block", { activationId: id });
      const seen: Json[] = [];
      let cursor: string | undefined;
      do {
        const more = cursor === undefined ? "" : `&cursor=${cursor}`;
        const page = await get(`/users?prefix=${encodeURIComponent(prefix)}&limit=2${more}`);
        seen.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(
        seen.map((one) => [one.id, one.activeDevices, one.blockedDevices, one.otherDevices]),
        [
          [`${prefix}a`, 1, 1, 0],
          [`${prefix}b`, 1, 0, 0],
          [`${prefix}c`, 1, 0, 0],
          [`${prefix}d`, 1, 0, 0],
        ],
      );
      const client = await bank.client(["operate"], [elsewhere.applicationId]);
      const own = (await bank.v1("GET", "/users", undefined, { client })).body;
      assert.deepEqual(
        own.items.map((one: Json) => one.id),
        [`${prefix}d`],
      );
      assert.equal((await bank.v1("GET", "/users?cursor=%21")).status, 400);
    });

    test("Statistics count what became of operations, how long decisions took, and what stood in their way", async () => {
      const other = await bank.application();
      const own = { applications: [other.applicationId] };
      const user = `user ${unique()}`;
      const device = await bank.device(other, user);
      const [approved, , canceled] = [await create(user, own), await create(user, own), await create(user, own)];
      const overdue = Date.now() + 1000;
      await create(user, { ...own, timestampExpires: overdue });
      const body = JSON.stringify({ requestObject: { id: approved.id, data: approved.data } });
      const signing = { uriId: "/operation/authorize", body };
      await device.signed("/api/auth/token/app/operation/authorize", { ...signing, pin: "0000" });
      accepted(await device.signed("/api/auth/token/app/operation/authorize", signing));
      await bank.done("/operation/cancel", { operationId: canceled.id });
      await past(overdue);
      const from = new Date(Date.now() - 3_600_000).toISOString();
      const to = new Date(Date.now() + 3_600_000).toISOString();
      const range = `from=${from}&to=${to}`;
      const one = encodeURIComponent(other.applicationId);
      const { steps, latency, failures, pending } = await get(`/statistics?${range}&step=hour&applicationId=${one}`);
      const sums: Record<string, number> = {};
      for (const { statuses } of steps) {
        for (const [status, count] of Object.entries<number>(statuses)) sums[status] = (sums[status] ?? 0) + count;
      }
      assert.deepEqual(sums, { APPROVED: 1, PENDING: 1, CANCELED: 1, EXPIRED: 1 });
      assert.equal(pending, 1);
      assert.deepEqual(
        latency.map((part: Json) => part.count),
        [1, 0, 0, 0, 0, 0, 0],
      );
      assert.equal(
        failures.reduce((sum: number, part: Json) => sum + part.count, 0),
        1,
      );
      const client = await bank.client(["operate"], [app.applicationId]);
      assert.equal(
        (await bank.v1("GET", `/statistics?${range}&applicationId=${one}`, undefined, { client })).status,
        404,
      );
      const mine = (await bank.v1("GET", `/statistics?${range}`, undefined, { client })).body;
      assert.equal(mine.pending, (await get(`/statistics?${range}`)).pending - 1);
      for (const broken of [
        `from=${to}&to=${from}`,
        "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z",
        `${range}&step=year`,
        "",
      ]) {
        assert.equal((await bank.v1("GET", `/statistics?${broken}`)).status, 400, broken);
      }
    });

    test("A preview is what a device would get: of a template, and of a draft that is not saved", async () => {
      const type = `type${unique()}`;
      const path = `/display-templates/${type}/en`;
      const content = { title: "Pay ${amount}", message: "To ${name}", attributes: [] };
      assert.equal((await bank.v1("POST", `${path}/preview`, {})).status, 404);
      await bank.v1("PUT", path, content);
      const filled = { parameters: { amount: "7", name: "Anna" } };
      const saved = (await bank.v1("POST", `${path}/preview`, filled)).body;
      assert.deepEqual([saved.formData.title, saved.formData.message], ["Pay 7", "To Anna"]);
      const draft = { ...filled, content: { ...content, title: "Send ${amount}" } };
      assert.equal((await bank.v1("POST", `${path}/preview`, draft)).body.formData.title, "Send 7");
      assert.equal((await get(path)).title, "Pay ${amount}");
      const broken = { content: { ...content, title: "Send ${" } };
      assert.equal((await bank.v1("POST", `${path}/preview`, broken)).body.code, "invalid-request");
    });

    test("Callbacks in PowerAuth form are listed with what became of them, and sent again", async () => {
      const { applicationId } = app;
      const callback = { applicationId, callbackUrl: "http://127.0.0.1:9/", type: "OPERATION_STATUS_CHANGE" };
      const { id } = await bank.done("/application/callback/create", { ...callback, name: `n ${unique()}` });
      const { items } = await get("/callbacks");
      assert.equal(items.find((one: Json) => one.id === id).type, "OPERATION_STATUS_CHANGE");
      const operation = await create(`user ${unique()}`);
      const deliveries = (await get(`/callbacks/${id}/deliveries`)).items;
      assert.deepEqual([deliveries.length, deliveries[0].event.subject], [1, operation.id]);
      assert.deepEqual((await bank.v1("POST", `/callbacks/${id}/replay`, { state: "DEAD" })).body, { replayed: 0 });
      assert.equal((await bank.v1("GET", `/webhooks/${id}/deliveries`)).status, 404);
    });
  });
});
