/**
 * What each method does in each state of an activation: empty, pending, valid, and valid here while the server says
 * otherwise. One table, one test per cell.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { activationStates } from "@countersign/protocol/powerauth/activation-status";
import { advanceCounter } from "@countersign/protocol/powerauth/counter";
import { PowerAuthActivation, PowerAuthAuthentication, PowerAuthError } from "../../src/mobile-token/index.ts";
import {
  activationOf,
  activeDevice,
  configuredDevice,
  pendingDevice,
  pin,
  possession,
  TestBiometry,
  withPin,
  type TestDevice,
} from "../device.ts";

const active = () => activeDevice({ biometryProvider: new TestBiometry() });

const states = {
  empty: () => configuredDevice({ biometryProvider: new TestBiometry() }),
  pending: () => pendingDevice({ biometryProvider: new TestBiometry() }),
  active,
  pendingCommit: () => withServerState(activationStates.pendingCommit),
  blocked: () => withServerState(activationStates.blocked),
  removed: () => withServerState(activationStates.removed),
  deadlock: async () => {
    const device = await active();
    const activation = activationOf(device.peer);
    activation.ctrData = advanceCounter(nodeCrypto, activation.ctrData, 100);
    activation.ctr += 100;
    return device;
  },
} as const satisfies Record<string, () => Promise<TestDevice>>;
type State = keyof typeof states;

async function withServerState(state: 2 | 4 | 5): Promise<TestDevice> {
  const device = await active();
  activationOf(device.peer).state = state;
  return device;
}

/** Value or error code of each call, in the order of `states`. The last four are left out where they equal `active`. */
interface Row {
  readonly name: string;
  readonly run: (device: TestDevice) => Promise<unknown>;
  readonly outcomes: readonly [empty: unknown, pending: unknown, active: unknown, ...others: unknown[]];
}

const ran = "(ran)";
const some = "(some text)";
const missing = "MISSING_ACTIVATION";
const stateError = "INVALID_ACTIVATION_STATE";
const refused = "AUTHENTICATION_ERROR";
const onServer = [refused, refused, refused, refused];
const nonce = toBase64(new Uint8Array(16));

const table: readonly Row[] = [
  {
    name: "canStartActivation",
    run: ({ powerAuth }) => powerAuth.canStartActivation(),
    outcomes: [true, false, false],
  },
  {
    name: "hasPendingActivation",
    run: ({ powerAuth }) => powerAuth.hasPendingActivation(),
    outcomes: [false, true, false],
  },
  {
    name: "hasValidActivation",
    run: ({ powerAuth }) => powerAuth.hasValidActivation(),
    outcomes: [false, false, true],
  },
  {
    name: "getActivationIdentifier",
    run: ({ powerAuth }) => powerAuth.getActivationIdentifier(),
    outcomes: [undefined, some, some],
  },
  {
    name: "getActivationFingerprint",
    run: ({ powerAuth }) => powerAuth.getActivationFingerprint(),
    outcomes: [undefined, some, some],
  },
  {
    name: "createActivation",
    run: ({ powerAuth, peer }) =>
      powerAuth
        .createActivation(PowerAuthActivation.createWithActivationCode(peer.prepare().scanned, "x"))
        .then(() => ran),
    outcomes: [ran, stateError, stateError],
  },
  {
    name: "commitActivation",
    run: ({ powerAuth }) => powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(pin)),
    outcomes: [stateError, undefined, stateError],
  },
  {
    name: "persistActivation",
    run: ({ powerAuth }) => powerAuth.persistActivation(PowerAuthAuthentication.persistWithPassword(pin)),
    outcomes: [stateError, undefined, stateError],
  },
  {
    name: "fetchActivationStatus",
    run: async ({ powerAuth }) => (await powerAuth.fetchActivationStatus()).state,
    outcomes: [missing, "PENDING_ACTIVATION", "ACTIVE", "PENDING_COMMIT", "BLOCKED", "REMOVED", "DEADLOCK"],
  },
  {
    name: "requestSignature",
    run: ({ powerAuth }) => powerAuth.requestSignature(possession(), "POST", "/x", "{}").then(() => ran),
    outcomes: [missing, missing, ran],
  },
  {
    name: "requestGetSignature",
    run: ({ powerAuth }) => powerAuth.requestGetSignature(withPin(), "/x").then(() => ran),
    outcomes: [missing, missing, ran],
  },
  {
    name: "offlineSignature",
    run: ({ powerAuth }) => powerAuth.offlineSignature(withPin(), "/operation/authorize/offline", nonce, "a&b"),
    outcomes: [missing, missing, some],
  },
  {
    name: "authenticationHeaderForRequestWithBody",
    run: ({ powerAuth }) =>
      powerAuth.authenticationHeaderForRequestWithBody(withPin(), "POST", "/x", "{}").then(() => ran),
    outcomes: [missing, missing, ran],
  },
  {
    name: "authenticationHeaderForRequestWithParams",
    run: ({ powerAuth }) =>
      powerAuth.authenticationHeaderForRequestWithParams(withPin(), "GET", "/x", { a: "1" }).then(() => ran),
    outcomes: [missing, missing, ran],
  },
  {
    name: "offlineAuthenticationCode",
    run: ({ powerAuth }) => powerAuth.offlineAuthenticationCode(withPin(), "/x", nonce, "a&b"),
    outcomes: [missing, missing, some],
  },
  {
    name: "fetchUserInfo",
    run: async ({ powerAuth }) => (await powerAuth.fetchUserInfo()).subject,
    outcomes: [missing, missing, "anna", "RESPONSE_ERROR", "RESPONSE_ERROR", "RESPONSE_ERROR", "anna"],
  },
  {
    name: "getLastFetchedUserInfo",
    run: ({ powerAuth }) => powerAuth.getLastFetchedUserInfo(),
    outcomes: [undefined, undefined, undefined],
  },
  {
    name: "renameActivation",
    run: async ({ powerAuth }) => (await powerAuth.renameActivation(withPin(), "New name")).activationName,
    outcomes: [missing, missing, "New name", ...onServer],
  },
  {
    name: "requestActivationTransfer",
    run: ({ powerAuth }) =>
      powerAuth
        .requestActivationTransfer(withPin(), { applicationId: "other", otp: "0123456789abcdef" })
        .then(() => ran),
    outcomes: [missing, missing, ran, ...onServer],
  },
  {
    name: "getExternalPendingOperation",
    run: ({ powerAuth }) => powerAuth.getExternalPendingOperation(),
    outcomes: [undefined, undefined, undefined],
  },
  {
    name: "hasActivationRecoveryData",
    run: ({ powerAuth }) => powerAuth.hasActivationRecoveryData(),
    outcomes: [false, false, false],
  },
  {
    name: "activationRecoveryData",
    run: ({ powerAuth }) => powerAuth.activationRecoveryData(withPin()),
    outcomes: [missing, missing, stateError],
  },
  {
    name: "confirmRecoveryCode",
    run: ({ powerAuth }) => powerAuth.confirmRecoveryCode("W65WE-3T7VI-7FBS2-A4OYA", withPin()),
    outcomes: [missing, missing, "RESPONSE_ERROR"],
  },
  {
    name: "getBiometricStatus",
    run: async ({ powerAuth }) => (await powerAuth.getBiometricStatus()).isBiometricFactorConfigured,
    outcomes: [false, false, false],
  },
  {
    name: "groupedBiometricAuthentication (no factor)",
    run: ({ powerAuth }) =>
      powerAuth.groupedBiometricAuthentication(
        PowerAuthAuthentication.biometry({ promptMessage: "?" }),
        async () => undefined,
      ),
    outcomes: [missing, missing, "BIOMETRY_NOT_CONFIGURED"],
  },
  {
    name: "beginPasswordChange and finishPasswordChange",
    run: async ({ powerAuth }) => powerAuth.finishPasswordChange("9999", await powerAuth.beginPasswordChange(pin)),
    outcomes: [missing, missing, undefined, ...onServer],
  },
  {
    name: "verifyDigitalSignature, key of the application",
    run: ({ powerAuth, peer }) =>
      powerAuth.verifyDigitalSignature(signed(peer.master.privateKey), toBase64(utf8("data")), "masterEc"),
    outcomes: [undefined, undefined, undefined],
  },
  {
    name: "verifyDigitalSignature, key of the activation, by somebody else",
    run: ({ powerAuth, peer }) =>
      powerAuth.verifyDigitalSignature(signed(peer.master.privateKey), toBase64(utf8("data")), "serverEc"),
    outcomes: ["WRONG_SIGNATURE", "WRONG_SIGNATURE", "WRONG_SIGNATURE"],
  },
  {
    name: "calculateDigitalSignature",
    run: ({ powerAuth }) => powerAuth.calculateDigitalSignature(withPin(), toBase64(utf8("data")), "deviceEc"),
    outcomes: [missing, missing, some, ...onServer],
  },
  {
    name: "timeSynchronizationService.synchronizeTime",
    run: ({ powerAuth }) => powerAuth.timeSynchronizationService.synchronizeTime(),
    outcomes: [undefined, undefined, undefined],
  },
  {
    name: "validatePassword",
    run: ({ powerAuth }) => powerAuth.validatePassword(pin),
    outcomes: [missing, missing, undefined, ...onServer],
  },
  {
    name: "changePassword",
    run: ({ powerAuth }) => powerAuth.changePassword(pin, "9999"),
    outcomes: [missing, missing, undefined, ...onServer],
  },
  {
    name: "unsafeChangePassword",
    run: ({ powerAuth }) => powerAuth.unsafeChangePassword(pin, "9999"),
    outcomes: [false, false, true],
  },
  {
    name: "fetchEncryptionKey",
    run: ({ powerAuth }) => powerAuth.fetchEncryptionKey(withPin(), 1),
    outcomes: [missing, missing, some, ...onServer],
  },
  {
    name: "signDataWithDevicePrivateKey",
    run: ({ powerAuth }) => powerAuth.signDataWithDevicePrivateKey(withPin(), "data"),
    outcomes: [missing, missing, some, ...onServer],
  },
  {
    name: "addBiometryFactor",
    run: ({ powerAuth }) => powerAuth.addBiometryFactor(pin, { promptMessage: "?" }),
    outcomes: [missing, missing, undefined, ...onServer],
  },
  { name: "hasBiometryFactor", run: ({ powerAuth }) => powerAuth.hasBiometryFactor(), outcomes: [false, false, false] },
  {
    name: "removeBiometryFactor (none was added)",
    run: ({ powerAuth }) => powerAuth.removeBiometryFactor(),
    outcomes: ["BIOMETRY_NOT_CONFIGURED", "BIOMETRY_NOT_CONFIGURED", "BIOMETRY_NOT_CONFIGURED"],
  },
  {
    name: "requestAccessToken",
    run: ({ powerAuth }) => powerAuth.tokenStore.requestAccessToken("t", possession()).then(() => ran),
    outcomes: [missing, missing, ran, ...onServer],
  },
  {
    name: "removeAccessToken (unknown)",
    run: ({ powerAuth }) => powerAuth.tokenStore.removeAccessToken("t"),
    outcomes: [missing, missing, "INVALID_TOKEN"],
  },
  {
    name: "generateHeaderForToken (unknown)",
    run: ({ powerAuth }) => powerAuth.tokenStore.generateHeaderForToken("t"),
    outcomes: ["LOCAL_TOKEN_NOT_AVAILABLE", "LOCAL_TOKEN_NOT_AVAILABLE", "LOCAL_TOKEN_NOT_AVAILABLE"],
  },
  {
    name: "encryptRequest, application scope",
    run: ({ powerAuth }) =>
      powerAuth
        .getEncryptorForApplicationScope()
        .encryptRequest("{}")
        .then(() => ran),
    outcomes: [ran, ran, ran],
  },
  {
    name: "encryptRequest, activation scope",
    run: ({ powerAuth }) =>
      powerAuth
        .getEncryptorForActivationScope()
        .encryptRequest("{}")
        .then(() => ran),
    outcomes: [missing, missing, ran],
  },
  {
    name: "verifyServerSignedData, master key",
    run: ({ powerAuth, peer }) => powerAuth.verifyServerSignedData("data", signed(peer.master.privateKey), true),
    outcomes: [true, true, true],
  },
  {
    name: "verifyServerSignedData, key of the activation",
    run: ({ powerAuth, peer }) => {
      const activation = [...peer.activations.values()][0] ?? peer.prepare().activation;
      return powerAuth.verifyServerSignedData("data", signed(activation.server.privateKey), false);
    },
    outcomes: [false, false, true],
  },
  {
    name: "removeActivationWithAuthentication",
    run: ({ powerAuth }) => powerAuth.removeActivationWithAuthentication(withPin()),
    outcomes: [missing, missing, undefined, ...onServer],
  },
  {
    name: "removeActivationLocal",
    run: async ({ powerAuth }) => {
      await powerAuth.removeActivationLocal();
      return powerAuth.canStartActivation();
    },
    outcomes: [true, true, true],
  },
];

function signed(key: Parameters<typeof nodeCrypto.sign>[0]): string {
  return toBase64(nodeCrypto.sign(key, utf8("data"), "der"));
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    assert.ok(error instanceof PowerAuthError, `not a PowerAuthError: ${String(error)}`);
    return error.code;
  }
}

for (const [column, state] of (Object.keys(states) as State[]).entries()) {
  describe(`an activation that is ${state}`, () => {
    for (const { name, run, outcomes } of table) {
      const expected = column < 3 || outcomes.length > 3 ? outcomes[column] : outcomes[2];
      test(`${name}: ${String(expected)}`, async () => {
        const device = await states[state]();
        const before = await device.powerAuth.hasValidActivation();
        const outcome = await outcomeOf(run(device));
        if (expected === some) assert.match(String(outcome), /^[\w+/=-]{8,}$/);
        else assert.equal(outcome, expected);
        // A refusal by the server never costs the local activation.
        if (outcome === refused) assert.equal(await device.powerAuth.hasValidActivation(), before);
      });
    }
  });
}

test("every method of an instance that is not configured throws INSTANCE_NOT_CONFIGURED, whatever else is wrong", async () => {
  for (const { name, run } of table) {
    const device = await configuredDevice();
    await device.powerAuth.deconfigure();
    assert.equal(await outcomeOf(run(device)), "INSTANCE_NOT_CONFIGURED", name);
  }
});
