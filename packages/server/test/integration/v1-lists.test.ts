/** Lists of `/v1`: filters, and pages that neither skip nor repeat while rows are added. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bank, type Credentials, type Json, payment, startBank, unique } from "../bank.ts";
import { body, problem } from "../problems.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((kind, open) => {
  describe(`Lists on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let template: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      template = (await bank.template()).templateName;
    });
    after(() => bank.close());

    const create = async (more: object = {}): Promise<Json> =>
      body(
        await bank.v1("POST", "/operations", {
          template,
          userId: "anna",
          applications: [app.applicationId],
          parameters: payment,
          ...more,
        }),
        201,
      );
    const list = (noun: string, query: Record<string, string | readonly string[]> = {}, client?: Credentials) => {
      const pairs = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
      return bank.v1("GET", `/${noun}?${new URLSearchParams(pairs)}`, undefined, client && { client });
    };
    const idsOf = async (query: Record<string, string | readonly string[]>, client?: Credentials): Promise<string[]> =>
      body(await list("operations", query, client)).items.map(({ id }: { id: string }) => id);

    /** Every item of every page. `between` runs after each page. */
    async function walk(noun: string, query: Record<string, string>, between = async () => {}): Promise<Json[]> {
      const items: Json[] = [];
      for (let cursor: string | undefined; ;) {
        const page = body(await list(noun, { ...query, ...(cursor !== undefined && { cursor }) }));
        items.push(...page.items);
        cursor = page.nextCursor;
        if (cursor === undefined) return items;
        await between();
      }
    }

    test("Operations come newest first, in pages, while others are added and the time of many is the same", async () => {
      const userId = `user ${unique()}`;
      const made: string[] = [];
      for (let round = 0; round < 3; round++) {
        made.push(...(await Promise.all(Array.from({ length: 9 }, () => create({ userId })))).map(({ id }) => id));
      }
      const all = () => walk("operations", { userId, limit: "200" });
      let known = await all();
      assert.deepEqual(new Set(known.map(({ id }) => id)), new Set(made));
      const times = known.map(({ createdAt }) => createdAt as string);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => b.localeCompare(a)),
      );
      for (const limit of ["1", "2", "7", "26", "27"]) {
        const seen = await walk("operations", { userId, limit }, async () => void (await create({ userId })));
        const ids = known.map(({ id }) => id);
        assert.deepEqual(
          seen.map(({ id }) => id).filter((id) => ids.includes(id)),
          ids,
          limit,
        );
        assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
        known = await all();
      }
      assert.ok(!("attempts" in known[0]));
    });

    test("Operations are found by user, external id, status, application, template and time, and by several at once", async () => {
      const userId = `user ${unique()}`;
      const other = await bank.application();
      const second = (await bank.template()).templateName;
      const plain = await create({ userId });
      const named = await create({ userId, externalId: "n-1" });
      const foreign = await create({ userId, applications: [other.applicationId], template: second });
      const { applicationId } = app;
      body(await bank.v1("POST", `/operations/${named.id}/cancel`, {}));
      const all = [foreign.id, named.id, plain.id];
      const sorted = (found: string[]) => new Set(found);
      assert.deepEqual(sorted(await idsOf({ userId })), sorted(all));
      assert.deepEqual(await idsOf({ externalId: "n-1" }), [named.id]);
      assert.deepEqual(await idsOf({ userId, status: "CANCELED" }), [named.id]);
      assert.deepEqual(sorted(await idsOf({ userId, status: ["CANCELED", "PENDING"] })), sorted(all));
      assert.deepEqual(await idsOf({ userId, applicationId: other.applicationId }), [foreign.id]);
      assert.deepEqual(
        sorted(await idsOf({ userId, applicationId: [other.applicationId, applicationId] })),
        sorted(all),
      );
      assert.deepEqual(await idsOf({ template: second }), [foreign.id]);
      assert.deepEqual(await idsOf({ userId, template: second, status: "CANCELED" }), []);
      const from = plain.createdAt;
      assert.deepEqual(sorted(await idsOf({ userId, createdFrom: from })), sorted(all));
      assert.deepEqual(await idsOf({ userId, createdTo: from }), []);
      const client = await bank.client(["relying-party"], [other.applicationId]);
      assert.deepEqual(await idsOf({ userId }, client), [foreign.id]);
      assert.deepEqual(await idsOf({ userId }, await bank.client(["operate"], [])), []);
      problem(await list("operations", { applicationId }, client), 404, "application-not-found");
    });

    test("An overdue operation is listed as EXPIRED and not as PENDING, before anybody has written it down", async () => {
      const userId = `user ${unique()}`;
      const short = await create({ userId, expiresAt: Date.now() + 150 });
      await bank.v1("GET", `/operations/${short.id}?waitSeconds=5`);
      const late = await create({ userId, expiresAt: Date.now() + 100 });
      await new Promise((resolve) => setTimeout(resolve, 150));
      const expired = body(await list("operations", { userId, status: "EXPIRED" })).items;
      assert.deepEqual(
        expired.map(({ id, status }: Json) => [id, status]),
        [
          [late.id, "EXPIRED"],
          [short.id, "EXPIRED"],
        ],
      );
      assert.deepEqual(await idsOf({ userId, status: "PENDING" }), []);
    });

    test("A page costs bounded work: rare rows come on later pages, and short pages have a next one", async () => {
      const userId = `user ${unique()}`;
      const rare = await create({ userId, externalId: "rare" });
      body(await bank.v1("POST", `/operations/${rare.id}/cancel`, {}));
      const source = await bank.store.findOperation((await create({ userId })).id);
      await bank.store.transaction(async ({ db }) => {
        for (let at = 0; at < 2500; at += 100) {
          const rows = Array.from({ length: 100 }, (_, n) => ({
            ...source!,
            id: `00000000-0000-4000-8000-${String(at + n).padStart(12, "0")}`,
            created_at: source!.created_at + at + n,
          }));
          await db.insertInto("operation").values(rows).execute();
        }
      });
      const first = body(await list("operations", { userId, status: "CANCELED" }));
      assert.deepEqual([first.items.length, typeof first.nextCursor], [0, "string"]);
      assert.deepEqual(
        (await walk("operations", { userId, status: "CANCELED" })).map(({ id }) => id),
        [rare.id],
      );
    });

    test("Wrong cursors, limits, dates and members are refused, and change nothing", async () => {
      const wrong: Record<string, string | readonly string[]>[] = [
        { cursor: "" },
        { cursor: "x" },
        { cursor: Buffer.from("1.2").toString("base64url") },
        { cursor: Buffer.from("1'.00000000-0000-4000-8000-000000000000").toString("base64url") },
        { cursor: "a".repeat(201) },
        { limit: "0" },
        { limit: "201" },
        { limit: "1e1" },
        { limit: ["1", "2"] },
        { status: "OTHER" },
        { status: "pending" },
        { createdFrom: "2026-02-30T00:00:00Z" },
        { createdFrom: "yesterday" },
        { createdFrom: "1" },
        { userId: "" },
        { userId: "a\u0000" },
        { user: "anna" },
        { page: "1" },
      ];
      for (const query of wrong) problem(await list("operations", query), 400, "invalid-request");
      problem(await list("activations", { cursor: "x" }), 400, "invalid-request");
      problem(await list("audit", { cursor: "x" }), 400, "invalid-request");
    });

    test("Activations are found by user, application and status, in pages", async () => {
      const userId = `user ${unique()}`;
      const { applicationId } = app;
      const other = await bank.application();
      const started = async (application = applicationId) =>
        body(await bank.v1("POST", "/activations", { applicationId: application, userId }), 201).id as string;
      const made = [await started(), await started(), await started(other.applicationId)];
      body(await bank.v1("DELETE", `/activations/${made[0]}`), 204);
      const found = async (query: Record<string, string | readonly string[]>, client?: Credentials) =>
        body(await list("activations", { userId, ...query }, client))
          .items.map(({ id }: Json) => id)
          .toSorted();
      assert.deepEqual(
        await found({}),
        made.toSorted((a, b) => a.localeCompare(b)),
      );
      assert.deepEqual(await found({ status: "REMOVED" }), [made[0]]);
      assert.deepEqual(await found({ status: "CREATED", applicationId: other.applicationId }), [made[2]]);
      const client = await bank.client(["operate"], [other.applicationId]);
      assert.deepEqual(await found({}, client), [made[2]]);
      problem(await list("activations", { userId, applicationId }, client), 404, "application-not-found");
      const walked = await walk("activations", { userId, limit: "1" }, async () => void (await started()));
      assert.deepEqual(
        walked.map(({ id }) => id as string).toSorted((a, b) => a.localeCompare(b)),
        made.toSorted((a, b) => a.localeCompare(b)),
      );
    });

    test("The audit is found by subject, type and time; a client sees what is about its applications only", async () => {
      const { applicationId } = app;
      const { id } = await create({ userId: "carl" });
      body(await bank.v1("POST", `/operations/${id}/cancel`, {}));
      const page = body(await list("audit", { subject: id }));
      assert.deepEqual(
        page.items.map(({ type }: Json) => type),
        ["operation.canceled", "operation.created"],
      );
      const [last] = page.items;
      assert.deepEqual([last.subject, last.integrity, last.data.userId], [id, "intact", "carl"]);
      assert.deepEqual(body(await list("audit", { subject: id, type: "operation.created" })).items.length, 1);
      assert.deepEqual(body(await list("audit", { subject: id, to: page.items[1].at })).items, []);
      const walked = await walk("audit", { limit: "50" });
      assert.equal(new Set(walked.map((one) => one.id)).size, walked.length);
      assert.ok(walked.length > 50);
      const mine = await bank.client(["operate"], [applicationId]);
      assert.equal(body(await list("audit", { subject: id }, mine)).items.length, 2);
      assert.equal(body(await list("audit", { subject: applicationId }, mine)).items.length, 2);
      const stranger = await bank.client(["admin"], [(await bank.application()).applicationId]);
      assert.deepEqual(body(await list("audit", { subject: id }, stranger)).items, []);
      assert.deepEqual(body(await list("audit", { type: "api-client.created" }, stranger)).items, []);
      assert.ok(body(await list("audit", { type: "api-client.created" })).items.length > 0);
    });

    test("A changed event is told as changed, without what it says now", async () => {
      const { id } = await create({ userId: "dora" });
      await bank.store.transaction(async ({ db }) =>
        db.updateTable("audit_event").set({ payload: "{}" }).where("subject", "=", id).execute(),
      );
      const [event] = body(await list("audit", { subject: id })).items;
      assert.deepEqual([event.integrity, "data" in event], ["changed", false]);
    });

    test("Erasing a person from the audit takes an admin of every application", async () => {
      const userId = `user ${unique()}`;
      const { id } = await create({ userId });
      const limited = await bank.client(["admin"], [app.applicationId]);
      problem(await bank.v1("POST", "/audit/erase", { userId }, { client: limited }), 403, "forbidden");
      const operator = await bank.client(["operate"]);
      problem(await bank.v1("POST", "/audit/erase", { userId }, { client: operator }), 403, "forbidden");
      problem(await bank.v1("POST", "/audit/erase", {}), 400, "invalid-request");
      assert.equal(body(await bank.v1("POST", "/audit/erase", { userId })).erased, 1);
      const [event] = body(await list("audit", { subject: id })).items;
      assert.deepEqual([event.integrity, "data" in event], ["erased", false]);
    });
  });
});
