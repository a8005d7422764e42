/** Waking those who wait for an operation on this node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { operationWatch } from "../../src/operations/watch.ts";

const long = 60_000;

test("A change wakes everybody who waits for that operation, and nobody else", async () => {
  const watch = operationWatch();
  const idle = new AbortController();
  let other = false;
  const waiting = watch.next("b", long, idle.signal).then(() => (other = true));
  const both = Promise.all([watch.next("a", long, idle.signal), watch.next("a", long, idle.signal)]);
  watch.changed("a");
  await both;
  assert.equal(other, false);
  idle.abort();
  await waiting;
});

test("Waiting ends after the given time, when its signal aborts, and when the watch closes", async () => {
  const watch = operationWatch();
  const never = new AbortController();
  await watch.next("a", 1, never.signal);
  const gone = new AbortController();
  const waiting = watch.next("a", long, gone.signal);
  gone.abort();
  await waiting;
  const closing = watch.next("a", long, never.signal);
  watch.close();
  await closing;
  assert.equal(watch.closed, true);
  await watch.next("a", long, never.signal);
  watch.changed("a");
});

test("A signal that is aborted already does not wait", async () => {
  await operationWatch().next("a", long, AbortSignal.abort());
});
