/** Approvals of a device without a network, with the client SDK and the bank's SDK, over real HTTP on both stores. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  type BiometryProvider,
  MobileTokenError,
  PowerAuth,
  PowerAuthActivation,
  PowerAuthAuthentication,
  type QrOperation,
  QrOperationParser,
  SigningKey,
} from "@countersign/client/mobile-token";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import type { Operation } from "@countersign/relying-party/operations";
import { fetchJwks, verifyReceipt } from "@countersign/relying-party/receipt";
import { application, openWorld, payment, pin, type StoreOfWorld, stores, type World } from "./world.ts";

const withPin = (password = pin) => PowerAuthAuthentication.password(password);
const withBiometry = () => PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });
const refusedBy = (code: string) => (error: unknown) => (error as { code?: string }).code === code;
const refusedAs = (detail: string) => (error: unknown) => error instanceof MobileTokenError && error.detail === detail;

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`without a network on ${store.name}`, () => {
    let world: World;
    before(async () => {
      world = await openWorld(store);
    });
    after(async () => {
      await world.close();
      await store.drop();
    });

    /** A phone with fingerprint, and its one payment to approve. */
    async function scene(userId: string) {
      const phone = await activate(world, userId);
      const { activationId } = phone;
      const operation = await world.bank.createOperation({ ...payment, userId });
      const qr = await world.bank.offlineQr(operation.id, { activationId });
      return { ...phone, operation, qr, scanned: QrOperationParser.parse(qr) };
    }

    const isGenuine = (powerAuth: PowerAuth, { signedData, signature }: QrOperation) =>
      powerAuth.verifyServerSignedData(
        signedData,
        signature.signatureString,
        signature.signingKey === SigningKey.MASTER,
      );

    async function counts(powerAuth: PowerAuth, { id }: Operation) {
      const { failCount } = await powerAuth.fetchActivationStatus();
      const { failureCount, status } = await world.bank.getOperation(id);
      return { failCount, failureCount, status };
    }

    test("a payment is scanned, verified, approved with a PIN and retyped; the receipt names the evidence", async () => {
      const { powerAuth, operation, scanned, activationId } = await scene("anna");
      assert.equal(scanned.operationId, operation.id);
      assert.equal(scanned.operationData.sourceString, operation.data);
      assert.deepEqual(scanned.operationData.fields.slice(0, 2), [
        { type: "amount", amount: "1250.00", currency: "EUR" },
        { type: "account", iban: "CZ2730300000001165254011" },
      ]);
      assert.equal(scanned.signature.signingKey, SigningKey.PERSONALIZED);
      assert.equal(await isGenuine(powerAuth, scanned), true);
      const code = await powerAuth.createMobileToken().operations.authorizeOffline(scanned, withPin());
      assert.match(code, /^\d{8}-\d{8}$/);
      const typed = code.replace("-", "").replace(/(\d{4})(?=\d)/g, "$1 ");
      const decided = await world.bank.redeemOfflineCode(operation.id, { code: typed });
      assert.equal(decided.status, "APPROVED");
      const pinned = await fetchJwks(`${world.server.publicUrl}/.well-known/countersign/jwks.json`);
      const receipt = await verifyReceipt(await world.bank.getReceipt(operation.id), pinned, { status: "APPROVED" });
      const { kind, factors, activationId: by } = receipt.decisions[0]!.evidence;
      assert.deepEqual([kind, factors, by], ["powerauth-offline", ["possession", "knowledge"], activationId]);
      await assert.rejects(
        world.bank.redeemOfflineCode(operation.id, { code }),
        (error: { code?: string; status?: number }) => error.code === "operation-finished" && error.status === 409,
      );
    });

    test("a QR code with one changed character is refused, wherever it was changed, and so is another's key", async () => {
      const { powerAuth, qr, operation } = await scene("boris");
      const signed = qr.lastIndexOf("\n") + 2;
      for (const at of [
        0,
        operation.id.length + 1,
        qr.indexOf("1250"),
        qr.indexOf("\nB") + 1,
        signed - 4,
        signed + 30,
      ]) {
        const other = qr[at] === "3" ? "4" : "3";
        let changed: QrOperation;
        try {
          changed = QrOperationParser.parse(qr.slice(0, at) + other + qr.slice(at + 1));
        } catch (error) {
          assert.ok(error instanceof MobileTokenError && error.reason === "operations_QRFailed", String(error));
          continue;
        }
        assert.equal(await isGenuine(powerAuth, changed), false, `character ${at}`);
      }
      const genuine = QrOperationParser.parse(qr);
      assert.equal(await isGenuine(powerAuth, genuine), true);
      const { powerAuth: stranger } = await scene("boris");
      assert.equal(await isGenuine(stranger, genuine), false);
      const { signedData, signature } = genuine;
      assert.equal(await powerAuth.verifyServerSignedData(signedData, signature.signatureString, true), false);
    });

    test("a code for every device of the application verifies by the master key; its answer by the back office", async () => {
      const { powerAuth, activationId } = await activate(world, "clara");
      const data = "op-1\nLogin\nPlease log in\nA2\nB";
      const made = await world.backOffice<{ offlineData: string; nonce: string }>(
        "/rest/v3/signature/offline/non-personalized/create",
        { applicationId: application, data },
      );
      const scanned = QrOperationParser.parse(made.offlineData);
      assert.equal(scanned.signature.signingKey, SigningKey.MASTER);
      assert.equal(await isGenuine(powerAuth, scanned), true);
      assert.equal(await isGenuine(powerAuth, { ...scanned, signedData: `${scanned.signedData} ` }), false);
      const verify = async (signature: string) => {
        const base64 = (value: string) => Buffer.from(value).toString("base64");
        const signedBase = `POST&${base64("/operation/authorize/offline")}&${made.nonce}&${base64("op-1&A2")}`;
        const request = { activationId, data: signedBase, signature, allowBiometry: true };
        return world.backOffice<{ signatureValid: boolean; signatureType: string; remainingAttempts: number }>(
          "/rest/v3/signature/offline/verify",
          request,
        );
      };
      const { operations } = powerAuth.createMobileToken();
      for (const [authentication, type] of [
        [withPin(), "POSSESSION_KNOWLEDGE"],
        [withBiometry(), "POSSESSION_BIOMETRY"],
      ] as const) {
        const verdict = await verify(await operations.authorizeOffline(scanned, authentication));
        assert.deepEqual([verdict.signatureValid, verdict.signatureType], [true, type]);
      }
      const wrong = await verify(await operations.authorizeOffline(scanned, withPin("0000")));
      assert.deepEqual([wrong.signatureValid, wrong.remainingAttempts], [false, 4]);
    });

    test("biometry approves where the code allows it; elsewhere SDK and server both refuse it", async () => {
      const { powerAuth, operation, scanned } = await scene("dana");
      const { operations } = powerAuth.createMobileToken();
      assert.equal(scanned.flags.biometricsAllowed, true);
      const code = await operations.authorizeOffline(scanned, withBiometry());
      const decided = await world.bank.redeemOfflineCode(operation.id, { code });
      assert.deepEqual(decided.decisions![0]!.evidence.factors, ["possession", "biometry"]);

      await world.backOffice("/rest/v3/operation/template/create", {
        templateName: "pin only",
        operationType: "payment",
        dataTemplate: "A2",
        signatureType: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expiration: 300,
      });
      const strict = await world.bank.createOperation({
        template: "pin only",
        applications: [application],
        userId: "dana",
      });
      const { activationId } = await identifierOf(powerAuth);
      const pinOnly = QrOperationParser.parse(await world.bank.offlineQr(strict.id, { activationId }));
      const untouched = await powerAuth.fetchActivationStatus();
      await assert.rejects(operations.authorizeOffline(pinOnly, withBiometry()), refusedAs("biometrics-not-allowed"));
      await assert.rejects(
        operations.authorizeOffline(pinOnly, PowerAuthAuthentication.possession()),
        refusedAs("two-factors-required"),
      );
      assert.deepEqual(await powerAuth.fetchActivationStatus(), untouched);
      // An app that ignores the flag is stopped by the server, and its user's try counts.
      const forced = { ...pinOnly, flags: { ...pinOnly.flags, biometricsAllowed: true } };
      const forbidden = await operations.authorizeOffline(forced, withBiometry());
      await assert.rejects(
        world.bank.redeemOfflineCode(strict.id, { code: forbidden }),
        refusedBy("offline-code-wrong"),
      );
      assert.deepEqual(await counts(powerAuth, strict), { failCount: 1, failureCount: 1, status: "PENDING" });
    });

    test("a wrong PIN gives a well-formed wrong code, which the server counts once however often it is retyped", async () => {
      const { powerAuth, operation, scanned } = await scene("emil");
      const { operations } = powerAuth.createMobileToken();
      const code = await operations.authorizeOffline(scanned, withPin("0000"));
      assert.match(code, /^\d{8}-\d{8}$/);
      for (let repeat = 0; repeat < 3; repeat++) {
        await assert.rejects(world.bank.redeemOfflineCode(operation.id, { code }), refusedBy("offline-code-wrong"));
      }
      assert.deepEqual(await counts(powerAuth, operation), { failCount: 1, failureCount: 1, status: "PENDING" });
      const right = await operations.authorizeOffline(scanned, withPin());
      assert.equal((await world.bank.redeemOfflineCode(operation.id, { code: right })).status, "APPROVED");
      assert.equal((await powerAuth.fetchActivationStatus()).failCount, 0);
    });

    test("a URI id of the app's own is a part of what is signed", async () => {
      const { powerAuth, operation, scanned } = await scene("fero");
      const { operations } = powerAuth.createMobileToken();
      const uriId = "/bank/confirm";
      const code = await operations.authorizeOffline(scanned, withPin(), uriId);
      await assert.rejects(world.bank.redeemOfflineCode(operation.id, { code }), refusedBy("offline-code-wrong"));
      assert.deepEqual(await counts(powerAuth, operation), { failCount: 0, failureCount: 0, status: "PENDING" });
      assert.equal((await world.bank.redeemOfflineCode(operation.id, { code, uriId })).status, "APPROVED");
    });

    test("an offline code and an online approval at once: one of them decides", async () => {
      for (let round = 0; round < 5; round++) {
        const { powerAuth, operation, scanned } = await scene("gita");
        const { operations } = powerAuth.createMobileToken();
        const code = await operations.authorizeOffline(scanned, withPin());
        const listed = await operations.getDetail(operation.id);
        const outcomes = await Promise.allSettled([
          world.bank.redeemOfflineCode(operation.id, { code }),
          operations.authorize(listed, withPin()),
        ]);
        const won = outcomes.filter(({ status }) => status === "fulfilled").length;
        const { status, decisions } = await world.bank.getOperation(operation.id);
        assert.deepEqual([won, status, decisions?.length], [1, "APPROVED", 1]);
      }
    });
  });
}

async function identifierOf(powerAuth: PowerAuth): Promise<{ readonly activationId: string }> {
  return { activationId: (await powerAuth.getActivationIdentifier())! };
}

async function activate(world: World, userId: string) {
  const init = await world.backOffice<{ activationId: string; activationCode: string }>("/rest/v3/activation/init", {
    applicationId: application,
    userId,
  });
  const powerAuth = new PowerAuth(randomUUID());
  await powerAuth.configure(world.sdkConfiguration, world.server.publicUrl, true, {
    storage: createMemoryStorage(),
    biometryProvider: fingerprint(),
  });
  await powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(init.activationCode, "phone"));
  await powerAuth.persistActivation(
    PowerAuthAuthentication.persistWithPasswordAndBiometry(pin, { promptMessage: "Enable?" }),
  );
  const { activationId } = init;
  await world.backOffice("/rest/v3/activation/commit", { activationId });
  return { powerAuth, activationId };
}

/** Somebody who always puts the right finger on the reader. */
function fingerprint(): BiometryProvider {
  const keys = new Map<string, Uint8Array>();
  return {
    info: async () => ({ isAvailable: true, biometryType: "FINGERPRINT", canAuthenticate: "OK" }),
    has: async (name) => keys.has(name),
    store: async (name, key) => void keys.set(name, key.slice()),
    load: async (name) => keys.get(name)!.slice(),
    remove: async (name) => void keys.delete(name),
  };
}
