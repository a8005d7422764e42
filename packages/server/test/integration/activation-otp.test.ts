/** The additional one-time password of an activation, in both phases and under guessing, on both stores. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commitActivation } from "../../src/activations/commit.ts";
import { initActivation, type NewActivation } from "../../src/activations/init.ts";
import { activationHistory } from "../../src/activations/list.ts";
import { updateOtp } from "../../src/activations/otp.ts";
import { activationRefused } from "../powerauth-answers.ts";
import { done, refusalOf, suiteOfPowerAuth } from "../powerauth-server.ts";

suiteOfPowerAuth("One-time passwords (activation, OTP)", (bench) => {
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
    [
      "older form, at the exchange",
      { otp: "1111", otpValidation: "ON_KEY_EXCHANGE" },
      "1111",
      200,
      undefined,
      "ACTIVE",
    ],
    ["older form, none", { otpValidation: "NONE" }, undefined, 200, undefined, "done"],
  ];
  for (const [title, init, early, status, late, outcome] of cases) {
    test(title, async () => {
      const { activationId, activationCode } = await bench.init(init);
      const { answer } = await bench
        .newDevice()
        .requestActivation(activationCode, early === undefined ? {} : { otp: early });
      assert.equal(answer.status, status);
      if (status !== 200) assert.deepEqual(answer.body, activationRefused);
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

  test("A password that is replaced while it is checked does not count any more", async () => {
    for (let round = 0; round < 5; round++) {
      const { activationId, activationCode } = await bench.init({ otp: "1111" });
      await bench.newDevice("3.1").activate(activationCode);
      const update = updateOtp(bench.deps, { activationId, otp: "2222" });
      const commit = commitActivation(bench.deps, { activationId, otp: "1111" });
      const outcomes = (await Promise.all([update, commit])).map(refusalOf);
      assert.deepEqual(outcomes.filter((outcome) => outcome === "done").length, 1, outcomes.join(" "));
    }
  });

  test("A recorded request with a wrong password counts once, however often it is sent", async () => {
    const { activationId, activationCode } = await bench.init({ otp: "1111", commitPhase: "ON_KEY_EXCHANGE" });
    const device = bench.newDevice();
    const recorded = await device.prepareActivation(activationCode, { otp: "2222" });
    for (let sent = 0; sent < 6; sent++) {
      const answer = await device.post("/pa/v3/activation/create", recorded.body, recorded.headers);
      assert.deepEqual([answer.status, answer.body], [400, activationRefused]);
    }
    assert.equal((await bench.row(activationId)).failed_attempts, 1);
    await bench.newDevice().activate(activationCode, { otp: "1111" });
  });
});
