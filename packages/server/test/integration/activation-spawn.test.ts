/** One device vouches for another of its user: activation codes that devices ask for (activation spawn, transfer). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { refused } from "../answers.ts";
import { type Bank, startBank, unique } from "../bank.ts";
import { createDevice, type Device, type DeviceSettings, publicKey } from "../device.ts";
import { suiteOnEachStore } from "../store-suites.ts";

type App = DeviceSettings & { readonly applicationId: string };

const otp = "0123456789abcdef";

suiteOnEachStore((_dialect, open) => {
  describe("Activation spawn", () => {
    let bank: Bank;
    let from: App;
    let copies: App;
    let successor: App;
    let close: () => Promise<void>;

    before(async () => {
      const opened = await open();
      close = () => opened.close();
      bank = await startBank({ opened });
      from = await bank.application();
      copies = await bank.application();
      successor = await bank.application();
      await bank.done("/application/config/create", {
        applicationId: from.applicationId,
        key: "activation_transfer",
        values: [
          { allowedTargetApplicationIds: [copies.applicationId], type: "SPAWN", initialFlags: ["SPAWNED"] },
          { allowedTargetApplicationIds: [successor.applicationId], type: "MOVE" },
        ],
      });
    });
    after(async () => {
      await bank.close();
      await close();
    });

    const customer = (version: DeviceSettings["version"] = "3.3") => bank.device(from, `user-${unique()}`, { version });

    interface Asking {
      readonly applicationId?: unknown;
      readonly otp?: unknown;
      readonly factors?: FactorCombination;
      readonly pin?: string;
      /** Signed instead of the plaintext. */
      readonly signed?: string;
      readonly enveloped?: boolean;
    }

    /** Signed, then encrypted. */
    async function ask(device: Device, asking: Asking = {}) {
      const { factors = "possession_knowledge", pin, enveloped = true } = asking;
      const requestObject = { applicationId: copies.applicationId, otp, ...asking };
      const plaintext = JSON.stringify(enveloped ? { requestObject } : requestObject);
      const sealed = await device.encrypt(encryptorIds.activationGeneric, plaintext);
      const body = asking.signed ?? plaintext;
      const headers = device.sign({ uriId: "/api/activation/code", body, factors, ...(pin !== undefined && { pin }) });
      const answer = await device.post("/api/activation/code", sealed.body, headers);
      return { ...answer, plain: device.open(sealed.exchange, answer)?.responseObject };
    }

    const detailOf = (activationId: string) => bank.done("/activation/status", { activationId });

    for (const version of ["3.1", "3.2", "3.3"] as const) {
      test(`A ${version} device gets a code, and another device activates with it and the password`, async () => {
        const parent = await customer(version);
        const { status, plain } = await ask(parent);
        assert.equal(status, 200);
        assert.deepEqual(Object.keys(plain).sort(), ["activationCode", "activationId", "activationSignature"]);
        const master = publicKey(copies.masterPublicKey);
        assert.ok(verifyActivationCode(crypto, master, plain.activationCode, plain.activationSignature));

        const child = createDevice({ ...copies, version });
        assert.equal((await child.requestActivation(plain.activationCode)).answer.status, 400);
        assert.equal(
          (await child.requestActivation(plain.activationCode, { otp: "wrong".padEnd(16) })).answer.status,
          400,
        );
        await child.activate(plain.activationCode, { otp });
        assert.equal((await child.validate()).status, 200);
        const [detail, own] = [await detailOf(plain.activationId), await detailOf(parent.activationId)];
        assert.deepEqual(
          [
            detail.userId,
            detail.activationStatus,
            detail.activationFlags,
            detail.parentActivationId,
            detail.transferType,
          ],
          [own.userId, "ACTIVE", ["SPAWNED"], parent.activationId, "SPAWN"],
        );
        assert.equal((await parent.validate()).status, 200, "the parent of a SPAWN stays");
      });
    }

    test("A moved activation ends its parent in the commit in which it becomes ACTIVE", async () => {
      const parent = await customer();
      const { plain } = await ask(parent, { applicationId: successor.applicationId, enveloped: false });
      assert.equal((await parent.validate()).status, 200);
      const child = createDevice(successor);
      await child.activate(plain.activationCode, { otp });
      assert.equal((await child.validate()).status, 200);
      assert.equal((await detailOf(parent.activationId)).activationStatus, "REMOVED");
      assert.equal((await parent.validate()).status, 401);
      const { items } = await bank.done("/activation/history", { activationId: parent.activationId });
      assert.equal(items.at(-1).eventReason, "ACTIVATION_MOVED");
    });

    test("Of two codes of one activation that moves, one device gets through", async () => {
      const parent = await customer();
      const codes = [];
      for (let at = 0; at < 2; at++) {
        codes.push((await ask(parent, { applicationId: successor.applicationId })).plain.activationCode);
      }
      const answers = await Promise.all(codes.map((code) => createDevice(successor).requestActivation(code, { otp })));
      assert.deepEqual(
        answers.map(({ answer }) => answer.status).sort((a, b) => a - b),
        [200, 400],
      );
      const { userId } = await detailOf(parent.activationId);
      const { activations } = await bank.done("/activation/list", { userId, activationStatuses: ["ACTIVE"] });
      assert.equal(activations.length, 1);
    });

    for (const [end, expected] of [
      ["block", "BLOCKED"],
      ["remove", "REMOVED"],
    ] as const) {
      test(`A code dies with the activation that asked for it (${end})`, async () => {
        const parent = await customer();
        const { plain } = await ask(parent);
        await bank.done(`/activation/${end}`, { activationId: parent.activationId });
        const { answer } = await createDevice(copies).requestActivation(plain.activationCode, { otp });
        assert.equal(answer.status, 400);
        assert.equal((await detailOf(parent.activationId)).activationStatus, expected);
        assert.equal((await detailOf(plain.activationId)).activationStatus, "CREATED");
      });
    }

    test("Refused for an application nobody allows, a short password, and what is no request", async () => {
      const parent = await customer();
      const { userId } = await detailOf(parent.activationId);
      for (const asking of [
        { applicationId: from.applicationId },
        { applicationId: "none" },
        { applicationId: 7 },
        { otp: "123456789012345" },
        { otp: "x".repeat(256) },
        { otp: 1234567890123456 },
        { otp: null },
      ]) {
        const { status, body } = await ask(parent, asking);
        assert.deepEqual([status, body.responseObject.code], [400, "ACTIVATION_CODE_FAILED"], JSON.stringify(asking));
      }
      const unconfigured = await bank.device(copies, userId);
      const { status, body } = await ask(unconfigured, { applicationId: from.applicationId });
      assert.deepEqual([status, body.responseObject.code], [400, "ACTIVATION_CODE_FAILED"]);
      assert.equal((await bank.done("/activation/list", { userId })).activations.length, 2);
      assert.equal((await parent.validate()).status, 200);
    });

    test("Refused without the right factors, over another body, replayed, or without encryption", async () => {
      const parent = await customer();
      const codeOf = async (answer: ReturnType<typeof ask>) => {
        const { status, body } = await answer;
        return [status, body.responseObject.code];
      };
      assert.deepEqual(await codeOf(ask(parent, { factors: "possession" })), [401, "POWERAUTH_AUTH_FAIL"]);
      assert.deepEqual(await codeOf(ask(parent, { pin: "9999" })), [401, "POWERAUTH_AUTH_FAIL"]);
      assert.deepEqual(await codeOf(ask(parent, { signed: "{}" })), [401, "POWERAUTH_AUTH_FAIL"]);

      const plaintext = JSON.stringify({ requestObject: { applicationId: copies.applicationId, otp } });
      const sealed = await parent.encrypt(encryptorIds.activationGeneric, plaintext);
      const headers = parent.sign({ uriId: "/api/activation/code", body: plaintext });
      const send = () => parent.post("/api/activation/code", sealed.body, headers);
      assert.equal((await send()).status, 200);
      assert.deepEqual((await send()).body.responseObject.code, "POWERAUTH_AUTH_FAIL");

      const bare = parent.sign({ uriId: "/api/activation/code", body: plaintext });
      const unencrypted = await parent.post("/api/activation/code", plaintext, bare);
      assert.deepEqual([unencrypted.status, unencrypted.body.responseObject.code], [400, "ERR_ENCRYPTION"]);
      const { userId } = await detailOf(parent.activationId);
      assert.equal((await bank.done("/activation/list", { userId })).activations.length, 2);
    });

    test("The back office may name the parent of an activation: of the same user, ACTIVE, and one it may use", async () => {
      const parent = await customer();
      const { userId } = await detailOf(parent.activationId);
      const init = (more: object, client = bank.admin) =>
        bank.call("/activation/init", { userId, applicationId: copies.applicationId, ...more }, client);
      const parentActivationId = parent.activationId;
      refused(await init({ transferType: "MOVE" }), "ERR0024");
      refused(await init({ parentActivationId, userId: "somebody else" }), "ERR0040");
      refused(await init({ parentActivationId: "none", transferType: "MOVE" }), "ERR0040");
      const foreign = await bank.client(["integrate"], [copies.applicationId]);
      refused(await init({ parentActivationId }, foreign), "ERR0009");
      const { body } = await init({ parentActivationId, transferType: "MOVE" });
      const { activationId, activationCode } = body.responseObject;
      const child = createDevice(copies);
      await child.activate(activationCode);
      assert.equal((await detailOf(parentActivationId)).activationStatus, "ACTIVE");
      await bank.done("/activation/commit", { activationId });
      assert.equal((await detailOf(parentActivationId)).activationStatus, "REMOVED");
      refused(await init({ parentActivationId }), "ERR0040");
    });
  });
});
