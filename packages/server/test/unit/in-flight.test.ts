import assert from "node:assert/strict";
import { test } from "node:test";
import { inFlight } from "../../src/signatures/in-flight.ts";

test("work of one key follows in order, one at a time, and knows that it waited", async () => {
  const flights = inFlight();
  const order: string[] = [];
  let running = 0;
  const work = (name: string) => async (waited: boolean) => {
    running += 1;
    assert.equal(running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    order.push(`${name} ${waited}`);
  };
  await Promise.all(["a", "b", "c"].map((name) => flights.run("key", work(name))));
  assert.deepEqual(order, ["a false", "b true", "c true"]);
});

test("keys do not wait for each other", async () => {
  const flights = inFlight();
  let release = (): void => undefined;
  const held = flights.run("one", () => new Promise<void>((resolve) => (release = resolve)));
  assert.equal(await flights.run("two", (waited) => Promise.resolve(waited)), false);
  release();
  await held;
});

test("work that throws does not stop the next, and leaves nothing behind", async () => {
  const flights = inFlight();
  const failing = flights.run("key", () => Promise.reject(new Error("no")));
  const next = flights.run("key", (waited) => Promise.resolve(waited));
  await assert.rejects(failing, /no/);
  assert.equal(await next, true);
  assert.equal(await flights.run("key", (waited) => Promise.resolve(waited)), false);
});
