/**
 * Every call of the SDK that proves a factor to the server, over real HTTP on both stores: it works; a wrong factor is
 * refused and counted; a blocked activation is refused; the same request sent again is refused and counts nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PowerAuthError, type PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { pin, type StoreOfWorld, stores } from "../world.ts";
import { byBiometry, type Lab, type LabDevice, openLab, possession, sendAgain, withPin } from "./lab.ts";

interface Call {
  readonly name: string;
  readonly path: string;
  /** With the right PIN or with a wrong one. */
  run(device: LabDevice, pin: string): Promise<unknown>;
  works(result: unknown, device: LabDevice): unknown;
}

const vault = "/pa/v3/vault/unlock";
const wrongPin = "1111";

const calls: readonly Call[] = [
  {
    name: "the vault's key",
    path: vault,
    run: ({ powerAuth }, password) => powerAuth.fetchEncryptionKey(withPin(password), 7),
    works: (key) => assert.equal(Buffer.from(String(key), "base64").length, 16),
  },
  {
    name: "a signature of the device's own key",
    path: vault,
    run: ({ powerAuth }, password) => powerAuth.signDataWithDevicePrivateKey(withPin(password), "smlouva"),
    works: (signature) => assert.match(String(signature), /^ME/),
  },
  {
    name: "adding biometry",
    path: vault,
    run: ({ powerAuth }, password) => powerAuth.addBiometryFactor(password, { promptMessage: "?" }),
    works: async (_, { powerAuth }) => {
      assert.equal(await powerAuth.hasBiometryFactor(), true);
      await powerAuth.tokenStore.requestAccessToken("by biometry", byBiometry());
    },
  },
  {
    name: "checking the password",
    path: "/pa/v3/signature/validate",
    run: ({ powerAuth }, password) => powerAuth.validatePassword(password),
    works: (nothing) => assert.equal(nothing, undefined),
  },
  {
    name: "changing the password",
    path: "/pa/v3/signature/validate",
    run: ({ powerAuth }, password) => powerAuth.changePassword(password, "9753"),
    works: async (_, { powerAuth }) => {
      await refusedAs(powerAuth.validatePassword(pin), "AUTHENTICATION_ERROR");
      await powerAuth.validatePassword("9753");
      await powerAuth.changePassword("9753", pin);
    },
  },
  {
    name: "changing the password in two steps",
    path: "/pa/v3/signature/validate",
    run: async ({ powerAuth }, password) => {
      const data = await powerAuth.beginPasswordChange(password);
      await powerAuth.finishPasswordChange("8642", data);
      return data;
    },
    works: async (data, { powerAuth }) => {
      await powerAuth.validatePassword("8642");
      const again = powerAuth.finishPasswordChange(
        "0864",
        data as Parameters<typeof powerAuth.finishPasswordChange>[1],
      );
      await refusedAs(again, "INVALID_NATIVE_OBJECT");
      await powerAuth.changePassword("8642", pin);
    },
  },
  {
    name: "making a token",
    path: "/pa/v3/token/create",
    run: ({ powerAuth }, password) => powerAuth.tokenStore.requestAccessToken(`t${password}`, withPin(password)),
    works: async (_, { powerAuth }) => {
      const { key, name, value } = await powerAuth.tokenStore.generateHeaderForToken(`t${pin}`);
      assert.deepEqual([key, name], ["X-PowerAuth-Token", "X-PowerAuth-Token"]);
      assert.match(value, /token_digest="[A-Za-z0-9+/=]{44}"/);
      await powerAuth.tokenStore.removeAccessToken(`t${pin}`);
      assert.equal(await powerAuth.tokenStore.hasLocalToken(`t${pin}`), false);
      await refusedAs(powerAuth.tokenStore.removeAccessToken(`t${pin}`), "INVALID_TOKEN");
    },
  },
  {
    name: "another name for the device",
    path: "/pa/v3/activation/rename",
    run: ({ powerAuth }, password) => powerAuth.renameActivation(withPin(password), "Anna's new phone"),
    works: async (renamed, { powerAuth, activationId }) => {
      assert.deepEqual(renamed, { activationId, activationName: "Anna's new phone" });
      assert.deepEqual(await powerAuth.fetchActivationDetail(withPin()), renamed);
    },
  },
  {
    name: "removing the activation",
    path: "/pa/v3/activation/remove",
    run: ({ powerAuth }, password) => powerAuth.removeActivationWithAuthentication(withPin(password)),
    works: async (_, { powerAuth, onServer }) => {
      assert.equal(await powerAuth.hasValidActivation(), false);
      assert.equal(await powerAuth.canStartActivation(), true);
      assert.equal((await onServer()).activationStatus, "REMOVED");
    },
  },
];

async function refusedAs(call: Promise<unknown>, code: string): Promise<PowerAuthError> {
  const error: unknown = await call.then(
    () => assert.fail(`it was not refused as ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PowerAuthError, String(error));
  assert.equal(error.code, code);
  return error;
}

const failCount = async ({ powerAuth }: LabDevice) => (await powerAuth.fetchActivationStatus()).failCount;

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`signed calls on ${store.name}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await openLab(store);
    });
    after(async () => {
      await lab?.close();
      await store.drop();
    });

    for (const { name, path, run, works } of calls) {
      test(`${name}: a wrong PIN is refused and counted, the right one works, the request sent again is dead`, async () => {
        const device = await lab.device();
        const refused = await refusedAs(run(device, wrongPin), "AUTHENTICATION_ERROR");
        assert.equal(refused.errorData?.httpStatusCode, 401);
        assert.equal(refused.errorData?.serverResponseCode, "ERR_AUTHENTICATION");
        assert.equal(await failCount(device), 1);
        const wrong = device.network.last(path);

        const result = await run(device, pin);
        const right = device.network.last(path);
        await works(result, device);
        const isRemoved = !(await device.powerAuth.hasValidActivation());
        const counted = isRemoved ? 0 : await failCount(device);
        for (const request of [right, wrong]) {
          assert.equal((await sendAgain(request)).status, 401);
        }
        if (!isRemoved) assert.equal(await failCount(device), counted, "what was sent again counts nothing");
      });

      test(`${name}: refused while the activation is blocked, which costs nothing here; works afterwards`, async () => {
        const device = await lab.device();
        await device.block();
        await refusedAs(run(device, pin), "AUTHENTICATION_ERROR");
        assert.equal(await device.powerAuth.hasValidActivation(), true);
        assert.equal((await device.powerAuth.fetchActivationStatus()).state, "BLOCKED");
        await device.unblock();
        await works(await run(device, pin), device);
      });
    }

    test("possession alone opens no vault, gives no name and removes nothing", async () => {
      const device = await lab.device();
      const { powerAuth } = device;
      const attempts: ((alone: PowerAuthAuthentication) => Promise<unknown>)[] = [
        (alone) => powerAuth.fetchEncryptionKey(alone, 1),
        (alone) => powerAuth.signDataWithDevicePrivateKey(alone, "x"),
        (alone) => powerAuth.renameActivation(alone, "x"),
        (alone) => powerAuth.removeActivationWithAuthentication(alone),
      ];
      for (const attempt of attempts) {
        await assert.rejects(attempt(possession()), (error: unknown) => {
          assert.ok(error instanceof PowerAuthError);
          return error.code === "AUTHENTICATION_ERROR" || error.errorData?.serverResponseCode === "ERR_SECURE_VAULT";
        });
      }
      assert.equal(await failCount(device), 0);
      await powerAuth.validatePassword(pin);
    });

    test("five wrong PINs in a row block, the right one is refused then, and only the back office helps", async () => {
      const device = await lab.device();
      for (let attempt = 1; attempt <= 5; attempt++) {
        await refusedAs(device.powerAuth.validatePassword(wrongPin), "AUTHENTICATION_ERROR");
      }
      const {
        state,
        failCount: count,
        maxFailCount,
        remainingAttempts,
      } = await device.powerAuth.fetchActivationStatus();
      assert.deepEqual(
        { state, count, maxFailCount, remainingAttempts },
        {
          state: "BLOCKED",
          count: 5,
          maxFailCount: 5,
          remainingAttempts: 0,
        },
      );
      await refusedAs(device.powerAuth.validatePassword(pin), "AUTHENTICATION_ERROR");
      await device.unblock();
      await device.powerAuth.validatePassword(pin);
    });

    test("a removed biometry key is dead: here at once, and at the server once there is a new one", async () => {
      const device = await lab.device({ withBiometry: true });
      const { powerAuth, fingers } = device;
      await powerAuth.tokenStore.requestAccessToken("first", byBiometry());
      const old = fingers.keys.get(powerAuth.instanceId)!.slice();
      await powerAuth.removeBiometryFactor();
      assert.equal(fingers.keys.size, 0);
      // Somebody kept the old key.
      fingers.keys.set(powerAuth.instanceId, old);
      await refusedAs(powerAuth.requestSignature(byBiometry(), "POST", "/x", "{}"), "BIOMETRY_NOT_CONFIGURED");
      await refusedAs(powerAuth.removeBiometryFactor(), "BIOMETRY_NOT_CONFIGURED");

      await powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
      await powerAuth.tokenStore.requestAccessToken("second", byBiometry());
      fingers.keys.set(powerAuth.instanceId, old);
      await refusedAs(powerAuth.tokenStore.requestAccessToken("third", byBiometry()), "AUTHENTICATION_ERROR");
      assert.equal(await failCount(device), 1, "the server took it for a wrong factor");
    });

    test("one prompt serves several calls in a group, and none of them outside of it", async () => {
      const { powerAuth, fingers } = await lab.device({ withBiometry: true });
      let kept: PowerAuthAuthentication | undefined;
      await powerAuth.groupedBiometricAuthentication(byBiometry(), async (reusable) => {
        kept = reusable;
        await powerAuth.tokenStore.requestAccessToken("a", reusable);
        await powerAuth.tokenStore.requestAccessToken("b", reusable);
      });
      assert.equal(fingers.prompts, 1);
      await powerAuth.tokenStore.requestAccessToken("c", kept!);
      assert.equal(fingers.prompts, 2, "the key is gone with the group: the person is asked again");
      await refusedAs(
        powerAuth.groupedBiometricAuthentication(withPin(), async () => undefined),
        "WRONG_PARAMETER",
      );
      const failing = powerAuth.groupedBiometricAuthentication(byBiometry(), () =>
        Promise.reject(new RangeError("mine")),
      );
      const wrapped = await refusedAs(failing, "UNKNOWN_ERROR");
      assert.ok(wrapped.originalException instanceof RangeError);
    });
  });
}
