/** `/rest/v3/signature/offline`: payloads, and the verdict on retyped codes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { verifyOfflinePayload } from "@countersign/protocol/operation/offline-qr";
import { members, refused } from "../answers.ts";
import { type Bank, type Json, startBank, unique } from "../bank.ts";
import { type Device, publicKey } from "../device.ts";
import { retype, type Retyped, scan, seed, skip, verifiedData } from "../offline-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const lines = "5ff1b1ed\nPayment\nPlease confirm\nA1*A100CZK*Nrent\nBX";

suiteOnEachStore((kind, open) => {
  describe(`Offline signatures on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
    });
    after(() => bank.close());

    const newDevice = () => bank.device(app, `user ${unique()}`, { flags: ["GOLD"] });

    async function payloadFor(device: Device, more: object = {}): Promise<{ offlineData: string; nonce: string }> {
      const { activationId } = device;
      return bank.done("/signature/offline/personalized/create", { activationId, data: lines, ...more });
    }

    function verify(device: Device, data: string, signature: string, more: object = {}): Promise<Json> {
      const { activationId } = device;
      return bank.done("/signature/offline/verify", { activationId, data, signature, allowBiometry: false, ...more });
    }

    /** Makes a payload, answers it, and asks for the verdict. */
    async function answered(device: Device, how: Retyped = {}, more: object = {}): Promise<Json> {
      const payload = scan((await payloadFor(device)).offlineData);
      return verify(device, verifiedData(payload, how.uriId), retype(device, payload, how), more);
    }

    test("A personalised payload is signed by the activation's key, with a nonce that can be given (§6)", async () => {
      const device = await newDevice();
      const made = await payloadFor(device);
      members(made, "nonce offlineData");
      const payload = scan(made.offlineData);
      assert.deepEqual([payload.keyIndicator, payload.nonce, payload.totp], ["1", made.nonce, undefined]);
      assert.ok(made.offlineData.startsWith(`${lines}\n${made.nonce}\n1`));
      assert.ok(verifyOfflinePayload(nodeCrypto, device.activation.serverKey, payload));
      const nonce = toBase64(new Uint8Array(16).fill(9));
      assert.equal((await payloadFor(device, { nonce })).nonce, nonce);
      const fresh = scan((await payloadFor(device, { nonce, proximityCheck: { seed, stepLength: 30 } })).offlineData);
      assert.match(fresh.totp!, /^\d{8}$/);
      assert.ok(verifyOfflinePayload(nodeCrypto, device.activation.serverKey, fresh));
      const { activationId } = device;
      for (const wrong of [
        { nonce: "AAAA" },
        { nonce: "%%" },
        { data: "" },
        { data: "x".repeat(7090) },
        { proximityCheck: {} },
        { proximityCheck: { seed: "%", stepLength: 30 } },
        { proximityCheck: { seed, stepLength: 0 } },
      ]) {
        const request = { activationId, data: lines, ...wrong };
        refused(await bank.call("/signature/offline/personalized/create", request), "ERR0024");
      }
      const unknown = { activationId: "none", data: lines };
      refused(await bank.call("/signature/offline/personalized/create", unknown), "ERR0009");
    });

    test("A non-personalised payload is signed by the application's master key (§6)", async () => {
      const { applicationId } = app;
      const made = await bank.done("/signature/offline/non-personalized/create", { applicationId, data: lines });
      members(made, "nonce offlineData");
      const payload = scan(made.offlineData);
      assert.deepEqual([payload.keyIndicator, payload.nonce], ["0", made.nonce]);
      assert.ok(verifyOfflinePayload(nodeCrypto, publicKey(app.masterPublicKey), payload));
      const device = await newDevice();
      const verdict = await verify(device, verifiedData(payload), retype(device, payload));
      assert.equal(verdict.signatureValid, true);
      const unknown = { applicationId: "none", data: lines };
      refused(await bank.call("/signature/offline/non-personalized/create", unknown), "ERR0015");
    });

    test("A right code is told with every member, and works once", async () => {
      const device = await newDevice();
      const payload = scan((await payloadFor(device)).offlineData);
      const code = retype(device, payload);
      const verdict = await verify(device, verifiedData(payload), code);
      assert.deepEqual(verdict, {
        signatureValid: true,
        activationStatus: "ACTIVE",
        blockedReason: null,
        activationId: device.activationId,
        userId: verdict.userId,
        applicationId: app.applicationId,
        signatureType: "POSSESSION_KNOWLEDGE",
        remainingAttempts: 5,
        applicationRoles: [],
        activationFlags: ["GOLD"],
      });
      const again = await verify(device, verifiedData(payload), code);
      assert.deepEqual([again.signatureValid, again.remainingAttempts], [false, 5], "a replay proves nothing");
    });

    test("A wrong PIN counts once a call and moves the counter; the fifth blocks; a right one forgives", async () => {
      const device = await newDevice();
      const wrong = async () => {
        const { signatureValid, signatureType, remainingAttempts, activationStatus } = await answered(device, {
          pin: "0",
        });
        assert.deepEqual([signatureValid, signatureType], [false, "POSSESSION_KNOWLEDGE"]);
        return [remainingAttempts, activationStatus];
      };
      for (const left of [4, 3, 2, 1]) assert.deepEqual(await wrong(), [left, "ACTIVE"]);
      assert.equal((await answered(device)).signatureValid, true);
      for (const left of [4, 3, 2, 1]) assert.deepEqual(await wrong(), [left, "ACTIVE"]);
      assert.deepEqual(await wrong(), [0, "BLOCKED"]);
      const blocked = await answered(device);
      assert.deepEqual([blocked.signatureValid, blocked.blockedReason], [false, "MAX_FAILED_ATTEMPTS"]);
      assert.equal(blocked.remainingAttempts, 0);
    });

    test("A wrong code sent again counts nothing: its counter value is used up (invariant 2)", async () => {
      const device = await newDevice();
      const payload = scan((await payloadFor(device)).offlineData);
      const wrong = retype(device, payload, { pin: "0" });
      for (let repeat = 0; repeat < 8; repeat++) {
        assert.equal((await verify(device, verifiedData(payload), wrong)).remainingAttempts, 4);
      }
    });

    test("Whoever lacks the device cannot lock it: codes without possession count nothing (invariant 6)", async () => {
      const device = await newDevice();
      const payload = scan((await payloadFor(device)).offlineData);
      const data = verifiedData(payload);
      const code = retype(device, payload);
      const [possession, knowledge] = code.split("-") as [string, string];
      const other = possession === "00000000" ? "11111111" : "00000000";
      for (const guess of [
        `${other}-${knowledge}`,
        `${knowledge}-${possession}`,
        possession,
        `${possession}-`,
        `${possession}${knowledge}`,
        `${possession}-${knowledge.slice(1)}`,
        `${possession}-${knowledge}-${knowledge}`,
        `${possession}-abcdefgh`,
        "x",
      ]) {
        const { signatureValid, remainingAttempts } = await verify(device, data, guess);
        assert.deepEqual([signatureValid, remainingAttempts], [false, 5], guess);
      }
      assert.equal((await verify(device, data, code)).signatureValid, true);
    });

    test("Biometry only where the caller allows it; its wrong use counts", async () => {
      const device = await newDevice();
      const biometry = { factors: "possession_biometry" } as const;
      const allowed = await answered(device, biometry, { allowBiometry: true });
      assert.deepEqual([allowed.signatureValid, allowed.signatureType], [true, "POSSESSION_BIOMETRY"]);
      const forbidden = await answered(device, biometry);
      assert.deepEqual([forbidden.signatureValid, forbidden.remainingAttempts], [false, 4]);
      const knowledge = await answered(device, {}, { allowBiometry: true });
      assert.deepEqual([knowledge.signatureValid, knowledge.signatureType], [true, "POSSESSION_KNOWLEDGE"]);
    });

    test("Look-ahead: a code 20 values ahead is right, one 21 ahead proves nothing (§4)", async () => {
      const device = await newDevice();
      skip(device, 19);
      assert.equal((await answered(device)).signatureValid, true, "the last of the window");
      skip(device, 20);
      const outside = await answered(device);
      assert.deepEqual([outside.signatureValid, outside.remainingAttempts], [false, 5]);
    });

    test("Components of 4 to 8 digits, and a URI id of the app's choice", async () => {
      const device = await newDevice();
      for (const length of [4, 5, 6, 7]) {
        assert.equal((await answered(device, { length }, { componentLength: length })).signatureValid, true);
      }
      assert.equal((await answered(device, { length: 6 })).signatureValid, false, "8 unless told");
      assert.equal((await answered(device, { uriId: "/own/uri" })).signatureValid, true);
      const payload = scan((await payloadFor(device)).offlineData);
      const elsewhere = await verify(device, verifiedData(payload), retype(device, payload, { uriId: "/own/uri" }));
      assert.deepEqual([elsewhere.signatureValid, elsewhere.remainingAttempts], [false, 5]);
    });

    test("Proximity: the password of this step or as many before as are allowed, and not none (§3.8, §6)", async () => {
      const device = await newDevice();
      const create = { seed, stepLength: 30 };
      const verifyBy = { proximityCheck: { ...create, stepCount: 2 } };
      const near = scan((await payloadFor(device, { proximityCheck: create })).offlineData);
      assert.equal((await verify(device, verifiedData(near), retype(device, near), verifyBy)).signatureValid, true);
      const without = { ...near, totp: undefined };
      const none = await verify(device, verifiedData(near), retype(device, without), verifyBy);
      assert.deepEqual([none.signatureValid, none.remainingAttempts], [false, 5]);
      const other = { ...near, totp: near.totp === "00000000" ? "00000001" : "00000000" };
      assert.equal((await verify(device, verifiedData(near), retype(device, other), verifyBy)).signatureValid, false);
      const unasked = await verify(device, verifiedData(near), retype(device, near));
      assert.equal(unasked.signatureValid, false, "a password nobody asks for is other data");
      const request = { activationId: device.activationId, data: "POST&%&%", signature: "1-1", ...verifyBy };
      refused(await bank.call("/signature/offline/verify", request), "ERR0024");
    });

    test("Another activation's code, other data and an unknown activation are wrong, not errors", async () => {
      const [device, other] = [await newDevice(), await newDevice()];
      const payload = scan((await payloadFor(device)).offlineData);
      const foreign = await verify(device, verifiedData(payload), retype(other, payload));
      assert.deepEqual([foreign.signatureValid, foreign.remainingAttempts], [false, 5]);
      const changed = verifiedData({ ...payload, operationData: "A1*A900CZK*Nrent" });
      assert.equal((await verify(device, changed, retype(device, payload))).signatureValid, false);
      const unknown = { activationId: "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e", data: "a", signature: "1-1" };
      const answer = await bank.done("/signature/offline/verify", unknown);
      assert.deepEqual([answer.signatureValid, answer.activationStatus, answer.userId], [false, "REMOVED", null]);
      for (const wrong of [
        { componentLength: 3 },
        { componentLength: 9 },
        { signature: "" },
        { data: "" },
        { data: 7 },
      ]) {
        refused(await bank.call("/signature/offline/verify", { ...unknown, ...wrong }), "ERR0024");
      }
    });

    test("One right code sent eight times at once is right once", async () => {
      const device = await newDevice();
      const payload = scan((await payloadFor(device)).offlineData);
      const code = retype(device, payload);
      const verdicts = await Promise.all(Array.from({ length: 8 }, () => verify(device, verifiedData(payload), code)));
      assert.equal(verdicts.filter(({ signatureValid }) => signatureValid).length, 1);
      assert.ok(verdicts.every(({ remainingAttempts }) => remainingAttempts === 5));
    });
  });
});
