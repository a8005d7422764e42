/** Signatures over HTTP: every version and factor, guesses, replays, strangers and floors. On both stores. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { advanceCounter } from "@countersign/protocol/powerauth/counter";
import {
  readSignatureHeader,
  signatureHeaderName,
  writeSignatureHeader,
} from "@countersign/protocol/powerauth/headers";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import { versions } from "@countersign/protocol/powerauth/versions";
import { commitActivation } from "../../src/activations/commit.ts";
import { createApplication } from "../../src/applications/create.ts";
import { createVersion, setVersionSupported } from "../../src/applications/versions.ts";
import { authenticate } from "../../src/signatures/authenticate.ts";
import { verifyForBackOffice } from "../../src/signatures/verify-for-back-office.ts";
import { signatureWrong } from "../powerauth-answers.ts";
import { random, unwrap } from "../device.ts";
import { done, id, startPowerAuth, stateOf, suiteOfPowerAuth } from "../powerauth-server.ts";

const validatePath = "/pa/v3/signature/validate";

suiteOfPowerAuth("Signatures", (bench) => {
  for (const { version } of versions) {
    test(`A ${version} device signs with one, two and three factors (signatures)`, async () => {
      const device = await bench.activated(version);
      const factors = [
        "possession",
        "possession_knowledge",
        "possession_biometry",
        "possession_knowledge_biometry",
      ] as const;
      for (const [at, combination] of factors.entries()) {
        const answer = await device.validate({ factors: combination });
        assert.deepEqual([answer.status, answer.body], [200, { status: "OK" }]);
        assert.equal((await stateOf(bench, device)).counter, at + 1);
      }
    });
  }
  test("Four wrong PINs and a right one leave no trace; the fifth in a row blocks", async () => {
    const device = await bench.activated();
    for (let tries = 0; tries < 4; tries++) {
      const answer = await device.validate({ pin: "0000" });
      assert.deepEqual([answer.status, answer.body.responseObject], [401, signatureWrong]);
    }
    assert.equal((await device.status()).failedAttempts, 4);
    assert.equal((await device.validate({ factors: "possession" })).status, 200);
    assert.equal((await device.status()).failedAttempts, 4, "possession forgives nothing");
    assert.equal((await device.validate()).status, 200);
    assert.equal((await device.status()).failedAttempts, 0);
    for (let tries = 0; tries < 5; tries++) assert.equal((await device.validate({ pin: "0000" })).status, 401);
    const { status, failed } = await stateOf(bench, device);
    assert.deepEqual([status, failed], ["BLOCKED", 5]);
    assert.equal((await bench.row(device.activationId)).blocked_reason, "MAX_FAILED_ATTEMPTS");
    const answer = await device.validate();
    assert.deepEqual([answer.status, answer.body.responseObject], [401, signatureWrong]);
    assert.equal((await device.status()).state, 4);
  });

  test("Sixteen parallel wrong PINs count to the limit and no further", async () => {
    const device = await bench.activated();
    const answers = await Promise.all(Array.from({ length: 16 }, () => device.validate({ pin: "0000" })));
    assert.ok(answers.every((answer) => answer.status === 401));
    const { status, failed } = await stateOf(bench, device);
    assert.deepEqual([status, failed], ["BLOCKED", 5]);
  });

  test("Twenty counter values are tried: the nineteenth ahead is found, the twentieth is not (look-ahead)", async () => {
    const device = await bench.activated();
    const start = device.counter;
    device.counter = advanceCounter(crypto, start, 20);
    const far = await device.validate();
    assert.deepEqual([far.status, far.body.responseObject], [401, signatureWrong]);
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
    device.counter = advanceCounter(crypto, start, 19);
    assert.equal((await device.validate()).status, 200);
    assert.equal((await stateOf(bench, device)).counter, 20);
    assert.equal((await device.validate()).status, 200);
    device.counter = start;
    assert.equal((await device.validate()).status, 401, "an old value never comes back");
  });

  test("A recorded request is refused, and a recorded wrong PIN counts nothing when it is sent again", async () => {
    const device = await bench.activated();
    const signing = { uriId: "/pa/signature/validate", body: "{}" };
    const good = device.sign(signing);
    const bad = device.sign({ ...signing, pin: "0000" });
    assert.equal((await device.post(validatePath, "{}", good)).status, 200);
    assert.equal((await device.post(validatePath, "{}", good)).status, 401);
    for (let sent = 0; sent < 8; sent++) assert.equal((await device.post(validatePath, "{}", bad)).status, 401);
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 2, failed: 1 });
    assert.equal((await device.validate()).status, 200);
  });

  test("A right signature sent eight times at once is accepted once", async () => {
    const device = await bench.activated();
    const header = device.sign({ uriId: "/pa/signature/validate", body: "{}" });
    const answers = await Promise.all(Array.from({ length: 8 }, () => device.post(validatePath, "{}", header)));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 1, failed: 0 });
  });

  test("A stranger who knows the activation id neither counts, nor blocks, nor learns whether it exists", async () => {
    const device = await bench.activated();
    const { applicationKey } = bench.application.versions[0]!;
    const forge = (activationId: string, signatureType: "possession_knowledge" | "knowledge") => {
      const signature = toBase64(random(signatureType === "knowledge" ? 16 : 32));
      const header = { activationId, applicationKey, nonce: toBase64(random(16)), signatureType, signature };
      return device.post(validatePath, "{}", {
        [signatureHeaderName]: writeSignatureHeader({ ...header, version: device.version }),
      });
    };
    for (let tries = 0; tries < 12; tries++) {
      const known = await forge(device.activationId, "possession_knowledge");
      const unknown = await forge("00000000-0000-4000-8000-000000000000", "possession_knowledge");
      assert.deepEqual([known.status, known.body], [401, { status: "ERROR", responseObject: signatureWrong }]);
      assert.deepEqual(unknown, known);
      assert.equal((await forge(device.activationId, "knowledge")).status, 401);
    }
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
    assert.equal(
      (await bench.row(device.activationId)).last_used_at,
      (await bench.row(device.activationId)).created_at,
    );
  });

  test("An address that proved nothing too often is told to wait; the owner at the same address is not", async () => {
    const limited = await startPowerAuth(bench.deps, { refusalsPerMinute: 20 });
    try {
      const device = await limited.activated("3.1");
      const signing = { uriId: "/pa/signature/validate", body: "{}" };
      const old = device.counter;
      device.counter = random(16);
      const answers = [];
      for (let tries = 0; tries < 30; tries++)
        answers.push(await device.post(validatePath, "{}", device.sign(signing)));
      assert.equal(answers.at(0)?.status, 401);
      assert.equal(answers.at(-1)?.status, 429);
      device.counter = old;
      assert.equal((await device.validate({ pin: "0000" })).status, 401, "a proven wrong PIN is an answer");
      assert.equal((await device.validate()).status, 200);
    } finally {
      await limited.close();
    }
  });

  test("Knowledge or biometry alone is refused before anything is looked at, right or wrong", async () => {
    const device = await bench.activated();
    for (const factors of ["knowledge", "biometry"] as const) {
      const answer = await device.validate({ factors });
      assert.deepEqual([answer.status, answer.body.responseObject.message], [401, "POWER_AUTH_SIGNATURE_TYPE_INVALID"]);
      for (const pin of ["1234", "0000"]) {
        const header = device.sign({ uriId: "/x", factors, pin });
        const { nonce, signatureType, ...rest } = unwrap(readSignatureHeader(header[signatureHeaderName]!));
        const request = { ...rest, factors: signatureType, base: signatureBase("POST", "/x", nonce, undefined) };
        const outcome = await authenticate(bench.deps, "public", request, { accepted: () => ({ result: undefined }) });
        assert.ok(!outcome.valid && outcome.reason === "unproven");
      }
    }
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
  });

  test("Once a device has signed in a version, an older one is refused and counts nothing (version floor)", async () => {
    const device = await bench.activated("3.1");
    assert.equal((await device.validate()).status, 200);
    device.update("3.3");
    assert.equal((await device.validate()).status, 200, "an updated app goes on with the old activation");
    assert.equal((await bench.row(device.activationId)).version_floor, "3.3");
    for (const version of ["3.0", "3.1", "3.2"] as const) {
      device.update(version);
      for (const pin of ["1234", "0000"]) {
        const answer = await device.validate({ pin });
        assert.deepEqual([answer.status, answer.body.responseObject], [401, signatureWrong], version);
      }
    }
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 2, failed: 0 });
    device.update("3.3");
    assert.equal((await device.validate()).status, 200);
  });

  test("An unsupported application version, and one of another application, sign nothing and count nothing", async () => {
    const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
    const { applicationId } = application;
    const started = await bench.init({ applicationId });
    const device = bench.newDevice("3.2", application);
    await device.activate(started.activationCode);
    done(await commitActivation(bench.deps, started));
    done(await createVersion(bench.deps, { applicationId, versionId: "2" }));
    done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: false }));
    assert.deepEqual((await device.validate({ pin: "0000" })).body.responseObject, signatureWrong);
    assert.deepEqual((await device.validate()).body.responseObject, signatureWrong);
    assert.deepEqual(await stateOf(bench, device), { status: "ACTIVE", counter: 0, failed: 0 });
    done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: true }));
    assert.equal((await device.validate()).status, 200);
  });

  test("The back office verifies signatures of every combination, and counts those without possession", async () => {
    const device = await bench.activated();
    const { applicationKey } = bench.application.versions[0]!;
    const { activationId } = device;
    const verify = async (factors: "possession_knowledge" | "knowledge", pin?: string, more: object = {}) => {
      const header = device.sign({ uriId: "/x", body: "b", factors, ...(pin !== undefined && { pin }) });
      const { nonce, signature } = unwrap(readSignatureHeader(header[signatureHeaderName]!));
      const data = signatureBase("POST", "/x", nonce, utf8("b"));
      const signatureType = factors.toUpperCase();
      return done(
        await verifyForBackOffice(bench.deps, {
          activationId,
          applicationKey,
          data,
          signature,
          signatureType,
          signatureVersion: "3.3",
          ...more,
        }),
      );
    };
    const right = await verify("possession_knowledge");
    assert.deepEqual([right.signatureValid, right.activationStatus, right.remainingAttempts], [true, "ACTIVE", 5]);
    assert.equal((await verify("knowledge")).signatureValid, true);
    const guess = await verify("knowledge", "0000");
    assert.deepEqual([guess.signatureValid, guess.remainingAttempts], [false, 4]);
    const forced = await verify("possession_knowledge", undefined, { forcedSignatureVersion: 2 });
    assert.equal(forced.signatureValid, false);
    const unseen = await verify("possession_knowledge", undefined, { sees: () => false });
    assert.deepEqual([unseen.signatureValid, unseen.activationStatus, unseen.userId], [false, "REMOVED", null]);
    for (let tries = 0; tries < 4; tries++) await verify("possession_knowledge", "0000");
    const blocked = await verify("possession_knowledge");
    assert.deepEqual(
      [blocked.signatureValid, blocked.activationStatus, blocked.blockedReason, blocked.remainingAttempts],
      [false, "BLOCKED", "MAX_FAILED_ATTEMPTS", 0],
    );
  });
});
