import assert from "node:assert/strict";
import { test } from "node:test";
import { addressThrottle } from "../../src/throttle.ts";

test("an address has its budget per minute, and another address is not affected", () => {
  const throttle = addressThrottle(3, () => 0);
  assert.deepEqual(
    Array.from({ length: 4 }, () => throttle.allow("192.0.2.1")),
    [true, true, true, false],
  );
  assert.equal(throttle.allow("192.0.2.2"), true);
});

test("the budget comes back evenly, and never grows beyond its size", () => {
  let now = 0;
  const throttle = addressThrottle(6, () => now);
  for (let request = 0; request < 6; request++) throttle.allow("a");
  assert.equal(throttle.allow("a"), false);
  now += 10_000;
  assert.equal(throttle.allow("a"), true);
  assert.equal(throttle.allow("a"), false);
  now += 3_600_000;
  assert.equal(Array.from({ length: 20 }, () => throttle.allow("a")).filter(Boolean).length, 6);
});

test("a clock that jumps back gives no budget away", () => {
  let now = 100_000;
  const throttle = addressThrottle(1, () => now);
  assert.equal(throttle.allow("a"), true);
  now = 0;
  assert.equal(throttle.allow("a"), false);
});
