/**
 * Create and notify, end to end on both stores: a device registers with the SDK, the bank creates an operation in one
 * call, the gateway gets the message, and the SDK reads it as the platform would hand it over.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PowerAuthAuthentication, PushParser } from "@countersign/client/mobile-token";
import { application, payment, pin, type StoreOfWorld, stores } from "../world.ts";
import type { Got, Json } from "./gateways.ts";
import { openScene, type Platform, platforms, type Scene } from "./scene.ts";

for (const store of await stores()) suite(store);

/** What the app gets to see of a message. */
const handedOver: Readonly<Record<Platform, (body: Json) => unknown>> = {
  apns: (body) => body,
  fcm: (body) => ({ data: body.data, notification: body.notification }),
  hms: (body) => ({ data: body.data, notification: body.notification }),
  web: (body) => JSON.stringify(body),
};

function suite(store: StoreOfWorld): void {
  describe(`create and notify on ${store.name}`, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene(store);
      const texts = {
        operationCreated: {
          en: { title: "Payment", body: "Please confirm" },
          cs: { title: "Platba", body: "Prosím potvrďte" },
        },
      };
      const { status } = await scene.ask("PUT", `/v1/push-settings/${application}`, { texts, finished: true });
      assert.equal(status, 200);
    });
    after(async () => {
      await scene.close();
      await store.drop();
    });

    const create = async (userId: string, notify: unknown): Promise<string> => {
      const { status, body } = await scene.ask("POST", "/v1/operations", { ...payment, userId, notify });
      assert.equal(status, 201, JSON.stringify(body));
      return body.id;
    };
    /** The next message of a gateway, once it is there. */
    const next = async (platform: Platform, run: () => Promise<unknown>): Promise<Got> => {
      const { got, message } = scene.gateways[platform];
      const number = got.length + 1;
      await run();
      return message(number);
    };

    for (const platform of platforms) {
      test(`a new operation reaches ${platform} with the documented extras, and its end does as well`, async () => {
        const user = `${platform}-user`;
        const device = await scene.registered(user, platform, "cs");
        const activationId = await device.getActivationIdentifier();
        let id = "";
        const created = await next(platform, async () => (id = await create(user, true)));
        const seen = PushParser.parseNotification(handedOver[platform](created.body));
        const expected = { id, name: "payment", activationId };
        assert.deepEqual(seen, {
          kind: "operationCreated",
          ...expected,
          content: { title: "Platba", message: "Prosím potvrďte" },
        });
        assert.ok(!JSON.stringify(created.body).includes(payment.parameters.iban));
        const { operations } = device.createMobileToken();
        const finished = await next(platform, async () =>
          operations.authorize(await operations.getDetail(id), PowerAuthAuthentication.password(pin)),
        );
        assert.deepEqual(PushParser.parseNotification(handedOver[platform](finished.body)), {
          kind: "operationFinished",
          ...expected,
          result: "success",
        });
        assert.deepEqual(scene.gateways[platform].refused, []);
      });
    }

    test("a silent call shows nothing and still names the operation", async () => {
      await scene.registered("silent", "fcm");
      let id = "";
      const { body } = await next("fcm", async () => (id = await create("silent", { silent: true })));
      assert.equal(body.notification, undefined);
      const seen = PushParser.parseNotification(handedOver.fcm(body));
      assert.equal(seen?.kind, "operationCreated");
      assert.equal(seen?.id, id);
    });

    test("a message of the inbox reaches the device when asked to", async () => {
      await scene.registered("reader", "apns");
      const texts = { en: { subject: "S", summary: "U", body: "B" } };
      let id = "";
      const { body } = await next("apns", async () => {
        const message = { userId: "reader", type: "text", applications: [application], texts, notify: true };
        id = (await scene.ask("POST", "/v1/inbox/messages", message)).body.id;
      });
      const seen = PushParser.parseNotification(body);
      assert.deepEqual([seen?.kind, seen?.id], ["inboxMessageReceived", id]);
    });

    test("a gateway that is down for a moment is tried again", async () => {
      await scene.registered("patient", "hms");
      scene.gateways.hms.answers.push({ status: 503, body: {} });
      const number = scene.gateways.hms.got.length + 2;
      const id = await create("patient", true);
      const { body } = await scene.gateways.hms.message(number);
      assert.equal(JSON.parse(body.data).operationId, id);
    });
  });
}
