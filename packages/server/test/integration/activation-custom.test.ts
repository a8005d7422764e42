/** Activations by credentials of the bank's own (PowerAuth, type CUSTOM), and what devices are told of their user. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { refused } from "../answers.ts";
import { type Bank, nested, startBank, unique } from "../bank.ts";
import { type BankBackend, isSigned, startBankBackend } from "../bank-backend.ts";
import { createDevice, type DeviceSettings } from "../device.ts";
import { activationRefused } from "../powerauth-answers.ts";
import { suiteOnEachStore } from "../store-suites.ts";

type App = DeviceSettings & { readonly applicationId: string };

const login = (attributes: Record<string, string> = { username: "alice", password: "secret" }, custom?: object) =>
  ({ type: "CUSTOM", identityAttributes: attributes, ...(custom && { customAttributes: { ...custom } }) }) as const;

suiteOnEachStore((_dialect, open) => {
  describe("Activation by credentials of the bank's own", () => {
    let bank: Bank;
    let backend: BankBackend;
    let close: () => Promise<void>;
    before(async () => {
      const opened = await open();
      close = () => opened.close();
      bank = await startBank({ opened, config: { outboundAllow: ["127.0.0.0/8"] } });
      backend = await startBankBackend();
    });
    beforeEach(() => {
      backend.asked.length = 0;
    });
    after(async () => {
      await backend.close();
      await bank.close();
      await close();
    });

    const configure = (app: App, key: string, value: object) =>
      bank.done("/application/config/create", { applicationId: app.applicationId, key, values: [value] });

    async function application(): Promise<App> {
      const app = await bank.application();
      const { signingSecret } = backend;
      await configure(app, "custom_activation", { url: `${backend.url}/who`, signingSecret });
      return app;
    }

    async function isRefused(app: App, identity: ReturnType<typeof login> = login()): Promise<void> {
      const { answer } = await createDevice(app).requestActivation(identity);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    }

    const detailOf = (activationId: string) => bank.done("/activation/status", { activationId });

    for (const version of ["3.1", "3.2", "3.3"] as const) {
      test(`The bank is asked, signed, and its user waits for the commit (${version})`, async () => {
        const app = await application();
        const userId = `user-${unique()}`;
        backend.reply = () => [200, { userId }];
        const device = createDevice({ ...app, version });
        const identity = login({ username: "alice", password: "1" }, { theme: "dark", depth: { a: 1 } });
        const result = await device.activate(identity);
        assert.deepEqual(result.customAttributes, { theme: "dark", depth: { a: 1 } });
        const [asked] = backend.asked;
        assert.deepEqual([asked?.method, asked?.url, backend.asked.length], ["POST", "/who", 1]);
        assert.ok(isSigned(asked!, backend.signingSecret));
        assert.ok(!isSigned({ ...asked!, body: asked!.body.replace("alice", "mallory") }, backend.signingSecret));
        assert.deepEqual(JSON.parse(asked!.body), {
          applicationId: app.applicationId,
          identityAttributes: { username: "alice", password: "1" },
          customAttributes: { theme: "dark", depth: { a: 1 } },
        });
        const detail = await detailOf(device.activationId);
        assert.deepEqual([detail.userId, detail.activationStatus], [userId, "PENDING_COMMIT"]);
        assert.deepEqual([detail.platform, detail.deviceInfo], ["ios", "iPhone12,3"]);
        assert.equal((await device.validate()).status, 401);
        await bank.done("/activation/commit", { activationId: device.activationId });
        assert.equal((await device.validate()).status, 200);
        refused(await bank.call("/activation/commit", { activationId: device.activationId }), "ERR0008");
      });
    }

    test("The bank may have the activation committed, flagged, and its device told something", async () => {
      backend.reply = () => [
        200,
        { userId: "bob", autoCommit: true, flags: ["VIP", "VIP"], customAttributes: { welcome: "Bob" } },
      ];
      const device = createDevice(await application());
      const result = await device.activate(login({ cardNumber: "4111" }));
      assert.deepEqual(result.customAttributes, { welcome: "Bob" });
      const { activationStatus, activationFlags } = await detailOf(device.activationId);
      assert.deepEqual([activationStatus, activationFlags], ["ACTIVE", ["VIP"]]);
      assert.equal((await device.validate()).status, 200);
      const history = await bank.done("/activation/history", { activationId: device.activationId });
      assert.equal(history.items.length, 1);
    });

    test("The bank may ask for a one-time password at the commit; wrong ones are counted (custom, OTP)", async () => {
      backend.reply = () => [200, { userId: "carol", activationOtp: "314159" }];
      const device = createDevice(await application());
      await device.activate(login());
      const commit = (activationOtp?: string) =>
        bank.call("/activation/commit", { activationId: device.activationId, activationOtp });
      refused(await commit(), "ERR0031");
      refused(await commit("271828"), "ERR0031");
      assert.equal((await detailOf(device.activationId)).failedAttempts, 1);
      assert.equal((await commit("314159")).status, 200);
      assert.equal((await device.validate()).status, 200);
    });

    test("A password from the device has no phase here, and nobody is asked", async () => {
      backend.reply = () => [200, { userId: "dave" }];
      const { answer } = await createDevice(await application()).requestActivation(login(), { otp: "1234" });
      assert.deepEqual([answer.status, answer.body, backend.asked.length], [400, activationRefused, 0]);
    });

    test("A custom activation is blocked after too many wrong factors like any other", async () => {
      backend.reply = () => [200, { userId: "erin", autoCommit: true }];
      const device = createDevice(await application());
      await device.activate(login());
      for (let at = 0; at < 5; at++) assert.equal((await device.validate({ pin: "9999" })).status, 401);
      assert.equal((await detailOf(device.activationId)).activationStatus, "BLOCKED");
    });

    for (const [title, status, answer] of [
      ["no user", 200, {}],
      ["an empty user", 200, { userId: "" }],
      ["a user too long", 200, { userId: "x".repeat(256) }],
      ["a user nobody can be called", 200, { userId: "a\u0000b" }],
      ["a user that is no text", 200, { userId: 7 }],
      ["a password and a commit at once", 200, { userId: "u", autoCommit: true, activationOtp: "1" }],
      ["flags that are none", 200, { userId: "u", flags: [""] }],
      ["a refusal", 403, { userId: "u" }],
      ["a redirect", 302, { userId: "u" }],
      ["no JSON", 200, "<html>"],
      ["a list", 200, []],
    ] as const) {
      test(`The activation is refused when the bank answers ${title}`, async () => {
        backend.reply = () => [status, answer];
        await isRefused(await application());
      });
    }

    test("Refused without configuration, while the bank is away, with a wrong key, secret or version", async () => {
      backend.reply = () => [200, { userId: "frank" }];
      await isRefused(await bank.application());
      const gone = await startBankBackend();
      await gone.close();
      const away = await bank.application();
      await configure(away, "custom_activation", { url: gone.url, signingSecret: backend.signingSecret });
      await isRefused(away);

      const app = { ...(await application()), version: "3.2" } as const;
      const other = await application();
      const codeOf = async (settings: DeviceSettings) => {
        const { answer } = await createDevice(settings).requestActivation(login());
        return [answer.status, answer.body.responseObject.code];
      };
      assert.deepEqual(await codeOf({ ...app, applicationKey: other.applicationKey }), [400, "ERR_ENCRYPTION"]);
      assert.deepEqual(await codeOf({ ...app, applicationSecret: other.applicationSecret }), [400, "ERR_ENCRYPTION"]);
      assert.deepEqual(await codeOf({ ...app, masterPublicKey: other.masterPublicKey }), [400, "ERR_ENCRYPTION"]);
      assert.equal(backend.asked.length, 0);
      const { applicationId } = app;
      await bank.done("/application/version/unsupport", { applicationId, applicationVersionId: "default" });
      await isRefused(app);
      assert.deepEqual((await bank.done("/activation/list", { userId: "frank" })).activations, []);
    });

    test("A recorded request asks nobody again; sixteen at once ask once", async () => {
      backend.reply = () => [200, { userId: "grace" }];
      const device = createDevice(await application());
      const { body, headers } = await device.prepareActivation(login());
      const send = () => device.post("/pa/v3/activation/create", body, headers);
      const answers = await Promise.all(Array.from({ length: 16 }, send));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal((await send()).status, 400);
      assert.equal(backend.asked.length, 1);
    });

    test("Attributes nested too deeply, and none at all, are no reason to fall over", async () => {
      backend.reply = () => [200, { userId: "heidi" }];
      const app = await application();
      const device = createDevice({ ...app, version: "3.2" });
      const { request } = await device.encrypt(encryptorIds.activationLayer2, "{}");
      for (const attributes of [nested(5000), "null", "7", "[]"]) {
        const text = `{"type":"CUSTOM","identityAttributes":${attributes},"activationData":${JSON.stringify(request)}}`;
        const answer = await device.encrypted("/pa/v3/activation/create", encryptorIds.applicationGeneric, text);
        assert.ok([400, 401].includes(answer.status), String(answer.status));
      }
      assert.deepEqual((await bank.done("/activation/list", { userId: "heidi" })).activations, []);
    });

    test("Recovery codes are refused, as newer servers do", async () => {
      const identityAttributes = { recoveryCode: "AAAAA-AAAAA-AAAAA-AAAAA", puk: "0123456789" };
      const { answer } = await createDevice(await application()).requestActivation({
        type: "RECOVERY",
        identityAttributes,
      });
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    });

    describe("User info", () => {
      const ask = (device: ReturnType<typeof createDevice>) =>
        device.encrypted("/pa/v3/user/info", encryptorIds.activationGeneric, {});

      test("Without configuration it is the least there is, at the endpoint only", async () => {
        const app = await application();
        backend.reply = () => [200, { userId: "ivan", autoCommit: true }];
        const device = createDevice(app);
        assert.equal((await device.activate(login())).userInfo, undefined);
        const { sub, jti, iat, ...rest } = (await ask(device)).plain;
        assert.deepEqual([sub, typeof jti, rest], ["ivan", "string", {}]);
        assert.ok(Math.abs(iat - Date.now() / 1000) < 60);
        await bank.done("/activation/block", { activationId: device.activationId });
        assert.equal((await ask(device)).status, 400);
      });

      test("The bank's provider is asked for the user, with its credentials, at the stages it is meant for", async () => {
        const app = await application();
        const user = "judy & co/?";
        const claims = { sub: user, given_name: "Judy", refused: "no", address: { country: "CZ" } };
        backend.reply = ({ url }) => (url === "/who" ? [200, { userId: user, autoCommit: true }] : [200, claims]);
        const httpBasic = { username: "countersign", password: "pw" };
        const setting = { provider: "REST", url: `${backend.url}/base/`, httpBasic };
        await configure(app, "user_info", { ...setting, stages: ["ACTIVATION_PROCESS_CUSTOM", "USER_INFO_ENDPOINT"] });
        const device = createDevice(app);
        assert.deepEqual((await device.activate(login())).userInfo, claims);
        assert.deepEqual((await ask(device)).plain, claims);
        const { method, url, headers } = backend.asked.at(-1)!;
        assert.deepEqual([method, new URL(url, "http://x").pathname], ["GET", "/base/private/user-claims"]);
        assert.equal(new URL(url, "http://x").searchParams.get("userId"), user);
        assert.equal(headers.authorization, `Basic ${Buffer.from("countersign:pw").toString("base64")}`);

        const { activationCode } = await bank.done("/activation/init", {
          userId: user,
          applicationId: app.applicationId,
        });
        assert.equal((await createDevice(app).activate(activationCode)).userInfo, undefined);
        await configure(app, "user_info", { ...setting, stages: ["ACTIVATION_PROCESS_ACTIVATION_CODE"] });
        const next = await bank.done("/activation/init", { userId: user, applicationId: app.applicationId });
        assert.deepEqual((await createDevice(app).activate(next.activationCode)).userInfo, claims);
        assert.deepEqual((await ask(device)).plain, {});
      });

      test("A provider that fails is an error at the endpoint, and no reason to refuse an activation", async () => {
        const app = await application();
        backend.reply = ({ url }) => (url === "/who" ? [200, { userId: "ken", autoCommit: true }] : [500, {}]);
        const stages = ["ACTIVATION_PROCESS_CUSTOM", "USER_INFO_ENDPOINT"];
        await configure(app, "user_info", { provider: "REST", url: backend.url, stages });
        const device = createDevice(app);
        assert.equal((await device.activate(login())).userInfo, undefined);
        const { status, body } = await ask(device);
        assert.deepEqual(
          [status, body.responseObject],
          [400, { code: "ERR_USER_INFO", message: "POWER_AUTH_USER_INFO_ERROR" }],
        );
      });
    });
  });
});
