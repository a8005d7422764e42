import assert from "node:assert/strict";
import { utf8 } from "@countersign/protocol/bytes";
import { proximityOtp, verifyProximityOtp } from "@countersign/protocol/operation/proximity";
import fc from "fast-check";
import { seededRandom, testMixed, testOnBoth } from "../providers.ts";

const seed = seededRandom(1)(16);
const step = 30_000;
const start = 1_750_000_020_000;

testMixed("the number on the screen proves that the device saw it (proximity check)", (client, server) => {
  // 1. The screen shows the password of this half minute; the device scans it.
  const otp = proximityOtp(client, seed, start);
  assert.match(otp, /^[0-9]{8}$/);
  // 2. The server accepts it in this half minute and in the next.
  assert.ok(verifyProximityOtp(server, seed, otp, start + step - 1));
  assert.ok(verifyProximityOtp(server, seed, otp, start + 2 * step - 1));
  // 3. Later, or ahead of its time, it does not.
  assert.ok(!verifyProximityOtp(server, seed, otp, start + 2 * step));
  assert.ok(!verifyProximityOtp(server, seed, otp, start - 1));
});

testOnBoth("passwords are those of RFC 6238 for SHA-256", (crypto) => {
  const rfcSeed = utf8("12345678901234567890123456789012");
  for (const [seconds, otp] of [
    [59, "46119246"],
    [1_111_111_109, "68084774"],
    [20_000_000_000, "77737706"],
  ] as const) {
    assert.equal(proximityOtp(crypto, rfcSeed, seconds * 1000), otp);
  }
});

testOnBoth("length, step and tolerance are the caller's (proximity check)", (crypto) => {
  const otp = proximityOtp(crypto, seed, start, { digits: 6, step: 60 });
  assert.equal(otp.length, 6);
  const options = { digits: 6, step: 60, backward: 3 };
  assert.ok(verifyProximityOtp(crypto, seed, otp, start + 3 * 60_000, options));
  assert.ok(!verifyProximityOtp(crypto, seed, otp, start + 5 * 60_000, options));
  assert.ok(!verifyProximityOtp(crypto, seed, otp, start, { ...options, digits: 7 }));
});

testOnBoth("a wrong password is refused without ever throwing (proximity check)", (crypto) => {
  const right = [start, start - step].map((now) => proximityOtp(crypto, seed, now));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{8}$/)), (otp) => {
      assert.equal(verifyProximityOtp(crypto, seed, otp, start), right.includes(otp));
    }),
    { numRuns: 30 },
  );
  assert.ok(verifyProximityOtp(crypto, seed, proximityOtp(crypto, seed, 0), 0), "at the first step of all");
});
