/** `/rest/v3/application/callback/*` and what callbacks in PowerAuth form send to a real receiver (§3.9). */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Bank, payment, startBank, unique } from "../bank.ts";
import { about, callbackCalls } from "../callback-calls.ts";
import type { Device } from "../device.ts";
import { answer, type Receiver, startReceiver } from "../../../../tools/receiver.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const operationAttributes = [
  "userId",
  "applications",
  "operationType",
  "parameters",
  "additionalData",
  "activationFlag",
  "status",
  "data",
  "failureCount",
  "maxFailureCount",
  "signatureType",
  "externalId",
  "timestampCreated",
  "timestampExpires",
  "timestampFinalized",
];
const activationAttributes = [
  "userId",
  "activationName",
  "deviceInfo",
  "platform",
  "protocol",
  "activationFlags",
  "activationStatus",
  "blockedReason",
  "applicationId",
];

const userAgent =
  "PowerAuthNetworking/1.1.7 (en; cellular) com.wultra.app.MobileToken.wtest/2.0.0 (Apple; iOS/16.6.1; iphone12,3)";

suiteOnEachStore((kind, open) => {
  describe(`Callbacks on ${kind}`, () => {
    let bank: Bank;
    let receiver: Receiver;
    let app: Awaited<ReturnType<Bank["application"]>>;
    before(async () => {
      bank = await startBank({ opened: await open(), config: { outboundAllow: ["127.0.0.0/8"] } });
      receiver = await startReceiver();
      app = await bank.application();
    });
    after(async () => {
      await bank.close();
      await receiver.close();
    });

    const { register, remove, create, events, settled } = callbackCalls(() => ({ bank, receiver, app }));

    test("An operation's callback has every attribute that was asked for, the device taken from its user agent, and no other (§3.9)", async () => {
      const { id } = await register({ attributes: [...operationAttributes, "unknown", "__proto__"] });
      const user = `user ${unique()}`;
      const device = await bank.device(app, user);
      const operation = await create({ userId: user, externalId: "e-1", additionalData: { shop: 7 } });
      const signed = {
        uriId: "/operation/authorize",
        body: JSON.stringify({ requestObject: { id: operation.id, data: operation.data } }),
      };
      const response = await fetch(`${bank.publicUrl}/api/auth/token/app/operation/authorize`, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": userAgent, ...device.sign(signed) },
        body: signed.body,
      });
      assert.equal(response.status, 200);
      const [first, second] = await receiver.until(2, about(operation.id));
      const created = first!.body.status === "PENDING" ? first! : second!;
      const approved = created === first ? second! : first!;
      assert.equal(approved.method, "POST");
      assert.match(String(approved.headers["content-type"]), /^application\/json/);
      assert.deepEqual(
        Object.keys(approved.body).toSorted(),
        ["operationId", "type", ...operationAttributes].toSorted(),
      );
      const { additionalData, timestampCreated, timestampExpires, timestampFinalized, ...rest } = approved.body;
      assert.deepEqual(rest, {
        type: "OPERATION",
        operationId: operation.id,
        userId: user,
        applications: [app.applicationId],
        operationType: "authorize_payment",
        parameters: payment,
        activationFlag: null,
        status: "APPROVED",
        data: operation.data,
        failureCount: 0,
        maxFailureCount: 5,
        signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
        externalId: "e-1",
      });
      assert.equal(additionalData.shop, 7);
      assert.equal(additionalData.activationId, device.activationId);
      assert.deepEqual(additionalData.device, {
        networkVersion: "1.1.7",
        language: "en",
        connection: "cellular",
        product: "com.wultra.app.MobileToken.wtest",
        version: "2.0.0",
        platform: "Apple",
        os: "iOS",
        osVersion: "16.6.1",
        model: "iphone12,3",
      });
      const detail = await bank.done("/operation/detail", { operationId: operation.id });
      assert.deepEqual(
        [timestampCreated, timestampExpires, timestampFinalized],
        [detail.timestampCreated, detail.timestampExpires, detail.timestampFinalized],
      );
      assert.equal(created.body.timestampFinalized, null);
      await remove(id);
    });

    test("A failed try tells PENDING and the higher count; the last one tells FAILED, once (§3.1)", async () => {
      const { id } = await register({ attributes: ["status", "failureCount"] });
      const user = `user ${unique()}`;
      const device = await bank.device(app, user);
      const { templateName } = await bank.template({ maxFailureCount: 2 });
      const operation = await create({ userId: user, templateName });
      for (let attempt = 0; attempt < 2; attempt++) {
        await device.signed("/api/auth/token/app/operation/authorize", {
          uriId: "/operation/authorize",
          body: JSON.stringify({ requestObject: { id: operation.id, data: "A1*other" } }),
        });
      }
      const told = await receiver.until(3, about(operation.id));
      const states = told.map(({ body }): string => `${body.status} ${body.failureCount}`).toSorted();
      assert.deepEqual(states, ["FAILED 2", "PENDING 0", "PENDING 1"]);
      while ((await events(id, "PENDING")).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(receiver.received.filter(about(operation.id)).length, 3);
      await remove(id);
    });

    test("An activation's callback has every attribute, for each change of its state, the block by wrong PINs too (§3.9)", async () => {
      const other = await bank.application();
      const { id } = await register({
        applicationId: other.applicationId,
        type: "ACTIVATION_STATUS_CHANGE",
        attributes: activationAttributes,
      });
      const user = `user ${unique()}`;
      const device: Device = await bank.device(other, user, { flags: ["VIP"] });
      const { activationId } = device;
      for (let attempt = 0; attempt < 5; attempt++) await device.validate({ pin: "0000" });
      await bank.done("/activation/unblock", { activationId });
      await bank.done("/activation/remove", { activationId });
      const told = await receiver.until(6, about(activationId));
      const states = told.map(({ body }) => String(body.activationStatus)).toSorted();
      assert.deepEqual(states, ["ACTIVE", "ACTIVE", "BLOCKED", "CREATED", "PENDING_COMMIT", "REMOVED"]);
      const blocked = told.find(({ body }) => body.activationStatus === "BLOCKED")!;
      assert.deepEqual(blocked.body, {
        type: "ACTIVATION",
        activationId,
        userId: user,
        activationName: "test device",
        deviceInfo: "iPhone12,3",
        platform: "ios",
        protocol: "powerauth",
        activationFlags: ["VIP"],
        activationStatus: "BLOCKED",
        blockedReason: "MAX_FAILED_ATTEMPTS",
        applicationId: other.applicationId,
      });
      await remove(id);
    });

    test("Idempotency-Key and webhook-id are one UUID that stays through retries; the signature is fresh and by the secret shown", async () => {
      let tries = 0;
      receiver.reply((_one, response) => void response.writeHead(++tries < 3 ? 503 : 204).end());
      const { id, signingSecret } = await register();
      const operation = await create();
      const told = await receiver.until(3, about(operation.id));
      receiver.reply(answer(200));
      assert.equal(new Set(told.map(({ headers }) => headers["idempotency-key"])).size, 1);
      const key = Buffer.from(signingSecret.slice("whsec_".length), "base64");
      for (const { headers, text } of told) {
        const messageId = String(headers["webhook-id"]);
        assert.match(messageId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.equal(headers["idempotency-key"], messageId);
        const mac = createHmac("sha256", key).update(`${messageId}.${String(headers["webhook-timestamp"])}.${text}`);
        assert.equal(headers["webhook-signature"], `v1,${mac.digest("base64")}`);
        assert.ok(Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"])) < 60);
      }
      const done = await settled(id, "DONE");
      assert.deepEqual([done.attempts, done.lastFailure, done.subjectId], [3, null, operation.id]);
      await remove(id);
    });

    test("Two callbacks on one address have keys of their own for the same event", async () => {
      const made = [await register(), await register()];
      const operation = await create();
      const told = await receiver.until(2, about(operation.id));
      assert.equal(new Set(told.map(({ headers }) => headers["idempotency-key"])).size, 2);
      for (const { id } of made) await remove(id);
    });

    test("After maxAttempts the event is dead with a code, is listed, and a replay delivers it with the same key", async () => {
      receiver.reply((_one, response) => void response.writeHead(500).end("database password is hunter2"));
      const { id } = await register({ maxAttempts: 2 });
      const operation = await create();
      const dead = await settled(id, "DEAD");
      assert.deepEqual(
        [dead.attempts, dead.lastFailure, dead.eventType, dead.timestampNextCall],
        [2, "http-500", "operation.created", null],
      );
      assert.equal(receiver.received.filter(about(operation.id)).length, 2);
      receiver.reply(answer(200));
      assert.deepEqual(await bank.done("/application/callback/event/replay", { id, eventIds: ["none"] }), {
        replayed: 0,
      });
      assert.deepEqual(await bank.done("/application/callback/event/replay", { id, eventIds: [dead.id] }), {
        replayed: 1,
      });
      const told = await receiver.until(3, about(operation.id));
      assert.equal(new Set(told.map(({ headers }) => headers["idempotency-key"])).size, 1);
      await settled(id, "DONE");
      await remove(id);
    });

    test("A redirect is not followed, and an answer that is too large or none at all is a failed try", async () => {
      const elsewhere = await startReceiver();
      for (const [status, code] of [
        [302, "http-302"],
        [307, "http-307"],
      ] as const) {
        receiver.reply(answer(status, { location: elsewhere.url }));
        const { id } = await register({ maxAttempts: 1 });
        await create();
        assert.equal((await settled(id, "DEAD")).lastFailure, code);
        await remove(id);
      }
      assert.equal(elsewhere.received.length, 0);
      receiver.reply((_one, response) => void response.writeHead(200).end("x".repeat(400_000)));
      const large = await register({ maxAttempts: 1 });
      await create();
      assert.equal((await settled(large.id, "DEAD")).lastFailure, "answer-too-large");
      receiver.reply((_one, response) => void response.destroy());
      const broken = await register({ maxAttempts: 1 });
      await create();
      assert.equal((await settled(broken.id, "DEAD")).lastFailure, "unreachable");
      receiver.reply(answer(200));
      for (const { id } of [large, broken]) await remove(id);
      await elsewhere.close();
    });

    test("A private address that configuration does not name is not called, nor is a name that leads to one", async () => {
      const strict = await startBank({ opened: await open() });
      const { applicationId } = await strict.application();
      const seen = receiver.received.length;
      for (const url of [receiver.url, receiver.url.replace("127.0.0.1", "localhost"), "http://[::ffff:7f00:1]:1/"]) {
        const { id } = await strict.done("/application/callback/create", {
          applicationId,
          name: url,
          callbackUrl: url,
          type: "OPERATION_STATUS_CHANGE",
          maxAttempts: 1,
        });
        const { templateName } = await strict.template();
        const applications = [applicationId];
        await strict.done("/operation/create", { templateName, userId: "u", applications, parameters: payment });
        for (;;) {
          const { events: dead } = await strict.done("/application/callback/event/list", { id, state: "DEAD" });
          if (dead.length > 0) {
            assert.equal(dead[0].lastFailure, "address-not-allowed", url);
            break;
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      assert.equal(receiver.received.length, seen);
      await strict.close();
    });
  });
});
