/** Activations from the first call to the last, over HTTP where a device is involved, on both stores. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { parseActivationCode, verifyActivationCode } from "@countersign/protocol/powerauth/activation-code";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { activationFingerprint } from "@countersign/protocol/powerauth/fingerprint";
import { versions } from "@countersign/protocol/powerauth/versions";
import { blockActivation, unblockActivation, updateStatuses } from "../../src/activations/block.ts";
import { commitActivation } from "../../src/activations/commit.ts";
import { createActivation } from "../../src/activations/create.ts";
import { sweepActivations } from "../../src/activations/expire.ts";
import { addFlags, listFlags, removeFlags, setFlags } from "../../src/activations/flags.ts";
import { initActivation, type NewActivation } from "../../src/activations/init.ts";
import { activationHistory, listActivations, lookupActivations } from "../../src/activations/list.ts";
import { updateOtp } from "../../src/activations/otp.ts";
import { removeActivation } from "../../src/activations/remove.ts";
import { renameActivation } from "../../src/activations/rename.ts";
import { activationDetail } from "../../src/activations/status.ts";
import { createApplication } from "../../src/applications/create.ts";
import { setVersionSupported } from "../../src/applications/versions.ts";
import { bucketCount, userBucket } from "../../src/ids.ts";
import { publicKey, random } from "../device.ts";
import { type Bench, done, id, refusalOf, startPowerAuth } from "../powerauth-server.ts";
import { forEachStore } from "../stores.ts";

const refusedActivation = {
  status: "ERROR",
  responseObject: { code: "ERR_ACTIVATION", message: "POWER_AUTH_ACTIVATION_INVALID" },
};

forEachStore((_kind, open) => {
  describe("Activations", () => {
    let bench: Bench;
    let close: () => Promise<void>;
    before(async () => {
      const opened = await open();
      close = () => opened.close();
      bench = await startPowerAuth(opened, { refusalsPerMinute: 1_000_000 });
    });
    after(async () => {
      await bench.close();
      await close();
    });

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
        if (device.version.statusChallenge) assert.equal((await device.status()).ctrByte, 1);

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

    describe("One-time passwords (activation, OTP)", () => {
      type Case = readonly [string, Partial<NewActivation>, string | undefined, number, string | undefined, string];
      const cases: readonly Case[] = [
        // title, init, OTP at key exchange, HTTP status, OTP at commit, outcome of commit or status after exchange
        ["none asked, none given", {}, undefined, 200, undefined, "done"],
        ["none asked, given at the key exchange", {}, "1111", 400, undefined, "activation-state"],
        ["none asked, given at the commit", {}, undefined, 200, "1111", "otp-wrong"],
        ["on commit, right", { otp: "1111", commitPhase: "ON_COMMIT" }, undefined, 200, "1111", "done"],
        ["on commit, wrong", { otp: "1111", commitPhase: "ON_COMMIT" }, undefined, 200, "1112", "otp-wrong"],
        ["on commit, missing", { otp: "1111", commitPhase: "ON_COMMIT" }, undefined, 200, undefined, "otp-wrong"],
        ["on commit, given early", { otp: "1111", commitPhase: "ON_COMMIT" }, "1111", 400, undefined, "activation-state"],
        ["at the exchange, right", { otp: "1111", commitPhase: "ON_KEY_EXCHANGE" }, "1111", 200, undefined, "ACTIVE"],
        ["at the exchange, wrong", { otp: "1111", commitPhase: "ON_KEY_EXCHANGE" }, "1112", 400, undefined, "CREATED"],
        ["at the exchange, missing", { otp: "1111", commitPhase: "ON_KEY_EXCHANGE" }, undefined, 400, undefined, "CREATED"],
        ["at the exchange, none asked", { commitPhase: "ON_KEY_EXCHANGE" }, undefined, 200, undefined, "ACTIVE"],
        ["older form, on commit", { otp: "1111", otpValidation: "ON_COMMIT" }, undefined, 200, "1111", "done"],
        ["older form, at the exchange", { otp: "1111", otpValidation: "ON_KEY_EXCHANGE" }, "1111", 200, undefined, "ACTIVE"],
        ["older form, none", { otpValidation: "NONE" }, undefined, 200, undefined, "done"],
      ];
      for (const [title, init, early, status, late, outcome] of cases) {
        test(title, async () => {
          const { activationId, activationCode } = await bench.init(init);
          const { answer } = await bench.newDevice().requestActivation(activationCode, early === undefined ? {} : { otp: early });
          assert.equal(answer.status, status);
          if (status !== 200) assert.deepEqual(answer.body, refusedActivation);
          const row = await bench.row(activationId);
          if (["ACTIVE", "CREATED"].includes(outcome)) {
            assert.equal(row.status, outcome);
            assert.equal(refusalOf(await commitActivation(bench.deps, { activationId })), "activation-state");
          } else {
            assert.equal(refusalOf(await commitActivation(bench.deps, { activationId, otp: late })), outcome);
          }
          const counted = title.endsWith("wrong") ? 1 : 0;
          assert.equal((await bench.row(activationId)).failed_attempts, counted);
        });
      }

      for (const [title, init] of [
        ["both spellings", { otp: "1", commitPhase: "ON_COMMIT", otpValidation: "ON_COMMIT" }],
        ["a phase without a password", { otpValidation: "ON_COMMIT" }],
        ["a password without a phase", { otp: "1", otpValidation: "NONE" }],
        ["an empty password", { otp: "", commitPhase: "ON_COMMIT" }],
      ] as const) {
        test(`Init is refused for ${title}`, async () => {
          const input = { applicationId: bench.application.applicationId, userId: "u", ...init };
          assert.equal(refusalOf(await initActivation(bench.deps, input)), "invalid-request");
        });
      }

      test("The last wrong password removes the activation, and the right one comes too late then", async () => {
        const { activationId, activationCode } = await bench.init({ otp: "1111", maxFailedAttempts: 2 });
        await bench.newDevice().activate(activationCode);
        const commit = (otp: string) => commitActivation(bench.deps, { activationId, otp });
        assert.equal(refusalOf(await commit("2222")), "otp-wrong");
        assert.equal(refusalOf(await commit("3333")), "otp-wrong");
        assert.equal((await bench.row(activationId)).status, "REMOVED");
        assert.equal(refusalOf(await commit("1111")), "activation-state");
        const reasons = (await activationHistory(bench.deps, { activationId })).map((item) => item.reason);
        assert.deepEqual(reasons, [null, null, "OTP_FAILED_ATTEMPT", "OTP_MAX_FAILED_ATTEMPTS"]);
      });

      test("Sixteen parallel wrong passwords get no more answers than the limit allows", async () => {
        const { activationId, activationCode } = await bench.init({ otp: "1111", maxFailedAttempts: 3 });
        await bench.newDevice().activate(activationCode);
        const guesses = Array.from({ length: 16 }, (_, n) => commitActivation(bench.deps, { activationId, otp: `x${n}` }));
        const told = (await Promise.all(guesses)).map(refusalOf);
        assert.equal(told.filter((refused) => refused === "otp-wrong").length, 3);
        assert.equal(told.filter((refused) => refused === "activation-state").length, 13);
        assert.equal((await bench.row(activationId)).status, "REMOVED");
      });

      test("A replaced password counts instead of the old one, only while the commit is waited for", async () => {
        const { deps } = bench;
        const { activationId, activationCode } = await bench.init();
        assert.equal(refusalOf(await updateOtp(deps, { activationId, otp: "2222" })), "activation-state");
        await bench.newDevice().activate(activationCode);
        done(await updateOtp(deps, { activationId, otp: "1111" }));
        done(await updateOtp(deps, { activationId, otp: "2222", externalUserId: "clerk" }));
        assert.equal(refusalOf(await commitActivation(deps, { activationId, otp: "1111" })), "otp-wrong");
        done(await commitActivation(deps, { activationId, otp: "2222" }));
        assert.equal(refusalOf(await updateOtp(deps, { activationId, otp: "3333" })), "activation-state");
        const early = await bench.init({ otp: "1", commitPhase: "ON_KEY_EXCHANGE" });
        assert.equal(refusalOf(await updateOtp(deps, { ...early, otp: "2" })), "otp-mode");
      });

      test("A recorded request with a wrong password counts once, however often it is sent", async () => {
        const { activationId, activationCode } = await bench.init({ otp: "1111", commitPhase: "ON_KEY_EXCHANGE" });
        const device = bench.newDevice();
        const recorded = await device.prepareActivation(activationCode, { otp: "2222" });
        for (let sent = 0; sent < 6; sent++) {
          const answer = await device.post("/pa/v3/activation/create", recorded.body, recorded.headers);
          assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
        }
        assert.equal((await bench.row(activationId)).failed_attempts, 1);
        await bench.newDevice().activate(activationCode, { otp: "1111" });
      });
    });

    test("A wrong, used, overdue or foreign code is refused in one and the same way", async () => {
      const foreign = done(await createApplication(bench.deps, { applicationId: `other-${id()}` }));
      const used = await bench.init();
      await bench.newDevice().activate(used.activationCode);
      const overdue = await bench.init({ expiresAt: 1 });
      const other = await bench.init({ applicationId: foreign.applicationId });
      for (const code of [used.activationCode, overdue.activationCode, other.activationCode, "AAAAA-AAAAA-AAAAA-AAAAA", "", "x"]) {
        const { answer } = await bench.newDevice().requestActivation(code);
        assert.deepEqual([answer.status, answer.body], [400, refusedActivation], code);
      }
      assert.equal((await bench.row(overdue.activationId)).status, "REMOVED");
      assert.equal((await bench.row(other.activationId)).status, "CREATED");
    });

    test("Of eight devices with one code exactly one is activated", async () => {
      const { activationId, activationCode } = await bench.init();
      const devices = Array.from({ length: 8 }, () => bench.newDevice("3.1"));
      const answers = await Promise.all(devices.map((device) => device.requestActivation(activationCode)));
      assert.deepEqual(answers.map(({ answer }) => answer.status).sort(), [200, 400, 400, 400, 400, 400, 400, 400]);
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
        assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
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
        assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
      }
      for (const outer of ["[]", "{", "null", '{"type":"CODE"}', '{"type":"CODE","identityAttributes":{"code":7}}']) {
        const answer = await bench.newDevice("3.1").encrypted("/pa/v3/activation/create", encryptorIds.applicationGeneric, outer);
        assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
      }
      assert.equal((await bench.row(activationId)).status, "CREATED");
    });

    for (const type of ["CUSTOM", "DIRECT", "RECOVERY", "code", ""]) {
      test(`An activation of type '${type}' is refused (this server has codes only)`, async () => {
        const { activationCode } = await bench.init();
        const answer = await sendLayers(bench, activationCode, {}, type);
        assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
      });
    }

    test("An unsupported application version activates nobody, and does again once it is supported", async () => {
      const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
      const { applicationId } = application;
      done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: false }));
      const { activationCode } = await bench.init({ applicationId });
      const { answer } = await bench.newDevice("3.2", application).requestActivation(activationCode);
      assert.deepEqual([answer.status, answer.body], [400, refusedActivation]);
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

    test("Block and unblock are idempotent, give tries back, and go nowhere else", async () => {
      const { deps } = bench;
      const device = await bench.activated();
      const { activationId } = device;
      assert.equal((await device.validate({ pin: "0000" })).status, 401);
      done(await blockActivation(deps, { activationId, reason: "LOST" }));
      done(await blockActivation(deps, { activationId, reason: "STOLEN" }));
      assert.equal((await bench.row(activationId)).blocked_reason, "LOST");
      assert.equal((await device.validate()).status, 401);
      done(await unblockActivation(deps, { activationId }));
      done(await unblockActivation(deps, { activationId }));
      assert.equal((await bench.row(activationId)).failed_attempts, 0);
      assert.equal((await device.validate()).status, 200);
      assert.equal((await activationHistory(deps, { activationId })).length, 5);

      const waiting = await bench.init();
      assert.equal(refusalOf(await blockActivation(deps, waiting)), "activation-state");
      assert.equal(refusalOf(await unblockActivation(deps, waiting)), "activation-state");
      assert.equal(refusalOf(await blockActivation(deps, { activationId: "none" })), "activation-not-found");
      done(await removeActivation(deps, waiting));
      done(await removeActivation(deps, waiting));
      assert.equal(refusalOf(await removeActivation(deps, { activationId: "none" })), "activation-not-found");
      assert.equal(refusalOf(await unblockActivation(deps, waiting)), "activation-state");
    });

    test("A bulk change takes only the ways of the single calls and says whether all arrived", async () => {
      const { deps } = bench;
      const [one, two] = [await bench.activated("3.1"), await bench.activated("3.1")];
      const both = [one.activationId, two.activationId];
      assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "BLOCKED" }), { updated: true });
      assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "ACTIVE" }), { updated: true });
      const waiting = await bench.init();
      assert.deepEqual(await updateStatuses(deps, { activationIds: [waiting.activationId], status: "ACTIVE" }), { updated: false });
      assert.equal((await bench.row(waiting.activationId)).status, "CREATED");
      assert.equal(refusalOf(await updateStatuses(deps, { activationIds: both, status: "CREATED" })), "invalid-request");
      assert.deepEqual(await updateStatuses(deps, { activationIds: both, status: "REMOVED" }), { updated: true });
      assert.equal((await bench.row(one.activationId)).status, "REMOVED");
    });

    test("A device removes and renames itself by signature; the back office renames without", async () => {
      const device = await bench.activated();
      const { activationId } = device;
      const sealed = await device.encrypt(encryptorIds.activationGeneric, JSON.stringify({ activationName: "Second name" }));
      const plaintext = JSON.stringify({ activationName: "Second name" });
      const headers = device.sign({ uriId: "/pa/activation/rename", body: plaintext });
      const answer = await device.post("/pa/v3/activation/rename", sealed.body, headers);
      assert.deepEqual(device.open(sealed.exchange, answer), {
        status: "OK",
        responseObject: { activationId, activationName: "Second name" },
      });
      done(await renameActivation(bench.deps, { activationId, name: "Third name", externalUserId: "clerk" }));
      assert.equal(refusalOf(await renameActivation(bench.deps, { activationId, name: "" })), "invalid-request");
      const renames = (await activationHistory(bench.deps, { activationId })).slice(3);
      assert.deepEqual(
        renames.map((item) => [item.reason, item.name]),
        [
          ["ACTIVATION_NAME_UPDATED", "Second name"],
          ["ACTIVATION_NAME_UPDATED", "Third name"],
        ],
      );

      const weak = await device.signed("/pa/v3/activation/remove", { uriId: "/pa/activation/remove", factors: "possession" });
      assert.deepEqual([weak.status, weak.body.responseObject.message], [401, "POWER_AUTH_SIGNATURE_TYPE_INVALID"]);
      const removed = await device.signed("/pa/v3/activation/remove", { uriId: "/pa/activation/remove", body: "{}" });
      assert.deepEqual([removed.status, removed.body], [200, { status: "OK", responseObject: { activationId } }]);
      assert.equal((await device.status()).state, 5);
      assert.equal((await device.validate()).status, 401);
      assert.equal(refusalOf(await renameActivation(bench.deps, { activationId, name: "x" })), "activation-state");
    });

    test("Flags are a set that is added to, replaced and taken from", async () => {
      const { deps } = bench;
      const { activationId } = await bench.init({ flags: ["A", "A"] });
      assert.deepEqual(await listFlags(deps, activationId), ["A"]);
      assert.deepEqual(await addFlags(deps, { activationId, flags: ["B", "A"] }), ["A", "B"]);
      assert.deepEqual(await removeFlags(deps, { activationId, flags: ["A", "Z"] }), ["B"]);
      assert.deepEqual(await setFlags(deps, { activationId, flags: ["C"] }), ["C"]);
      await Promise.all(["D", "E"].map((flag) => addFlags(deps, { activationId, flags: [flag] })));
      assert.deepEqual([...done(await listFlags(deps, activationId))].sort(), ["C", "D", "E"]);
      assert.equal(refusalOf(await addFlags(deps, { activationId: "none", flags: ["A"] })), "activation-not-found");
      assert.equal(refusalOf(await addFlags(deps, { activationId, flags: [""] })), "invalid-request");
    });

    test("Lists and look-ups filter by what they are asked for, newest first, overdue ones as REMOVED", async () => {
      const { deps } = bench;
      const userId = `user-${id()}`;
      const { applicationId } = bench.application;
      const first = await bench.init({ userId, flags: ["X", "Y"] });
      const overdue = await bench.init({ userId, expiresAt: 1 });
      const active = await bench.activated("3.1", { userId });
      const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id).sort();
      const all = { userId, page: 0, pageSize: 500 };
      assert.equal((await listActivations(deps, all)).length, 3);
      assert.equal((await listActivations(deps, { ...all, pageSize: 2 })).length, 2);
      assert.equal((await listActivations(deps, { ...all, page: 1, pageSize: 2 })).length, 1);
      assert.deepEqual(ids(await listActivations(deps, { ...all, statuses: ["REMOVED"] })), [overdue.activationId]);
      assert.deepEqual(ids(await listActivations(deps, { ...all, statuses: ["CREATED"] })), [first.activationId]);
      assert.deepEqual(await listActivations(deps, { ...all, applicationIds: [] }), []);
      assert.deepEqual(await listActivations(deps, { ...all, applicationIds: ["none"] }), []);

      const look = (more: object) => lookupActivations(deps, { userIds: [userId], ...more });
      assert.deepEqual(ids(await look({ flags: ["X", "Y"] })), [first.activationId]);
      assert.deepEqual(ids(await look({ flags: ["X", "Z"] })), []);
      assert.deepEqual(ids(await look({ status: "ACTIVE", applicationIds: [applicationId] })), [active.activationId]);
      assert.deepEqual(ids(await look({ applicationIds: ["none"] })), []);
      assert.equal((await look({ lastUsedAfter: 0 })).length, 3);
      assert.equal((await look({ lastUsedBefore: 1 })).length, 0);
      assert.deepEqual(await lookupActivations(deps, { userIds: ["nobody"] }), []);
    });

    test("An overdue activation is over for everybody at once, and the sweeper writes it down once", async () => {
      const { deps } = bench;
      const now = await deps.store.now();
      const waiting = await bench.init({ expiresAt: now + 250 });
      const device = bench.newDevice("3.1");
      await device.activate(waiting.activationCode);
      const never = await bench.init({ expiresAt: 1 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(refusalOf(await commitActivation(deps, waiting)), "activation-expired");
      assert.equal((await device.status()).state, 5);
      const swept = await Promise.all([sweepActivations(deps), sweepActivations(deps)]);
      assert.ok(swept[0] + swept[1] >= 1);
      assert.equal((await bench.row(never.activationId)).status, "REMOVED");
      assert.equal((await activationHistory(deps, never)).length, 2);
      assert.equal((await activationHistory(deps, waiting)).length, 3);
      assert.equal(await sweepActivations(deps), 0);
    });

    test("An activation that is unknown cannot be told from one that waits for a device (status)", async () => {
      const { activationId } = await bench.init();
      const device = bench.newDevice();
      for (const challenge of [undefined, random(16)]) {
        for (const asked of [activationId, crypto.name, "00000000-0000-4000-8000-000000000000"]) {
          const answer = await device.statusOf(asked, challenge);
          assert.equal(answer.status, 200);
          const { encryptedStatusBlob, nonce, ...rest } = answer.body.responseObject;
          assert.deepEqual(rest, { activationId: asked });
          assert.equal(Buffer.from(encryptedStatusBlob, "base64").length, 32);
          assert.equal(nonce === undefined, challenge === undefined);
          const again = await device.statusOf(asked, challenge);
          assert.notEqual(again.body.responseObject.encryptedStatusBlob, encryptedStatusBlob);
        }
      }
      const unknown = done(await activationDetail(bench.deps, { activationId: "none" }));
      assert.deepEqual([unknown.activationStatus, unknown.userId, unknown.version], ["REMOVED", "unknown", 0]);
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
      const { request: cryptogram } = await device.encrypt(encryptorIds.activationLayer2, JSON.stringify({ devicePublicKey }));
      const input = { userId: "direct", header: { applicationKey, version: device.version }, cryptogram };
      const { activation } = done(await createActivation(bench.deps, input));
      assert.equal(activation.status, "PENDING_COMMIT");
      assert.equal(refusalOf(await createActivation(bench.deps, input)), "replayed");
      done(await commitActivation(bench.deps, { activationId: activation.id }));
    });
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
