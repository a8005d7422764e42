/** The vault, the biometry factor, and changes of the password. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { applicationVaultKey } from "@countersign/protocol/powerauth/vault";
import {
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  PowerAuthError,
  PowerAuthPassword,
  type BiometryFailureCode,
} from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, configuredDevice, pin, TestBiometry, withPin } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const prompt = { promptMessage: "Pay?", promptTitle: "Bank", cancelButtonTitle: "No" };
const byBiometry = () => PowerAuthAuthentication.biometry(prompt);

async function withBiometry() {
  const provider = new TestBiometry();
  const device = await activeDevice({ biometryProvider: provider });
  await device.powerAuth.addBiometryFactor(pin, prompt);
  return { ...device, provider };
}

describe("the vault", () => {
  test("gives the key of an index, the same each time, another for each index", async () => {
    const { powerAuth, peer } = await activeDevice();
    const { vault } = activationOf(peer).keys!;
    for (const index of [0, 1, 2n ** 64n - 1n]) {
      const key = await powerAuth.fetchEncryptionKey(withPin(), index);
      assert.deepEqual(
        Buffer.from(fromBase64(key)!),
        Buffer.from(nodeCrypto.secretBytes(applicationVaultKey(nodeCrypto, vault, index))),
      );
    }
    for (const index of [-1, 0.5, 2n ** 64n, Number.NaN]) {
      await assert.rejects(powerAuth.fetchEncryptionKey(withPin(), index), fails("WRONG_PARAMETER"));
    }
  });

  test("opens the device's private key for a signature that the server can verify", async () => {
    const { powerAuth, peer } = await activeDevice();
    const verify = (data: Uint8Array, signature: string) =>
      nodeCrypto.verify(activationOf(peer).device!, data, fromBase64(signature)!, "der");
    assert.ok(verify(utf8("smlouva"), await powerAuth.signDataWithDevicePrivateKey(withPin(), "smlouva")));
    assert.ok(verify(Buffer.from([0, 255]), await powerAuth.signDataWithDevicePrivateKey(withPin(), "AP8=", "BASE64")));
    await assert.rejects(powerAuth.signDataWithDevicePrivateKey(withPin(), "?", "BASE64"), fails("WRONG_PARAMETER"));
  });

  test("stays shut for a wrong password, and for possession alone", async () => {
    const { powerAuth } = await activeDevice();
    await assert.rejects(powerAuth.fetchEncryptionKey(withPin("0000"), 1), fails("AUTHENTICATION_ERROR"));
    const alone = powerAuth.fetchEncryptionKey(PowerAuthAuthentication.possession(), 1);
    await assert.rejects(alone, fails("AUTHENTICATION_ERROR"));
  });

  test("a call after the server lost its temporary keys fails once; the next one gets a new key", async () => {
    const { powerAuth, peer } = await activeDevice();
    await powerAuth.fetchEncryptionKey(withPin(), 1);
    peer.forgetTemporaryKeys();
    await assert.rejects(powerAuth.fetchEncryptionKey(withPin(), 1), fails("RESPONSE_ERROR"));
    await powerAuth.fetchEncryptionKey(withPin(), 1);
  });
});

describe("the biometry factor", () => {
  test("added later signs, opens the vault, and asks the person once per use", async () => {
    const { powerAuth, provider } = await withBiometry();
    assert.equal(await powerAuth.hasBiometryFactor(), true);
    assert.deepEqual(provider.prompts.at(-1), {
      promptMessage: "Pay?",
      promptTitle: "Bank",
      cancelButton: "No",
      fallbackButton: undefined,
    });
    const before = provider.prompts.length;
    await powerAuth.fetchEncryptionKey(byBiometry(), 1);
    await powerAuth.removeActivationWithAuthentication(byBiometry());
    assert.equal(provider.prompts.length, before + 2);
    assert.equal(provider.keys.size, 0);
  });

  test("set up with the activation works at once, and asks at set-up only where the configuration says so", async () => {
    for (const authenticateOnBiometricKeySetup of [true, false]) {
      const biometryProvider = new TestBiometry();
      const { peer, environment } = await configuredDevice({ biometryProvider });
      const powerAuth = new PowerAuth(`setup ${authenticateOnBiometricKeySetup}`);
      await powerAuth.configure(
        peer.configuration,
        {},
        { authenticateOnBiometricKeySetup },
        {},
        undefined,
        environment,
      );
      const activation = PowerAuthActivation.createWithActivationCode(peer.prepare().code, "x");
      await powerAuth.createActivation(activation);
      await powerAuth.commitActivation(PowerAuthAuthentication.commitWithPasswordAndBiometry(pin, prompt));
      assert.equal(biometryProvider.prompts.length, authenticateOnBiometricKeySetup ? 1 : 0);
      await powerAuth.fetchEncryptionKey(byBiometry(), 1);
    }
  });

  test("removed here signs no more; the server is not told", async () => {
    const { powerAuth, peer, provider } = await withBiometry();
    const requests = peer.requests.length;
    await powerAuth.removeBiometryFactor();
    assert.equal(await powerAuth.hasBiometryFactor(), false);
    assert.equal(provider.keys.size, 0);
    await assert.rejects(powerAuth.requestSignature(byBiometry(), "POST", "/x"), fails("BIOMETRY_NOT_CONFIGURED"));
    await assert.rejects(powerAuth.removeBiometryFactor(), fails("BIOMETRY_NOT_CONFIGURED"));
    assert.equal(peer.requests.length, requests);
  });

  test("added again replaces the key of before", async () => {
    const { powerAuth, provider } = await withBiometry();
    const [before] = [...provider.keys.values()].map((key) => key.slice());
    await powerAuth.addBiometryFactor(pin, "Title", "Description");
    assert.deepEqual(provider.prompts.at(-1)?.promptMessage, "Description");
    assert.notDeepEqual([...provider.keys.values()][0], before);
    await powerAuth.fetchEncryptionKey(byBiometry(), 1);
  });

  test("needs the right password to be added, and a platform that has biometry before anything is asked", async () => {
    const { powerAuth } = await activeDevice({ biometryProvider: new TestBiometry() });
    await assert.rejects(powerAuth.addBiometryFactor("0000", prompt), fails("AUTHENTICATION_ERROR"));
    assert.equal(await powerAuth.hasBiometryFactor(), false);
    const without = await activeDevice();
    const requests = without.peer.requests.length;
    await assert.rejects(without.powerAuth.addBiometryFactor(pin, prompt), fails("BIOMETRY_NOT_SUPPORTED"));
    assert.equal(without.peer.requests.length, requests);
    assert.equal((await without.powerAuth.getBiometryInfo()).canAuthenticate, "NOT_SUPPORTED");
  });

  const failures: Record<BiometryFailureCode, string> = {
    NOT_CONFIGURED: "BIOMETRY_NOT_CONFIGURED",
    NOT_SUPPORTED: "BIOMETRY_NOT_SUPPORTED",
    NOT_AVAILABLE: "BIOMETRY_NOT_AVAILABLE",
    NOT_ENROLLED: "BIOMETRY_NOT_ENROLLED",
    NOT_RECOGNIZED: "BIOMETRY_NOT_RECOGNIZED",
    LOCKOUT: "BIOMETRY_LOCKOUT",
    CANCEL: "BIOMETRY_CANCEL",
    FALLBACK: "BIOMETRY_FALLBACK",
    FAILED: "BIOMETRY_FAILED",
  };
  for (const [failure, code] of Object.entries(failures)) {
    test(`a platform that answers ${failure} makes the call fail with ${code}, without a counter value`, async () => {
      const { powerAuth, peer, provider } = await withBiometry();
      const { ctr } = activationOf(peer);
      provider.failWith = failure as BiometryFailureCode;
      await assert.rejects(powerAuth.requestSignature(byBiometry(), "POST", "/x"), fails(code));
      provider.failWith = undefined;
      await powerAuth.validatePassword(pin);
      assert.equal(activationOf(peer).ctr, ctr + 1);
    });
  }
});

describe("changing the password", () => {
  test("the new one works, the old one no more", async () => {
    const { powerAuth } = await activeDevice();
    await powerAuth.changePassword(pin, "longer password");
    await powerAuth.validatePassword("longer password");
    await assert.rejects(powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
  });

  test("with a wrong old one, or a new one under four bytes, changes nothing", async () => {
    const { powerAuth, peer } = await activeDevice();
    await assert.rejects(powerAuth.changePassword("0000", "5555"), fails("AUTHENTICATION_ERROR"));
    assert.equal(activationOf(peer).failed, 1);
    await assert.rejects(powerAuth.changePassword(pin, "123"), fails("INVALID_ACTIVATION_STATE"));
    assert.equal(activationOf(peer).failed, 0, "the new password is looked at after the validation");
    await powerAuth.validatePassword(pin);
  });

  test("without asking the server is true for a wrong old one as well, and spoils the password", async () => {
    const { powerAuth, peer } = await activeDevice();
    const requests = peer.requests.length;
    assert.equal(await powerAuth.unsafeChangePassword(pin, "5555"), true);
    assert.equal(await powerAuth.unsafeChangePassword("5555", "12"), false);
    assert.equal(peer.requests.length, requests);
    await powerAuth.validatePassword("5555");
    assert.equal(await powerAuth.unsafeChangePassword("0000", "6666"), true);
    for (const password of ["5555", "6666", pin]) {
      await assert.rejects(powerAuth.validatePassword(password), fails("AUTHENTICATION_ERROR"));
    }
  });

  test("uses up password objects, right or wrong", async () => {
    const { powerAuth } = await activeDevice();
    const password = await PowerAuthPassword.fromString(pin);
    await powerAuth.validatePassword(password);
    await assert.rejects(powerAuth.validatePassword(password), fails("INVALID_NATIVE_OBJECT"));
    const kept = await PowerAuthPassword.fromString(pin, false);
    await powerAuth.validatePassword(kept);
    await powerAuth.validatePassword(kept);
  });
});
