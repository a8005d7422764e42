/** The push gateways of an application as the back office sets them, and the sinks that come and go with them. */
import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Bank, startBank, unique } from "../bank.ts";
import { body, problem } from "../problems.ts";
import { ecKey, rsaKey } from "../push-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const apns = () => ({ key: ecKey(), keyId: "KEY1234567", teamId: "TEAM123456", topic: "com.example.bank" });
const account = () => ({
  type: "service_account",
  project_id: "bank-app",
  client_email: "push@bank.example",
  private_key: rsaKey(),
});

suiteOnEachStore((kind, open) => {
  describe(`Push gateways on ${kind}`, () => {
    let bank: Bank;
    let applicationId: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      ({ applicationId } = await bank.application());
    });
    after(() => bank.close());

    const at = (platform: string, id = applicationId) => `/push-gateways/${encodeURIComponent(id)}/${platform}`;
    const sinks = async (id: string) => {
      const rows = await bank.store.read.selectFrom("sink").select("type").where("application_id", "=", id).execute();
      return rows.map(({ type }) => type).toSorted();
    };

    test("Settings are put, shown without secrets, changed without repeating the secret, and removed", async () => {
      const secrets = { apns: apns(), fcm: account(), hms: { clientSecret: "very secret" } };
      const rows: Record<string, [put: object, shown: object, again: object]> = {
        apns: [
          { ...secrets.apns, host: "apns.example:2197" },
          { keyId: "KEY1234567", teamId: "TEAM123456", topic: "com.example.bank", host: "apns.example:2197" },
          { keyId: "KEY1234567", teamId: "TEAM123456", topic: "com.example.other" },
        ],
        fcm: [
          { serviceAccount: secrets.fcm },
          { projectId: "bank-app", clientEmail: "push@bank.example" },
          { url: "https://fcm.example" },
        ],
        hms: [
          { clientId: "100", ...secrets.hms, tokenUrl: "https://hms.example/token" },
          { clientId: "100", tokenUrl: "https://hms.example/token" },
          { clientId: "101" },
        ],
      };
      for (const [platform, [put, shown, again]] of Object.entries(rows)) {
        problem(await bank.v1("GET", at(platform)), 404, "push-gateway-not-found");
        const expected = { applicationId, platform, ...shown };
        assert.deepEqual(body(await bank.v1("PUT", at(platform), put)), expected);
        assert.deepEqual(body(await bank.v1("GET", at(platform))), expected);
        body(await bank.v1("PUT", at(platform), again));
        assert.equal((await bank.v1("DELETE", at(platform))).status, 204);
        problem(await bank.v1("DELETE", at(platform)), 404, "push-gateway-not-found");
      }
      const stored = JSON.stringify([
        await bank.store.read.selectFrom("audit_event").selectAll().execute(),
        await bank.store.read.selectFrom("push_gateway").selectAll().execute(),
      ]);
      for (const secret of ["very secret", "PRIVATE KEY"]) assert.ok(!stored.includes(secret), secret);
    });

    test("VAPID keys are made where none are given, stay when the subject changes, and can be brought along", async () => {
      const made = body(await bank.v1("PUT", at("web"), { subject: "mailto:a@bank.example" }));
      assert.equal(Buffer.from(made.publicKey, "base64url").length, 65);
      const changed = body(await bank.v1("PUT", at("web"), { subject: "https://bank.example/push" }));
      assert.deepEqual(changed, { ...made, subject: "https://bank.example/push" });
      const own = createECDH("prime256v1");
      const publicKey = own.generateKeys("base64url");
      const privateKey = own.getPrivateKey("base64url").padStart(43, "A");
      const brought = body(await bank.v1("PUT", at("web"), { subject: made.subject, privateKey }));
      assert.equal(brought.publicKey, publicKey);
    });

    test("A key that is no key of the right kind is refused, above all one that names a file", async () => {
      const good = apns();
      const fcm = account();
      const wrong: [string, object][] = [
        ["apns", { ...good, key: "/etc/passwd" }],
        ["apns", { ...good, key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }],
        ["apns", { ...good, key: fcm.private_key }],
        ["apns", { keyId: good.keyId, teamId: good.teamId, topic: good.topic }],
        ["apns", { ...good, topic: "a b" }],
        ["apns", { ...good, host: "apns.example/path" }],
        ["apns", { ...good, host: "user@apns.example" }],
        ["apns", { ...good, extra: 1 }],
        ["fcm", {}],
        ["fcm", { serviceAccount: { ...fcm, private_key: good.key } }],
        ["fcm", { serviceAccount: { project_id: "x" } }],
        ["fcm", { serviceAccount: fcm, url: "ftp://fcm.example" }],
        ["hms", { clientId: "new" }],
        ["hms", { clientId: "new", clientSecret: "x", url: "https://hms.example/?a=1" }],
        ["web", { subject: "nobody" }],
        ["web", { subject: "mailto:a@b.example", privateKey: "AAAA" }],
        ["web", { subject: "mailto:a@b.example", privateKey: Buffer.alloc(32).toString("base64url") }],
      ];
      const other = (await bank.application()).applicationId;
      for (const [platform, settings] of wrong) {
        problem(await bank.v1("PUT", at(platform, other), settings), 400, "invalid-request");
        problem(await bank.v1("GET", at(platform, other)), 404, "push-gateway-not-found");
      }
      assert.deepEqual(await sinks(other), []);
    });

    test("Sinks are there while there is a gateway, and one for finished operations while that is asked for", async () => {
      const own = (await bank.application()).applicationId;
      const setting = `/push-settings/${encodeURIComponent(own)}`;
      const texts = { operationCreated: { en: { title: "Confirm", body: "Something waits" } } };
      const hms = { clientId: "1", clientSecret: "2" };
      assert.deepEqual(body(await bank.v1("GET", setting)), { texts: {}, finished: false });
      assert.deepEqual(await sinks(own), []);
      await Promise.all([
        bank.v1("PUT", at("hms", own), hms),
        bank.v1("PUT", at("web", own), { subject: "mailto:a@b.example" }),
      ]);
      assert.deepEqual(await sinks(own), ["PUSH"]);
      assert.deepEqual(body(await bank.v1("PUT", setting, { texts, finished: true })), { texts, finished: true });
      assert.deepEqual(body(await bank.v1("GET", setting)), { texts, finished: true });
      assert.deepEqual(await sinks(own), ["PUSH", "PUSH_FINISHED"]);
      await bank.v1("DELETE", at("hms", own));
      assert.deepEqual(await sinks(own), ["PUSH", "PUSH_FINISHED"]);
      await bank.v1("PUT", setting, { texts, finished: false });
      assert.deepEqual(await sinks(own), ["PUSH"]);
      await bank.v1("PUT", setting, { texts, finished: true });
      await bank.v1("DELETE", at("web", own));
      assert.deepEqual(await sinks(own), []);
      problem(await bank.v1("PUT", setting, { texts, finished: "yes" }), 400, "invalid-request");
      problem(await bank.v1("PUT", setting, { texts: { other: {} }, finished: true }), 400, "invalid-request");
    });

    test("The sinks of push are nobody's callbacks", async () => {
      const own = (await bank.application()).applicationId;
      await bank.v1("PUT", at("hms", own), { clientId: "1", clientSecret: "2" });
      assert.deepEqual(await bank.done("/application/callback/list", { applicationId: own }), { callbackUrlList: [] });
      const { id } = await bank.store.read
        .selectFrom("sink")
        .select("id")
        .where("application_id", "=", own)
        .executeTakeFirstOrThrow();
      assert.equal((await bank.done("/application/callback/remove", { id })).removed, false);
      assert.deepEqual(await sinks(own), ["PUSH"]);
    });

    test("A client of another application finds no gateway, setting or device, and an unknown application is none", async () => {
      const other = await bank.application();
      const client = await bank.client(["admin"], [other.applicationId]);
      await bank.v1("PUT", at("hms"), { clientId: "1", clientSecret: "2" });
      const setting = `/push-settings/${encodeURIComponent(applicationId)}`;
      for (const [method, path, more] of [
        ["GET", at("hms"), undefined],
        ["PUT", at("hms"), { clientId: "2" }],
        ["DELETE", at("hms"), undefined],
        ["GET", setting, undefined],
        ["PUT", setting, { texts: {}, finished: true }],
      ] as const) {
        problem(await bank.v1(method, path, more, { client }), 404, "application-not-found");
      }
      assert.equal(body(await bank.v1("GET", at("hms"))).clientId, "1");
      const unknown = at("hms", `none ${unique()}`);
      problem(await bank.v1("PUT", unknown, { clientId: "1", clientSecret: "2" }), 404, "application-not-found");
    });
  });
});
