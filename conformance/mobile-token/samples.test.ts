/**
 * The samples that documentation for Mobile Token apps shows, line by line in this SDK's spelling, at a running server. An app
 * that was written after them reads the same here.
 */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  PacUtils,
  PowerAuthAuthentication,
  PowerAuthPassword,
  ProximityCheck,
  QrOperationParser,
  RejectionReason,
  SignatureVariant,
  SigningKey,
  type OnlineOperation,
  type OperationProximityCheck,
  type PowerAuth,
  type QrOperation,
} from "@countersign/client/mobile-token";
import { displayTemplatesClient } from "@countersign/relying-party/display-templates";
import { openLab, type Lab, type LabDevice } from "../powerauth/lab.ts";
import { application, payment, pin, stores, type StoreOfWorld } from "../world.ts";

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`documented samples on ${store.name}`, () => {
    let lab: Lab;
    let phone: LabDevice;
    let powerAuthInstance: PowerAuth;

    before(async () => {
      lab = await openLab(store);
      phone = await lab.device({ withBiometry: true });
      powerAuthInstance = phone.powerAuth;
    });
    after(async () => {
      await lab.close();
      await store.drop();
    });

    const ask = () => lab.world.bank.createOperation({ ...payment, userId: phone.userId });
    const statusOf = async (id: string) => (await lab.world.bank.getOperation(id)).status;

    test("1: getting an instance", () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const operations = mtoken.operations;
      assert.equal(typeof operations.getOperations, "function");
    });

    test("2: retrieving pending operations", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const asked = await ask();
      const list = await mtoken.operations.getOperations();
      assert.ok(list.some(({ id }) => id === asked.id));
      assert.ok(Math.abs(mtoken.operations.currentServerDate!.getTime() - Date.now()) < 60_000);
    });

    test("3: approving with a password", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const operation = await mtoken.operations.getDetail((await ask()).id);
      // Approve operation with a password
      const password = await PowerAuthPassword.fromString(pin);
      const auth = PowerAuthAuthentication.password(password);
      await mtoken.operations.authorize(operation, auth);
      assert.equal(await statusOf(operation.id), "APPROVED");
    });

    test("4: approving with biometrics, where the operation allows it", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const operation = await mtoken.operations.getDetail((await ask()).id);
      // UserOperation contains information on biometrics that can be used
      if (!operation.allowedSignatureType.variants.includes(SignatureVariant.possessionBiometry)) {
        assert.fail("Biometrics usage is not allowed on this operation");
      }
      const auth = PowerAuthAuthentication.biometry({
        promptTitle: "Authenticate",
        promptMessage: "Please authenticate with biometry",
      });
      await mtoken.operations.authorize(operation, auth);
      const decided = await lab.world.bank.getOperation(operation.id);
      assert.deepEqual(decided.decisions?.[0]?.evidence.factors, ["possession", "biometry"]);
    });

    test("5: passing additional Mobile Token data, which the back office reads unchanged", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const operation = await mtoken.operations.getDetail((await ask()).id);
      const password = await PowerAuthPassword.fromString(pin);
      // Approve operation with additional mobile token data
      const fdsData = {
        deviceFingerprint: "abc123def456",
        riskScore: 0.8,
        location: {
          latitude: 50.0755,
          longitude: 14.4378,
        },
      };
      operation.mobileTokenData = fdsData;
      const auth = PowerAuthAuthentication.password(password);
      await mtoken.operations.authorize(operation, auth);
      // continue with the flow ....
      const { additionalData } = await lab.world.bank.getOperation(operation.id);
      assert.deepEqual(additionalData.mobileTokenData, fdsData);
    });

    test("6: rejecting with each reason", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const reasons = [
        RejectionReason.incorrectData(),
        RejectionReason.unknown(),
        RejectionReason.unexpectedOperation(),
        RejectionReason.preApproval(),
        RejectionReason.custom("I never asked for that"),
      ];
      for (const reason of reasons) {
        const operation = await ask();
        // Reject operation with some reason
        await mtoken.operations.reject(operation.id, reason);
        const decided = await lab.world.bank.getOperation(operation.id);
        assert.equal(decided.status, "REJECTED");
        assert.equal(decided.decisions?.[0]?.reason, reason.serialized);
        assert.deepEqual(decided.decisions?.[0]?.evidence.factors, ["possession"]);
      }
      const operation = await mtoken.operations.getDetail((await ask()).id);
      operation.mobileTokenData = { seen: 1.5 };
      await mtoken.operations.rejectOperation(operation, "PREAPPROVAL");
      const { additionalData } = await lab.world.bank.getOperation(operation.id);
      assert.deepEqual(additionalData.mobileTokenData, { seen: 1.5 });
    });

    test("7: operation detail", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const operationId = (await ask()).id;
      // Retrieve operation details based on the operation ID.
      const operation = await mtoken.operations.getDetail(operationId);
      assert.equal(operation.status, "PENDING");
      assert.equal((await mtoken.operations.detail(operationId)).data, operation.data);
    });

    test("8: claiming a non-personalized operation: of two devices one gets it", async () => {
      const other = await lab.device();
      const { id: operationId } = await lab.world.bank.createOperation(payment);
      const [mtoken, theirs] = [powerAuthInstance.createMobileToken(), other.powerAuth.createMobileToken()];
      const claims = [mtoken.operations.claim(operationId), theirs.operations.claim(operationId)];
      const outcomes = await Promise.allSettled(claims);
      const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
      const lost = outcomes.filter((outcome) => outcome.status === "rejected");
      assert.deepEqual([won.length, lost.length], [1, 1]);
      assert.equal((lost[0]!.reason as { responseError: { code: string } }).responseError.code, "INVALID_OPERATION");
      // Assigns the 'non-personalized' operation to the user
      const mine = (await lab.world.bank.createOperation(payment)).id;
      const operation = await mtoken.operations.claim(mine);
      assert.equal((await lab.world.bank.getOperation(operation.id)).userId, phone.userId);
      assert.ok((await mtoken.operations.getOperations()).some(({ id }) => id === mine));
    });

    test("9: operation history", async () => {
      const mtoken = powerAuthInstance.createMobileToken();
      const password = await PowerAuthPassword.fromString(pin);
      const auth = PowerAuthAuthentication.password(password);
      const response = await mtoken.operations.getHistory(auth);
      const statuses = new Set(response.map(({ status }) => status));
      assert.ok(statuses.has("APPROVED") && statuses.has("REJECTED"), String([...statuses]));
      const times = response.map(({ operationCreated }) => operationCreated!.getTime());
      assert.deepEqual(
        times,
        [...times].sort((a, b) => b - a),
      );
    });

    /** A code as the bank shows it; undefined, and the test skipped, on a server without offline codes. */
    async function scanned(context: TestContext, flags = "B"): Promise<string | undefined> {
      const data = `47825519-35b8-469d-ad76-e42f85b9a31d\nPayment\nPlease confirm\nA1*A100CZK*NRent\n${flags}`;
      const path = "/rest/v3/signature/offline/personalized/create";
      try {
        const { offlineData } = await lab.world.backOffice<{ offlineData: string }>(path, {
          activationId: phone.activationId,
          data,
        });
        return offlineData;
      } catch (error) {
        if (!/NOT_FOUND|SyntaxError|undefined/.test(String(error))) throw error;
        context.skip("this server makes no offline codes");
        return undefined;
      }
    }

    async function read(scannedCode: string): Promise<QrOperation> {
      const qrOperation = QrOperationParser.parse(scannedCode); // this method can throw if the QR code is invalid
      // verify the signature against the powerauth instance
      const verified = await powerAuthInstance.verifyServerSignedData(
        qrOperation.signedData,
        qrOperation.signature.signatureString,
        qrOperation.signature.signingKey === SigningKey.MASTER,
      );
      assert.ok(verified, "invalid offline operation");
      return qrOperation;
    }

    const checkedAtTheBank = async (
      qrOperation: QrOperation,
      signature: string,
      uriId: string,
      allowBiometry: boolean,
    ) => {
      const body = `${qrOperation.operationId}&${qrOperation.operationData.sourceString}`;
      const base64 = (text: string) => Buffer.from(text).toString("base64");
      const data = ["POST", base64(uriId), qrOperation.nonce, base64(body)].join("&");
      const request = { activationId: phone.activationId, data, signature, allowBiometry };
      const path = "/rest/v3/signature/offline/verify";
      return (await lab.world.backOffice<{ signatureValid: boolean }>(path, request)).signatureValid;
    };

    test("10: processing a scanned operation; one changed character is refused", async (context) => {
      const scannedCode = await scanned(context);
      if (scannedCode === undefined) return;
      const qrOperation = await read(scannedCode);
      assert.deepEqual([qrOperation.title, qrOperation.flags.biometricsAllowed], ["Payment", true]);
      await assert.rejects(read(scannedCode.replace("A100CZK", "A900CZK")), /invalid offline operation/);
    });

    test("11: authorizing a scanned operation with a password", async (context) => {
      const scannedCode = await scanned(context);
      if (scannedCode === undefined) return;
      const mtoken = powerAuthInstance.createMobileToken();
      const qrOperation = await read(scannedCode);
      const password = await PowerAuthPassword.fromString(pin);
      const auth = PowerAuthAuthentication.password(password);
      const offlineSignature = await mtoken.operations.authorizeOffline(qrOperation, auth);
      // Display the signature to the user so it can be manually rewritten.
      // Note that the operation will be signed even with the wrong password!
      assert.match(offlineSignature, /^\d{8}-\d{8}$/);
      assert.ok(await checkedAtTheBank(qrOperation, offlineSignature, "/operation/authorize/offline", false));
      const wrong = await mtoken.operations.authorizeOffline(qrOperation, PowerAuthAuthentication.password("1111"));
      assert.match(wrong, /^\d{8}-\d{8}$/);
      assert.equal(await checkedAtTheBank(qrOperation, wrong, "/operation/authorize/offline", false), false);
    });

    test("12: authorizing with a password and a custom uriId", async (context) => {
      const scannedCode = await scanned(context);
      if (scannedCode === undefined) return;
      const mtoken = powerAuthInstance.createMobileToken();
      const qrOperation = await read(scannedCode);
      const password = await PowerAuthPassword.fromString(pin);
      const auth = PowerAuthAuthentication.password(password);
      const uriId = "/confirm/offline/operation";
      const offlineSignature = await mtoken.operations.authorizeOffline(qrOperation, auth, uriId);
      // Display the signature to the user so it can be manually rewritten.
      // Note that the operation will be signed even with the wrong password!
      assert.ok(await checkedAtTheBank(qrOperation, offlineSignature, uriId, false));
    });

    test("13: authorizing a scanned operation with biometrics", async (context) => {
      const scannedCode = await scanned(context);
      if (scannedCode === undefined) return;
      const mtoken = powerAuthInstance.createMobileToken();
      const qrOperation = await read(scannedCode);
      // Approves QR operation with biometrics
      if (!qrOperation.flags.biometricsAllowed) {
        // biometrics usage is not allowed on this operation
        return;
      }
      const auth = PowerAuthAuthentication.biometry({
        promptTitle: "Authenticate",
        promptMessage: "Please authenticate with biometry",
      });
      const offlineSignature = await mtoken.operations.authorizeOffline(qrOperation, auth);
      // Display the signature to the user so it can be manually rewritten.
      assert.ok(await checkedAtTheBank(qrOperation, offlineSignature, "/operation/authorize/offline", true));
    });

    /** An operation that came by another way than the list. */
    class PushedOperation implements OnlineOperation {
      readonly id: string;
      readonly data: string;
      proximityCheck: OperationProximityCheck | undefined = undefined;
      mobileTokenData: unknown = undefined;

      constructor(id: string, data: string) {
        this.id = id;
        this.data = data;
      }
    }

    test("a class of an application's own is approved and rejected, with what it brings", async () => {
      const { operations } = powerAuthInstance.createMobileToken();
      const { id, data } = await ask();
      const pushed = new PushedOperation(id, data);
      pushed.mobileTokenData = { channel: "push" };
      pushed.proximityCheck = new ProximityCheck("12345678", "DEEPLINK");
      await operations.authorize(pushed, PowerAuthAuthentication.password(pin));
      const decided = await lab.world.bank.getOperation(id);
      assert.equal(decided.status, "APPROVED");
      assert.deepEqual(decided.additionalData.mobileTokenData, { channel: "push" });
      const another = await ask();
      await operations.reject(new PushedOperation(another.id, another.data), RejectionReason.unknown());
      assert.equal(await statusOf(another.id), "REJECTED");
    });

    test("a deep link finds its operation by the id, and its password goes along", async () => {
      const { operations } = powerAuthInstance.createMobileToken();
      const asked = await ask();
      const pac = PacUtils.parseDeeplink(`bank://operation?oid=${asked.id}&potp=12345678`);
      const operation = (await operations.getOperations()).find(({ id }) => id === pac.oid)!;
      operation.proximityCheck = new ProximityCheck(pac.potp!, "DEEPLINK");
      await operations.authorize(operation, PowerAuthAuthentication.password(pin));
      const sent = JSON.parse(String(phone.network.last("/operation/authorize").init.body)) as {
        requestObject: { proximityCheck: Record<string, string> };
      };
      const { otp, type, timestampReceived, timestampSent } = sent.requestObject.proximityCheck;
      assert.deepEqual([otp, type], ["12345678", "DEEPLINK"]);
      assert.ok(Date.parse(timestampReceived!) <= Date.parse(timestampSent!));
    });

    test("a proximity check by QR code approves with the right password; a wrong one and none fail and count", async () => {
      const { privateUrl } = lab.world.server;
      const templates = displayTemplatesClient({ privateUrl, ...lab.world.credentials });
      await templates.set("payment", "en", {
        title: "Payment",
        message: "Scan the code",
        attributes: [],
        ui: { preApprovalScreen: { type: "QR_SCAN", heading: "Scan", message: "Scan the code" } },
      });
      const { operations } = powerAuthInstance.createMobileToken();
      const { id } = await lab.world.backOffice<{ id: string }>("/rest/v3/operation/create", {
        userId: phone.userId,
        templateName: payment.template,
        applications: payment.applications,
        parameters: payment.parameters,
        proximityCheckEnabled: true,
      });
      const shown = () =>
        lab.world.backOffice<{ proximityOtp: string; failureCount: number; additionalData: Record<string, unknown> }>(
          "/rest/v3/operation/detail",
          { operationId: id },
        );
      const operation = await operations.getDetail(id);
      assert.equal(operation.ui?.preApprovalScreens?.[0]?.type, "QR_SCAN");
      assert.equal(operation.ui.preApprovalScreen?.type, "QR_SCAN");
      const auth = () => PowerAuthAuthentication.password(pin);
      await assert.rejects(operations.authorize(operation, auth()), { reason: "operations_failed" });
      const { proximityOtp } = await shown();
      const wrong = proximityOtp === "00000000" ? "00000001" : "00000000";
      operation.proximityCheck = new ProximityCheck(wrong, "QR_CODE");
      await assert.rejects(operations.authorize(operation, auth()), { reason: "operations_failed" });
      assert.equal((await shown()).failureCount, 2);
      const code = PacUtils.parseQRCode(`bank://operation?oid=${id}&potp=${(await shown()).proximityOtp}`);
      operation.proximityCheck = new ProximityCheck(code.potp!, "QR_CODE");
      await operations.authorize(operation, auth());
      assert.equal(await statusOf(id), "APPROVED");
    });

    test("an operation for the password alone refuses biometry on the device, and on the server as well", async () => {
      const name = `pin-only-${store.name}`;
      await lab.world.backOffice("/rest/v3/operation/template/create", {
        templateName: name,
        operationType: "payment",
        dataTemplate: "A1",
        signatureType: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expiration: 300,
      });
      const { operations } = powerAuthInstance.createMobileToken();
      const asked = await lab.world.bank.createOperation({
        template: name,
        parameters: {},
        applications: [application],
        userId: phone.userId,
      });
      const operation = await operations.getDetail(asked.id);
      assert.equal(operation.allowedSignatureType.isBiometryAllowed, false);
      const auth = PowerAuthAuthentication.biometry({ promptMessage: "?" });
      await assert.rejects(operations.authorize(operation, auth), { reason: "operations_factorsNotAllowed" });
      const { id, data } = operation;
      await assert.rejects(operations.authorize({ id, data }, auth), { httpStatusCode: 401 });
      assert.equal(await statusOf(id), "PENDING");
    });

    test("a new operation appears within a second, by live updates where the server has them", async (context) => {
      const { operations } = powerAuthInstance.createMobileToken();
      context.after(() => operations.stopLive());
      let shown: readonly string[] | undefined;
      let wake = () => {};
      operations.listener = { operationsChanged: (all) => void ((shown = all.map(({ id }) => id)), wake()) };
      // The list may be there before the answer to whoever asked for the operation is.
      const until = async (is: () => boolean | undefined) => {
        while (!is()) await new Promise<void>((resolve) => (wake = resolve));
      };
      operations.startLive();
      await until(() => shown !== undefined);
      if (operations.isPolling) return context.skip("this server has no live updates");
      const started = Date.now();
      const { id } = await ask();
      await until(() => shown?.includes(id));
      assert.ok(Date.now() - started < 1_000, `${Date.now() - started} ms`);
    });
  });
}
