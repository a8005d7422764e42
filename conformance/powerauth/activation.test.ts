/**
 * What a device learns and keeps of its activation, over real HTTP on both stores: status and counter, tokens, the
 * person, encrypted requests of an application's own in both scopes, and how it starts.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { type EncryptedRequest, encryptorIds, type EncryptedResponse } from "@countersign/protocol/powerauth/ecies";
import {
  associatedData,
  envelopeIv,
  openBytes,
  sealBytes,
  sharedInfo2,
  splitEnvelopeKey,
} from "@countersign/protocol/powerauth/envelope";
import { readHeaderMembers } from "@countersign/protocol/powerauth/headers";
import { versionRow } from "@countersign/protocol/powerauth/versions";
import { isFailure } from "@countersign/protocol/errors";
import { PowerAuthActivation, PowerAuthAuthentication, PowerAuthError } from "@countersign/client/mobile-token";
import * as edition5 from "@countersign/client/mobile-token/v5";
import { payment, pin, type StoreOfWorld, stores } from "../world.ts";
import { type Lab, type LabDevice, openLab, possession, sendAgain, withPin } from "./lab.ts";

const fails = (code: string, serverCode?: string) => (error: unknown) => {
  assert.ok(error instanceof PowerAuthError, String(error));
  assert.equal(error.code, code);
  if (serverCode !== undefined) assert.equal(error.errorData?.serverResponseCode, serverCode);
  return true;
};

const byCode = (code: string) => PowerAuthActivation.createWithActivationCode(code, "Phone");

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`an activation on ${store.name}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await openLab(store);
    });
    after(async () => {
      await lab?.close();
      await store.drop();
    });

    /** Signatures that never reach the server. */
    async function loseSignatures({ powerAuth }: LabDevice, count: number): Promise<void> {
      for (let index = 0; index < count; index++) await powerAuth.requestSignature(possession(), "POST", "/lost", "{}");
    }

    test("fifteen lost signatures: the status makes up for them, and the next signed call is accepted", async () => {
      const device = await lab.device();
      await loseSignatures(device, 15);
      assert.equal((await device.powerAuth.fetchActivationStatus()).state, "ACTIVE");
      assert.ok(device.network.last("/pa/v3/signature/validate"), "it signed, so that the server catches up");
      await loseSignatures(device, 15);
      await device.powerAuth.validatePassword(pin);
    });

    test("more lost signatures than the server looks ahead are DEADLOCK, and only local removal remains", async () => {
      const device = await lab.device();
      await loseSignatures(device, 30);
      assert.equal((await device.powerAuth.fetchActivationStatus()).state, "DEADLOCK");
      await assert.rejects(device.powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
      assert.equal(await device.powerAuth.hasValidActivation(), true);
      await device.powerAuth.removeActivationLocal();
      assert.equal(await device.powerAuth.canStartActivation(), true);
    });

    test("a device set back to an older copy of its data is refused, and takes the server's counter with the status", async () => {
      const device = await lab.device();
      const record = `${device.powerAuth.instanceId}/activation`;
      const older = (await device.storage.get(record))!;
      for (let index = 0; index < 3; index++) await device.powerAuth.validatePassword(pin);
      await device.storage.set(record, older);
      await assert.rejects(device.powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
      assert.equal((await device.powerAuth.fetchActivationStatus()).state, "ACTIVE");
      await device.powerAuth.validatePassword(pin);
      assert.equal(
        (await device.powerAuth.fetchActivationStatus()).failCount,
        0,
        "possession did not verify: nothing counts",
      );
    });

    test("removed at the back office: REMOVED in the status, refused at each call, and kept here until it is removed here", async () => {
      const device = await lab.device();
      const { powerAuth, activationId } = device;
      await powerAuth.fetchUserInfo();
      await lab.world.backOffice("/rest/v3/activation/remove", { activationId });
      assert.equal((await powerAuth.fetchActivationStatus()).state, "REMOVED");
      await assert.rejects(powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
      assert.equal(await powerAuth.hasValidActivation(), true);
      await powerAuth.removeActivationLocal();
      assert.equal(await powerAuth.hasValidActivation(), false);
      assert.equal(await powerAuth.getLastFetchedUserInfo(), undefined);
      await assert.rejects(powerAuth.fetchActivationStatus(), fails("MISSING_ACTIVATION"));
    });

    test("a token proves requests without moving the counter, once each, and dies with a block and with its removal", async () => {
      const device = await lab.device();
      const { powerAuth, network } = device;
      const { operations } = powerAuth.createMobileToken();
      await operations.getOperations();
      const unmoved = await device.storage.get(`${powerAuth.instanceId}/activation`);
      await operations.getOperations();
      assert.deepEqual(await device.storage.get(`${powerAuth.instanceId}/activation`), unmoved);
      const listed = network.last("/operation/list");
      assert.equal((await sendAgain(listed)).status, 401, "a token header is good once");

      await device.block();
      await assert.rejects(operations.getOperations(), { httpStatusCode: 401 });
      await device.unblock();
      assert.deepEqual(await operations.getOperations(), []);

      const name = "possession_universal";
      const header = await powerAuth.tokenStore.generateAuthenticationHeader(name);
      await powerAuth.tokenStore.removeAccessToken(name);
      const late = { ...listed.init, headers: { ...(listed.init.headers as object), [header.key]: header.value } };
      assert.equal((await sendAgain({ url: listed.url, init: late })).status, 401, "the token is gone at the server");
      await assert.rejects(powerAuth.tokenStore.generateHeaderForToken(name), fails("LOCAL_TOKEN_NOT_AVAILABLE"));
    });

    test("a token's name stands for one set of factors", async () => {
      const { powerAuth } = await lab.device();
      await powerAuth.tokenStore.requestAccessToken("t", possession());
      await assert.rejects(powerAuth.tokenStore.requestAccessToken("t", withPin()), fails("WRONG_PARAMETER"));
      const parallel = await Promise.all(
        [1, 2, 3].map(() => powerAuth.tokenStore.requestAccessToken("p", possession())),
      );
      assert.equal(new Set(parallel.map(({ tokenIdentifier }) => tokenIdentifier)).size, 1);
    });

    test("the person: fetched encrypted, remembered, refused when blocked, when altered and when sent again", async () => {
      const device = await lab.device();
      const { powerAuth, network, userId } = device;
      assert.equal(await powerAuth.getLastFetchedUserInfo(), undefined);
      const info = await powerAuth.fetchUserInfo();
      assert.equal(info.subject, userId);
      assert.equal(info.allClaims.sub, userId);
      assert.deepEqual(await powerAuth.getLastFetchedUserInfo(), info);
      const sent = network.last("/pa/v3/user/info");
      assert.ok(!String(sent.init.body).includes(userId), "nothing of it is readable on the way");
      assert.equal((await sendAgain(sent)).status, 400);
      const altered = { ...sent.init, body: String(sent.init.body).replace(/"mac":"./, '"mac":"A') };
      assert.equal((await sendAgain({ url: sent.url, init: altered })).status, 400);
      await device.block();
      await assert.rejects(powerAuth.fetchUserInfo(), fails("RESPONSE_ERROR"));
      assert.deepEqual(await powerAuth.getLastFetchedUserInfo(), info, "what was known stays known");
      await device.unblock();
      await powerAuth.fetchUserInfo();
    });

    test("recovery codes are refused as newer servers refuse them", async () => {
      const { powerAuth } = await lab.device();
      assert.equal(await powerAuth.hasActivationRecoveryData(), false);
      await assert.rejects(powerAuth.activationRecoveryData(withPin()), fails("INVALID_ACTIVATION_STATE"));
      await assert.rejects(powerAuth.confirmRecoveryCode("nonsense", withPin()), fails("INVALID_RECOVERY_CODE"));
      const code = "R:W65WE-3T7VI-7FBS2-A4OYA";
      await assert.rejects(powerAuth.confirmRecoveryCode(code, withPin()), (error: unknown) => {
        return error instanceof PowerAuthError && error.errorData?.httpStatusCode === 404;
      });
      const fresh = await lab.device({ onlyConfigured: true });
      const recovery = PowerAuthActivation.createWithRecoveryCode(code, "0123456789", "Phone");
      await assert.rejects(fresh.powerAuth.createActivation(recovery), fails("RESPONSE_ERROR", "ERR_ACTIVATION"));
      assert.equal(await fresh.powerAuth.canStartActivation(), true);
    });

    test("a code works once; a wrong, a used and a forged one are refused, and another may be tried at once", async () => {
      const device = await lab.device({ onlyConfigured: true });
      const { powerAuth, activationCode, activationSignature } = device;
      const attempt = (code: string) => powerAuth.createActivation(byCode(code));
      const sentBefore = device.network.count();
      await assert.rejects(attempt("W65WE-3T7VI-7FBS2-B4OYA"), fails("INVALID_ACTIVATION_CODE"));
      await assert.rejects(attempt(`W65WE-3T7VI-7FBS2-A4OYA#${activationSignature}`), fails("SIGNATURE_ERROR"));
      assert.equal(device.network.count(), sentBefore, "neither was sent");
      await assert.rejects(attempt("W65WE-3T7VI-7FBS2-A4OYA"), fails("RESPONSE_ERROR", "ERR_ACTIVATION"));
      assert.equal(await powerAuth.verifyScannedActivationCode(`${activationCode}#${activationSignature}`), true);
      await attempt(`${activationCode}#${activationSignature}`);
      await powerAuth.persistActivation(PowerAuthAuthentication.persistWithPassword(pin));
      const other = await lab.device({ onlyConfigured: true });
      await assert.rejects(
        other.powerAuth.createActivation(byCode(activationCode)),
        fails("RESPONSE_ERROR", "ERR_ACTIVATION"),
      );
      await other.powerAuth.createActivation(byCode(other.activationCode));
    });

    interface BankSide {
      readonly plaintext: string;
      answer(text: string): EncryptedResponse;
    }

    /** The bank's own server: asks for the key of one envelope, opens it, and seals its answer. */
    async function openAtBank(header: string, request: EncryptedRequest, activationId?: string): Promise<BankSide> {
      const members = readHeaderMembers(header)!;
      const version = versionRow(members.version!)!;
      const { encryptedData, mac, ...envelope } = request;
      const applicationKey = members.application_key!;
      const { secretKey, sharedInfo2: base } = await lab.world.backOffice<{ secretKey: string; sharedInfo2: string }>(
        "/rest/v3/ecies/decryptor",
        { activationId, applicationKey, protocolVersion: members.version, ...envelope },
      );
      const keys = splitEnvelopeKey(nodeCrypto, fromBase64(secretKey)!);
      const encryptor = activationId === undefined ? encryptorIds.applicationGeneric : encryptorIds.activationGeneric;
      const context = {
        version,
        encryptor,
        applicationKey,
        applicationSecret: "",
        activationId,
        temporaryKeyId: request.temporaryKeyId ?? undefined,
      };
      const binding = { version, sharedInfo2Base: fromBase64(base)!, associatedData: associatedData(context) };
      const nonce = fromBase64(request.nonce!)!;
      const info2 = sharedInfo2(binding, nonce, request.timestamp ?? undefined, fromBase64(request.ephemeralPublicKey));
      const sealed = { encryptedData: fromBase64(encryptedData)!, mac: fromBase64(mac)! };
      const plaintext = openBytes(nodeCrypto, keys, envelopeIv(nodeCrypto, keys, nonce), info2, sealed);
      assert.ok(!isFailure(plaintext), "the bank opens it");
      return {
        plaintext: fromUtf8(plaintext)!,
        answer(text) {
          const answerNonce = randomBytes(16);
          const timestamp = Date.now();
          const iv = envelopeIv(nodeCrypto, keys, answerNonce);
          const answerInfo = sharedInfo2(binding, answerNonce, timestamp, undefined);
          const answered = sealBytes(nodeCrypto, keys, iv, answerInfo, utf8(text));
          return {
            encryptedData: toBase64(answered.encryptedData),
            mac: toBase64(answered.mac),
            nonce: toBase64(answerNonce),
            timestamp,
          };
        },
      };
    }

    for (const scope of ["APPLICATION", "ACTIVATION"] as const) {
      test(`an application's own request in ${scope.toLowerCase()} scope: the bank opens it once, and its answer opens here once`, async () => {
        const device = await lab.device();
        const { powerAuth } = device;
        const activationId = scope === "ACTIVATION" ? device.activationId : undefined;
        const encryptor =
          scope === "ACTIVATION"
            ? powerAuth.getEncryptorForActivationScope()
            : powerAuth.getEncryptorForApplicationScope();
        assert.equal(await encryptor.canEncryptRequest(), true);
        const { cryptogram, header, decryptor } = await encryptor.encryptRequest('{"balance":"?"}', "UTF8");
        assert.deepEqual([header.key, header.name], ["X-PowerAuth-Encryption", "X-PowerAuth-Encryption"]);
        const bank = await openAtBank(header.value, cryptogram, activationId);
        assert.equal(bank.plaintext, '{"balance":"?"}');
        const answer = bank.answer("1250,00 €");
        assert.equal(await decryptor.decryptResponse(answer), "1250,00 €");
        await assert.rejects(decryptor.decryptResponse(answer), fails("INVALID_NATIVE_OBJECT"));
        await assert.rejects(openAtBank(header.value, cryptogram, activationId), { code: "ERR0024" }, "a replay");

        const second = await encryptor.encryptRequest("AP8=", "BASE64");
        const opened = await openAtBank(second.header.value, second.cryptogram, activationId);
        const garbled = { ...opened.answer("x"), mac: toBase64(concat(new Uint8Array(32))) };
        await assert.rejects(second.decryptor.decryptResponse(garbled), fails("ENCRYPTION_ERROR"));
        assert.equal(await second.decryptor.canDecryptResponse(), false, "it is used up by a failure as well");

        const third = await encryptor.encryptRequest("{}");
        const elsewhere = scope === "ACTIVATION" ? undefined : device.activationId;
        await assert.rejects(
          openAtBank(third.header.value, third.cryptogram, elsewhere),
          "the other scope opens nothing",
        );
      });
    }

    test("after the activation is gone its encryptor is MISSING_ACTIVATION, and the application's goes on", async () => {
      const { powerAuth } = await lab.device();
      const encryptor = powerAuth.getEncryptorForActivationScope();
      await encryptor.encryptRequest("{}");
      await powerAuth.removeActivationLocal();
      assert.equal(await encryptor.canEncryptRequest(), false);
      await assert.rejects(encryptor.encryptRequest("{}"), fails("MISSING_ACTIVATION"));
      await powerAuth.getEncryptorForApplicationScope().encryptRequest("{}");
    });

    test("edition 5 by its own entry point: Base64 both ways, one exchange for each encryptor, promises for configurations", async () => {
      const device = await lab.device();
      const powerAuth = new edition5.PowerAuth(device.powerAuth.instanceId);
      assert.equal(edition5.apiLevel, 5);
      const configuration = powerAuth.configuration;
      assert.ok(configuration instanceof Promise);
      assert.equal((await configuration)?.baseEndpointUrl, lab.world.server.publicUrl);
      assert.equal(await powerAuth.currentAlgorithm, "LEGACY");
      const encryptor = await powerAuth.getEncryptorForActivationScope();
      const { requestBody, requestHeaders } = await encryptor.encryptRequest(toBase64(utf8("hello")));
      const cryptogram = JSON.parse(Buffer.from(requestBody, "base64").toString()) as EncryptedRequest;
      const bank = await openAtBank(requestHeaders[0]!.value, cryptogram, device.activationId);
      assert.equal(bank.plaintext, "hello");
      await assert.rejects(encryptor.encryptRequest(""), fails("INVALID_NATIVE_OBJECT"));
      const body = toBase64(utf8(JSON.stringify(bank.answer("back"))));
      assert.equal(Buffer.from(await encryptor.decryptResponse(body), "base64").toString(), "back");
      await assert.rejects(encryptor.decryptResponse(body), fails("INVALID_NATIVE_OBJECT"));
      await encryptor.release();

      const header = await powerAuth.authenticationHeaderForRequestWithBody(withPin(), "POST", "/x", "{}");
      assert.equal(header.name, "X-PowerAuth-Authorization");
      await assert.rejects(powerAuth.validatePassword("1111"), fails("NETWORK_ERROR", "ERR_AUTHENTICATION"));
      await lab.world.bank.createOperation({ ...payment, userId: device.userId });
      assert.equal((await powerAuth.createMobileToken().operations.getOperations()).length, 1);
    });

    test("the server's time is asked for, known with a precision, and forgotten on demand", async () => {
      const { powerAuth } = await lab.device({ environment: { now: () => Date.now() - 3_600_000 } });
      const time = powerAuth.timeSynchronizationService;
      await time.resetTimeSynchronization();
      assert.equal(await time.isTimeSynchronized(), false);
      assert.ok(Math.abs((await time.currentTime()) - Date.now()) > 3_500_000);
      await time.synchronizeTime();
      assert.equal(await time.isTimeSynchronized(), true);
      assert.ok(Math.abs((await time.currentTime()) - Date.now()) < 10_000);
      assert.ok((await time.localTimeAdjustment()) > 3_500_000);
      assert.ok((await time.localTimeAdjustmentPrecision()) >= 0);
      await powerAuth.createMobileToken().operations.getOperations();
    });
  });
}
