/** One announcement for each operation that expires, by an injected clock. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OperationExpirationWatcher, type ExpirableOperation } from "../../src/mobile-token/index.ts";
import { ManualTime } from "../manual-time.ts";

function watcher() {
  const time = new ManualTime();
  const announced: string[][] = [];
  const expirations = new OperationExpirationWatcher({
    onExpired: (expired) => announced.push(expired.map(({ id }) => id)),
    now: time.now,
    timers: time,
  });
  const expiring = (id: string, inMilliseconds: number | undefined): ExpirableOperation => ({
    id,
    data: "A1",
    operationExpires: inMilliseconds === undefined ? undefined : new Date(time.now() + inMilliseconds),
  });
  return { time, announced, expirations, expiring, watched: () => expirations.getWatched().map(({ id }) => id) };
}

describe("OperationExpirationWatcher", () => {
  test("announces each operation once, at its end, together with those that end then", () => {
    const { time, announced, expirations, expiring, watched } = watcher();
    expirations.add(expiring("a", 60_000), expiring("b", 60_000), expiring("c", 90_000));
    time.advance(59_999);
    assert.deepEqual(announced, []);
    time.advance(1);
    assert.deepEqual(announced, [["a", "b"]]);
    assert.deepEqual(watched(), ["c"]);
    time.advance(1_000_000);
    assert.deepEqual(announced, [["a", "b"], ["c"]]);
    assert.deepEqual(time.waiting, []);
  });

  test("never fires within five seconds of a change, also for what has expired already", () => {
    const { time, announced, expirations, expiring } = watcher();
    expirations.add(expiring("late", -1), expiring("soon", 100));
    time.advance(4_999);
    assert.deepEqual(announced, []);
    time.advance(1);
    assert.deepEqual(announced, [["late", "soon"]]);
  });

  test("knows an operation by id, data and date", () => {
    const { expirations, expiring, watched } = watcher();
    const one = expiring("a", 60_000);
    expirations.add(one, { ...one }, { ...one, data: "A2" }, expiring("a", 70_000), expiring("never", undefined));
    assert.deepEqual(watched(), ["a", "a", "a", "never"]);
    expirations.remove({ ...one });
    assert.deepEqual(watched(), ["a", "a", "never"]);
  });

  test("watches no more what was removed, and waits for the earliest of the rest", () => {
    const { time, announced, expirations, expiring } = watcher();
    const [soon, later] = [expiring("soon", 10_000), expiring("later", 20_000)];
    expirations.add(soon, later);
    expirations.remove(soon);
    time.advance(10_000);
    assert.deepEqual([announced, time.waiting], [[], [10_000]]);
    expirations.removeAll();
    time.advance(100_000);
    assert.deepEqual([announced, time.waiting, expirations.getWatched()], [[], [], []]);
  });

  test("waits longer than timers can: a month", () => {
    const { time, announced, expirations, expiring } = watcher();
    const month = 31 * 86_400_000;
    expirations.add(expiring("a", month));
    assert.ok(time.waiting[0]! <= 86_400_000);
    time.advance(month - 1);
    assert.deepEqual(announced, []);
    time.advance(1);
    assert.deepEqual(announced, [["a"]]);
  });
});
