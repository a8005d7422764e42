/** What reaches each push gateway, with which proof of who sends it, and what its answers lead to. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PushParser } from "@countersign/client/mobile-token";
import { stores, type StoreOfWorld } from "../world.ts";
import type { Json } from "./gateways.ts";
import { openScene, type Platform, platforms, type Scene } from "./scene.ts";

for (const store of await stores()) suite(store);

const full = {
  priority: "HIGH",
  body: {
    title: "Title",
    titleLocKey: "t.key",
    titleLocArgs: ["1"],
    body: "Text",
    bodyLocKey: "b.key",
    bodyLocArgs: ["2", "3"],
    badge: 3,
    sound: "ding",
    icon: "icon-1",
    category: "payments",
    collapseKey: "balance",
    extras: { messageType: "mtoken.inboxMessage.new", inboxId: "7", nested: { a: 1 } },
  },
};
const extras = full.body.extras;
const texts = { ...extras, nested: '{"a":1}' };

function suite(store: StoreOfWorld): void {
  describe(`push gateways on ${store.name}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene(store);
    });
    after(async () => {
      await scene.close();
      await store.drop();
    });

    let users = 0;
    const userWith = async (platform: Platform): Promise<string> => {
      const user = `user-${++users}`;
      await scene.registered(user, platform);
      return user;
    };
    const sent = async (platform: Platform, message: object) => {
      const user = await userWith(platform);
      const gateway = scene.gateways[platform];
      const count = gateway.got.length;
      const counts = await scene.send(user, platform, message);
      assert.deepEqual(counts, { sent: 1, pending: 0, failed: 0, total: 1 });
      assert.equal(gateway.got.length, count + 1);
      assert.deepEqual(gateway.refused, []);
      return gateway.got.at(-1)!;
    };
    const expectNearly = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual - expected) <= 5, `${actual} is not about ${expected}`);
    const inAnHour = () => ({ validUntil: new Date(Date.now() + 3_600_000).toISOString() });

    test("APNs gets alert, sound, badge and category in aps, extras beside it, and a provider token that verifies", async () => {
      const { body, headers, to } = await sent("apns", { ...full, body: { ...full.body, ...inAnHour() } });
      assert.match(to, /^ABCD\d\d$/);
      assert.deepEqual(body, {
        ...extras,
        aps: {
          alert: {
            title: "Title",
            body: "Text",
            "title-loc-key": "t.key",
            "title-loc-args": ["1"],
            "loc-key": "b.key",
            "loc-args": ["2", "3"],
          },
          sound: "ding",
          badge: 3,
          category: "payments",
        },
      });
      assert.equal(headers["apns-push-type"], "alert");
      assert.equal(headers["apns-priority"], "10");
      assert.equal(headers["apns-collapse-id"], "balance");
      expectNearly(Number(headers["apns-expiration"]), Date.now() / 1000 + 3600);
      assert.deepEqual(PushParser.parseNotification(body), { kind: "inboxMessageReceived", id: "7" });
    });

    test("FCM gets a notification, its Android form and extras as texts, with an access token for the service account", async () => {
      const { body } = await sent("fcm", { ...full, body: { ...full.body, ...inAnHour() } });
      const { token: _, ...message } = body;
      const { ttl, ...android } = message.android;
      expectNearly(Number.parseInt(ttl, 10), 3600);
      assert.deepEqual(
        { ...message, android },
        {
          data: texts,
          notification: { title: "Title", body: "Text" },
          android: {
            priority: "HIGH",
            collapse_key: "balance",
            notification: {
              icon: "icon-1",
              sound: "ding",
              click_action: "payments",
              tag: "balance",
              title_loc_key: "t.key",
              title_loc_args: ["1"],
              body_loc_key: "b.key",
              body_loc_args: ["2", "3"],
            },
          },
        },
      );
      assert.deepEqual(PushParser.parseNotification(body), { kind: "inboxMessageReceived", id: "7" });
    });

    test("HMS gets a notification and extras as one JSON text, with an access token of the client", async () => {
      const { body } = await sent("hms", full);
      const { token: _, data, ...message } = body;
      assert.deepEqual(JSON.parse(data), texts);
      assert.deepEqual(message, {
        notification: { title: "Title", body: "Text" },
        android: {
          urgency: "HIGH",
          notification: {
            title: "Title",
            body: "Text",
            icon: "icon-1",
            sound: "ding",
            tag: "balance",
            title_loc_key: "t.key",
            title_loc_args: ["1"],
            body_loc_key: "b.key",
            body_loc_args: ["2", "3"],
            click_action: { type: 1, action: "payments" },
          },
        },
      });
      assert.deepEqual(PushParser.parseNotification({ data }), { kind: "inboxMessageReceived", id: "7" });
    });

    test("A browser's gateway gets what only the subscriber can decrypt (RFC 8291), signed with the VAPID key (RFC 8292)", async () => {
      const { body, headers } = await sent("web", full);
      assert.deepEqual(body, {
        ...extras,
        notification: { title: "Title", body: "Text", icon: "icon-1", badge: 3, tag: "payments" },
      });
      assert.equal(headers.urgency, "high");
      assert.match(headers.topic ?? "", /^[\w-]{32}$/);
      assert.equal(headers.ttl, "86400");
      assert.deepEqual(PushParser.parseNotification(body), { kind: "inboxMessageReceived", id: "7" });
      assert.deepEqual(PushParser.parseNotification(JSON.stringify(body)), { kind: "inboxMessageReceived", id: "7" });
    });

    test("A silent message shows nothing on any platform, and wakes the app", async () => {
      const silent = { ...full, attributes: { silent: true } };
      const apns = await sent("apns", silent);
      assert.deepEqual(apns.body, { ...extras, aps: { "content-available": 1 } });
      assert.deepEqual([apns.headers["apns-push-type"], apns.headers["apns-priority"]], ["background", "5"]);
      const fcm = (await sent("fcm", silent)).body;
      assert.equal(fcm.notification, undefined);
      assert.equal(fcm.android.notification, undefined);
      assert.deepEqual(fcm.apns.payload, { aps: { "content-available": 1 } });
      const hms = (await sent("hms", silent)).body;
      assert.equal(hms.notification ?? hms.android.notification, undefined);
      const web = await sent("web", silent);
      assert.deepEqual(web.body, extras);
      assert.equal(web.headers.urgency, "normal");
    });

    test("Normal priority is asked for in each gateway's own words", async () => {
      const normal = { ...full, priority: "NORMAL" };
      assert.equal((await sent("apns", normal)).headers["apns-priority"], "5");
      assert.equal((await sent("fcm", normal)).body.android.priority, "NORMAL");
      assert.equal((await sent("hms", normal)).body.android.urgency, "NORMAL");
      assert.equal((await sent("web", normal)).headers.urgency, "normal");
    });

    const dead: Record<Platform, { status: number; body?: object }[]> = {
      apns: [{ status: 410, body: { reason: "Unregistered", timestamp: 1 } }],
      fcm: [
        {
          status: 404,
          body: {
            error: {
              code: 404,
              status: "NOT_FOUND",
              details: [{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode: "UNREGISTERED" }],
            },
          },
        },
      ],
      hms: [{ status: 200, body: { code: "80300007", msg: "All the tokens are invalid" } }],
      web: [{ status: 404 }, { status: 410 }],
    };
    for (const platform of platforms) {
      test(`A token that ${platform} calls dead ends its registration, and no other`, async () => {
        for (const answer of dead[platform]) {
          const user = await userWith(platform);
          await scene.registered(user, platform);
          scene.gateways[platform].answers.push(answer);
          const counts = await scene.send(user, platform);
          assert.deepEqual(counts, { sent: 1, pending: 0, failed: 1, total: 2 });
          assert.equal((await scene.registeredDevices(user)).length, 1);
          assert.equal((await scene.send(user, platform)).total, 1);
        }
      });
    }

    const refusals: Record<Platform, { status: number; body?: object }[]> = {
      apns: [
        { status: 400, body: { reason: "BadDeviceToken" } },
        { status: 403, body: { reason: "ExpiredProviderToken" } },
        { status: 429, body: { reason: "TooManyRequests" } },
        { status: 500, body: { reason: "InternalServerError" } },
        { status: 503, body: { reason: "ServiceUnavailable" } },
      ],
      fcm: [
        { status: 400, body: { error: { status: "INVALID_ARGUMENT" } } },
        { status: 404, body: { error: { status: "NOT_FOUND" } } },
        { status: 429, body: { error: { status: "RESOURCE_EXHAUSTED" } } },
        { status: 503, body: [] },
      ],
      hms: [
        { status: 200, body: { code: "80300002", msg: "The app is not authorised" } },
        { status: 200, body: { code: "81000001" } },
        { status: 200, body: { what: 1 } },
        { status: 503, body: {} },
      ],
      web: [{ status: 400 }, { status: 413 }, { status: 429 }, { status: 502 }],
    };
    for (const platform of platforms) {
      test(`Other refusals of ${platform} fail the message and keep the registration; the next one arrives`, async () => {
        const user = await userWith(platform);
        for (const answer of refusals[platform]) {
          scene.gateways[platform].answers.push(answer);
          assert.deepEqual(await scene.send(user, platform), { sent: 0, pending: 0, failed: 1, total: 1 });
          assert.deepEqual(await scene.send(user, platform), { sent: 1, pending: 0, failed: 0, total: 1 });
        }
        assert.equal((await scene.registeredDevices(user)).length, 1);
      });
    }

    test("A personal message leaves out a blocked activation, another one does not; a removed one gets none", async () => {
      const device = await scene.registered("personal", "hms");
      const activationId = await device.getActivationIdentifier();
      await scene.world.backOffice("/rest/v3/activation/block", { activationId });
      const personal = { attributes: { personal: true } };
      assert.equal((await scene.send("personal", "hms", personal)).total, 0);
      assert.equal((await scene.send("personal", "hms")).sent, 1);
      await scene.world.backOffice("/rest/v3/activation/remove", { activationId });
      assert.equal((await scene.send("personal", "hms")).total, 0);
    });

    test("Changed credentials are used from the next message on, and wrong ones are refused by the gateway", async () => {
      const cases: [Platform, object][] = [
        ["apns", { keyId: "OTHER12345" }],
        ["hms", { clientSecret: "wrong" }],
      ];
      for (const [platform, change] of cases) {
        const user = await userWith(platform);
        const { settings, refused } = scene.gateways[platform];
        const path = `/v1/push-gateways/bank/${platform}`;
        assert.equal((await scene.ask("PUT", path, { ...settings, ...change })).status, 200);
        assert.equal((await scene.send(user, platform)).failed, 1);
        assert.equal(refused.splice(0).length, 1);
        assert.equal((await scene.ask("PUT", path, settings)).status, 200);
        assert.equal((await scene.send(user, platform)).sent, 1);
      }
    });
  });

  test(`no gateway and no subscription leads into a network that is not allowed, on ${store.name}`, async (t) => {
    if (store.url !== undefined) return t.skip("does not depend on the store");
    const closed = await openScene(store, []);
    try {
      for (const platform of platforms) {
        await closed.registered(`anna-${platform}`, platform);
        const settings: Json = closed.gateways[platform].settings;
        const named = JSON.parse(JSON.stringify(settings).replaceAll("127.0.0.1", "localhost")) as object;
        for (const one of [settings, named]) {
          assert.equal((await closed.ask("PUT", `/v1/push-gateways/bank/${platform}`, one)).status, 200);
          assert.equal((await closed.send(`anna-${platform}`, platform)).failed, 1, platform);
        }
        assert.equal(closed.gateways[platform].got.length, 0);
        assert.equal(closed.gateways[platform].connections(), 0);
      }
    } finally {
      await closed.close();
    }
  });
}
