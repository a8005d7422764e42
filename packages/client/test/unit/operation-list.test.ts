/** What waits for the person, kept up to date: joined loads, listeners, stale lists, polling. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  MobileTokenError,
  RejectionReason,
  type MobileTokenErrorReason,
  type OperationsListener,
  type UserOperation,
} from "../../src/mobile-token/index.ts";
import { activeDevice, withPin } from "../device.ts";
import { ManualTime } from "../manual-time.ts";
import { Peer } from "../peer.ts";

const listPath = "/api/auth/token/app/operation/list";

const fails = (reason: MobileTokenErrorReason) => (error: unknown) =>
  error instanceof MobileTokenError && error.reason === reason;

const ids = (operations: readonly UserOperation[] | undefined) => operations?.map(({ id }) => id);

/** Lets everything happen that needs no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function device() {
  const time = new ManualTime();
  const peer = new Peer();
  Object.defineProperty(peer, "now", { value: () => time.now() + peer.clockAhead });
  const { powerAuth } = await activeDevice({ now: time.now, timers: time }, peer);
  for (const id of ["one", "two"]) peer.operations.set(id, { id, data: `A1*N${id}`, status: "PENDING" });
  const { operations } = powerAuth.createMobileToken();
  await operations.getOperations();
  const lists = () => peer.paths().filter((path) => path === listPath).length;
  const before = lists();
  return { time, peer, powerAuth, operations, loads: () => lists() - before };
}

/** Answers the next request for the list only when told to. */
function heldList(peer: Peer) {
  const answers: (() => void)[] = [];
  let count = 0;
  peer.intercept = (path) => {
    if (path !== listPath) return undefined;
    count++;
    const list = [...peer.operations.values()].filter(({ status }) => status === "PENDING");
    const body = { status: "OK", responseObject: list.map(({ id, data }) => ({ id, data })) };
    return new Promise((resolve) => answers.push(() => resolve(Response.json(body))));
  };
  return {
    requests: () => count,
    async answer() {
      answers.shift()?.();
      await settle();
    },
  };
}

function recorder() {
  const events: unknown[] = [];
  const listener: OperationsListener = {
    operationsChanged: (...lists) => events.push(lists.map(ids)),
    operationsFailed: ({ reason }) => events.push(reason),
    operationsLoading: (loading) => events.push(loading),
  };
  return { events, listener, take: () => events.splice(0) };
}

describe("loading operations", () => {
  test("at the same time is one request; each caller gets a list of its own and may give up alone", async () => {
    const { operations, peer } = await device();
    const held = heldList(peer);
    const controller = new AbortController();
    const [first, second] = [operations.getOperations(), operations.getOperations()];
    const given = operations.pendingList({ signal: controller.signal });
    await settle();
    controller.abort();
    await assert.rejects(given, fails("canceled"));
    assert.equal(operations.isLoadingOperations, true);
    await held.answer();
    assert.deepEqual(ids(await first), ["one", "two"]);
    assert.notEqual(await first, await second);
    assert.equal(held.requests(), 1);
    assert.equal(operations.isLoadingOperations, false);
  });

  test("is a request of its own in another language, with a timeout or with other headers", async () => {
    const { operations, peer } = await device();
    const held = heldList(peer);
    const calls = [operations.getOperations()];
    operations.acceptLanguage = "cs";
    calls.push(operations.getOperations(), operations.getOperations({ timeout: 60_000 }));
    calls.push(operations.getOperations({ requestProcessor: () => undefined }));
    await settle();
    assert.equal(held.requests(), 4);
    for (let each = 0; each < 4; each++) await held.answer();
    await Promise.all(calls);
  });

  test("tells the listener what went and what came, even without a change, and keeps the last result", async () => {
    const { operations, peer } = await device();
    const { listener, take } = recorder();
    operations.listener = listener;
    await operations.getOperations();
    assert.deepEqual(take(), [true, [["one", "two"], [], []], false]);
    peer.operations.delete("one");
    peer.operations.set("three", { id: "three", data: "A1", status: "PENDING" });
    await operations.getOperations();
    assert.deepEqual(take(), [true, [["two", "three"], ["one"], ["three"]], false]);
    assert.deepEqual(ids(operations.lastFetchResult?.operations), ["two", "three"]);
    await operations.reject("two", RejectionReason.preApproval());
    assert.deepEqual(take(), [[["three"], ["two"], []]]);
    assert.deepEqual(ids(operations.lastFetchResult?.operations), ["three"]);
    peer.operations.set("free", { id: "free", data: "A1", status: "PENDING", unclaimed: true });
    assert.equal((await operations.claim("free")).id, "free");
    assert.deepEqual(take(), [[["free", "three"], [], ["free"]]]);
    await assert.rejects(operations.claim("free"), fails("restApiError"));
    assert.deepEqual(take(), []);
  });

  test("that fails is told as well, and a listener that throws spoils nothing", async () => {
    const { operations, peer } = await device();
    const { listener, take } = recorder();
    operations.listener = listener;
    peer.intercept = () => new Response("", { status: 500 });
    await assert.rejects(operations.getOperations(), fails("network_errorStatusCode"));
    assert.deepEqual(take(), [true, "network_errorStatusCode", false]);
    assert.equal(operations.lastFetchResult?.error?.httpStatusCode, 500);
    peer.intercept = () => undefined;
    const broken = () => {
      throw new Error("bug");
    };
    operations.listener = { operationsChanged: broken, operationsLoading: broken };
    assert.equal((await operations.getOperations()).length, 2);
  });

  test("drops a list that was asked for before a decision, and asks again", async () => {
    const { operations, peer } = await device();
    const held = heldList(peer);
    const list = operations.getOperations();
    await settle();
    await operations.authorize({ id: "one", data: "A1*None" }, withPin());
    await held.answer();
    assert.equal(held.requests(), 2, "the first list still shows what is decided");
    await held.answer();
    assert.deepEqual(ids(await list), ["two"]);
    assert.deepEqual(ids(operations.lastFetchResult?.operations), ["two"]);
  });

  test("also after a decision whose answer was lost", async () => {
    const { operations, peer } = await device();
    const held = heldList(peer);
    const { intercept } = peer;
    peer.intercept = (path) => (path.endsWith("/cancel") ? Promise.reject(new TypeError("lost")) : intercept(path));
    const list = operations.getOperations();
    await settle();
    await assert.rejects(operations.reject("one", "UNKNOWN"), fails("network_generic"));
    await held.answer();
    assert.equal(held.requests(), 2);
    await held.answer();
    assert.equal((await list).length, 2);
  });

  test("an older list that arrives late does not replace a newer one", async () => {
    const { operations, peer } = await device();
    const held = heldList(peer);
    const slow = operations.getOperations({ timeout: 60_000 });
    await settle();
    peer.intercept = () => undefined;
    peer.operations.set("three", { id: "three", data: "A1", status: "PENDING" });
    await operations.getOperations();
    await held.answer();
    assert.equal((await slow).length, 2);
    assert.deepEqual(ids(operations.lastFetchResult?.operations), ["one", "two", "three"]);
  });

  test("tells the server's time, and goes on from there", async () => {
    const { operations, time, peer, powerAuth } = await device();
    assert.equal(powerAuth.createMobileToken().operations.currentServerDate, undefined);
    peer.clockAhead = 55_000;
    await operations.getOperations();
    time.advance(3_000);
    assert.equal(operations.currentServerDate?.getTime(), time.now() + 55_000);
  });
});

describe("polling", () => {
  test("loads at once and every seven seconds, and not while a load is under way", async () => {
    const { operations, time, peer, loads } = await device();
    operations.startPolling();
    assert.equal(operations.isPolling, true);
    await settle();
    assert.equal(loads(), 1);
    time.advance(6_999);
    await settle();
    assert.equal(loads(), 1);
    time.advance(1);
    await settle();
    assert.equal(loads(), 2);
    const held = heldList(peer);
    time.advance(21_000);
    await settle();
    assert.equal(held.requests(), 1);
    await held.answer();
    peer.intercept = () => undefined;
    operations.stopPolling();
    time.advance(60_000);
    await settle();
    assert.equal(loads(), 2);
    assert.deepEqual([operations.isPolling, time.waiting], [false, []]);
  });

  test("keeps five seconds at least, waits first when told so, and a second start changes nothing", async () => {
    const { operations, time, loads } = await device();
    operations.startPolling(10, true);
    operations.startPolling(60_000);
    await settle();
    assert.equal(loads(), 0);
    assert.deepEqual(time.waiting, [5_000]);
    time.advance(5_000);
    await settle();
    assert.equal(loads(), 1);
    for (const odd of [Number.NaN, -1, 0]) {
      operations.stopPolling();
      operations.startPolling(odd, true);
      assert.deepEqual(time.waiting, [5_000]);
    }
  });

  test("goes on after failures, which the listener gets, and ends with the instance", async () => {
    const { operations, time, peer, powerAuth } = await device();
    const { listener, events } = recorder();
    operations.listener = listener;
    peer.intercept = () => new Response("", { status: 500 });
    operations.startPolling();
    await settle();
    time.advance(7_000);
    await settle();
    assert.equal(events.filter((event) => event === "network_errorStatusCode").length, 2);
    await powerAuth.deconfigure();
    assert.deepEqual([operations.isPolling, time.waiting], [false, []]);
    assert.throws(() => operations.startPolling(), fails("invalidConfiguration"));
  });
});
