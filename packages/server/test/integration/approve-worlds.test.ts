/** One server for both kinds of device: either decides what the other side's interface made, and neither passes for the other. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { toBase64 } from "@countersign/protocol/bytes";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { type ApproveBank, startApproveBank } from "../approve-bank.ts";
import type { ApproveDevice } from "../../../../tools/approve-device.ts";
import type { Bank } from "../bank.ts";
import { createDevice, type Device, random } from "../device.ts";
import { signedRequest } from "../front-server.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const unknown = "0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11";

suiteOnEachStore((dialect, open) => {
  describe(`Both kinds of device on ${dialect}`, () => {
    let store: TestStore;
    let at: ApproveBank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let phone: string;
    let container: ApproveDevice;

    before(async () => {
      store = await open();
      at = await startApproveBank({ opened: store });
      const { versions, masterPublicKey } = await at.bank.done("/application/detail", {
        applicationId: at.application,
      });
      const { applicationKey, applicationSecret } = versions[0];
      app = {
        url: at.bank.publicUrl,
        applicationId: at.application,
        applicationKey,
        applicationSecret,
        masterPublicKey,
      };
      phone = await at.deviceType();
      container = await at.device(at.user(), phone);
    });
    after(async () => {
      await at.close();
      await store.close();
    });

    const restOperation = async (userId: string, templateName: string) =>
      at.bank.done("/operation/create", {
        templateName,
        userId,
        applications: [at.application],
        parameters: at.body(templateName).parameters,
      });
    const authorize = (device: Device, { id, data }: { id: string; data: string }) =>
      device.signed("/api/auth/token/app/operation/authorize", {
        uriId: "/operation/authorize",
        body: JSON.stringify({ requestObject: { id, data } }),
      });

    it("an operation of /rest/v3 is approved by an Approve container where the template allows the factor (B01)", async () => {
      const user = at.user();
      const device = await at.device(user, phone);
      const allowed = await restOperation(user, await at.template());
      assert.equal((await device.decide(allowed.id, "approve")).status, 200);
      assert.equal((await at.bank.done("/operation/detail", { operationId: allowed.id })).status, "APPROVED");
      const biometry = await restOperation(user, await at.template({ signatureTypes: ["POSSESSION_BIOMETRY"] }));
      assert.equal((await device.decide(biometry.id, "approve")).body.code, "verification-required");
      const { status, failureCount } = await at.bank.done("/operation/detail", { operationId: biometry.id });
      assert.deepEqual([status, failureCount], ["PENDING", 1]);
    });

    it("an Approve transaction is approved by a PowerAuth activation where the template allows the factor (B01)", async () => {
      const user = at.user();
      const device = await at.bank.device(app, user);
      const { operation } = await at.transaction(await at.template(), { userId: user });
      assert.equal((await authorize(device, operation)).status, 200);
      assert.equal((await at.detail(operation.id)).decisions[0].evidence.kind, "powerauth");
      const strict = await at.template({ signatureTypes: ["POSSESSION_BIOMETRY"] });
      const refused = (await at.transaction(strict, { userId: user })).operation;
      assert.equal((await authorize(device, refused)).status, 401);
      assert.equal((await at.detail(refused.id)).status, "PENDING");
      const matching = await at.template({ approval: { match: "enter" } });
      const numbered = (await at.transaction(matching, { userId: user })).operation;
      assert.equal((await authorize(device, numbered)).status, 401, "nobody gave the number");
      assert.equal((await at.detail(numbered.id)).status, "PENDING");
    });

    it("a person with both kinds of device decides once", async () => {
      const user = at.user();
      const [approve, powerAuth] = [await at.device(user, phone), await at.bank.device(app, user)];
      const template = await at.template();
      for (let round = 0; round < 5; round++) {
        const { operation } = await at.transaction(template, { userId: user });
        const answer = await approve.answer(await approve.fetch(operation.id), "approve");
        const [a, b] = await Promise.all([approve.respond(operation.id, answer), authorize(powerAuth, operation)]);
        assert.equal([a, b].filter(({ status }) => status === 200).length, 1, JSON.stringify([a.body, b.body]));
      }
    });

    /** Says that it is the activation of this id, with keys of its own. */
    const impostor = (activationId: string, version: "3.3" | "3.1"): Device => {
      const device = createDevice({ ...app, version });
      device.adopt(activationId, nodeCrypto.generateKeyPair(random).publicKey, random(16));
      return device;
    };

    const deviceCalls: Readonly<
      Record<string, (device: Device, id: string) => Promise<{ status: number; body: unknown }>>
    > = {
      validate: (device) => device.validate(),
      "validate possession": (device) => device.validate({ factors: "possession" }),
      authorize: (device) => authorize(device, { id: unknown, data: "A1" }),
      cancel: (device) =>
        device.signed("/api/auth/token/app/operation/cancel", {
          uriId: "/operation/cancel",
          factors: "possession",
          body: JSON.stringify({ requestObject: { id: unknown } }),
        }),
      claim: (device) =>
        device.signed("/api/auth/token/app/operation/detail/claim", {
          uriId: "/operation/detail/claim",
          body: JSON.stringify({ requestObject: { id: unknown } }),
        }),
      "token create": (device) => device.createToken("possession"),
      "token remove": (device) =>
        device.signed("/pa/v3/token/remove", {
          uriId: "/pa/token/remove",
          body: JSON.stringify({ requestObject: { tokenId: unknown } }),
        }),
      rename: (device) =>
        device.encryptedAndSigned(
          "/pa/v3/activation/rename",
          encryptorIds.activationGeneric,
          { activationName: "x" },
          { uriId: "/pa/activation/rename" },
        ),
      remove: (device) =>
        device.signed("/pa/v3/activation/remove", { uriId: "/pa/activation/remove", factors: "possession" }),
      "vault unlock": (device) => device.unlockVault(),
      detail: (device) => device.encrypted("/pa/v3/activation/detail", encryptorIds.activationGeneric, {}),
      "user info": (device) => device.encrypted("/pa/v3/user/info", encryptorIds.activationGeneric, {}),
      keystore: (device) => device.keystore("activation"),
      upgrade: (device) => device.encrypted("/pa/v3/upgrade/start", encryptorIds.activationGeneric, {}),
      push: (device) =>
        device.signed("/api/push/device/register", {
          uriId: "/push/device/register",
          factors: "possession",
          body: JSON.stringify({ requestObject: { platform: "ios", token: "x" } }),
        }),
    };

    for (const version of ["3.3", "3.1"] as const) {
      it(`to every PowerAuth call of a device a container is an unknown activation (${version})`, async () => {
        for (const [name, call] of Object.entries(deviceCalls)) {
          const [ours, nobodys] = await Promise.all(
            [container.cid, unknown].map((id) =>
              call(impostor(id, version), id).then(
                ({ status, body }) => JSON.stringify([status, body]),
                (error: Error) => error.message,
              ),
            ),
          );
          assert.equal(ours, nobodys, name);
          assert.doesNotMatch(ours!, /^\[(200|5)/, name);
        }
        const blobs = [];
        for (const id of [container.cid, unknown]) {
          const { status, body } = await impostor(id, version).statusOf(id, random(16));
          blobs.push([status, Object.keys(body.responseObject).sort(), body.responseObject.encryptedStatusBlob.length]);
        }
        assert.deepEqual(blobs[0], blobs[1], "random bytes, as for nobody");
        const { status, failed_attempts } = (await store.store.findActivation(container.cid))!;
        assert.deepEqual([status, failed_attempts], ["ACTIVE", 0]);
      });
    }

    it("to every back-office call that needs PowerAuth keys a container is an unknown activation", async () => {
      const envelope = {
        ephemeralPublicKey: toBase64(
          nodeCrypto.exportPublicKey(nodeCrypto.generateKeyPair(random).publicKey, "uncompressed"),
        ),
        encryptedData: toBase64(random(32)),
        mac: toBase64(random(32)),
        nonce: toBase64(random(16)),
        protocolVersion: "3.1",
      };
      const { applicationKey } = app;
      const { operation } = await at.transaction(await at.template(), { userId: container.record.user });
      const calls: readonly (readonly [string, (id: string) => object])[] = [
        ["/signature/verify", (id) => signedRequest(impostor(id, "3.3"), app)],
        ["/signature/ecdsa/sign", (activationId) => ({ activationId, data: "AAAA" })],
        ["/signature/ecdsa/verify", (activationId) => ({ activationId, data: "AAAA", signature: "AAAA" })],
        ["/signature/offline/personalized/create", (activationId) => ({ activationId, data: "x" })],
        [
          "/signature/offline/verify",
          (activationId) => ({
            activationId,
            data: "POST&x&y&eA==",
            signature: "12345678-12345678",
            allowBiometry: true,
          }),
        ],
        [
          "/token/create",
          (activationId) => ({ activationId, applicationKey, signatureType: "POSSESSION", ...envelope }),
        ],
        ["/token/remove", (activationId) => ({ activationId, tokenId: unknown })],
        [
          "/vault/unlock",
          (activationId) => ({
            activationId,
            applicationKey,
            signedData: "x",
            signature: "12345678-12345678",
            signatureType: "POSSESSION_KNOWLEDGE",
            signatureVersion: "3.1",
            ...envelope,
          }),
        ],
        [
          "/ecies/decryptor",
          (activationId) => ({ activationId, applicationKey, ...envelope, encryptedData: undefined, mac: undefined }),
        ],
        ["/upgrade/start", (activationId) => ({ activationId, applicationKey })],
        ["/upgrade/commit", (activationId) => ({ activationId, applicationKey })],
        [
          "/activation/init",
          (parentActivationId) => ({
            userId: container.record.user,
            applicationId: at.application,
            parentActivationId,
            transferType: "MOVE",
          }),
        ],
      ];
      for (const [path, body] of calls) {
        const [ours, nobodys] = await Promise.all([container.cid, unknown].map((id) => at.bank.call(path, body(id))));
        assert.deepEqual(
          [ours!.status, without(ours!.body, container.cid)],
          [nobodys!.status, without(nobodys!.body, unknown)],
          path,
        );
        assert.ok(ours!.status < 500, path);
      }
      for (const [path, body] of [
        ["/activation/commit", { activationId: container.cid }],
        ["/activation/otp/update", { activationId: container.cid, activationOtp: "1234" }],
      ] as const) {
        assert.equal((await at.bank.call(path, body)).status, 400, path);
      }
      const status = await at.bank.call("/activation/status", {
        activationId: container.cid,
        challenge: toBase64(random(16)),
      });
      assert.deepEqual([status.status, status.body.responseObject.devicePublicKeyFingerprint], [200, null]);
      const qr = await at.bank.v1("POST", `/operations/${operation.id}/offline-qr`, { activationId: container.cid });
      assert.deepEqual([qr.status, qr.body.code], [404, "activation-not-found"]);
      const code = { code: "12345678-12345678", activationId: container.cid };
      const retyped = await at.bank.v1("POST", `/operations/${operation.id}/offline-code`, code);
      assert.ok(retyped.status >= 400 && retyped.status < 500, JSON.stringify(retyped.body));
      const row = (await store.store.findActivation(container.cid))!;
      assert.deepEqual([row.status, row.failed_attempts, row.counter], ["ACTIVE", 0, 0]);
      assert.equal((await container.decide(operation.id, "approve")).status, 200);
    });

    it("a PowerAuth activation is no container", async () => {
      const device = await at.bank.device(app, at.user());
      const path = "/approve/v1/transactions";
      await container.call("GET", path);
      const proof = await container.proof("GET", path, "", { cid: device.activationId });
      const reply = await fetch(at.bank.publicUrl + path, { headers: { dpop: proof } });
      assert.deepEqual([reply.status, ((await reply.json()) as { code: string }).code], [401, "proof-invalid"]);
    });
  });
});

/** Answers name the id that was asked for. */
function without(body: unknown, id: string): unknown {
  return JSON.parse(JSON.stringify(body).replaceAll(id, "id"));
}
