/** The Mobile Token API as devices decide with it: authorize and cancel, and every refusal with its code. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { past, unique } from "../bank.ts";
import { flipped, random } from "../device.ts";
import { accepted, data, refused, type MobileBank, startMobileBank } from "../mobile-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const base = "/api/auth/token/app/operation";
const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";

suiteOnEachStore((kind, open) => {
  describe(`Decisions of devices on ${kind}`, () => {
    let bank: MobileBank["bank"];
    let app: MobileBank["app"];
    let user: MobileBank["user"];
    let device: MobileBank["device"];
    let decider: MobileBank["decider"];
    let tokenOf: MobileBank["tokenOf"];
    let create: MobileBank["create"];
    let detail: MobileBank["detail"];
    let read: MobileBank["read"];
    let authorize: MobileBank["authorize"];
    let cancel: MobileBank["cancel"];
    before(async () => {
      ({ bank, app, user, device, decider, tokenOf, create, detail, read, authorize, cancel } = await startMobileBank(
        await open(),
      ));
    });
    after(() => bank.close());

    test("Authorize records who, where and how, and what the app adds; Flutter's nulls and milliseconds are taken", async () => {
      const { id } = await create({ additionalData: { channel: "web" } });
      const mobileTokenData = { screens: [{ id: "a", n: 1, f: 2.5, none: null }], nested: { deep: { er: true } } };
      const proximityCheck = {
        otp: "12345678",
        type: "QR_CODE",
        timestampReceived: 1_700_000_000_000,
        timestampSent: null,
      };
      const body = JSON.stringify({ requestObject: { id, data, proximityCheck, mobileTokenData } });
      const headers = device.sign({ uriId: "/operation/authorize", body, factors: "possession_biometry" });
      accepted(await device.post(`${base}/authorize`, body, { ...headers, "user-agent": "MobileToken/1.0" }));
      const { additionalData, userId } = await detail(id);
      assert.equal(userId, user);
      assert.deepEqual(additionalData, {
        channel: "web",
        activationId: device.activationId,
        applicationId: app.applicationId,
        ipAddress: "127.0.0.1",
        userAgent: "MobileToken/1.0",
        authFactor: "possession_biometry",
        proximity_otp: "12345678",
        proximityCheck: { type: "QR_CODE", timestampReceived: "2023-11-14T22:13:20.000+00:00" },
        mobileTokenData,
      });
      const nulls = { proximityCheck: null, mobileTokenData: null };
      accepted(await authorize((await create()).id, nulls));
      const iso = {
        otp: "1",
        type: "DEEPLINK",
        timestampReceived: "2018-07-02T14:43:13Z",
        timestampSent: "2018-07-02T14:43:13.5+02:00",
      };
      accepted(await authorize((await create()).id, { proximityCheck: iso }));
    });

    test("Cancel is the user's rejection: possession only, any reason or none, with what the app adds", async () => {
      const reasons = ["UNKNOWN", "INCORRECT_DATA", "UNEXPECTED_OPERATION", "Nechci! 🙅", "", null, undefined];
      for (const reason of reasons) {
        const { id } = await create();
        accepted(await cancel(id, { reason, mobileTokenData: { screen: 1 } }));
        const { status, additionalData } = await detail(id);
        assert.equal(status, "REJECTED");
        assert.equal(additionalData.rejectReason, reason ?? undefined);
        assert.deepEqual(additionalData.mobileTokenData, { screen: 1 });
      }
      const { id } = await create();
      for (const factors of ["possession_knowledge", "possession_biometry", "knowledge"] as const) {
        refused(await cancel(id, {}, device, { factors }), 401, "POWERAUTH_AUTH_FAIL");
      }
    });

    test("Each final state has its code, in detail, claim, authorize and cancel (error mapping)", async () => {
      const own = await bank.template({ maxFailureCount: 1 });
      const states: [string, string][] = [];
      const add = async (code: string, end: (id: string) => Promise<unknown>, more: object = {}) => {
        const { id } = await create(more);
        await end(id);
        states.push([id, code]);
      };
      await add("OPERATION_ALREADY_CANCELED", (operationId) => bank.done("/operation/cancel", { operationId }));
      await add("OPERATION_ALREADY_FINISHED", (id) => authorize(id));
      await add("OPERATION_ALREADY_FINISHED", (id) => cancel(id));
      await add(
        "OPERATION_ALREADY_FAILED",
        (operationId) => bank.done("/operation/approve/fail", { operationId }, decider),
        {
          templateName: own.templateName,
        },
      );
      const at = Date.now() + 1000;
      await add("OPERATION_EXPIRED", () => past(at), { timestampExpires: at });
      for (const [id, code] of states) {
        refused(await read("/detail", { id }), 400, code);
        refused(await read("/detail/claim", { id }), 400, code);
        refused(await authorize(id), 400, code);
        refused(await cancel(id), 400, code);
      }
    });

    test("Data changed by one bit are not approved: one try is used, the counter moves, the answer says OPERATION_FAILED", async () => {
      const { id } = await create();
      const changed = new TextDecoder().decode(flipped(new TextEncoder().encode(data), 15));
      assert.notEqual(changed, data);
      refused(await authorize(id, { data: changed }), 401, "OPERATION_FAILED");
      const { status, failureCount } = await detail(id);
      assert.deepEqual([status, failureCount], ["PENDING", 1]);
      accepted(await authorize(id));
    });

    test("A body changed after signing is no signature of this device: nothing is counted, nothing moves", async () => {
      const { id } = await create();
      const body = JSON.stringify({ requestObject: { id, data } });
      const headers = device.sign({ uriId: "/operation/authorize", body });
      const untouched = await bank.store.findActivation(device.activationId);
      refused(await device.post(`${base}/authorize`, body.replace("CZK", "EUR"), headers), 401, "POWERAUTH_AUTH_FAIL");
      refused(await device.post(`${base}/cancel`, body, headers), 401, "POWERAUTH_AUTH_FAIL");
      assert.deepEqual(await bank.store.findActivation(device.activationId), untouched);
      assert.equal((await detail(id)).failureCount, 0);
      accepted(await device.post(`${base}/authorize`, body, headers));
      refused(await device.post(`${base}/authorize`, body, headers), 401, "POWERAUTH_AUTH_FAIL");
    });

    test("A combination that the template does not list uses a try; one that no approval may use does not", async () => {
      const { id } = await create();
      refused(await authorize(id, {}, { factors: "possession" }), 401, "OPERATION_FAILED");
      assert.equal((await detail(id)).failureCount, 1);
      for (const factors of ["knowledge", "biometry", "possession_knowledge_biometry"] as const) {
        refused(await authorize(id, {}, { factors }), 401, "POWERAUTH_AUTH_FAIL");
      }
      assert.equal((await detail(id)).failureCount, 1);
    });

    test("A wrong PIN costs operation and activation one try; the operation's last one answers that it failed", async () => {
      const own = await bank.template({ maxFailureCount: 2 });
      const fresh = await bank.device(app, user);
      const { id } = await create({ templateName: own.templateName });
      refused(await authorize(id, {}, { pin: "0000" }, fresh), 401, "POWERAUTH_AUTH_FAIL");
      assert.deepEqual([(await detail(id)).failureCount, (await fresh.status()).failedAttempts], [1, 1]);
      refused(await authorize(id, {}, { pin: "0000" }, fresh), 400, "OPERATION_ALREADY_FAILED");
      assert.deepEqual([(await detail(id)).status, (await fresh.status()).failedAttempts], ["FAILED", 2]);
      refused(await authorize(id, {}, {}, fresh), 400, "OPERATION_ALREADY_FAILED");
    });

    test("A wrong PIN for an operation that is not the device's counts for the activation only", async () => {
      const stranger = await bank.device(app, `user ${unique()}`);
      const { id } = await create();
      refused(await authorize(id, {}, { pin: "0000" }, stranger), 401, "POWERAUTH_AUTH_FAIL");
      assert.deepEqual([(await detail(id)).failureCount, (await stranger.status()).failedAttempts], [0, 1]);
    });

    test("Four wrong PINs and a right one approve; five block the activation, and the operation stays", async () => {
      const own = await bank.template({ maxFailureCount: 20 });
      const fresh = await bank.device(app, user);
      const first = await create({ templateName: own.templateName });
      for (let at = 0; at < 4; at++)
        refused(await authorize(first.id, {}, { pin: "9" }, fresh), 401, "POWERAUTH_AUTH_FAIL");
      accepted(await authorize(first.id, {}, {}, fresh));
      const { id } = await create({ templateName: own.templateName });
      for (let at = 0; at < 5; at++) refused(await authorize(id, {}, { pin: "9" }, fresh), 401, "POWERAUTH_AUTH_FAIL");
      refused(await authorize(id, {}, {}, fresh), 401, "POWERAUTH_AUTH_FAIL");
      const { status, failureCount } = await detail(id);
      assert.deepEqual([status, failureCount], ["PENDING", 5]);
    });

    test("Whoever does not hold the device changes nothing: no header, a wrong one, or a signature out of thin air", async () => {
      const { id } = await create();
      const body = JSON.stringify({ requestObject: { id, data } });
      const untouched = await bank.store.findActivation(device.activationId);
      const right = device.sign({ uriId: "/operation/authorize", body });
      device.counter = counterOf(untouched!.ctr_data!);
      const [name, value] = Object.entries(right)[0]!;
      const wrong = value.replace(
        /pa_signature="[^"]+"/,
        `pa_signature="${Buffer.from(random(32)).toString("base64")}"`,
      );
      for (const header of [
        "",
        "PowerAuth",
        "Basic abc",
        wrong,
        wrong.replace(/pa_activation_id="[^"]+"/, `pa_activation_id="${unknownId}"`),
      ]) {
        refused(await device.post(`${base}/authorize`, body, { [name]: header }), 401, "POWERAUTH_AUTH_FAIL");
      }
      refused(await device.post(`${base}/authorize`, body), 401, "POWERAUTH_AUTH_FAIL");
      assert.deepEqual(await bank.store.findActivation(device.activationId), untouched);
      assert.deepEqual([(await detail(id)).status, (await detail(id)).failureCount], ["PENDING", 0]);
    });

    test("An activation whose identity check is not finished cannot decide, but may read", async () => {
      for (const flag of ["VERIFICATION_PENDING", "VERIFICATION_IN_PROGRESS"]) {
        const held = await bank.device(app, user, { flags: [flag] });
        const { id } = await create();
        refused(await authorize(id, {}, {}, held), 401, "POWERAUTH_AUTH_FAIL");
        refused(await cancel(id, {}, held), 401, "POWERAUTH_AUTH_FAIL");
        assert.equal((await read("/detail", { id }, held, await tokenOf(held))).status, 200);
        await bank.done("/activation/flags/remove", { activationId: held.activationId, activationFlags: [flag] });
        accepted(await authorize(id, {}, {}, held));
      }
    });

    test("Cancel by the bank against approval by the device: one of them, never both, and the loser is told which", async () => {
      for (let round = 0; round < 12; round++) {
        const { id } = await create();
        const [approved, canceled] = await Promise.all([
          authorize(id),
          bank.call("/operation/cancel", { operationId: id }),
        ]);
        const { status } = await detail(id);
        if (approved.status === 200) {
          assert.deepEqual([status, canceled.status], ["APPROVED", 400]);
          assert.equal(canceled.body.responseObject.code, "ERR0036");
        } else {
          assert.deepEqual([status, canceled.status], ["CANCELED", 200]);
          refused(approved, 400, "OPERATION_ALREADY_CANCELED");
        }
      }
    });

    test("Two devices of one user approve at once: one does, the other learns that it is finished", async () => {
      const second = await bank.device(app, user);
      const { id } = await create();
      const answers = await Promise.all([authorize(id), authorize(id, {}, {}, second)]);
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 400],
      );
      refused(
        answers.find(({ status }) => status === 400)!,
        400,
        "OPERATION_ALREADY_FINISHED",
      );
    });
  });
});

function counterOf(ctrData: string): Uint8Array {
  return new Uint8Array(Buffer.from(ctrData, "base64"));
}
