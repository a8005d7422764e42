/** `/rest/v3`: activations, signatures, tokens and keys, as front servers use them for the devices they serve. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { readHeaderMembers } from "@countersign/protocol/powerauth/headers";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import { members, refused } from "../answers.ts";
import { type Bank, startBank, unique } from "../bank.ts";
import { createDevice, type Device } from "../device.ts";
import { signedRequest } from "../front-server.ts";
import { suiteOnEachStore } from "../store-suites.ts";

const unknownId = "6e5f34d6-1f0d-4a8b-9d0e-7b2f2f3c4d5e";
const activationMembers =
  "activationFlags activationId activationName activationStatus applicationId applicationName blockedReason deviceInfo " +
  "devicePublicKeyBase64 externalId extras " +
  "failedAttempts maxFailedAttempts platform protocol timestampCreated timestampLastChange timestampLastUsed userId version";
const verificationMembers =
  "activationFlags activationId activationStatus applicationId applicationRoles blockedReason remainingAttempts " +
  "signatureType signatureValid userId";

suiteOnEachStore((kind, open) => {
  describe(`The back-office API for front servers on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let user: string;
    let device: Device;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      user = `user ${unique()}`;
      device = await bank.device(app, user);
    });
    after(() => bank.close());

    test("An activation from its code to its end, step by step", async () => {
      const userId = `user ${unique()}`;
      const { applicationId, applicationKey } = app;
      const started = await bank.done("/activation/init", {
        userId,
        applicationId,
        flags: ["NEW"],
        additionalData: { a: 1 },
      });
      members(started, "activationCode activationId activationSignature applicationId userId");
      const { activationId, activationCode } = started;
      const waiting = await bank.done("/activation/status", { activationId });
      members(
        waiting,
        "activationCode activationFlags activationId activationName activationOtpValidation activationSignature " +
          "activationStatus additionalData applicationId applicationRoles blockedReason commitPhase deviceInfo " +
          "devicePublicKeyFingerprint encryptedStatusBlob encryptedStatusBlobNonce externalId extras failedAttempts " +
          "maxFailedAttempts parentActivationId platform protocol timestampCreated timestampLastChange timestampLastUsed " +
          "transferType userId version",
      );
      assert.deepEqual([waiting.activationStatus, waiting.activationCode], ["CREATED", activationCode]);

      const fresh = createDevice(app);
      const inner = {
        devicePublicKey: toBase64(nodeCrypto.exportPublicKey(fresh.publicKey, "uncompressed")),
        activationName: "phone",
      };
      const sealed = await fresh.encrypt(encryptorIds.activationLayer2, JSON.stringify(inner));
      const prepareRequest = { activationCode, applicationKey, protocolVersion: "3.3", ...sealed.request };
      const prepared = await bank.call("/activation/prepare", prepareRequest);
      const { responseObject } = prepared.body;
      members(responseObject, "activationId activationStatus applicationId encryptedData mac nonce timestamp userId");
      assert.equal(responseObject.activationStatus, "PENDING_COMMIT");
      const opened = fresh.open(sealed.exchange, { status: 200, body: responseObject });
      assert.equal(opened.activationId, activationId);
      refused(await bank.call("/activation/prepare", prepareRequest), "ERR0007");

      assert.deepEqual(await bank.done("/activation/otp/update", { activationId, activationOtp: "4711" }), {
        activationId,
        updated: true,
      });
      refused(await bank.call("/activation/commit", { activationId, activationOtp: "1" }), "ERR0031");
      const commit = { activationId, activationOtp: "4711", externalUserId: "clerk" };
      assert.deepEqual(await bank.done("/activation/commit", commit), { activationId, activated: true });
      refused(await bank.call("/activation/commit", commit), "ERR0008");

      const renamed = await bank.done("/activation/name/update", {
        activationId,
        activationName: "tablet",
        externalUserId: "clerk",
      });
      assert.deepEqual(renamed, { activationId, activationName: "tablet", activationStatus: "ACTIVE" });
      const blocked = await bank.done("/activation/block", { activationId, reason: "LOST" });
      assert.deepEqual(blocked, { activationId, activationStatus: "BLOCKED", blockedReason: "LOST" });
      const unblocked = await bank.done("/activation/unblock", { activationId });
      assert.deepEqual(unblocked, { activationId, activationStatus: "ACTIVE" });
      const flags = (call: string, activationFlags?: readonly string[]) =>
        bank.done(`/activation/flags/${call}`, { activationId, activationFlags });
      assert.deepEqual(await flags("create", ["GOLD"]), { activationId, activationFlags: ["NEW", "GOLD"] });
      assert.deepEqual(await flags("remove", ["NEW"]), { activationId, activationFlags: ["GOLD"] });
      assert.deepEqual(await flags("update", ["A"]), { activationId, activationFlags: ["A"] });
      assert.deepEqual(await flags("list"), { activationId, activationFlags: ["A"] });

      const { activations } = await bank.done("/activation/list", { userId, applicationId });
      members(activations[0], activationMembers);
      const lookup = {
        userIds: [userId],
        activationStatus: "ACTIVE",
        activationFlags: ["A"],
        timestampLastUsedAfter: 0,
      };
      assert.deepEqual((await bank.done("/activation/lookup", lookup)).activations, activations);
      assert.deepEqual((await bank.done("/activation/lookup", { ...lookup, activationFlags: ["B"] })).activations, []);
      assert.deepEqual((await bank.done("/activation/list", { userId, protocols: ["fido2"] })).activations, []);
      assert.deepEqual((await bank.done("/activation/list", { userId, pageNumber: 1 })).activations, []);
      const many = { activationIds: [activationId], activationStatus: "BLOCKED" };
      assert.deepEqual(await bank.done("/activation/status/update", many), { updated: true });

      const { items } = await bank.done("/activation/history", {
        activationId,
        timestampFrom: 0,
        timestampTo: Date.now() + 1000,
      });
      members(
        items[0],
        "activationId activationName activationStatus eventReason externalUserId id timestampCreated version",
      );
      assert.deepEqual(await bank.done("/activation/remove", { activationId }), { activationId, removed: true });
      assert.equal((await bank.done("/activation/status", { activationId })).activationStatus, "REMOVED");
    });

    test("An activation the back office makes for an identified user ends waiting for its commit", async () => {
      const fresh = createDevice(app);
      const inner = { devicePublicKey: toBase64(nodeCrypto.exportPublicKey(fresh.publicKey, "uncompressed")) };
      const sealed = await fresh.encrypt(encryptorIds.activationLayer2, JSON.stringify(inner));
      const request = { userId: user, applicationKey: app.applicationKey, protocolVersion: "3.3", ...sealed.request };
      const answer = await bank.done("/activation/create", request);
      members(answer, "activationId activationStatus applicationId encryptedData mac nonce timestamp userId");
      assert.equal(answer.activationStatus, "PENDING_COMMIT");
      refused(await bank.call("/activation/create", { ...request, protocolVersion: "9.9" }), "ERR0024");
      refused(
        await bank.call("/activation/create", { ...request, applicationKey: toBase64(new Uint8Array(16)) }),
        "ERR0045",
      );
    });

    test("An unknown activation is REMOVED to the status call, and not found to every other", async () => {
      const status = await bank.done("/activation/status", { activationId: unknownId });
      assert.deepEqual(
        [
          status.activationId,
          status.activationStatus,
          status.userId,
          status.activationName,
          status.version,
          status.timestampCreated,
        ],
        [unknownId, "REMOVED", "unknown", "unknown", 0, "1970-01-01T00:00:00.000+00:00"],
      );
      const activationId = unknownId;
      for (const [call, more] of [
        ["otp/update", { activationOtp: "1" }],
        ["commit", {}],
        ["block", {}],
        ["unblock", {}],
        ["remove", {}],
        ["name/update", { activationName: "x" }],
        ["flags/list", {}],
        ["flags/create", { activationFlags: ["x"] }],
      ] as const) {
        refused(await bank.call(`/activation/${call}`, { activationId, ...more }), "ERR0009");
      }
      assert.deepEqual(await bank.done("/activation/history", { activationId }), { items: [] });
      refused(await bank.call("/activation/init", { userId: "u", applicationId: "none" }), "ERR0015");
      refused(
        await bank.call("/activation/init", { userId: "u", applicationId: app.applicationId, maxFailureCount: 0 }),
        "ERR0040",
      );
      refused(
        await bank.call("/activation/init", { userId: "u", applicationId: app.applicationId, protocol: "fido2" }),
        "ERR0024",
      );
    });

    test("Signature verification answers 200 whatever the verdict; only nonsense is an error (§2)", async () => {
      const fresh = await bank.device(app, user, { flags: ["GOLD"] });
      const request = signedRequest(fresh, app);
      const right = await bank.done("/signature/verify", request);
      members(right, verificationMembers);
      assert.deepEqual(right, {
        signatureValid: true,
        activationStatus: "ACTIVE",
        blockedReason: null,
        activationId: fresh.activationId,
        userId: user,
        applicationId: app.applicationId,
        signatureType: "POSSESSION_KNOWLEDGE",
        remainingAttempts: 5,
        applicationRoles: [],
        activationFlags: ["GOLD"],
      });
      const again = await bank.done("/signature/verify", request);
      assert.deepEqual([again.signatureValid, again.remainingAttempts], [false, 5]);
      for (let left = 4; left >= 0; left--) {
        const wrong = await bank.done("/signature/verify", signedRequest(fresh, app, { pin: "0" }));
        assert.deepEqual([wrong.signatureValid, wrong.remainingAttempts], [false, left]);
        assert.equal(wrong.activationStatus, left === 0 ? "BLOCKED" : "ACTIVE");
      }
      const unknown = await bank.done("/signature/verify", { ...request, activationId: unknownId });
      members(unknown, verificationMembers);
      assert.deepEqual([unknown.signatureValid, unknown.activationStatus, unknown.userId], [false, "REMOVED", null]);
      for (const wrong of [{ signatureType: "OTHER" }, { signatureVersion: "4.0" }, { signature: "" }, { data: 7 }]) {
        refused(await bank.call("/signature/verify", { ...request, ...wrong }), "ERR0024");
      }
    });

    test("The server signs for a device, and checks what a device signed, in both formats", async () => {
      const data = utf8("a document");
      const { signature } = await bank.done("/signature/ecdsa/sign", {
        activationId: device.activationId,
        data: toBase64(data),
      });
      assert.ok(nodeCrypto.verify(device.activation.serverKey, data, fromBase64(signature)!, "der"));
      for (const format of ["DER", "JOSE"] as const) {
        const own = toBase64(nodeCrypto.sign(device.privateKey, data, format === "DER" ? "der" : "jose"));
        const request = {
          activationId: device.activationId,
          data: toBase64(data),
          signature: own,
          signatureFormat: format,
        };
        assert.deepEqual(await bank.done("/signature/ecdsa/verify", request), { signatureValid: true });
        const other = { ...request, data: toBase64(utf8("another")) };
        assert.deepEqual(await bank.done("/signature/ecdsa/verify", other), { signatureValid: false });
        const turned = { ...request, signatureFormat: format === "DER" ? "JOSE" : "DER" };
        assert.deepEqual(await bank.done("/signature/ecdsa/verify", turned), { signatureValid: false });
      }
      refused(await bank.call("/signature/ecdsa/sign", { activationId: unknownId, data: "" }), "ERR0009");
      refused(await bank.call("/signature/ecdsa/sign", { activationId: device.activationId, data: "%%" }), "ERR0024");
    });

    test("Tokens: made in an envelope, validated once per nonce, removed only by their activation", async () => {
      const sealed = await device.encrypt(encryptorIds.tokenCreate, "{}");
      const request = {
        activationId: device.activationId,
        applicationKey: app.applicationKey,
        signatureType: "POSSESSION",
        protocolVersion: "3.3",
        ...sealed.request,
      };
      const answer = await bank.done("/token/create", request);
      members(answer, "encryptedData mac nonce timestamp");
      const token = device.open(sealed.exchange, { status: 200, body: answer });
      refused(await bank.call("/token/create", request), "ERR0024");
      const validation = () => {
        const [header] = Object.values(device.withToken(token));
        const parts = readHeaderMembers(header!)!;
        return {
          tokenId: parts.token_id,
          tokenDigest: parts.token_digest,
          nonce: parts.nonce,
          timestamp: Number(parts.timestamp),
          protocolVersion: parts.version,
        };
      };
      const validate = validation();
      const valid = await bank.done("/token/validate", validate);
      assert.deepEqual(valid, {
        tokenValid: true,
        activationId: device.activationId,
        activationStatus: "ACTIVE",
        blockedReason: null,
        userId: user,
        applicationId: app.applicationId,
        signatureType: "POSSESSION",
        applicationRoles: [],
        activationFlags: [],
      });
      assert.equal((await bank.done("/token/validate", validate)).tokenValid, false);
      const unknown = await bank.done("/token/validate", { ...validation(), tokenId: unknownId });
      assert.deepEqual([unknown.tokenValid, unknown.userId], [false, null]);
      const { tokenId } = token;
      assert.deepEqual(await bank.done("/token/remove", { tokenId, activationId: unknownId }), { removed: false });
      assert.deepEqual(await bank.done("/token/remove", { tokenId, activationId: device.activationId }), {
        removed: true,
      });
      assert.equal((await bank.done("/token/validate", validation())).tokenValid, false);
    });

    test("The vault, a decryptor and temporary keys for front servers", async () => {
      const sealed = await device.encrypt(encryptorIds.vaultUnlock, JSON.stringify({ reason: "ADD_BIOMETRY" }));
      const [header] = Object.values(device.sign({ uriId: "/pa/vault/unlock", body: sealed.body }));
      const parts = readHeaderMembers(header!)!;
      const request = {
        activationId: device.activationId,
        applicationKey: app.applicationKey,
        signature: parts.pa_signature,
        signatureType: "POSSESSION_KNOWLEDGE",
        signatureVersion: "3.3",
        signedData: signatureBase("POST", "/pa/vault/unlock", parts.pa_nonce!, utf8(sealed.body)),
        ...sealed.request,
      };
      const unlocked = await bank.done("/vault/unlock", request);
      members(unlocked, "encryptedData mac nonce signatureValid timestamp");
      assert.equal(unlocked.signatureValid, true);
      assert.ok(device.open(sealed.exchange, { status: 200, body: unlocked }).encryptedVaultEncryptionKey);

      const generic = await device.encrypt(encryptorIds.activationGeneric, "{}");
      const { encryptedData: _, mac: __, ...envelope } = generic.request;
      const decryptor = {
        activationId: device.activationId,
        applicationKey: app.applicationKey,
        protocolVersion: "3.3",
        ...envelope,
      };
      const opened = await bank.done("/ecies/decryptor", decryptor);
      members(opened, "secretKey sharedInfo2");
      assert.deepEqual([fromBase64(opened.secretKey)?.length, fromBase64(opened.sharedInfo2)?.length], [48, 32]);
      refused(await bank.call("/ecies/decryptor", decryptor), "ERR0024");

      const { sent } = await device.keystore("activation");
      const { jwt } = await bank.done("/keystore/create", { jwt: sent });
      const { sub: id } = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());
      assert.deepEqual(await bank.done("/keystore/remove", { id }), { id, removed: true });
      assert.deepEqual(await bank.done("/keystore/remove", { id }), { id, removed: false });
      refused(await bank.call("/keystore/create", { jwt: "a.b.c" }), "ERR0045");
    });
  });
});
