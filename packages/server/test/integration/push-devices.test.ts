/** Push registrations: what devices send, whose a token is, and how a registration ends. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { unique } from "../bank.ts";
import { accepted, refused } from "../mobile-bank.ts";
import { type PushBank, registerPath, startPushBank, subscription } from "../push-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`Push registrations on ${kind}`, () => {
    let world: PushBank;
    before(async () => {
      world = await startPushBank(await open());
    });
    after(() => world.bank.close());

    const rowsOf = (activationId: string) =>
      world.bank.store.read.selectFrom("push_device").selectAll().where("activation_id", "=", activationId).execute();

    test("Each platform registers under its new and its old name, on both paths; a later registration takes the place of the earlier", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      const web = subscription();
      const rows: [object, string, string | null][] = [
        [{ platform: "ios", token: "0A1B" }, "apns", null],
        [{ platform: "apns", token: "0A1B", environment: "development" }, "apns", "development"],
        [{ platform: "apns", token: "0a1c", environment: "production" }, "apns", "production"],
        [{ platform: "android", token: "fcm:token-1" }, "fcm", null],
        [{ platform: "fcm", token: "fcm:token-1", environment: "production" }, "fcm", null],
        [{ platform: "huawei", token: "hms" }, "hms", null],
        [{ platform: "hms", token: "hms2", environment: null }, "hms", null],
        [{ platform: "web", token: web }, "web", null],
      ];
      for (const path of ["/api/push/device/register", registerPath]) {
        for (const [requestObject, platform, environment] of rows) {
          accepted(await world.post(path, requestObject, caller));
          const [device, ...others] = await world.devicesOf(user);
          assert.equal(others.length, 0);
          const { activationId } = caller.by;
          const { registeredAt, ...rest } = device;
          assert.deepEqual(rest, {
            activationId,
            applicationId: world.app.applicationId,
            userId: user,
            platform,
            environment,
            language: "en",
          });
          assert.ok(Math.abs(Date.parse(registeredAt) - Date.now()) < 60_000);
        }
      }
      const [row] = await rowsOf(caller.by.activationId);
      assert.ok(!JSON.stringify(row).includes(JSON.parse(web).keys.auth), "the token is sealed");
    });

    test("The language of the registering request is kept for what will be sent", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      const headers = { "accept-language": "cs-CZ,cs;q=0.9" };
      accepted(await world.post(registerPath, { platform: "fcm", token: "cs" }, { ...caller, headers }));
      assert.equal((await world.devicesOf(user))[0].language, "cs");
    });

    test("A token that another activation registers moves to it, within one application", async () => {
      const [anna, boris] = [`user ${unique()}`, `user ${unique()}`];
      const [first, second] = [await world.another(anna), await world.another(boris)];
      const elsewhere = await world.another(anna, await world.bank.application());
      const requestObject = { platform: "fcm", token: `moving ${unique()}`.replace(" ", "-") };
      accepted(await world.post(registerPath, requestObject, first));
      accepted(await world.post(registerPath, requestObject, elsewhere));
      accepted(await world.post(registerPath, requestObject, second));
      assert.deepEqual(await rowsOf(first.by.activationId), []);
      assert.equal((await rowsOf(second.by.activationId)).length, 1);
      assert.equal((await rowsOf(elsewhere.by.activationId)).length, 1);
    });

    test("Many activations that register one token at once leave it with one of them", async () => {
      const callers = await Promise.all(Array.from({ length: 6 }, () => world.another(`user ${unique()}`)));
      const requestObject = { platform: "hms", token: "contended" };
      const answers = await Promise.all(callers.map((caller) => world.post(registerPath, requestObject, caller)));
      for (const answer of answers) accepted(answer);
      const rows = await Promise.all(callers.map(({ by }) => rowsOf(by.activationId)));
      assert.equal(rows.flat().length, 1);
    });

    test("A registration ends with its activation, whoever removes it, and nothing registers for a removed one", async () => {
      for (const way of ["back office", "device"] as const) {
        const caller = await world.another(`user ${unique()}`);
        const { activationId } = caller.by;
        accepted(await world.post(registerPath, { platform: "fcm", token: `t-${way[0]}` }, caller));
        if (way === "back office") await world.bank.done("/activation/remove", { activationId });
        else {
          const removal = await caller.by.signed("/pa/v3/activation/remove", {
            uriId: "/pa/activation/remove",
            factors: "possession_knowledge",
          });
          assert.equal(removal.status, 200);
        }
        assert.deepEqual(await rowsOf(activationId), [], way);
        refused(await world.post(registerPath, { platform: "fcm", token: "late" }, caller), 401, "POWERAUTH_AUTH_FAIL");
        const created = { appId: world.app.applicationId, activationId, platform: "fcm", token: "late" };
        const reply = await world.back("POST", "/push/device/create", { requestObject: created });
        assert.deepEqual([reply.status, reply.body.responseObject.code], [400, "ERR0009"]);
        assert.deepEqual(await rowsOf(activationId), []);
      }
    });

    test("What cannot be a token is refused with PUSH_REGISTRATION_FAILED, and leaves the registration as it was", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      accepted(await world.post(registerPath, { platform: "fcm", token: "kept" }, caller));
      const good = JSON.parse(subscription()) as { keys: object };
      const subscriptions: object[] = [
        { ...good, endpoint: "http://push.example/plain" },
        { ...good, endpoint: "file:///etc/passwd" },
        { ...good, endpoint: "https://user:password@push.example/" },
        { ...good, endpoint: 7 },
        { ...good, keys: { ...good.keys, p256dh: Buffer.alloc(65, 4).toString("base64url") } },
        { ...good, keys: { ...good.keys, auth: "short" } },
        { ...good, keys: null },
        { endpoint: "https://push.example/" },
        [],
      ];
      const wrong = [
        { platform: "apns", token: "../../etc" },
        { platform: "apns", token: "0a/1b" },
        { platform: "fcm", token: "with space" },
        { platform: "hms", token: "new\nline" },
        { platform: "web", token: "no json" },
        { platform: "web", token: "null" },
        ...subscriptions.map((one) => ({ platform: "web", token: JSON.stringify(one) })),
      ];
      for (const requestObject of wrong) {
        refused(await world.post(registerPath, requestObject, caller), 400, "PUSH_REGISTRATION_FAILED");
      }
      const malformed = [
        { platform: "other", token: "x" },
        { platform: "fcm" },
        { token: "x" },
        { platform: "fcm", token: "" },
        { platform: "fcm", token: "x".repeat(5000) },
        { platform: "fcm", token: "\u0000" },
        { platform: "apns", token: "0a", environment: "staging" },
        { platform: "fcm", token: 7 },
      ];
      for (const requestObject of malformed) {
        refused(await world.post(registerPath, requestObject, caller), 400, "INVALID_REQUEST");
      }
      assert.equal((await world.devicesOf(user))[0].platform, "fcm");
      assert.equal((await rowsOf(caller.by.activationId)).length, 1);
    });

    test("Without a right token nothing is registered: none, a foreign digest, a replayed header, a token of all factors", async () => {
      const caller = await world.another(`user ${unique()}`);
      const body = JSON.stringify({ requestObject: { platform: "fcm", token: "x" } });
      const used = caller.by.withToken(caller.its);
      const { token: universal } = await caller.by.createToken("possession_knowledge_biometry");
      assert.equal((await caller.by.post("/api/inbox/count", "{}", used)).status, 200);
      const wrong = [
        {},
        used,
        caller.by.withToken({ ...caller.its, tokenSecret: Buffer.alloc(16).toString("base64") }),
        caller.by.withToken({ ...caller.its, tokenId: unknownId }),
        caller.by.withToken(universal),
      ];
      for (const headers of wrong) {
        refused(await caller.by.post(registerPath, body, headers), 401, "POWERAUTH_AUTH_FAIL");
      }
      assert.deepEqual(await rowsOf(caller.by.activationId), []);
    });

    test("A back end registers, updates and removes devices as with a PowerAuth push server", async () => {
      const user = `user ${unique()}`;
      const { by } = await world.another(user);
      const appId = world.app.applicationId;
      const { activationId } = by;
      const create = (more: object) =>
        world.back("POST", "/push/device/create", {
          requestObject: { appId, activationId, platform: "apns", environment: "production", token: "ABCD", ...more },
        });
      assert.deepEqual((await create({})).body, { status: "OK" });
      assert.equal((await world.devicesOf(user))[0].platform, "apns");
      const other = await world.bank.application();
      assert.equal((await create({ appId: other.applicationId })).body.responseObject.code, "ERR0009");
      assert.equal((await create({ activationId: unknownId })).body.responseObject.code, "ERR0009");
      assert.equal((await create({ token: "no hex" })).body.responseObject.code, "ERR0024");
      for (const method of ["POST", "PUT"]) {
        const reply = await world.back(method, "/push/device/status/update", { activationId });
        assert.deepEqual(reply.body, { status: "OK" });
      }
      for (const method of ["POST", "DELETE"]) {
        await create({});
        const removed = await world.back(method, "/push/device/delete", { requestObject: { appId, token: "ABCD" } });
        assert.deepEqual(removed.body, { status: "OK" });
        assert.deepEqual(await world.devicesOf(user), []);
      }
    });

    test("The back office sees and removes the devices of its own applications only", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      accepted(await world.post(registerPath, { platform: "fcm", token: "seen" }, caller));
      const other = await world.bank.application();
      const stranger = await world.bank.client(["integrate", "operate"], [other.applicationId]);
      const path = `/push-devices?userId=${encodeURIComponent(user)}`;
      assert.deepEqual((await world.bank.v1("GET", path, undefined, { client: stranger })).body, { items: [] });
      const one = `/push-devices/${encodeURIComponent(world.app.applicationId)}/${caller.by.activationId}`;
      assert.equal((await world.bank.v1("DELETE", one, undefined, { client: stranger })).status, 404);
      assert.equal((await world.devicesOf(user)).length, 1);
      assert.equal((await world.bank.v1("DELETE", one)).status, 204);
      assert.equal((await world.bank.v1("DELETE", one)).status, 404);
      assert.deepEqual(await world.devicesOf(user), []);
    });

    test("Registrations are recorded, without tokens", async () => {
      const caller = await world.another(`user ${unique()}`);
      accepted(await world.post(registerPath, { platform: "fcm", token: "secret-token-text" }, caller));
      const events = await world.bank.store.read
        .selectFrom("audit_event")
        .select(["type", "payload"])
        .where("subject", "=", caller.by.activationId)
        .execute();
      assert.ok(events.some(({ type }) => type === "push.device.registered"));
      assert.ok(!JSON.stringify(events).includes("secret-token-text"));
    });
  });
});
