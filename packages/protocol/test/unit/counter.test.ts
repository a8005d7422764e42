import assert from "node:assert/strict";
import { test } from "node:test";
import { advanceCounter, counterHash, nextCounter, reconcileCounter } from "@countersign/protocol/powerauth/counter";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import fc from "fast-check";
import { seededRandom, testOnBoth } from "../providers.ts";

const start = seededRandom(1)(16);
const transportCtrBytes = seededRandom(2)(16);

testOnBoth("a device that missed answers finds its place again (hash-based counter, status)", (crypto) => {
  const key = crypto.secretKey(transportCtrBytes);
  // 1. Both sides start from the same value; the server has accepted three signatures the device forgot.
  const server = advanceCounter(crypto, start, 3);
  // 2. The status tells the low byte and a hash of the value the server expects next.
  const status = { ctrByte: 3, lookAhead: 20, ctrDataHash: counterHash(crypto, key, server) };
  // 3. The device walks forward until the hash matches and adopts that value.
  const reconciled = reconcileCounter(crypto, { ctrData: start, ctrByte: 0 }, status, key);
  assert.deepEqual(reconciled, { outcome: "adopted", ctrData: server, ctrByte: 3 });
  // 4. From there both are in step.
  assert.equal(reconcileCounter(crypto, reconciled, status, key).outcome, "in-sync");
});

testOnBoth("steps add up", (crypto) => {
  const two = nextCounter(crypto, nextCounter(crypto, start));
  assert.deepEqual(advanceCounter(crypto, start, 2), two);
  assert.deepEqual(advanceCounter(crypto, start, 0), start);
  assert.equal(two.length, 16);
});

const key = nodeCrypto.secretKey(transportCtrBytes);

/** Local and server position as steps from the start, with the bytes they transmit. */
function reconcileAt(
  local: number,
  server: number,
  lookAhead: number,
  bytes: { local?: number; server?: number } = {},
) {
  const status = {
    ctrByte: bytes.server ?? server % 256,
    lookAhead,
    ctrDataHash: counterHash(nodeCrypto, key, advanceCounter(nodeCrypto, start, server)),
  };
  const ctrData = advanceCounter(nodeCrypto, start, local);
  return reconcileCounter(nodeCrypto, { ctrData, ctrByte: bytes.local ?? local % 256 }, status, key);
}

test("the outcome follows from the distance alone, across the turn of the byte (status)", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: -70, max: 70 }),
      (server, lookAhead, distance) => {
        const local = Math.max(0, server + distance);
        const ahead = local - server;
        const { outcome, ctrData, ctrByte } = reconcileAt(local, server, lookAhead);
        const expected =
          ahead === 0
            ? "in-sync"
            : ahead < 0
              ? -ahead < lookAhead
                ? "adopted"
                : "deadlock"
              : ahead > lookAhead
                ? "deadlock"
                : ahead > lookAhead / 2
                  ? "sign-soon"
                  : "client-ahead";
        assert.equal(outcome, expected, `local ${local}, server ${server}, look-ahead ${lookAhead}`);
        const position = outcome === "adopted" ? server : local;
        assert.deepEqual(ctrData, advanceCounter(nodeCrypto, start, position));
        assert.equal(ctrByte, position % 256);
      },
    ),
    { numRuns: 150 },
  );
});

test("the bounds of the look-ahead are where they should be (status)", () => {
  for (const [ahead, outcome] of [
    [10, "client-ahead"],
    [11, "sign-soon"],
    [20, "sign-soon"],
    [21, "deadlock"],
    [-19, "adopted"],
    [-20, "deadlock"],
  ] as const) {
    assert.equal(reconcileAt(100 + ahead, 100, 20).outcome, outcome, String(ahead));
  }
});

test("values and bytes that contradict each other are a deadlock and change nothing (status)", () => {
  for (const bytes of [{ local: 6 }, { server: 6 }, { local: 3, server: 5 }]) {
    assert.equal(reconcileAt(5, 5, 20, bytes).outcome, "deadlock", JSON.stringify(bytes));
  }
  const unknown = { ctrByte: 5, lookAhead: 20, ctrDataHash: new Uint8Array(16) };
  const local = { ctrData: start, ctrByte: 5 };
  assert.deepEqual(reconcileCounter(nodeCrypto, local, unknown, key), { outcome: "deadlock", ...local });
});

test("without a byte of its own a device adopts the server's only where the values agree (status)", () => {
  const status = (position: number) => ({
    ctrByte: 77,
    lookAhead: 20,
    ctrDataHash: counterHash(nodeCrypto, key, advanceCounter(nodeCrypto, start, position)),
  });
  const local = { ctrData: start };
  assert.deepEqual(reconcileCounter(nodeCrypto, local, status(0), key), {
    outcome: "adopted",
    ctrData: start,
    ctrByte: 77,
  });
  assert.deepEqual(reconcileCounter(nodeCrypto, local, status(2), key), {
    outcome: "in-sync",
    ctrData: start,
    ctrByte: undefined,
  });
});
