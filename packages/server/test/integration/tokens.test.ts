/** Tokens: made by a signature, good for one request per nonce, gone with their removal or their activation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "@countersign/protocol/bytes";
import { encryptorIds } from "@countersign/protocol/powerauth/ecies";
import { readTokenHeader, tokenHeaderName, type TokenHeader } from "@countersign/protocol/powerauth/headers";
import { versions } from "@countersign/protocol/powerauth/versions";
import { blockActivation, unblockActivation } from "../../src/activations/block.ts";
import { setVersionSupported } from "../../src/applications/versions.ts";
import { createApplication } from "../../src/applications/create.ts";
import { commitActivation } from "../../src/activations/commit.ts";
import { createTokenForBackOffice } from "../../src/tokens/create.ts";
import { removeToken } from "../../src/tokens/remove.ts";
import { validateToken } from "../../src/tokens/validate.ts";
import { tokenWrong } from "../powerauth-answers.ts";
import { type Device, flipped, random, type Token, unwrap } from "../device.ts";
import { done, id, refusalOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("Tokens", (bench) => {
  /** A request that a token authenticates, over HTTP. */
  const detail = (device: Device, headers: Record<string, string>) =>
    device.encrypted("/pa/v3/activation/detail", encryptorIds.activationGeneric, {}, headers);
  const check = (headers: Record<string, string>) => validateToken(bench.deps, headerOf(headers));

  for (const { version } of versions) {
    test(`A ${version} token is made, used and removed (tokens)`, async () => {
      const device = await bench.activated(version);
      const { status, token } = await device.createToken();
      assert.equal(status, 200);
      assert.equal(fromBase64(token.tokenSecret)?.length, 16);
      assert.equal(token.tokenId.slice(0, 3), device.activationId.slice(0, 3), "both carry the user's bucket");

      const answer = await detail(device, device.withToken(token));
      const { activationId } = device;
      assert.deepEqual(answer.plain, {
        status: "OK",
        responseObject: { activationId, activationName: "test device" },
      });
      const validation = await check(device.withToken(token));
      assert.ok(validation.valid);
      assert.deepEqual([validation.factors, validation.activation.id], ["possession_knowledge", activationId]);
      assert.ok(Math.abs(validation.now - Date.now()) < 10_000);

      const removed = await remove(device, token.tokenId);
      assert.deepEqual(
        [removed.status, removed.body],
        [200, { status: "OK", responseObject: { tokenId: token.tokenId } }],
      );
      const late = await detail(device, device.withToken(token));
      assert.deepEqual([late.status, late.body.responseObject], [401, tokenWrong]);
      assert.equal((await remove(device, token.tokenId)).status, 200, "removing what is gone is no error");
    });
  }

  test("Making a token needs a right signature and moves the counter by one", async () => {
    const device = await bench.activated();
    const start = await bench.row(device.activationId);
    const wrong = await device.createToken("possession_knowledge", "0000");
    assert.deepEqual([wrong.status, wrong.body.responseObject.message], [401, "POWER_AUTH_SIGNATURE_INVALID"]);
    assert.equal((await bench.row(device.activationId)).failed_attempts, 1);
    const right = await device.createToken("possession_biometry");
    assert.equal(right.status, 200);
    const row = await bench.row(device.activationId);
    assert.deepEqual([row.counter, row.failed_attempts], [start.counter + 2, 0]);
    const replayed = await device.post("/pa/v3/token/create", right.sent.body, right.sent.headers);
    assert.deepEqual([replayed.status, replayed.body.responseObject.code], [401, "ERR_AUTHENTICATION"]);
  });

  test("A header counts once, also when it is sent eight times at once", async () => {
    const device = await bench.activated();
    const { token } = await device.createToken("possession");
    const header = device.withToken(token);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => check(header)));
    assert.equal(outcomes.filter((outcome) => outcome.valid).length, 1);
    for (const outcome of outcomes.filter((one) => !one.valid)) {
      assert.deepEqual([outcome.reason, outcome.proven], ["replayed", true]);
    }
  });

  test("A header too old or too far ahead is refused, in both directions", async () => {
    const device = await bench.activated();
    const { token } = await device.createToken();
    const now = Date.now();
    const { tokenSeconds, tokenSkewSeconds } = bench.deps.config;
    for (const [at, valid] of [
      [now - tokenSeconds * 1000 + 5_000, true],
      [now - tokenSeconds * 1000 - 5_000, false],
      [now + tokenSkewSeconds * 1000 - 5_000, true],
      [now + tokenSkewSeconds * 1000 + 5_000, false],
      [999_999_999_999_999, false],
      [100_000_000, false],
    ] as const) {
      const outcome = await check(device.withToken(token, at));
      assert.equal(outcome.valid, valid, String(at - now));
      if (!outcome.valid) assert.equal(outcome.reason, "time");
    }
  });

  test("A wrong secret, another token's digest, a changed header and an unknown token prove nothing", async () => {
    const device = await bench.activated();
    const { token } = await device.createToken();
    const other = (await device.createToken()).token;
    const stranger: Token = { ...token, tokenSecret: toBase64(random(16)) };
    const unknown: Token = { ...token, tokenId: "00000000-0000-4000-8000-000000000000" };
    for (const [forged, reason] of [
      [stranger, "digest"],
      [{ ...token, tokenSecret: other.tokenSecret }, "digest"],
      [unknown, "unknown"],
    ] as const) {
      const outcome = await check(device.withToken(forged));
      assert.ok(!outcome.valid && !outcome.proven && outcome.reason === reason);
      const answer = await detail(device, device.withToken(forged));
      assert.deepEqual([answer.status, answer.body.responseObject], [401, tokenWrong]);
    }
    const right = headerOf(device.withToken(token));
    for (const changed of [
      { ...right, nonce: flipped(right.nonce) },
      { ...right, timestamp: String(Number(right.timestamp) + 1) },
      { ...right, tokenDigest: flipped(right.tokenDigest, 255) },
      { ...right, version: versions[2]! },
    ]) {
      const outcome = await validateToken(bench.deps, changed);
      assert.ok(!outcome.valid && !outcome.proven);
    }
    assert.ok((await validateToken(bench.deps, right)).valid, "none of them used up the nonce");
  });

  test("A blocked device has no valid token until it is unblocked", async () => {
    const device = await bench.activated();
    const { token } = await device.createToken();
    done(await blockActivation(bench.deps, device));
    const header = device.withToken(token);
    const blocked = await check(header);
    assert.ok(!blocked.valid && blocked.reason === "state" && blocked.proven);
    assert.equal((await device.createToken()).status, 401);
    done(await unblockActivation(bench.deps, device));
    assert.ok((await check(header)).valid, "a header that was refused is not used up");
  });

  test("A token of one factor, or of another device, does not open the detail", async () => {
    const [device, other] = [await bench.activated(), await bench.activated()];
    const single = (await device.createToken("possession")).token;
    const foreign = (await other.createToken()).token;
    for (const token of [single, foreign]) {
      const answer = await detail(device, device.withToken(token));
      assert.deepEqual([answer.status, answer.body.responseObject], [401, tokenWrong]);
    }
    const none = await detail(device, {});
    assert.deepEqual([none.status, none.body.responseObject.message], [401, "POWER_AUTH_HTTP_HEADER_MISSING"]);
  });

  test("A device removes its own tokens only", async () => {
    const [device, other] = [await bench.activated(), await bench.activated()];
    const { token } = await device.createToken();
    assert.equal((await remove(other, token.tokenId)).status, 200);
    assert.ok((await check(device.withToken(token))).valid);
    assert.equal((await remove(device, "no id")).status, 200);
    const malformed = await device.signed("/pa/v3/token/remove", { uriId: "/pa/token/remove", body: "{}" });
    assert.deepEqual([malformed.status, malformed.body.responseObject.message], [401, "POWER_AUTH_REQUEST_INVALID"]);
    assert.deepEqual(await removeToken(bench.deps, { tokenId: token.tokenId, activationId: other.activationId }), {
      removed: false,
    });
    assert.deepEqual(await removeToken(bench.deps, { tokenId: token.tokenId, activationId: device.activationId }), {
      removed: true,
    });
    assert.ok(!(await check(device.withToken(token))).valid);
  });

  test("A digest of an older version is refused once the device has used a newer one", async () => {
    const device = await bench.activated("3.3");
    const { token } = await device.createToken();
    const old = bench.newDevice("3.1").withToken(token);
    const outcome = await check(old);
    assert.ok(!outcome.valid && outcome.reason === "version");
  });

  test("A front server that verified the signature gets a token for its device, once per request", async () => {
    const device = await bench.activated();
    const sealed = await device.encrypt(encryptorIds.tokenCreate, "{}");
    const { applicationKey } = bench.application.versions[0]!;
    const header = { applicationKey, version: device.version, activationId: device.activationId };
    const input = { header, cryptogram: sealed.request, factors: "possession" } as const;
    const body = done(await createTokenForBackOffice(bench.deps, input));
    const token = device.open(sealed.exchange, { status: 200, body }) as Token;
    assert.ok((await check(device.withToken(token))).valid);
    assert.equal(refusalOf(await createTokenForBackOffice(bench.deps, input)), "replayed");
  });

  test("An unsupported version makes no tokens and reads no detail", async () => {
    const application = done(await createApplication(bench.deps, { applicationId: `app-${id()}` }));
    const { applicationId } = application;
    const started = await bench.init({ applicationId });
    const device = bench.newDevice("3.2", application);
    await device.activate(started.activationCode);
    done(await commitActivation(bench.deps, started));
    const { token } = await device.createToken();
    done(await setVersionSupported(bench.deps, { applicationId, versionId: "default", supported: false }));
    assert.equal((await device.createToken()).status, 401);
    assert.equal((await detail(device, device.withToken(token))).status, 401);
  });
});

function remove(device: Device, tokenId: string) {
  const body = JSON.stringify({ requestObject: { tokenId } });
  return device.signed("/pa/v3/token/remove", { uriId: "/pa/token/remove", factors: "possession", body });
}

function headerOf(headers: Record<string, string>): TokenHeader {
  return unwrap(readTokenHeader(headers[tokenHeaderName]!));
}
