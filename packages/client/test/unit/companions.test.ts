/** The classes around the PowerAuth object: time, machine, hash and randomness, texts, debugging, the person. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  PowerAuthActivationCodeUtil,
  PowerAuthCryptoUtils,
  PowerAuthDebug,
  PowerAuthError,
  PowerAuthStorageUtils,
  PowerAuthUtils,
  StorageError,
  type PowerAuthLog,
} from "../../src/mobile-token/index.ts";
import { createMemoryStorage } from "../../src/storage/memory.ts";
import { activeDevice, configuredDevice, pin, withPin } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;

describe("time synchronisation", () => {
  test("asks each time it is told to, and knows offset and precision", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const time = powerAuth.timeSynchronizationService;
    peer.clockAhead = 500_000;
    assert.equal(await time.isTimeSynchronized(), false);
    assert.equal(await time.localTimeAdjustment(), 0);
    await time.synchronizeTime();
    await time.synchronizeTime();
    assert.deepEqual(peer.paths(), ["/pa/v3/status", "/pa/v3/status"]);
    assert.ok(Math.abs((await time.localTimeAdjustment()) - 500_000) < 5_000);
    assert.ok((await time.localTimeAdjustmentPrecision()) < 5_000);
    assert.ok(Math.abs((await time.currentTime()) - Date.now() - 500_000) < 5_000);
    await time.resetTimeSynchronization();
    assert.equal(await time.isTimeSynchronized(), false);
  });

  test("is TIME_SYNCHRONIZATION when the server is away, refuses, tells no time, or took sixteen seconds", async () => {
    let now = Date.now();
    const { peer, powerAuth } = await configuredDevice({ now: () => now });
    const time = powerAuth.timeSynchronizationService;
    const failures = [
      () => Promise.reject(new TypeError("fetch failed")),
      () => new Response("{}", { status: 500 }),
      () => Response.json({ status: "OK", responseObject: { serverTime: "noon" } }),
      () => {
        now += 17_000;
        return Response.json({ status: "OK", responseObject: { serverTime: now } });
      },
    ];
    for (const failure of failures) {
      peer.intercept = failure;
      await assert.rejects(time.synchronizeTime(), fails("TIME_SYNCHRONIZATION"));
      assert.equal(await time.isTimeSynchronized(), false);
    }
  });

  test("is forgotten when the application comes to the foreground, until the instance is deconfigured", async () => {
    const callbacks = new Set<() => void>();
    const onForeground = (callback: () => void) => {
      callbacks.add(callback);
      return () => void callbacks.delete(callback);
    };
    const { powerAuth } = await configuredDevice({ onForeground });
    await powerAuth.timeSynchronizationService.synchronizeTime();
    for (const callback of callbacks) callback();
    assert.equal(await powerAuth.timeSynchronizationService.isTimeSynchronized(), false);
    await powerAuth.deconfigure();
    assert.equal(callbacks.size, 0);
    await assert.rejects(powerAuth.timeSynchronizationService.currentTime(), fails("INSTANCE_NOT_CONFIGURED"));
  });
});

describe("the machine and its tools", () => {
  test("names system and version, and what the application has said of itself", async () => {
    const before = await PowerAuthUtils.getEnvironmentInfo();
    assert.notEqual(before.systemName, "unknown");
    assert.match(before.sdkVersion, /^\d+\.\d+\.\d+$/);
    assert.equal(before.applicationVersion, undefined);
    PowerAuthUtils.setEnvironmentInfo({ applicationVersion: "7.1", deviceId: "kiosk" });
    const after = await PowerAuthUtils.getEnvironmentInfo();
    assert.deepEqual([after.applicationVersion, after.deviceId], ["7.1", "kiosk"]);
    PowerAuthUtils.setEnvironmentInfo({});
  });

  test("moves nothing on iOS's behalf, and refuses a move that makes no sense", async () => {
    await PowerAuthUtils.migrateiOSSharingConfiguration({ from: null, to: { appGroup: "a" } });
    for (const same of [{}, { from: { appGroup: "a" }, to: { appGroup: "a" } }]) {
      await assert.rejects(PowerAuthUtils.migrateiOSSharingConfiguration(same), fails("WRONG_PARAMETER"));
    }
  });

  test("hashes Base64 into Base64 and draws random bytes", async () => {
    const expected = createHash("sha256").update("data").digest("base64");
    assert.equal(await PowerAuthCryptoUtils.hashSha256(Buffer.from("data").toString("base64")), expected);
    await assert.rejects(PowerAuthCryptoUtils.hashSha256("?"), fails("WRONG_PARAMETER"));
    const drawn = await Promise.all([1, 2, 3].map(() => PowerAuthCryptoUtils.randomBytes(32)));
    assert.equal(new Set(drawn).size, 3);
    assert.equal(Buffer.from(drawn[0]!, "base64").length, 32);
    for (const length of [0, -1, 1.5, Number.NaN, 65_537]) {
      await assert.rejects(PowerAuthCryptoUtils.randomBytes(length), fails("WRONG_PARAMETER"));
    }
  });

  test("keeps texts in two rooms of names, in the storage it is given", async () => {
    const storage = createMemoryStorage();
    PowerAuthStorageUtils.useStorage(storage);
    assert.equal(PowerAuthStorageUtils.protection, "NONE");
    await PowerAuthStorageUtils.setString("key", "secure €", "SECURE");
    assert.equal(await PowerAuthStorageUtils.getString("key", "STANDARD"), undefined);
    assert.equal(await PowerAuthStorageUtils.getString("key", "SECURE"), "secure €");
    assert.equal(await PowerAuthStorageUtils.exists("key", "SECURE"), true);
    assert.equal(await PowerAuthStorageUtils.remove("key", "SECURE"), true);
    assert.equal(await PowerAuthStorageUtils.remove("key", "SECURE"), false);
    await assert.rejects(PowerAuthStorageUtils.setString("", "x", "SECURE"), fails("WRONG_PARAMETER"));
    await assert.rejects(PowerAuthStorageUtils.getString("k", "OTHER" as "SECURE"), fails("WRONG_PARAMETER"));
    await assert.rejects(
      PowerAuthStorageUtils.setString("k", 7 as unknown as string, "SECURE"),
      fails("WRONG_PARAMETER"),
    );
    PowerAuthStorageUtils.useStorage({
      ...storage,
      get: () => Promise.reject(new StorageError("STORAGE_UNREADABLE", "broken")),
    });
    await assert.rejects(PowerAuthStorageUtils.getString("k", "SECURE"), fails("ENCRYPTION_ERROR"));
    PowerAuthStorageUtils.useStorage(createMemoryStorage());
  });

  test("recovery codes are read by their form, with or without their prefix", async () => {
    const code = "W65WE-3T7VI-7FBS2-A4OYA";
    assert.deepEqual(await PowerAuthActivationCodeUtil.parseRecoveryCode(`R:${code}`), { activationCode: code });
    assert.equal(await PowerAuthActivationCodeUtil.validateRecoveryCode(code), true);
    assert.equal(await PowerAuthActivationCodeUtil.validateRecoveryCode(`${code}#sig`), false);
    await assert.rejects(PowerAuthActivationCodeUtil.parseRecoveryCode("R:"), fails("INVALID_RECOVERY_CODE"));
    assert.equal(await PowerAuthActivationCodeUtil.validateRecoveryPuk("0123456789"), true);
    for (const puk of ["012345678", "01234567890", "012345678a"]) {
      assert.equal(await PowerAuthActivationCodeUtil.validateRecoveryPuk(puk), false);
    }
  });
});

describe("debugging", () => {
  test("traces calls and failures, and at no level a PIN, a key, a signature, a token or an answer", async () => {
    const logs: PowerAuthLog[] = [];
    PowerAuthDebug.traceNativeCodeCalls(true, true, (log) => logs.push(log));
    const { peer, powerAuth } = await activeDevice();
    await powerAuth.validatePassword(pin);
    await powerAuth.validatePassword("0000").catch(() => undefined);
    await powerAuth.tokenStore.requestAccessToken("t", withPin());
    await powerAuth.fetchEncryptionKey(withPin(), 1);
    const [header] = [await powerAuth.requestSignature(withPin(), "POST", "/x", "{}")];
    PowerAuthDebug.traceNativeCodeCalls(false);
    await powerAuth.validatePassword(pin);
    const text = logs.map(({ message }) => message).join("\n");
    assert.match(text, /POST \/pa\/v3\/signature\/validate: 200/);
    assert.match(text, /POST \/pa\/v3\/signature\/validate: 401/);
    assert.match(text, /AUTHENTICATION_ERROR/);
    assert.equal(
      logs.filter(({ message }) => message.includes("signature/validate: 200")).length,
      1,
      "it can be ended",
    );
    const secrets = [
      pin,
      "0000",
      header.value,
      ...peer.requests.flatMap(({ body, headers }) => [body, ...headers.values()]),
    ];
    for (const secret of secrets.filter((value) => value.length > 3 && !value.startsWith("application/"))) {
      assert.ok(!text.includes(secret), secret);
    }
  });

  test("failures alone are traced where only they are asked for; a dump names instances and no content", async () => {
    const logs: PowerAuthLog[] = [];
    PowerAuthDebug.traceNativeCodeCalls(true, false, (log) => logs.push(log));
    const { powerAuth } = await activeDevice();
    await powerAuth.validatePassword("0000").catch(() => undefined);
    PowerAuthDebug.traceNativeCodeCalls(false);
    assert.deepEqual([...new Set(logs.map(({ level }) => level))], ["error"]);
    const dump = await PowerAuthDebug.dumpNativeObjects(powerAuth.instanceId);
    assert.deepEqual(
      dump.map(({ id }) => id),
      [powerAuth.instanceId],
    );
    assert.equal(PowerAuthDebug.describeError(new Error("the PIN is 7391")), "Error");
    assert.equal(PowerAuthDebug.describeError(new PowerAuthError("WRONG_PARAMETER", "text")), "WRONG_PARAMETER · text");
  });
});

describe("the person", () => {
  test("claims come under the names of the face, each of its type, with everything beside", async () => {
    const { peer, powerAuth } = await activeDevice();
    peer.claims = {
      sub: "anna",
      given_name: "Anna",
      email: "anna@example.test",
      email_verified: true,
      phone_number: 7,
      birthdate: "1980-02-29",
      updated_at: 1_700_000_000,
      address: { formatted: "Street 1\r\nCity", street_address: "Street 1", postal_code: "100 00", extra: 1 },
      branch: "Prague",
    };
    const { allClaims, userAddress, ...info } = await powerAuth.fetchUserInfo();
    assert.deepEqual(info, {
      subject: "anna",
      givenName: "Anna",
      email: "anna@example.test",
      isEmailVerified: true,
      birthdate: "1980-02-29",
      updatedAt: 1_700_000_000,
    });
    assert.deepEqual(allClaims, peer.claims);
    assert.equal(userAddress?.formatted, "Street 1\nCity");
    assert.deepEqual(
      [userAddress?.street, userAddress?.postalCode, userAddress?.allClaims.extra],
      ["Street 1", "100 00", 1],
    );
  });
});
