/** Scanned, verified, signed, retyped: offline operations from the code to the digits, checked with the server's keys. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import {
  authorizeBody,
  composeOfflineData,
  offlineSignedData,
  offlineUriId,
  regroupOfflineCode,
  signOfflinePayload,
} from "@countersign/protocol/operation/offline-qr";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import {
  factorKeys,
  matchesOfflineAt,
  parseOffline,
  type FactorCombination,
} from "@countersign/protocol/powerauth/signature";
import {
  MobileTokenError,
  PowerAuthAuthentication,
  QrOperationParser,
  SigningKey,
  type MobileTokenErrorDetail,
  type MobileTokenErrorReason,
  type QrOperation,
} from "../../src/mobile-token/index.ts";
import { loadState } from "../../src/engine/state.ts";
import { requireInstance } from "../../src/mobile-token/instances.ts";
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
import type { Peer } from "../peer.ts";

const operation = {
  operationId: "5ff1b1ed-a3cc-45a3-8ab0-ed60950312b6",
  title: "Payment",
  message: "Please confirm\nthis payment",
  operationData: "A1*A.5CZK*ICZ2730300000001165254011,AGBACZPP*Q19-123/0800*D20240229*Rref*Nnote \\* one",
};
const biometry = () => PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });

interface Code {
  readonly key?: "0" | "1";
  readonly biometry?: boolean;
  readonly totp?: string;
}

/** A code as the peer signs it, with its own key for the activation or with the application's. */
function codeOf(peer: Peer, { key = "1", biometry: biometryAllowed = false, totp }: Code = {}): string {
  const { privateKey } = key === "0" ? peer.master : activationOf(peer).server;
  const data = composeOfflineData({ ...operation, flags: { biometryAllowed, flipButtons: true } });
  return signOfflinePayload(nodeCrypto, privateKey, key, data, randomBytes(16), totp);
}

/** What the peer computes from what it knows itself; the nonce is the one it sent. */
function isGenuine(
  peer: Peer,
  code: string,
  { nonce }: QrOperation,
  options: { readonly factors?: FactorCombination; readonly totp?: string; readonly uriId?: string } = {},
): boolean {
  const { factors = "possession_knowledge", totp, uriId = offlineUriId } = options;
  const { keys, ctrData } = activationOf(peer);
  const components = parseOffline(regroupOfflineCode(code, 2)!, 2)!;
  const data = offlineSignedData(nonce, authorizeBody(operation.operationId, operation.operationData, totp), uriId);
  return matchesOfflineAt(nodeCrypto, factorKeys(keys!, factors), ctrData, data, components);
}

async function verifies({ powerAuth }: TestDevice, scanned: QrOperation): Promise<boolean> {
  const { signatureString, signingKey } = scanned.signature;
  return powerAuth.verifyServerSignedData(scanned.signedData, signatureString, signingKey === SigningKey.MASTER);
}

const counterOf = async ({ powerAuth }: TestDevice) =>
  (await loadState(requireInstance(powerAuth.instanceId).device))?.ctrByte;

const fails = (reason: MobileTokenErrorReason, detail?: MobileTokenErrorDetail) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.deepEqual([error.reason, error.detail], [reason, detail]);
  return true;
};

describe("an offline operation", () => {
  test("is read from its code with every kind of field, amounts as texts, and the line that is signed", async () => {
    const { peer } = await activeDevice();
    const scanned = QrOperationParser.parse(codeOf(peer, { totp: "12345678" }));
    const { nonce, signature, signedData, ...rest } = scanned;
    assert.deepEqual(rest, {
      operationId: operation.operationId,
      title: "Payment",
      message: "Please confirm\nthis payment",
      operationData: {
        version: "A",
        templateId: 1,
        fields: [
          { type: "amount", amount: "0.5", currency: "CZK" },
          { type: "account", iban: "CZ2730300000001165254011", bic: "AGBACZPP" },
          { type: "anyAccount", account: "19-123/0800" },
          { type: "date", date: "2024-02-29" },
          { type: "reference", text: "ref" },
          { type: "note", text: "note * one" },
        ],
        sourceString: operation.operationData,
      },
      flags: { biometricsAllowed: false, flipButtons: true, fraudWarning: false, blockWhenOnCall: false },
      totp: "12345678",
      isNewerFormat: false,
    });
    assert.match(nonce, /^[A-Za-z0-9+/]{22}==$/);
    assert.equal(signature.signingKey, "PERSONALIZED");
    assert.equal(Buffer.from(signature.signature).toString("base64"), signature.signatureString);
    assert.ok(signedData.endsWith(`\n12345678\n${nonce}\n1`));
    const later = QrOperationParser.parse(
      codeOf(peer)
        .replace("A1*A.5CZK", "B2*A-.5czk*XX*Tt")
        .replace(/\*Q.*\*N/, "*N"),
    );
    assert.deepEqual(later.operationData.fields.slice(0, 3), [
      { type: "amount", amount: "-0.5", currency: "CZK" },
      { type: "fallback", text: "X", rawType: "X" },
      { type: "text", text: "t" },
    ]);
  });

  test("that is malformed is refused with its reason, and the message repeats nothing of it", async () => {
    const { peer } = await activeDevice();
    const code = codeOf(peer);
    const rows: readonly (readonly [string, MobileTokenErrorDetail])[] = [
      ["", "lines-missing"],
      [code.replaceAll("\n", "\r\n"), "control-character"],
      [code.replace(operation.operationId, ""), "operation-id-missing"],
      [code.replace("D20240229", "D20230229"), "date-invalid"],
      [code.replace("A.5CZK", "AxCZK"), "amount-invalid"],
      [code.slice(0, -1), "signature-malformed"],
      ["x".repeat(8000), "too-long"],
    ];
    for (const [malformed, detail] of rows) {
      assert.throws(() => QrOperationParser.parse(malformed), fails("operations_QRFailed", detail), detail);
    }
    for (const odd of [undefined, null, 7, {}]) {
      assert.throws(() => QrOperationParser.parse(odd as string), fails("operations_QRFailed", "lines-missing"));
    }
    assert.throws(
      () => QrOperationParser.parse("top\nsecret"),
      (error: Error) => !/top|secret/.test(error.message),
    );
  });

  test("verifies by the key of the activation or of the application, and not by the other one", async () => {
    const device = await activeDevice();
    for (const key of ["0", "1"] as const) {
      const scanned = QrOperationParser.parse(codeOf(device.peer, { key }));
      assert.equal(scanned.signature.signingKey, key === "0" ? SigningKey.MASTER : SigningKey.PERSONALIZED);
      assert.ok(await verifies(device, scanned));
      const { signedData, signature } = scanned;
      assert.ok(!(await device.powerAuth.verifyServerSignedData(signedData, signature.signatureString, key !== "0")));
    }
  });

  test("with the application's key is read and verified by a device without an activation", async () => {
    const device = await configuredDevice();
    const code = codeOf(device.peer, { key: "0" });
    assert.ok(await verifies(device, QrOperationParser.parse(code)));
  });

  test("changed by one character, wherever, is malformed or does not verify", async () => {
    const device = await activeDevice();
    const code = codeOf(device.peer, { totp: "12345678" });
    for (let at = 0; at < code.length; at++) {
      for (const character of ["0", "B", "\n", ""]) {
        if (code[at] === character) continue;
        const changed = code.slice(0, at) + character + code.slice(at + 1);
        let scanned: QrOperation | undefined;
        try {
          scanned = QrOperationParser.parse(changed);
        } catch (error) {
          assert.ok(error instanceof MobileTokenError);
        }
        assert.ok(scanned === undefined || !(await verifies(device, scanned)), `${at}: ${JSON.stringify(character)}`);
      }
    }
  });
});

describe("authorizeOffline", () => {
  test("gives eight digits per factor that the server's keys verify, over the one-time password where there is one", async () => {
    const device = await activeDevice();
    const { operations } = device.powerAuth.createMobileToken();
    for (const [step, totp] of [undefined, "12345678", "0", ""].entries()) {
      const scanned = QrOperationParser.parse(codeOf(device.peer, totp === undefined ? {} : { totp }));
      const code = await operations.authorizeOffline(scanned, withPin());
      assert.match(code, /^\d{8}-\d{8}$/);
      assert.ok(isGenuine(device.peer, code, scanned, totp === undefined ? {} : { totp }), totp);
      const others = [undefined, "87654321"].filter((other) => other !== totp);
      for (const other of others) {
        assert.ok(!isGenuine(device.peer, code, scanned, other === undefined ? {} : { totp: other }), other);
      }
      assert.equal(await counterOf(device), step + 1);
      skipOne(device.peer);
    }
    assert.equal(device.peer.paths().filter((path) => path.includes("operation")).length, 0, "nothing is sent");
  });

  test("gives a well-formed wrong code for a wrong password: possession fits, knowledge does not", async () => {
    const device = await activeDevice();
    const { operations } = device.powerAuth.createMobileToken();
    const scanned = QrOperationParser.parse(codeOf(device.peer));
    const code = await operations.authorizeOffline(scanned, withPin("0000"));
    assert.match(code, /^\d{8}-\d{8}$/);
    assert.ok(!isGenuine(device.peer, code, scanned));
    const { keys, ctrData } = activationOf(device.peer);
    const data = offlineSignedData(scanned.nonce, authorizeBody(operation.operationId, operation.operationData));
    const [possessionPart] = parseOffline(code, 2)!;
    assert.ok(matchesOfflineAt(nodeCrypto, [keys!.possession], ctrData, data, [possessionPart!]));
    assert.equal(await counterOf(device), 1);
  });

  test("signs under another uriId when it is given one", async () => {
    const device = await activeDevice();
    const { operations } = device.powerAuth.createMobileToken();
    const scanned = QrOperationParser.parse(codeOf(device.peer));
    const uriId = "/confirm/offline/operation";
    const code = await operations.authorizeOffline(scanned, withPin(), uriId);
    assert.ok(isGenuine(device.peer, code, scanned, { uriId }));
    assert.ok(!isGenuine(device.peer, code, scanned, { uriId: "/operation/authorize/offline" }));
  });

  test("refuses possession alone before the counter moves", async () => {
    const device = await activeDevice();
    const { operations } = device.powerAuth.createMobileToken();
    const scanned = QrOperationParser.parse(codeOf(device.peer, { biometry: true }));
    const refused = fails("operations_factorsNotAllowed", "two-factors-required");
    await assert.rejects(operations.authorizeOffline(scanned, possession()), refused);
    const commit = PowerAuthAuthentication.commitWithPassword(pin);
    await assert.rejects(operations.authorizeOffline(scanned, commit), fails("network_signError"));
    await assert.rejects(operations.authorizeOffline(scanned, undefined as never), fails("unknown"));
    assert.equal(await counterOf(device), 0);
  });

  test("refuses biometry where the code does not allow it, before the person is asked or the counter moves", async () => {
    const biometryProvider = new TestBiometry();
    const device = await activeDevice({ biometryProvider });
    await device.powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
    const before = [await counterOf(device), biometryProvider.prompts.length];
    const { operations } = device.powerAuth.createMobileToken();
    const scanned = QrOperationParser.parse(codeOf(device.peer));
    const refused = fails("operations_factorsNotAllowed", "biometrics-not-allowed");
    await assert.rejects(operations.authorizeOffline(scanned, biometry()), refused);
    assert.deepEqual([await counterOf(device), biometryProvider.prompts.length], before);
  });

  test("signs with biometry where the code allows it, and the server's biometry key verifies", async () => {
    const device = await activeDevice({ biometryProvider: new TestBiometry() });
    await device.powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
    const { operations } = device.powerAuth.createMobileToken();
    const scanned = QrOperationParser.parse(codeOf(device.peer, { biometry: true }));
    const code = await operations.authorizeOffline(scanned, biometry());
    assert.ok(isGenuine(device.peer, code, scanned, { factors: "possession_biometry" }));
    assert.ok(!isGenuine(device.peer, code, scanned));
  });

  test("without an activation says so before anything else: nothing is computed, no password used up", async () => {
    const device = await activeDevice();
    const scanned = QrOperationParser.parse(codeOf(device.peer));
    const missing = (error: unknown) => {
      assert.ok(error instanceof MobileTokenError);
      assert.deepEqual([error.reason, error.powerAuthErrorCode], ["missingActivation", "MISSING_ACTIVATION"]);
      return true;
    };
    for (const { powerAuth } of [await configuredDevice(), await pendingDevice()]) {
      const { operations } = powerAuth.createMobileToken();
      const password = powerAuth.createPassword();
      await password.addCharacter("1".codePointAt(0)!);
      for (const authentication of [withPin(), PowerAuthAuthentication.password(password), possession(), biometry()]) {
        await assert.rejects(operations.authorizeOffline(scanned, authentication), missing);
      }
      assert.equal(await password.length(), 1);
    }
    const { powerAuth } = await configuredDevice();
    const { operations } = powerAuth.createMobileToken();
    await powerAuth.deconfigure();
    await assert.rejects(operations.authorizeOffline(scanned, withPin()), (error: unknown) => {
      return error instanceof MobileTokenError && error.powerAuthErrorCode === "INSTANCE_NOT_CONFIGURED";
    });
  });
});

/** The peer takes note of a code it was told. */
function skipOne(peer: Peer): void {
  const activation = activationOf(peer);
  activation.ctrData = nextCounter(nodeCrypto, activation.ctrData);
}
