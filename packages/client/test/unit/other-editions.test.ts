/** What other editions call by other names, or mean by the same ones. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  apiLevel,
  MobileTokenError,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  PowerAuthConfiguration,
  PowerAuthError,
  PowerAuthPassword,
  PowerAuthTokenStore,
} from "../../src/mobile-token/index.ts";
import { withResults } from "../../src/mobile-token/compat/results.ts";
import * as edition5 from "../../src/mobile-token/v5/index.ts";
import { activeDevice, configuredDevice, pin, possession, TestBiometry, withPin } from "../device.ts";
import { Peer } from "../peer.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const prompt = { promptMessage: "Pay?" };

/** Names of the React Native and Flutter editions, with the least number of arguments that each is called with. */
const members: Readonly<Record<string, number>> = {
  configure: 0,
  isConfigured: 0,
  deconfigure: 0,
  hasValidActivation: 0,
  canStartActivation: 0,
  hasPendingActivation: 0,
  getExternalPendingOperation: 0,
  getActivationIdentifier: 0,
  getActivationFingerprint: 0,
  fetchActivationStatus: 1,
  createActivation: 2,
  commitActivation: 1,
  persistActivation: 1,
  removeActivationWithAuthentication: 2,
  removeActivationLocal: 0,
  requestGetSignature: 3,
  requestSignature: 4,
  offlineSignature: 4,
  verifyServerSignedData: 3,
  verifyScannedActivationCode: 1,
  validatePassword: 2,
  changePassword: 3,
  unsafeChangePassword: 2,
  changePasswordUnsafe: 2,
  beginPasswordChange: 2,
  finishPasswordChange: 2,
  addBiometryFactor: 3,
  hasBiometryFactor: 0,
  removeBiometryFactor: 0,
  getBiometryInfo: 0,
  getBiometricStatus: 0,
  isAuthenticationWithBiometricsAvailable: 0,
  groupedBiometricAuthentication: 2,
  fetchEncryptionKey: 3,
  signDataWithDevicePrivateKey: 2,
  calculateDigitalSignature: 4,
  verifyDigitalSignature: 3,
  hasActivationRecoveryData: 0,
  activationRecoveryData: 1,
  confirmRecoveryCode: 3,
  createPassword: 0,
  getEncryptorForApplicationScope: 0,
  getEncryptorForActivationScope: 0,
  fetchUserInfo: 1,
  getLastFetchedUserInfo: 0,
  authenticationHeaderForRequestWithBody: 4,
  authenticationHeaderForRequestWithParams: 4,
  offlineAuthenticationCode: 4,
};
const tokenMembers = [
  "requestAccessToken",
  "removeAccessToken",
  "hasLocalToken",
  "removeLocalToken",
  "removeAllLocalTokens",
  "getLocalToken",
  "generateHeaderForToken",
  "generateAuthenticationHeader",
];

describe("names", () => {
  test("every method that other editions have is there, with as many arguments", () => {
    const object = new PowerAuth("x") as unknown as Record<string, unknown>;
    for (const [name, count] of Object.entries(members)) {
      assert.equal(typeof object[name], "function", name);
      assert.equal((object[name] as () => void).length, count, name);
    }
    const store = new PowerAuthTokenStore("x") as unknown as Record<string, unknown>;
    for (const name of tokenMembers) assert.equal(typeof store[name], "function", name);
    for (const name of ["getBiometryInfo", "cleanupInstanceData"] as const)
      assert.equal(typeof PowerAuth[name], "function");
    assert.equal(apiLevel, 4);
  });

  test("the prototype is open: what others add to it is there on every object", () => {
    const prototype = PowerAuth.prototype as unknown as Record<string, unknown>;
    prototype.createSomethingElse = function (this: PowerAuth) {
      return `for ${this.instanceId}`;
    };
    assert.equal((new PowerAuth("a") as unknown as { createSomethingElse(): string }).createSomethingElse(), "for a");
    delete prototype.createSomethingElse;
  });

  test("two names of one method give the same: headers with key, name and value; digits; token headers", async () => {
    const { powerAuth } = await activeDevice();
    const header = await powerAuth.authenticationHeaderForRequestWithBody(withPin(), "post", "/x", "{}");
    assert.deepEqual([header.key, header.name], ["X-PowerAuth-Authorization", "X-PowerAuth-Authorization"]);
    const params = await powerAuth.authenticationHeaderForRequestWithParams(withPin(), "GET", "/x", { b: "2", a: "1" });
    assert.match(params.value, /pa_signature_type="possession_knowledge"/);
    await assert.rejects(powerAuth.requestSignature(withPin(), "PO ST", "/x", "{}"), fails("WRONG_PARAMETER"));
    await powerAuth.tokenStore.requestAccessToken("t", possession());
    const token = await powerAuth.tokenStore.generateAuthenticationHeader("t");
    assert.deepEqual([token.key, token.name], ["X-PowerAuth-Token", "X-PowerAuth-Token"]);
  });
});

describe("authentication objects (M27)", () => {
  test("a string and a password object open the same; an object destroyed on use opens nothing a second time", async () => {
    const { powerAuth } = await activeDevice();
    await powerAuth.validatePassword(pin);
    const password = await PowerAuthPassword.fromString(pin);
    await powerAuth.tokenStore.requestAccessToken("a", PowerAuthAuthentication.password(password));
    await assert.rejects(
      powerAuth.tokenStore.requestAccessToken("b", PowerAuthAuthentication.password(password)),
      fails("INVALID_NATIVE_OBJECT"),
    );
    const reusable = await PowerAuthPassword.fromString(pin, false);
    for (const name of ["c", "d"]) {
      await powerAuth.tokenStore.requestAccessToken(name, PowerAuthAuthentication.password(reusable));
    }
  });

  test("biometry takes its prompt bare or inside an object; without the factor it is BIOMETRY_NOT_CONFIGURED", async () => {
    const biometryProvider = new TestBiometry();
    const { powerAuth } = await activeDevice({ biometryProvider });
    const forms = [prompt, { biometricPrompt: { promptTitle: "Bank", promptMessage: "Pay?" } }];
    for (const form of forms) {
      const signature = powerAuth.requestSignature(PowerAuthAuthentication.biometry(form), "POST", "/x", "{}");
      await assert.rejects(signature, fails("BIOMETRY_NOT_CONFIGURED"));
    }
    await powerAuth.addBiometryFactor(pin, prompt);
    for (const form of forms) {
      await powerAuth.requestSignature(PowerAuthAuthentication.biometry(form), "POST", "/x", "{}");
    }
    assert.equal(biometryProvider.prompts.at(-1)?.promptTitle, "Bank");
  });

  test("an object made the old way counts what is set on it; password and biometry together are refused", async () => {
    const biometryProvider = new TestBiometry();
    const { peer, powerAuth } = await configuredDevice({ biometryProvider });
    await powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(peer.prepare().scanned, "Old"));
    const commit = new PowerAuthAuthentication();
    commit.userPassword = pin;
    commit.useBiometry = true;
    commit.biometryMessage = "Set up";
    await powerAuth.commitActivation(commit);
    assert.equal(await powerAuth.hasBiometryFactor(), true);

    const factors = async (change: (old: PowerAuthAuthentication) => void) => {
      const old = new PowerAuthAuthentication();
      change(old);
      const { value } = await powerAuth.requestSignature(old, "POST", "/x", "{}");
      return /pa_signature_type="(\w+)"/.exec(value)?.[1];
    };
    assert.equal(await factors(() => undefined), "possession");
    assert.equal(await factors((old) => (old.userPassword = pin)), "possession_knowledge");
    const byBiometry = (old: PowerAuthAuthentication) => {
      old.useBiometry = true;
      old.biometryMessage = "Pay?";
    };
    assert.equal(await factors(byBiometry), "possession_biometry");
    await assert.rejects(
      factors((old) => {
        byBiometry(old);
        old.userPassword = pin;
      }),
      fails("WRONG_PARAMETER"),
    );
    const given = new PowerAuthAuthentication(pin);
    const { value } = await powerAuth.requestSignature(given, "POST", "/x", "{}");
    assert.match(value, /possession_knowledge/, "the constructor's password is not lost");
  });

  test("objects for committing sign nothing, objects for signing commit nothing", async () => {
    const { peer, powerAuth } = await configuredDevice();
    await powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(peer.prepare().scanned, "x"));
    await assert.rejects(powerAuth.persistActivation(withPin()), fails("WRONG_PARAMETER"));
    await powerAuth.persistActivation(PowerAuthAuthentication.persistWithPassword(pin));
    const commit = PowerAuthAuthentication.persistWithPassword(pin);
    assert.equal(commit.isActivationPersist, true);
    await assert.rejects(powerAuth.requestSignature(commit, "POST", "/x"), fails("WRONG_PARAMETER"));
  });
});

describe("what an activation starts from", () => {
  test("identity attributes, OpenID parameters and recovery codes are told to the server as it expects them", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const oidc = { providerId: "bank", code: "c", nonce: "n", codeVerifier: "v" };
    const attempts = [
      PowerAuthActivation.createWithIdentityAttributes({ user: "anna", secret: "s" }, "Phone"),
      PowerAuthActivation.createWithOIDCParameters(oidc, "Phone"),
      PowerAuthActivation.createWithOIDCParameters({ providerId: "bank", code: "c", nonce: "n" }, "Phone"),
      PowerAuthActivation.createWithRecoveryCode("R:W65WE-3T7VI-7FBS2-A4OYA", "0123456789", "Phone"),
    ];
    for (const activation of attempts) {
      activation.customAttributes = { branch: 7 };
      await assert.rejects(powerAuth.createActivation(activation), fails("RESPONSE_ERROR"));
    }
    const customAttributes = { branch: 7 };
    assert.deepEqual(peer.identities, [
      { type: "CUSTOM", identityAttributes: { user: "anna", secret: "s" }, customAttributes },
      { type: "DIRECT", identityAttributes: { method: "oidc", ...oidc }, customAttributes },
      {
        type: "DIRECT",
        identityAttributes: { method: "oidc", providerId: "bank", code: "c", nonce: "n" },
        customAttributes,
      },
      {
        type: "RECOVERY",
        identityAttributes: { recoveryCode: "W65WE-3T7VI-7FBS2-A4OYA", puk: "0123456789" },
        customAttributes,
      },
    ]);
  });

  test("what cannot be a start is refused before anything is sent", async () => {
    const { peer, powerAuth } = await configuredDevice();
    const withOtp = PowerAuthActivation.createWithIdentityAttributes({ a: "b" }, "x");
    withOtp.additionalActivationOtp = "123456";
    const oidc = { providerId: "bank", code: "", nonce: "n" };
    const table: [PowerAuthActivation, string][] = [
      [withOtp, "INVALID_ACTIVATION_OBJECT"],
      [PowerAuthActivation.createWithIdentityAttributes({}, "x"), "INVALID_ACTIVATION_OBJECT"],
      [
        PowerAuthActivation.createWithIdentityAttributes({ a: 7 as unknown as string }, "x"),
        "INVALID_ACTIVATION_OBJECT",
      ],
      [PowerAuthActivation.createWithOIDCParameters(oidc, "x"), "INVALID_ACTIVATION_OBJECT"],
      [PowerAuthActivation.createWithRecoveryCode("W65WE-3T7VI-7FBS2-A4OYA", "12", "x"), "INVALID_RECOVERY_CODE"],
      [undefined as unknown as PowerAuthActivation, "INVALID_ACTIVATION_OBJECT"],
    ];
    for (const [activation, code] of table) {
      await assert.rejects(powerAuth.createActivation(activation), fails(code));
    }
    assert.deepEqual(peer.requests, []);
  });

  test("a code for another app of the same person comes signed, and asks for a long one-time password", async () => {
    const { peer, powerAuth } = await activeDevice();
    const target = { applicationId: "other", otp: "0123456789abcdef" };
    const { activationCode, activationSignature } = await powerAuth.requestActivationTransfer(withPin(), target);
    assert.equal(await powerAuth.verifyScannedActivationCode(`${activationCode}#${activationSignature}`), true);
    assert.deepEqual(peer.transfers, [target]);
    const short = powerAuth.requestActivationTransfer(withPin(), { ...target, otp: "short" });
    await assert.rejects(short, fails("WRONG_PARAMETER"));
  });
});

describe("changing a password in two steps", () => {
  test("ends with the second step, with release, with the instance, after five minutes, and with another change", async () => {
    let now = Date.now();
    const { powerAuth } = await activeDevice({ now: () => now });
    const begin = () => powerAuth.beginPasswordChange(pin);
    const over = fails("INVALID_NATIVE_OBJECT");
    const released = await begin();
    await released.release();
    await released.release();
    await assert.rejects(powerAuth.finishPasswordChange("9753", released), over);
    const late = await begin();
    now += 300_001;
    await assert.rejects(powerAuth.finishPasswordChange("9753", late), over);
    const short = await begin();
    await assert.rejects(powerAuth.finishPasswordChange("97", short), fails("INVALID_ACTIVATION_STATE"));
    await assert.rejects(powerAuth.finishPasswordChange("9753", short), over);
    const overtaken = await begin();
    await powerAuth.changePassword(pin, "8642");
    await assert.rejects(powerAuth.finishPasswordChange("9753", overtaken), fails("INVALID_ACTIVATION_STATE"));
    await powerAuth.validatePassword("8642");
    await assert.rejects(powerAuth.finishPasswordChange("9753", {} as typeof late), fails("WRONG_PARAMETER"));
  });
});

describe("stored data that cannot be read", () => {
  test("is removed by its instance's id when broken, and kept when a newer version wrote it", async () => {
    const { peer, powerAuth, storage, environment } = await activeDevice();
    const { instanceId } = powerAuth;
    const clean = () =>
      PowerAuth.cleanupInstanceData(
        instanceId,
        peer.configuration,
        undefined,
        undefined,
        undefined,
        undefined,
        environment,
      );
    await assert.rejects(clean(), fails("WRONG_PARAMETER"), "it is configured");
    await powerAuth.deconfigure();
    const record = `${instanceId}/activation`;
    await storage.set(record, Buffer.from('{"version":99}'));
    await assert.rejects(clean(), fails("UPGRADE_SDK"));
    assert.ok(await storage.get(record));
    await storage.set(record, Buffer.from("garbage"));
    await clean();
    assert.equal(await storage.get(record), undefined);
  });
});

describe("configuration of later editions", () => {
  test("the length of offline codes is configurable from four to eight; other algorithms are refused", async () => {
    const peer = new Peer();
    const { configuration, baseEndpointUrl } = peer.configuration;
    const { powerAuth, environment } = await activeDevice({}, peer);
    const { instanceId } = powerAuth;
    await powerAuth.deconfigure();
    const configure = (more: object) =>
      new PowerAuth(instanceId).configure(
        { configuration, baseEndpointUrl, ...more },
        undefined,
        undefined,
        undefined,
        undefined,
        environment,
      );
    for (const length of [3, 9, 4.5]) {
      await assert.rejects(configure({ offlineAuthenticationCodeComponentLength: length }), fails("WRONG_PARAMETER"));
    }
    await assert.rejects(
      configure(new PowerAuthConfiguration(configuration, baseEndpointUrl, "P384_L3")),
      fails("WRONG_PARAMETER"),
    );
    await configure({ offlineAuthenticationCodeComponentLength: 5, algorithm: "LEGACY" });
    const code = await powerAuth.offlineAuthenticationCode(withPin(), "/x", Buffer.alloc(16).toString("base64"), "a");
    assert.match(code, /^\d{5}-\d{5}$/);
  });

  test("edition 5 hides headers it was given, strips scanned signatures, and has nothing to upgrade to", async () => {
    const peer = new Peer();
    const powerAuth = new edition5.PowerAuth("edition-5");
    assert.equal(await powerAuth.configuration, undefined);
    const client = { customHttpHeaders: [{ name: "X-Key", value: "secret" }] };
    await powerAuth.configure(peer.configuration, client, undefined, undefined, undefined, { fetch: peer.fetch });
    assert.ok(!("customHttpHeaders" in (await powerAuth.clientConfiguration)!));
    assert.equal((await powerAuth.keychainConfiguration)?.minimalRequiredKeychainProtection, "NONE");
    assert.equal((await powerAuth.biometryConfiguration)?.authenticateOnBiometricKeySetup, true);
    assert.equal(await powerAuth.sharingConfiguration, undefined);
    assert.equal(await powerAuth.hasProtocolUpgradeAvailable(), false);
    await assert.rejects(powerAuth.startProtocolUpgrade("1234"), fails("PROTOCOL_UPGRADE"));
    await assert.rejects(powerAuth.getEncryptorForActivationScope(), fails("MISSING_ACTIVATION"));
    const { scanned, code } = peer.prepare();
    assert.deepEqual(await edition5.PowerAuthActivationCodeUtil.parseActivationCode(scanned), { activationCode: code });
    await powerAuth.deconfigure();
  });
});

describe("services that answer with results", () => {
  class Service {
    readonly #secret = 7;
    name = "service";
    async list(count: number) {
      return Array.from({ length: count }, () => this.#secret);
    }
    async decide(): Promise<void> {
      throw new MobileTokenError("restApiError", "no", {
        responseError: { code: "OPERATION_EXPIRED", message: "late" },
      });
    }
    async breaks(): Promise<string> {
      throw new MobileTokenError("network_generic", "away");
    }
    async digits() {
      return "12345678";
    }
    isRunning() {
      return true;
    }
  }

  test("values and refusals are results; what went wrong on the way is thrown; the rest is untouched", async () => {
    const service = withResults(new Service(), ["digits"]);
    assert.deepEqual(await service.list(2), { status: "OK", responseObject: [7, 7] });
    assert.deepEqual(await service.decide(), {
      status: "ERROR",
      responseError: { code: "OPERATION_EXPIRED", message: "late" },
    });
    await assert.rejects(
      service.breaks(),
      (error: unknown) => error instanceof MobileTokenError && error.reason === "network_generic",
    );
    assert.equal(await service.digits(), "12345678");
    assert.equal(service.isRunning(), true);
    assert.equal(service.name, "service");
  });
});
