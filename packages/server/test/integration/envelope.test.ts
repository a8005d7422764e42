/** Encrypted requests: only for whom, for what, in what version and when they were made; and only once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concat, equalBytes, fromBase64, toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { type EncryptedRequest, encryptorIds, sealRequest } from "@countersign/protocol/powerauth/ecies";
import { encryptionHeaderName, writeEncryptionHeader } from "@countersign/protocol/powerauth/headers";
import {
  openBytes,
  splitEnvelopeKey,
  envelopeIv,
  sharedInfo2,
  bindEnvelope,
} from "@countersign/protocol/powerauth/envelope";
import { versions } from "@countersign/protocol/powerauth/versions";
import { blockActivation } from "../../src/activations/block.ts";
import { removeActivation } from "../../src/activations/remove.ts";
import { createApplication } from "../../src/applications/create.ts";
import { setVersionSupported } from "../../src/applications/versions.ts";
import { createDecryptor } from "../../src/encryption/decryptor.ts";
import { sweepReplays } from "../../src/encryption/replay.ts";
import { createTemporaryKey, removeTemporaryKey, sweepTemporaryKeys } from "../../src/encryption/temporary-key.ts";
import { noTemporaryKey, notOpened } from "../powerauth-answers.ts";
import { type Device, flipped, random } from "../device.ts";
import { done, id, refusalOf, startPowerAuth, suiteOfPowerAuth } from "../powerauth-server.ts";

const userInfo = "/pa/v3/user/info";

suiteOfPowerAuth("Encrypted requests", (bench) => {
  const replayRows = async () => (await bench.deps.store.read.selectFrom("replay").select("nonce").execute()).length;

  for (const { version } of versions) {
    test(`A ${version} request of activation scope is opened and answered (ECIES)`, async () => {
      const userId = `user-${id()}`;
      const device = await bench.activated(version, { userId });
      const { status, plain } = await device.encrypted(userInfo, encryptorIds.activationGeneric, {});
      assert.equal(status, 200);
      assert.deepEqual([plain.sub, typeof plain.iat], [userId, "number"]);
      assert.equal((await device.encrypted(userInfo, encryptorIds.activationGeneric, "")).status, 200);
    });

    test(`A ${version} request with a member missing, superfluous or malformed is refused (ECIES, JSON)`, async () => {
      const device = await bench.activated(version);
      const { request, headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
      const nonce = toBase64(random(16));
      const changed: readonly object[] = [
        ...Object.keys(request).map((member) => ({ ...request, [member]: undefined })),
        ...Object.keys(request).map((member) => ({ ...request, [member]: {} })),
        ...Object.keys(request).map((member) => ({ ...request, [member]: "*" })),
        request.nonce === undefined ? { ...request, nonce } : { ...request, nonce: toBase64(random(17)) },
        request.timestamp === undefined ? { ...request, timestamp: Date.now() } : { ...request, timestamp: 1.5 },
        request.temporaryKeyId === undefined
          ? { ...request, temporaryKeyId: crypto.name }
          : { ...request, temporaryKeyId: "x" },
        { ...request, mac: toBase64(random(31)) },
        { ...request, ephemeralPublicKey: toBase64(new Uint8Array(65).fill(4)) },
        { ...request, encryptedData: "" },
        [],
      ];
      for (const body of changed) {
        const answer = await device.post(userInfo, JSON.stringify(body), headers);
        assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened], JSON.stringify(body));
      }
      assert.equal((await device.post(userInfo, JSON.stringify(request), headers)).status, 200);
    });

    test(`Any changed bit of a ${version} request is refused (ECIES)`, async () => {
      const device = await bench.activated(version);
      const { request, headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
      for (const member of ["ephemeralPublicKey", "encryptedData", "mac", "nonce"] as const) {
        if (request[member] === undefined) continue;
        // Up to 3.1 the nonce makes the IV and enters no MAC: another one garbles the first block, which may go unseen.
        if (member === "nonce" && request.timestamp === undefined) continue;
        const bytes = fromBase64(request[member]!)!;
        for (const bit of [0, 9, 8 * bytes.length - 1]) {
          const body = JSON.stringify({ ...request, [member]: toBase64(flipped(bytes, bit)) });
          const answer = await device.post(userInfo, body, headers);
          assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened], `${member} ${bit}`);
        }
      }
      if (request.timestamp !== undefined) {
        const body = JSON.stringify({ ...request, timestamp: request.timestamp! + 1 });
        assert.equal((await device.post(userInfo, body, headers)).status, 400);
      }
    });
  }

  for (const version of ["3.2", "3.3"] as const) {
    test(`A ${version} request counts once, also when it is sent eight times at once (replay)`, async () => {
      const device = await bench.activated(version);
      const { body, headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
      const answers = await Promise.all(Array.from({ length: 8 }, () => device.post(userInfo, body, headers)));
      assert.deepEqual(
        answers.map((answer) => answer.status).sort((a, b) => a - b),
        [200, 400, 400, 400, 400, 400, 400, 400],
      );
      assert.ok(
        answers.filter((one) => one.status === 400).every((one) => one.body.responseObject.code === notOpened.code),
      );
    });

    test(`A ${version} request too old or too far ahead is refused, in both directions, and writes nothing`, async () => {
      let offset = 0;
      const slow = bench.newDevice(version, bench.application, () => Date.now() + offset);
      const { activationCode } = await bench.init({ commitPhase: "ON_KEY_EXCHANGE" });
      await slow.activate(activationCode);
      const window = bench.deps.config.envelopeSeconds * 1000;
      for (const [shift, status] of [
        [-window + 5_000, 200],
        [-window - 5_000, 400],
        [window - 5_000, 200],
        [window + 5_000, 400],
      ] as const) {
        offset = shift;
        const rows = await replayRows();
        assert.equal(
          (await slow.encrypted(userInfo, encryptorIds.activationGeneric, {})).status,
          status,
          String(shift),
        );
        assert.equal(await replayRows(), rows + (status === 200 ? 1 : 0));
      }
      const [claim] = await bench.deps.store.read.selectFrom("replay").selectAll().execute();
      assert.ok(claim!.expires_at > Date.now());
    });
  }

  test("What does not open writes nothing", async () => {
    const device = await bench.activated();
    const { request, headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
    const rows = await replayRows();
    const body = JSON.stringify({ ...request, mac: toBase64(random(32)) });
    await device.post(userInfo, body, headers);
    assert.equal(await replayRows(), rows);
  });

  test("An envelope made for one use opens at no other (encryptor identifiers)", async () => {
    for (const version of ["3.1", "3.3"] as const) {
      const device = await bench.activated(version);
      for (const [use, encryptor] of Object.entries(encryptorIds)) {
        const { status, body } = await sendSealed(device, encryptor);
        if (use === "activationGeneric") assert.equal(status, 200);
        else assert.deepEqual([status, body.responseObject], [400, notOpened], `${version} ${use}`);
      }
      const layer = await device.encrypted("/pa/v3/activation/create", encryptorIds.activationLayer2, {});
      assert.deepEqual([layer.status, layer.body.responseObject], [400, notOpened]);
      const swapped = await device.encrypt(encryptorIds.activationGeneric, "{}");
      const application = await device.encrypt(encryptorIds.applicationGeneric, "{}");
      const answer = await device.post("/pa/v3/activation/create", swapped.body, application.headers);
      assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened]);
    }
  });

  /** Sends an envelope of any encryptor to the user-info endpoint with the header of an activation. */
  async function sendSealed(device: Device, encryptor: (typeof encryptorIds)[keyof typeof encryptorIds]) {
    const { body } = await device.encrypt(encryptor, "{}");
    const { headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
    return device.post(userInfo, body, headers);
  }

  test("The header names the scope: too much or too little, or another activation, opens nothing", async () => {
    const [device, other] = [await bench.activated(), await bench.activated()];
    const { applicationKey } = bench.application.versions[0]!;
    const { version, activationId } = device;
    const { body } = await device.encrypt(encryptorIds.activationGeneric, "{}");
    const own = writeEncryptionHeader({ applicationKey, version, activationId });
    for (const header of [
      writeEncryptionHeader({ applicationKey, version }),
      writeEncryptionHeader({ applicationKey, version, activationId: other.activationId }),
      writeEncryptionHeader({ applicationKey, version, activationId: "00000000-0000-4000-8000-000000000000" }),
      writeEncryptionHeader({ applicationKey: toBase64(random(16)), version, activationId }),
      writeEncryptionHeader({ applicationKey, version: versions[2]!, activationId }),
      own.replace("3.3", "3.4"),
      own.replace("PowerAuth ", "Basic "),
      own.slice(0, -1),
      "",
    ]) {
      const answer = await device.post(userInfo, body, { [encryptionHeaderName]: header });
      assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened], header);
    }
    assert.deepEqual((await device.post(userInfo, body)).status, 400);
    const loose = `  PowerAuth activation_id=${activationId}   version="3.3" ,, application_key="${applicationKey}" more="1"`;
    assert.equal((await device.post(userInfo, body, { [encryptionHeaderName]: loose })).status, 200);
  });

  test("An unknown activation is refused like a wrong envelope, whatever was encrypted for it", async () => {
    const device = await bench.activated("3.2");
    const { applicationKey, applicationSecret } = bench.application.versions[0]!;
    const activationId = "00000000-0000-4000-8000-000000000000";
    // The key a server might use in place of the one it does not have.
    const decoy = crypto.importPrivateKey(new Uint8Array(32).fill(1))!;
    const transportKey = crypto.secretKey(new Uint8Array(16).fill(1));
    const { version } = device;
    const context = {
      version,
      encryptor: encryptorIds.activationGeneric,
      applicationKey,
      applicationSecret,
      activationId,
      transportKey,
    };
    const { request } = sealRequest(crypto, random, context, crypto.publicKeyOf(decoy), utf8("{}"), Date.now());
    const headers = { [encryptionHeaderName]: writeEncryptionHeader({ applicationKey, version, activationId }) };
    const answer = await device.post(userInfo, JSON.stringify(request), headers);
    assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened]);
  });

  test("A blocked or removed activation, and one before its commit, gets no answer", async () => {
    const device = await bench.activated("3.1");
    done(await blockActivation(bench.deps, device));
    assert.equal((await device.encrypted(userInfo, encryptorIds.activationGeneric, {})).status, 400);
    done(await removeActivation(bench.deps, device));
    assert.equal((await device.encrypted(userInfo, encryptorIds.activationGeneric, {})).status, 400);
    const waiting = bench.newDevice("3.1");
    await waiting.activate((await bench.init()).activationCode);
    assert.equal((await waiting.encrypted(userInfo, encryptorIds.activationGeneric, {})).status, 400);
  });

  test("Once a device has signed in a version, an older one opens nothing (version floor)", async () => {
    const device = await bench.activated("3.0");
    device.update("3.3");
    assert.equal((await device.validate()).status, 200);
    for (const version of ["3.0", "3.1", "3.2"] as const) {
      device.update(version);
      const answer = await device.encrypted(userInfo, encryptorIds.activationGeneric, {});
      assert.deepEqual([answer.status, answer.body.responseObject], [400, notOpened], version);
    }
    device.update("3.3");
    assert.equal((await device.encrypted(userInfo, encryptorIds.activationGeneric, {})).status, 200);
  });

  describe("Temporary keys (3.3)", () => {
    test("Both scopes get a key for five minutes, signed by the scope's key", async () => {
      const device = await bench.activated();
      for (const scope of ["application", "activation"] as const) {
        const { status, body } = await device.keystore(scope);
        assert.equal(status, 200);
        const claims = JSON.parse(Buffer.from(body.responseObject.jwt.split(".")[1], "base64url").toString());
        assert.equal(claims.exp_ms - claims.iat_ms, 300_000);
        assert.equal(claims.activationId, scope === "activation" ? device.activationId : undefined);
      }
    });

    test("A wrong MAC, a changed or malformed request, and an unknown activation get none", async () => {
      const device = await bench.activated();
      for (const scope of ["application", "activation"] as const) {
        const wrong = await device.keystore(scope, toBase64(random(16)));
        assert.deepEqual([wrong.status, wrong.body.responseObject], [400, noTemporaryKey]);
      }
      const { sent } = await device.keystore("activation");
      const [head, claims, mac] = sent.split(".") as [string, string, string];
      const of = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const { applicationKey } = bench.application.versions[0]!;
      for (const jwt of [
        `${head}.${claims}`,
        `${head}.${claims}.`,
        `${head}.${claims}.${mac}x`,
        `${of({ alg: "none" })}.${claims}.${mac}`,
        `${head}.${of({ applicationKey, challenge: "x", activationId: "\u0000" })}.${mac}`,
        `${head}.${of({ applicationKey, challenge: "x", activationId: "00000000-0000-4000-8000-000000000000" })}.${mac}`,
        `${head}.${of({ applicationKey: toBase64(random(16)), challenge: "x" })}.${mac}`,
        `${head}.${of({})}.${mac}`,
        "",
        "..",
        7,
        null,
        undefined,
      ]) {
        const answer = await device.post("/pa/v3/keystore/create", JSON.stringify({ requestObject: { jwt } }));
        assert.deepEqual([answer.status, answer.body.responseObject], [400, noTemporaryKey], String(jwt));
      }
      assert.equal((await device.post("/pa/v3/keystore/create", "{}")).status, 400);
      assert.equal((await device.post("/pa/v3/keystore/create", "[]")).status, 400);
    });

    test("A key opens nothing in the other scope, for another device, once removed, or once expired", async () => {
      const [device, other] = [await bench.activated(), await bench.activated()];
      const { applicationKey, applicationSecret } = bench.application.versions[0]!;
      const { version, activationId } = device;
      const transportKey = device.activation.keys.transport;
      const common = { version, encryptor: encryptorIds.activationGeneric, applicationKey, applicationSecret };
      const sealWith = (jwt: string) => {
        const claims = JSON.parse(Buffer.from(jwt.split(".")[1]!, "base64url").toString());
        const temporaryKeyId = claims.sub as string;
        const key = crypto.importPublicKey(fromBase64(claims.publicKey)!)!;
        const context = { ...common, activationId, transportKey, temporaryKeyId };
        return { temporaryKeyId, request: sealRequest(crypto, random, context, key, utf8("{}"), Date.now()).request };
      };
      const sealFor = async (owner: Device, scope: "application" | "activation") =>
        sealWith((await owner.keystore(scope)).body.responseObject.jwt);
      const { headers } = await device.encrypt(encryptorIds.activationGeneric, "{}");
      const send = (request: EncryptedRequest) => device.post(userInfo, JSON.stringify(request), headers);
      assert.equal((await send((await sealFor(device, "activation")).request)).status, 200);
      assert.equal((await send((await sealFor(device, "application")).request)).status, 400);
      assert.equal((await send((await sealFor(other, "activation")).request)).status, 400);
      const removed = await sealFor(device, "activation");
      assert.deepEqual(await removeTemporaryKey(bench.deps, removed.temporaryKeyId), { removed: true });
      assert.deepEqual(await removeTemporaryKey(bench.deps, removed.temporaryKeyId), { removed: false });
      assert.equal((await send(removed.request)).status, 400);
      const { sent } = await device.keystore("activation");
      const brief = { ...bench.deps, config: { ...bench.deps.config, temporaryKeySeconds: 0 } };
      const expired = done(await createTemporaryKey(brief, sent));
      const { request } = await sealFor(device, "activation");
      assert.equal((await send(sealWith(expired.jwt).request)).status, 400);
      await sweepTemporaryKeys(bench.deps);
      assert.deepEqual(await removeTemporaryKey(bench.deps, expired.temporaryKeyId), { removed: false });
      assert.equal((await send(request)).status, 200, "what is not expired stays");
    });

    test("Keys for the mere app cost the address; keys for a device do not", async () => {
      const limited = await startPowerAuth(bench.deps, { refusalsPerMinute: 20 });
      try {
        const device = await limited.activated("3.3");
        const answers = [];
        for (let asked = 0; asked < 30; asked++) answers.push((await device.keystore("application")).status);
        assert.deepEqual([answers.at(0), answers.at(-1)], [200, 429]);
        assert.equal((await device.keystore("activation")).status, 200);
      } finally {
        await limited.close();
      }
    });

    test("An unsupported version, and an activation before its commit, get no key; a blocked one does", async () => {
      const device = await bench.activated();
      done(await blockActivation(bench.deps, device));
      assert.equal((await device.keystore("activation")).status, 200);
      const waiting = bench.newDevice();
      await waiting.activate((await bench.init()).activationCode);
      assert.deepEqual((await waiting.keystore("activation")).body.responseObject, noTemporaryKey);
      const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
      const { applicationId } = application;
      done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: false }));
      const refused = await bench.newDevice("3.3", application).keystore("application");
      assert.deepEqual([refused.status, refused.body.responseObject], [400, noTemporaryKey]);
    });
  });

  test("A front server gets what opens one envelope of the generic encryptors, once", async () => {
    for (const version of ["3.1", "3.2", "3.3"] as const) {
      const device = await bench.activated(version);
      const { applicationKey, applicationSecret } = bench.application.versions[0]!;
      const { request } = await device.encrypt(encryptorIds.activationGeneric, "secret text");
      const header = { applicationKey, version: device.version, activationId: device.activationId };
      const { ephemeralPublicKey } = request;
      const [temporaryKeyId, nonce, timestamp] = [request.temporaryKeyId, request.nonce, request.timestamp].map(
        (member) => member ?? undefined,
      ) as [string | undefined, string | undefined, number | undefined];
      const input = { header, temporaryKeyId, ephemeralPublicKey, nonce, timestamp };
      const { secretKey, sharedInfo2: base } = done(await createDecryptor(bench.deps, input));
      const keys = splitEnvelopeKey(crypto, fromBase64(secretKey)!);
      const binding = bindEnvelope(crypto, {
        ...header,
        encryptor: encryptorIds.activationGeneric,
        applicationSecret,
        transportKey: device.activation.keys.transport,
        temporaryKeyId,
      });
      assert.ok(equalBytes(binding.sharedInfo2Base, fromBase64(base)!));
      const nonceBytes = fromBase64(request.nonce!)!;
      const info = sharedInfo2(binding, nonceBytes, timestamp, fromBase64(request.ephemeralPublicKey));
      const sealed = { encryptedData: fromBase64(request.encryptedData)!, mac: fromBase64(request.mac)! };
      const opened = openBytes(crypto, keys, envelopeIv(crypto, keys, nonceBytes), info, sealed);
      assert.deepEqual(concat(opened as Uint8Array), utf8("secret text"));
      if (version !== "3.1") assert.equal(refusalOf(await createDecryptor(bench.deps, input)), "replayed");
      const unknown = { ...input, header: { ...header, activationId: "00000000-0000-4000-8000-000000000000" } };
      assert.notEqual(refusalOf(await createDecryptor(bench.deps, unknown)), "done");
    }
  });

  test("The replay table forgets what is too old to be accepted anyway", async () => {
    const { store } = bench.deps;
    const old = { tenant: store.tenant, subject: "s", nonce: "n", expires_at: 1 };
    await store.transaction(async (change) => void (await change.db.insertInto("replay").values(old).execute()));
    const rows = await replayRows();
    await sweepReplays(bench.deps);
    assert.equal(await replayRows(), rows - 1);
  });
});
