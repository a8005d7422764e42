/** The inbox: what devices read, in which language and in which pages, and how the back office writes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Credentials, type Json, unique } from "../bank.ts";
import { accepted, refused } from "../mobile-bank.ts";
import { type Caller, type PushBank, startPushBank } from "../push-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-7a8b-9d0e-7b2f2f3c4d5e";
const texts = {
  en: { subject: "Statement", summary: "Ready", body: "<p>Read it</p>" },
  cs: { subject: "Výpis", summary: "Je tu", body: "<p>Přečtěte si</p>" },
};

suiteOnEachStore((kind, open) => {
  describe(`The inbox on ${kind}`, () => {
    let world: PushBank;
    before(async () => {
      world = await startPushBank(await open());
    });
    after(() => world.bank.close());

    const write = async (userId: string, more: object = {}, client?: Credentials): Promise<Json> => {
      const body = { userId, type: "html", applications: [world.app.applicationId], texts, ...more };
      const reply = await world.bank.v1("POST", "/inbox/messages", body, client === undefined ? {} : { client });
      assert.equal(reply.status, 201, JSON.stringify(reply.body));
      return reply.body;
    };
    const reader = async (more: object = {}) => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      return { user, caller, message: await write(user, more) };
    };
    const list = (caller: Caller, page = 0, size = 10, onlyUnread = false) =>
      world.post("/api/inbox/message/list", { page, size, onlyUnread }, caller);
    const unread = async (caller: Caller) =>
      (await world.post("/api/inbox/count", undefined, caller)).body.responseObject.countUnread;

    test("A message is counted, listed and shown in the forms that shipped apps parse, with page and size beside", async () => {
      const { caller, message } = await reader();
      assert.deepEqual((await world.post("/api/inbox/count", undefined, caller)).body, {
        status: "OK",
        responseObject: { countUnread: 1 },
      });
      const answer = await list(caller);
      assert.deepEqual(Object.keys(answer.body).sort(), ["page", "responseObject", "size", "status"]);
      assert.deepEqual([answer.body.page, answer.body.size], [0, 10]);
      const [{ timestampCreated, ...rest }] = answer.body.responseObject;
      assert.match(timestampCreated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
      assert.deepEqual(rest, { id: message.id, type: "html", subject: "Statement", summary: "Ready", read: false });
      const detail = await world.post("/api/inbox/message/detail", { id: message.id }, caller);
      assert.deepEqual(detail.body.responseObject, { ...rest, timestampCreated, body: texts.en.body });
    });

    test("The language asked for is used, else English, else any", async () => {
      const { caller, message } = await reader();
      const subjectIn = async (language: string, id: string) => {
        const headers = { "accept-language": language };
        const answer = await world.post("/api/inbox/message/detail", { id }, { ...caller, headers });
        const listed = await world.post("/api/inbox/message/list", { page: 0, size: 1 }, { ...caller, headers });
        assert.equal(listed.body.responseObject[0].subject, answer.body.responseObject.subject);
        return answer.body.responseObject.subject;
      };
      assert.equal(await subjectIn("cs-CZ,en;q=0.5", message.id), "Výpis");
      assert.equal(await subjectIn("en", message.id), "Statement");
      assert.equal(await subjectIn("de", message.id), "Statement");
      const only = await write((await world.bank.store.findActivation(caller.by.activationId))!.user_id, {
        texts: { cs: texts.cs },
      });
      assert.equal(await subjectIn("de", only.id), "Výpis");
    });

    test("Pages go from the newest to the oldest, a page past the end is empty, and only unread ones on demand", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) ids.unshift((await write(user)).id);
      const pageOf = async (page: number, onlyUnread = false) =>
        (await list(caller, page, 2, onlyUnread)).body.responseObject.map(({ id }: Json) => id);
      const pages = [await pageOf(0), await pageOf(1), await pageOf(2)];
      assert.deepEqual(
        pages.map((page) => page.length),
        [2, 2, 1],
      );
      assert.deepEqual(new Set(pages.flat()), new Set(ids));
      assert.deepEqual(await pageOf(3), []);
      accepted(await world.post("/api/inbox/message/read", { id: pages[0]![0] }, caller));
      assert.deepEqual((await pageOf(0, true)).concat(await pageOf(1, true)), pages.flat().slice(1));
      assert.deepEqual(await pageOf(0), pages[0]);
    });

    test("Reading one and reading all are seen by every device of the user, and may be repeated", async () => {
      const { user, caller, message } = await reader();
      await write(user);
      const tablet = await world.another(user);
      for (let round = 0; round < 2; round++) {
        accepted(await world.post("/api/inbox/message/read", { id: message.id }, caller));
        assert.equal(await unread(tablet), 1);
      }
      for (let round = 0; round < 2; round++) {
        accepted(await world.post("/api/inbox/message/read-all", undefined, tablet));
        assert.equal(await unread(caller), 0);
      }
      const events = await world.bank.store.read
        .selectFrom("audit_event")
        .select("type")
        .where("subject", "=", message.id)
        .execute();
      assert.deepEqual(
        events.map(({ type }) => type),
        ["inbox.message.created", "inbox.message.read"],
      );
    });

    test("Messages of other users and other applications do not exist: one answer for all, and nothing is marked", async () => {
      const { user, message } = await reader();
      const other = await world.bank.application();
      const strangers = [await world.another(`user ${unique()}`), await world.another(user, other)];
      for (const stranger of strangers) {
        assert.equal(await unread(stranger), 0);
        assert.deepEqual((await list(stranger)).body.responseObject, []);
        for (const path of ["/api/inbox/message/detail", "/api/inbox/message/read"]) {
          for (const id of [message.id, unknownId, "none"]) {
            refused(await world.post(path, { id }, stranger), 400, "INBOX_FAILED");
          }
        }
        accepted(await world.post("/api/inbox/message/read-all", undefined, stranger));
      }
      const listed = await world.bank.v1("GET", `/inbox/messages?userId=${encodeURIComponent(user)}`);
      assert.equal(listed.body.items[0].read, false);
    });

    test("A message for two applications is read in both", async () => {
      const other = await world.bank.application();
      const { user, caller } = await reader({ applications: [world.app.applicationId, other.applicationId] });
      const elsewhere = await world.another(user, other);
      assert.deepEqual([await unread(caller), await unread(elsewhere)], [1, 1]);
      accepted(await world.post("/api/inbox/message/read-all", undefined, elsewhere));
      assert.deepEqual([await unread(caller), await unread(elsewhere)], [0, 0]);
    });

    test("A token of any kind reads; without one, or with a replayed one, nothing is told", async () => {
      const { caller, message } = await reader();
      const { token: universal } = await caller.by.createToken("possession_knowledge_biometry");
      assert.equal(await unread({ ...caller, its: universal }), 1);
      const used = caller.by.withToken(caller.its);
      assert.equal((await caller.by.post("/api/inbox/count", "{}", used)).status, 200);
      for (const headers of [{}, used]) {
        for (const path of ["count", "message/list", "message/detail", "message/read", "message/read-all"]) {
          const requestObject = { id: message.id, page: 0, size: 1 };
          const answer = await caller.by.post(`/api/inbox/${path}`, JSON.stringify({ requestObject }), headers);
          refused(answer, 401, "POWERAUTH_AUTH_FAIL");
        }
      }
      assert.equal(await unread(caller), 1);
    });

    test("Malformed requests of devices are refused with a code", async () => {
      const { caller } = await reader();
      const pages: unknown[] = [
        {},
        { page: -1, size: 1 },
        { page: 0, size: 0 },
        { page: 0, size: 501 },
        { page: "0", size: 1 },
        { page: 0.5, size: 1 },
        { page: 0, size: 1, onlyUnread: "true" },
        { page: 1e9, size: 1 },
        [],
        null,
      ];
      for (const page of pages) {
        refused(await world.post("/api/inbox/message/list", page as object, caller), 400, "INVALID_REQUEST");
      }
      for (const id of [undefined, null, 7, "", "\u0000", "x".repeat(100)]) {
        refused(await world.post("/api/inbox/message/detail", { id }, caller), 400, "INVALID_REQUEST");
      }
    });

    test("The back office writes, lists and takes back, and only for its own applications", async () => {
      const { user, caller, message } = await reader();
      assert.deepEqual(Object.keys(message).sort(), [
        "applications",
        "createdAt",
        "id",
        "read",
        "texts",
        "type",
        "userId",
      ]);
      const other = await world.bank.application();
      const stranger = await world.bank.client(["integrate"], [other.applicationId]);
      const path = `/inbox/messages?userId=${encodeURIComponent(user)}`;
      assert.deepEqual((await world.bank.v1("GET", path)).body, { items: [message] });
      assert.deepEqual((await world.bank.v1("GET", path, undefined, { client: stranger })).body.items, []);
      const body = { userId: user, type: "text", applications: [world.app.applicationId], texts };
      const foreign = await world.bank.v1("POST", "/inbox/messages", body, { client: stranger });
      assert.deepEqual([foreign.status, foreign.body.code], [404, "application-not-found"]);
      const one = `/inbox/messages/${message.id}`;
      assert.equal((await world.bank.v1("DELETE", one, undefined, { client: stranger })).status, 404);
      assert.equal(await unread(caller), 1);
      assert.equal((await world.bank.v1("DELETE", one)).status, 204);
      assert.equal((await world.bank.v1("DELETE", one)).body.code, "inbox-message-not-found");
      assert.equal(await unread(caller), 0);
      const wrong: object[] = [
        { ...body, texts: {} },
        { ...body, texts: { english: texts.en } },
        { ...body, texts: { en: { subject: "", summary: "s", body: "b" } } },
        { ...body, texts: { en: { subject: "s", body: "b" } } },
        { ...body, type: "markdown" },
        { ...body, applications: [] },
        { ...body, userId: "" },
        { ...body, notify: "yes" },
        { ...body, extra: 1 },
      ];
      for (const more of wrong) {
        const reply = await world.bank.v1("POST", "/inbox/messages", more);
        assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], JSON.stringify(more));
      }
      const unknown = await world.bank.v1("POST", "/inbox/messages", { ...body, applications: ["none"] });
      assert.deepEqual([unknown.status, unknown.body.code], [404, "application-not-found"]);
    });

    test("A back end writes and reads in the form of a PowerAuth push server", async () => {
      const user = `user ${unique()}`;
      const appId = world.app.applicationId;
      const caller = await world.another(user);
      const message = { userId: user, type: "text", applications: [appId], ...texts.en };
      const posted = await world.back("POST", "/inbox/messages", { requestObject: message });
      assert.equal(posted.body.status, "OK", JSON.stringify(posted.body));
      const { id, timestampCreated, ...rest } = posted.body.responseObject;
      assert.deepEqual(rest, { ...message, read: false });
      assert.match(timestampCreated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
      assert.equal((await list(caller)).body.responseObject[0].subject, texts.en.subject);
      const query = `userId=${encodeURIComponent(user)}&applications=${encodeURIComponent(appId)}`;
      const listed = await world.back("GET", `/inbox/messages/list?${query}&page=0&size=5&onlyUnread=true`);
      const { body: _, ...head } = posted.body.responseObject;
      assert.deepEqual(listed.body, { status: "OK", responseObject: [head], page: 0, size: 5 });
      const count = `/inbox/messages/count?userId=${encodeURIComponent(user)}&appId=${encodeURIComponent(appId)}`;
      assert.deepEqual((await world.back("GET", count)).body.responseObject, { countUnread: 1 });
      const detail = await world.back("GET", `/inbox/messages/detail?id=${id}`);
      assert.deepEqual(detail.body, posted.body);
      const read = await world.back("PUT", "/inbox/messages/read", { requestObject: { id } });
      assert.equal(read.body.responseObject.read, true);
      await world.back("POST", "/inbox/messages", { requestObject: message });
      assert.deepEqual((await world.back("GET", count)).body.responseObject, { countUnread: 1 });
      const all = await world.back("PUT", "/inbox/messages/read-all", { requestObject: { userId: user, appId } });
      assert.deepEqual(all.body, { status: "OK" });
      assert.deepEqual((await world.back("GET", count)).body.responseObject, { countUnread: 0 });
      const stranger = await world.bank.client(["integrate"], [(await world.bank.application()).applicationId]);
      for (const [method, path, body] of [
        ["GET", `/inbox/messages/detail?id=${id}`, undefined],
        ["PUT", "/inbox/messages/read", { requestObject: { id } }],
        ["GET", `/inbox/messages/list?${query}`, undefined],
        ["GET", count, undefined],
        ["POST", "/inbox/messages", { requestObject: message }],
        ["PUT", "/inbox/messages/read-all", { requestObject: { userId: user, appId } }],
      ] as const) {
        const reply = await world.back(method, path, body, stranger);
        assert.equal(reply.status, 400, path);
      }
    });
  });
});
