/** Generators of one-time passwords over the vault: the vectors of the RFCs, counters that are used once, bad challenges. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";
import type { OtpSecret } from "@countersign/protocol/approve/enrol";
import { AsyncOTPGenerator, InputOCRAParameters } from "../../src/approve/otp/AsyncOTPGenerator.ts";
import { SyncOTPGenerator } from "../../src/approve/otp/SyncOTPGenerator.ts";
import {
  AuthenticationException,
  InvalidChallengeException,
  InvalidParameterException,
  PasswordRequiredException,
  UnsupportedOperationException,
} from "../../src/approve/exceptions.ts";
import { createKeyVault } from "../../src/engine/approve/vault/vault.ts";
import { devicePolicy, noLock, passwordPolicy, right, silentLock, vaultDeps } from "../approve-vault.ts";

const twenty = utf8("12345678901234567890");
const thirtyTwo = utf8("12345678901234567890123456789012");

async function source(more: Partial<OtpSecret>, secret = twenty, policy = devicePolicy) {
  const { deps, time } = vaultDeps();
  const vault = createKeyVault(deps);
  const otp: OtpSecret = {
    label: "OATH",
    type: "HOTP",
    secret: toBase64Url(secret),
    digits: 6,
    algorithm: "SHA1",
    policy: "p",
    ...more,
  };
  await vault.generate([]);
  await vault.keep({
    keys: [],
    secrets: [otp],
    policies: { p: policy },
    passwords: new Map(policy.type === "DEVICE" ? [] : [["p", utf8(right)]]),
  });
  return { source: { description: otp, vault, now: () => time.now, biometry: false }, time, deps };
}

const ocra = async (suite: string, secret = twenty) =>
  new AsyncOTPGenerator((await source({ type: "OCRA", suite }, secret)).source);

describe("SyncOTPGenerator", () => {
  test("RFC 4226 appendix D: getOTP gives the vectors in order, across a restart", async () => {
    const { source: otp, deps } = await source({});
    const codes = [];
    for (let n = 0; n < 5; n++) codes.push(await new SyncOTPGenerator(otp).getOTP(null));
    const again = new SyncOTPGenerator({ ...otp, vault: createKeyVault(deps) });
    for (let n = 0; n < 5; n++) codes.push(await again.getOTP());
    const expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ");
    assert.deepEqual(codes, expected);
  });

  test("twenty codes asked for at once are twenty codes", async () => {
    const { source: otp, deps } = await source({});
    const generators = [otp, { ...otp, vault: createKeyVault(deps) }].map((each) => new SyncOTPGenerator(each));
    const codes = await Promise.all(Array.from({ length: 20 }, (_, n) => generators[n % 2]!.getOTP()));
    assert.equal(new Set(codes).size, 20);
  });

  test("RFC 6238 appendix B: the same secret by time", async () => {
    const { source: otp, time } = await source({ type: "TOTP", digits: 8, period: 30 });
    for (const [at, code] of [
      [59, "94287082"],
      [1_111_111_109, "07081804"],
      [2_000_000_000, "69279037"],
    ] as const) {
      time.now = at * 1000;
      assert.equal(await new SyncOTPGenerator(otp).getOTP(), code);
    }
  });

  test("wants the password of its policy, wipes it, and uses no counter up for a wrong one", async () => {
    const { source: otp } = await source({}, twenty, passwordPolicy(noLock));
    const generator = new SyncOTPGenerator(otp);
    await assert.rejects(generator.getOTP(), PasswordRequiredException);
    await assert.rejects(generator.getOTP(utf8("wrong")), AuthenticationException);
    await assert.rejects(generator.getOTP(right as never), InvalidParameterException);
    const password = utf8(right);
    assert.equal(await generator.getOTP(password), "755224");
    assert.ok(password.every((byte) => byte === 0));
  });

  test("APV-LOCK-2: under a silent lock a wrong password gives a code of the same form", async () => {
    const { source: otp } = await source({}, twenty, passwordPolicy(silentLock));
    const generator = new SyncOTPGenerator(otp);
    assert.match(await generator.getOTP(utf8("wrong")), /^\d{6}$/);
    assert.equal(await generator.getOTP(utf8(right)), "287082");
  });
});

describe("AsyncOTPGenerator", () => {
  test("RFC 6287 appendix C.1: one-way challenges", async () => {
    const generator = await ocra("OCRA-1:HOTP-SHA1-6:QN08");
    assert.equal(await generator.computeResponse(null, "00000000"), "237653");
    assert.equal(await generator.computeResponse(null, "77777777"), "224598");
  });

  test("RFC 6287 appendix C.1: counter and PIN; each counter once", async () => {
    const generator = await ocra("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", thirtyTwo);
    const pin = new InputOCRAParameters("1234");
    const codes = [];
    for (let n = 0; n < 3; n++) codes.push(await generator.computeResponse(null, "12345678", pin));
    assert.deepEqual(codes, ["65347737", "86775851", "78192410"]);
    await assert.rejects(generator.computeResponse(null, "12345678"), InvalidParameterException);
  });

  test("RFC 6287 appendix C.2: mutual challenges, in both directions", async () => {
    const generator = await ocra("OCRA-1:HOTP-SHA256-8:QA08", thirtyTwo);
    assert.equal(await generator.computeServerResponse(null, "CLI22220", "SRV11110"), "28247970");
    assert.equal(await generator.computeClientResponse(null, "CLI22220", "SRV11110"), "15510767");
  });

  test("RFC 6287 appendix C.3: signatures", async () => {
    const generator = await ocra("OCRA-1:HOTP-SHA256-8:QA08", thirtyTwo);
    const challenge = generator.formatSignatureChallenge(["SIG", "10000"]);
    assert.equal(await generator.computeSignature(null, challenge), "53095496");
    assert.match(await generator.computeSignature(null, challenge, "CLI22220"), /^\d{8}$/);
  });

  test("a challenge that the suite does not take is InvalidChallengeException, uses no counter up, and the password is wiped", async () => {
    const { source: otp } = await source({ type: "OCRA", suite: "OCRA-1:HOTP-SHA1-6:C-QN08" });
    const generator = new AsyncOTPGenerator(otp);
    const first = await generator.computeResponse(null, "00000000");
    for (const challenge of ["123456789", "abc", "", "1 2", 7, undefined]) {
      const password = utf8(right);
      await assert.rejects(generator.computeResponse(password, challenge as string), InvalidChallengeException);
      assert.ok(password.every((byte) => byte === 0));
    }
    assert.throws(() => generator.formatSignatureChallenge(["12345", "6789"]), InvalidChallengeException);
    assert.throws(() => generator.formatSignatureChallenge("12345" as never), InvalidParameterException);
    assert.equal(await otp.vault.nextCounter("OATH"), 1);
    assert.match(first, /^\d{6}$/);
  });

  test("a key whose suite is none of RFC 6287 has no generator", async () => {
    for (const suite of ["OCRA-2:HOTP-SHA1-6:QN08", "", undefined]) {
      const { source: otp } = await source({ type: "OCRA", ...(suite !== undefined && { suite }) });
      assert.throws(() => new AsyncOTPGenerator(otp), UnsupportedOperationException);
    }
  });
});
