/** Inbox and push registration: what is sent, with which proof, and how much an odd answer can spoil. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MobileTokenError, PushPlatform } from "../../src/mobile-token/index.ts";
import { activeDevice } from "../device.ts";
import { Peer } from "../peer.ts";
import { hasToken } from "../peer-proofs.ts";

interface Call {
  readonly path: string;
  readonly headers: Headers;
  readonly requestObject: unknown;
}

type Reply = (call: Call) => object;

/** A peer whose inbox and push paths answer as the test says; without a right token they refuse. */
async function device(reply: Reply) {
  const peer = new Peer();
  const calls: Call[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = url.slice(peer.baseEndpointUrl.length);
    if (!/^\/api\/(inbox|push)\//.test(path)) return peer.fetch(url, init);
    const headers = new Headers(init.headers);
    const body = String(init.body);
    const refusal = { status: "ERROR", responseObject: { code: "POWERAUTH_AUTH_FAIL", message: "" } };
    if (!hasToken(peer, { path, headers, body })) return Response.json(refusal, { status: 401 });
    const call = { path, headers, requestObject: (JSON.parse(body) as { requestObject?: unknown }).requestObject };
    calls.push(call);
    const answer = reply(call);
    return Response.json(answer, { status: "status" in answer && answer.status === "ERROR" ? 400 : 200 });
  };
  const { powerAuth } = await activeDevice({ fetch }, peer);
  const mobileToken = powerAuth.createMobileToken({ acceptLanguage: "cs", userAgent: "Test/1" });
  return { mobileToken, inbox: mobileToken.inbox, push: mobileToken.push, calls };
}

const ok = (responseObject?: unknown) => ({ status: "OK", ...(responseObject !== undefined && { responseObject }) });
const message = (id: string, more: object = {}) => ({
  id,
  type: "html",
  subject: "S",
  summary: "U",
  read: false,
  timestampCreated: "2018-07-02T14:43:13+0000",
  ...more,
});
const codeIs = (code: string) => (error: unknown) =>
  error instanceof MobileTokenError && error.responseError?.code === code;

describe("the inbox", () => {
  test("asks for count, page, detail and reading as the server knows them, with a token, language and user agent", async () => {
    const { inbox, calls, mobileToken } = await device(({ path }) =>
      path.endsWith("/count") ? ok({ countUnread: 3 }) : path.endsWith("/list") ? ok([]) : ok(message("1")),
    );
    assert.deepEqual(await inbox.getUnreadCount(), { countUnread: 3 });
    assert.deepEqual(await inbox.getMessageList(2, 20, true), []);
    await inbox.getMessageDetail("1");
    mobileToken.setAcceptLanguage("de");
    await inbox.markRead("1");
    await inbox.markAllRead();
    assert.deepEqual(
      calls.map(({ path, requestObject, headers }) => [path, requestObject, headers.get("accept-language")]),
      [
        ["/api/inbox/count", undefined, "cs"],
        ["/api/inbox/message/list", { page: 2, size: 20, onlyUnread: true }, "cs"],
        ["/api/inbox/message/detail", { id: "1" }, "cs"],
        ["/api/inbox/message/read", { id: "1" }, "de"],
        ["/api/inbox/message/read-all", undefined, "de"],
      ],
    );
    for (const { headers } of calls) assert.equal(headers.get("user-agent"), "Test/1");
  });

  test("reads every documented member, in both forms of dates", async () => {
    const dates = {
      "2018-07-02T14:43:13+0000": 1_530_542_593_000,
      "2022-08-25T22:34:58.702+00:00": 1_661_466_898_702,
    };
    for (const [timestampCreated, time] of Object.entries(dates)) {
      const { inbox } = await device(() => ok(message("1", { timestampCreated, body: "<b>", read: true })));
      assert.deepEqual(await inbox.getMessageDetail("1"), {
        id: "1",
        type: "html",
        subject: "S",
        summary: "U",
        read: true,
        timestampCreated: new Date(time),
        body: "<b>",
      });
    }
  });

  test("takes an unknown type as text, odd members as absent, and never loses a list for one odd message", async () => {
    const odd = [
      null,
      7,
      "x",
      [],
      {},
      { id: 7 },
      { id: "" },
      { id: "bare" },
      message("typed", { type: "markdown", subject: 1, summary: null, read: "yes", timestampCreated: "2018-13-02" }),
      message("good"),
    ];
    const { inbox } = await device(({ path }) => ok(path.endsWith("/list") ? odd : { id: "1", body: 7 }));
    const list = await inbox.getMessageList(0, 10, false);
    const plain = { type: "text", subject: "", summary: "", read: false, timestampCreated: undefined };
    assert.deepEqual(list.slice(0, 2), [
      { ...plain, id: "bare" },
      { ...plain, id: "typed" },
    ]);
    assert.deepEqual(
      list.map(({ id }) => id),
      ["bare", "typed", "good"],
    );
    assert.equal((await inbox.getMessageDetail("1")).body, "");
  });

  test("refuses an answer that is none, and keeps the server's own code", async () => {
    for (const responseObject of [undefined, null, "x", 7, {}, { countUnread: "3" }]) {
      const { inbox } = await device(() => ok(responseObject));
      for (const call of [
        () => inbox.getUnreadCount(),
        () => inbox.getMessageList(0, 1, false),
        () => inbox.getMessageDetail("1"),
      ]) {
        await assert.rejects(call(), { reason: "network_invalidResponseObject" });
      }
    }
    const { inbox } = await device(() => ({
      status: "ERROR",
      responseObject: { code: "INBOX_FAILED", message: "no" },
    }));
    await assert.rejects(inbox.getMessageDetail("1"), codeIs("INBOX_FAILED"));
  });

  /** Answers pages of a list that grows by one message with every request. */
  const paged =
    (total: number, grows = false): Reply =>
    ({ requestObject }) => {
      const { page, size } = requestObject as { page: number; size: number };
      const shift = grows ? page : 0;
      const ids = Array.from({ length: total + shift }, (_, at) => `m${total - 1 + shift - at}`);
      return ok(ids.slice(page * size, (page + 1) * size).map((id) => message(id)));
    };

  test("fetches all messages page after page, until a short page, the limit, or a page with nothing new", async () => {
    const few = await device(paged(25));
    assert.equal((await few.inbox.getAllMessages(10)).length, 25);
    assert.equal(few.calls.length, 3);
    const even = await device(paged(20));
    assert.equal((await even.inbox.getAllMessages(10)).length, 20);
    const many = await device(paged(500));
    assert.equal((await many.inbox.getAllMessages(100, 150)).length, 200, "up to a page more than the limit");
    assert.equal((await many.inbox.getAllMessages(100, 0)).length, 500);
    const asked = many.calls.map(({ requestObject }) => requestObject);
    assert.deepEqual(asked[0], { page: 0, size: 100, onlyUnread: false });
    const usual = await device(paged(1500));
    assert.equal((await usual.inbox.getAllMessages()).length, 1000);
    const deaf = await device(() => ok([message("1"), message("2")]));
    assert.equal((await deaf.inbox.getAllMessages(2, 0)).length, 2);
  });

  test("has no message twice when the list grows while it is fetched", async () => {
    const { inbox } = await device(paged(25, true));
    const ids = (await inbox.getAllMessages(10)).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, 25);
  });
});

describe("push registration", () => {
  const subscription = { endpoint: "https://push.example/1", keys: { p256dh: "BA", auth: "AA" } };

  test("names each platform as servers of today do, or as older ones did", async () => {
    const { push, calls } = await device(() => ok());
    const rows: [PushPlatform, object][] = [
      [PushPlatform.apns("0a1b"), { platform: "apns", token: "0a1b", environment: "production" }],
      [
        PushPlatform.apns(new Uint8Array([0, 171]), { environment: "development" }),
        { platform: "apns", token: "00AB", environment: "development" },
      ],
      [PushPlatform.fcm("f"), { platform: "fcm", token: "f" }],
      [PushPlatform.hms("h"), { platform: "hms", token: "h" }],
      [PushPlatform.web(subscription), { platform: "web", token: JSON.stringify(subscription) }],
      [PushPlatform.web({ toJSON: () => subscription }), { platform: "web", token: JSON.stringify(subscription) }],
      [
        PushPlatform.apns("0a1b", { environment: "development" }).supportLegacyServer(),
        { platform: "ios", token: "0a1b" },
      ],
      [PushPlatform.fcm("f").supportLegacyServer(), { platform: "android", token: "f" }],
      [PushPlatform.hms("h").supportLegacyServer(), { platform: "huawei", token: "h" }],
    ];
    for (const [platform, expected] of rows) {
      await push.register(platform);
      const { path, requestObject } = calls.at(-1)!;
      assert.equal(path, "/api/push/device/register/token");
      assert.deepEqual(requestObject, expected);
    }
  });

  test("keeps the server's own code when it is refused", async () => {
    const { push } = await device(() => ({
      status: "ERROR",
      responseObject: { code: "PUSH_REGISTRATION_FAILED", message: "" },
    }));
    await assert.rejects(push.register(PushPlatform.fcm("x")), codeIs("PUSH_REGISTRATION_FAILED"));
  });
});
