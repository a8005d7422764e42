/** Activations by code, from the first call to the first signature, over HTTP and on both stores. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { parseActivationCode, verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { versions } from "@countersign/protocol/powerauth/versions";
import { blockActivation } from "../../src/activations/block.ts";
import { commitActivation } from "../../src/activations/commit.ts";
import { createActivation } from "../../src/activations/create.ts";
import { initActivation } from "../../src/activations/init.ts";
import { activationHistory } from "../../src/activations/list.ts";
import { removeActivation } from "../../src/activations/remove.ts";
import { activationDetail } from "../../src/activations/status.ts";
import { createApplication } from "../../src/applications/create.ts";
import { setVersionSupported } from "../../src/applications/versions.ts";
import { bucketCount, userBucket } from "../../src/ids.ts";
import { activationRefused } from "../powerauth-answers.ts";
import { publicKey, random } from "../device.ts";
import { type Bench, done, id, refusalOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("Activations", (bench) => {
  for (const { version } of versions) {
    test(`A ${version} device is activated by code and sees every state in its status (activation, status)`, async () => {
      const { deps } = bench;
      const started = await bench.init();
      const device = bench.newDevice(version);
      assert.equal((await bench.row(started.activationId)).status, "CREATED");
      const result = await device.activate(started.activationCode, { name: "Žofie's phone" });
      assert.equal(result.activationId, started.activationId);
      assert.equal((await device.status()).state, 2);
      assert.equal((await device.validate()).status, 401);

      done(await commitActivation(deps, { activationId: started.activationId, externalUserId: "clerk" }));
      const active = await device.status();
      assert.deepEqual(
        [active.state, active.currentVersion, active.upgradeVersion, active.failedAttempts, active.maxFailedAttempts],
        [3, 3, 3, 0, 5],
      );
      assert.equal((await device.validate()).status, 200);
      if (device.version.statusChallenge)
        assert.equal((await device.status()).ctrByte, 2, "the refused signature used up a value too");

      done(await blockActivation(deps, started));
      assert.equal((await device.status()).state, 4);
      done(await removeActivation(deps, started));
      assert.equal((await device.status()).state, 5);

      const history = await activationHistory(deps, started);
      assert.deepEqual(
        history.map((item) => [item.status, item.reason, item.externalUserId]),
        [
          ["CREATED", null, null],
          ["PENDING_COMMIT", null, null],
          ["ACTIVE", null, "clerk"],
          ["BLOCKED", "NOT_SPECIFIED", null],
          ["REMOVED", null, null],
        ],
      );
      assert.equal(history.at(-1)?.name, "Žofie's phone");
    });
  }

  test("The code is signed by the master key, the id carries the user's bucket, and both sides have one fingerprint", async () => {
    const userId = `user-${id()}`;
    const started = await bench.init({ userId });
    const master = publicKey(bench.application.masterPublicKey);
    const scanned = parseActivationCode(`${started.activationCode}#${started.activationSignature}`);
    assert.ok("code" in scanned && verifyActivationCode(crypto, master, scanned.code, scanned.signature!));
    assert.equal(Number.parseInt(started.activationId.slice(0, 3), 16), userBucket("default", userId) % bucketCount);

    const waiting = done(await activationDetail(bench.deps, started));
    assert.equal(waiting.activationCode, started.activationCode);
    const device = bench.newDevice();
    const { serverPublicKey } = await device.activate(started.activationCode);
    const detail = done(await activationDetail(bench.deps, started));
    assert.equal(detail.activationCode, null);
    assert.equal(
      detail.devicePublicKeyFingerprint,
      activationFingerprint(crypto, device.publicKey, device.activationId, serverPublicKey),
    );
    assert.deepEqual([detail.platform, detail.deviceInfo], ["ios", "iPhone12,3"]);
  });

  test("A wrong, used, overdue or foreign code is refused in one and the same way", async () => {
    const foreign = done(await createApplication(bench.deps, { applicationId: `other-${id()}` }));
    const used = await bench.init();
    await bench.newDevice().activate(used.activationCode);
    const overdue = await bench.init({ expiresAt: 1 });
    const other = await bench.init({ applicationId: foreign.applicationId });
    for (const code of [
      used.activationCode,
      overdue.activationCode,
      other.activationCode,
      "AAAAA-AAAAA-AAAAA-AAAAA",
      "",
      "x",
    ]) {
      const { answer } = await bench.newDevice().requestActivation(code);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused], code);
    }
    assert.equal((await bench.row(overdue.activationId)).status, "REMOVED");
    assert.equal((await bench.row(other.activationId)).status, "CREATED");
  });

  test("Of eight devices with one code exactly one is activated", async () => {
    const { activationId, activationCode } = await bench.init();
    const devices = Array.from({ length: 8 }, () => bench.newDevice("3.1"));
    const answers = await Promise.all(devices.map((device) => device.requestActivation(activationCode)));
    assert.deepEqual(
      answers.map(({ answer }) => answer.status).sort((a, b) => a - b),
      [200, 400, 400, 400, 400, 400, 400, 400],
    );
    assert.equal((await bench.row(activationId)).status, "PENDING_COMMIT");
    assert.equal((await activationHistory(bench.deps, { activationId })).length, 2);
  });

  test("Of eight commits exactly one counts", async () => {
    const { activationId, activationCode } = await bench.init();
    await bench.newDevice("3.1").activate(activationCode);
    const commits = Array.from({ length: 8 }, () => commitActivation(bench.deps, { activationId }));
    const outcomes = (await Promise.all(commits)).map(refusalOf);
    assert.equal(outcomes.filter((outcome) => outcome === "done").length, 1);
    assert.ok(outcomes.every((outcome) => outcome === "done" || outcome === "activation-state"));
  });

  test("A device key that is none removes the activation", async () => {
    for (const devicePublicKey of [toBase64(new Uint8Array(65).fill(4)), "", "not Base64", undefined, 7]) {
      const { activationId, activationCode } = await bench.init();
      const answer = await sendLayers(bench, activationCode, { devicePublicKey });
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
      assert.equal((await bench.row(activationId)).status, "REMOVED");
      const [, removed] = await activationHistory(bench.deps, { activationId });
      assert.deepEqual([removed?.status, removed?.reason], ["REMOVED", "INVALID_DEVICE_KEY"]);
    }
  });

  test("Texts no database keeps, and layers that are no JSON, are refused and change nothing", async () => {
    const devicePublicKey = toBase64(crypto.exportPublicKey(crypto.generateKeyPair(random).publicKey, "uncompressed"));
    const { activationId, activationCode } = await bench.init();
    for (const inner of [
      { devicePublicKey, activationName: "\u0000" },
      { devicePublicKey, extras: "\ud800" },
      { devicePublicKey, activationName: "x".repeat(256) },
      { devicePublicKey, activationName: 7 },
      { devicePublicKey, activationOtp: {} },
      "[]",
      "{",
    ]) {
      const answer = await sendLayers(bench, activationCode, inner);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    }
    for (const outer of ["[]", "{", "null", '{"type":"CODE"}', '{"type":"CODE","identityAttributes":{"code":7}}']) {
      const answer = await bench
        .newDevice("3.1")
        .encrypted("/pa/v3/activation/create", encryptorIds.applicationGeneric, outer);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    }
    assert.equal((await bench.row(activationId)).status, "CREATED");
  });

  for (const type of ["CUSTOM", "DIRECT", "RECOVERY", "code", ""]) {
    test(`An activation of type '${type}' is refused where nothing is configured for it`, async () => {
      const { activationCode } = await bench.init();
      const answer = await sendLayers(bench, activationCode, {}, type);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    });
  }

  test("An unsupported application version activates nobody, and does again once it is supported", async () => {
    const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
    const { applicationId } = application;
    done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: false }));
    const { activationCode } = await bench.init({ applicationId });
    const { answer } = await bench.newDevice("3.2", application).requestActivation(activationCode);
    assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    await assert.rejects(bench.newDevice("3.3", application).requestActivation(activationCode), /ERR_TEMPORARY_KEY/);
    done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: true }));
    await bench.newDevice("3.3", application).activate(activationCode);
  });

  test("A new application takes no device of 3.0: its signatures have eight digits per factor", async () => {
    const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
    const { activationCode } = await bench.init({ applicationId: application.applicationId });
    const { answer } = await bench.newDevice("3.0", application).requestActivation(activationCode);
    assert.deepEqual([answer.status, answer.body.responseObject.code], [400, "ERR_ENCRYPTION"]);
    await bench.newDevice("3.1", application).activate(activationCode);
  });

  test("Limits of tries and user ids are checked at init", async () => {
    const { deps } = bench;
    const base = { applicationId: bench.application.applicationId, userId: "u" };
    for (const maxFailedAttempts of [0, -1, 1.5, 256, Number.NaN]) {
      assert.equal(refusalOf(await initActivation(deps, { ...base, maxFailedAttempts })), "activation-not-created");
    }
    for (const userId of ["", "x".repeat(256), "a\u0000b", "\ud800"]) {
      assert.equal(refusalOf(await initActivation(deps, { ...base, userId })), "invalid-request");
    }
    assert.equal(refusalOf(await initActivation(deps, { ...base, applicationId: "none" })), "application-not-found");
  });

  test("The back office may start an activation and exchange keys in one call", async () => {
    const device = bench.newDevice();
    const { applicationKey } = bench.application.versions[0]!;
    const devicePublicKey = toBase64(crypto.exportPublicKey(device.publicKey, "uncompressed"));
    const { request: cryptogram } = await device.encrypt(
      encryptorIds.activationLayer2,
      JSON.stringify({ devicePublicKey }),
    );
    const input = { userId: "direct", header: { applicationKey, version: device.version }, cryptogram };
    const { activation } = done(await createActivation(bench.deps, input));
    assert.equal(activation.status, "PENDING_COMMIT");
    assert.equal(refusalOf(await createActivation(bench.deps, input)), "replayed");
    done(await commitActivation(bench.deps, { activationId: activation.id }));
  });
});

/** Both layers by hand, so that either may hold anything. */
async function sendLayers(bench: Bench, code: string, inner: object | string, type = "CODE") {
  const device = bench.newDevice("3.2");
  const text = typeof inner === "string" ? inner : JSON.stringify(inner);
  const { request: activationData } = await device.encrypt(encryptorIds.activationLayer2, utf8(text));
  const outer = { type, identityAttributes: { code }, activationData };
  return device.encrypted("/pa/v3/activation/create", encryptorIds.applicationGeneric, outer);
}
