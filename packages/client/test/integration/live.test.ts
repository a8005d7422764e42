/** Live updates over a real HTTP stream, beside the in-test peer that answers everything else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { readTokenHeader } from "@countersign/protocol/powerauth/headers";
import type { Operations, OperationsListener, UserOperation } from "../../src/mobile-token/index.ts";
import { activeDevice } from "../device.ts";
import { ManualTime } from "../manual-time.ts";
import { Peer } from "../peer.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A device whose `/live` goes to a real server. Timers of the SDK stand still until the test moves them. */
async function world(context: TestContext, handle: Handler) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const time = new ManualTime();
  const peer = new Peer();
  Object.defineProperty(peer, "now", { value: time.now });
  const network: typeof peer.fetch = (url, init) =>
    url.endsWith("/live") ? fetch(`http://127.0.0.1:${port}/live`, init) : peer.fetch(url, init);
  const { powerAuth } = await activeDevice({ now: time.now, timers: time, fetch: network }, peer);
  const { operations } = powerAuth.createMobileToken();
  const news = listen(operations);
  context.after(() => {
    operations.stopLive();
    server.closeAllConnections();
    server.close();
  });
  const add = (id: string) => peer.operations.set(id, { id, data: "A1", status: "PENDING" });
  return { time, peer, powerAuth, operations, requests, add, ...news };
}

/** The listener's calls as promises: `lists.next()` is the list of the next change. */
function listen(operations: Operations) {
  const channel = <T>() => {
    const values: T[] = [];
    const waiting: ((value: T) => void)[] = [];
    return {
      put: (value: T) => (waiting.length > 0 ? waiting.shift()!(value) : values.push(value)),
      next: () => (values.length > 0 ? Promise.resolve(values.shift()!) : new Promise<T>((take) => waiting.push(take))),
    };
  };
  const lists = channel<string[]>();
  const messages = channel<string | undefined>();
  const listener: OperationsListener = {
    operationsChanged: (all: readonly UserOperation[]) => lists.put(all.map(({ id }) => id)),
    inboxChanged: (id) => messages.put(id),
  };
  operations.listener = listener;
  return { lists, messages };
}

/** Accepts streams one after the other; `next()` gives the response to write to. */
function streams() {
  const ready: ServerResponse[] = [];
  const waiting: ((response: ServerResponse) => void)[] = [];
  const handle: Handler = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    if (waiting.length > 0) waiting.shift()!(response);
    else ready.push(response);
  };
  const next = () =>
    ready.length > 0 ? Promise.resolve(ready.shift()!) : new Promise<ServerResponse>((take) => waiting.push(take));
  return { handle, next };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe("live updates", () => {
  test("load at once, and again on each event, whatever its pieces and line ends", async (context) => {
    const { handle, next } = streams();
    const { operations, lists, messages, add, requests } = await world(context, handle);
    add("one");
    operations.startLive();
    operations.startLive();
    const stream = await next();
    assert.deepEqual(await lists.next(), ["one"]);
    add("two");
    stream.write('event: operation.created\ndata: {"id":"two"}\n\n');
    assert.deepEqual(await lists.next(), ["one", "two"]);
    add("three");
    stream.write("event: operation.ch");
    stream.write('anged\r\ndata: {"id":\r');
    stream.write('\ndata: "three"}\r\n\r');
    stream.write("\n");
    assert.deepEqual(await lists.next(), ["one", "two", "three"]);
    stream.write('event: inbox\ndata: {"id":"m1"}\n\nevent: inbox\ndata: odd\n\nevent: new.thing\ndata: x\n\n');
    assert.deepEqual([await messages.next(), await messages.next()], ["m1", undefined]);
    stream.write("event: reload\ndata: {}\n\n");
    assert.equal((await lists.next()).length, 3);
    assert.equal(await messages.next(), undefined);
    assert.equal(requests.length, 1);
    assert.equal(operations.isLive, true);
  });

  test("prove each stream with a fresh header, and make up for what was missed between two streams", async (context) => {
    const { handle, next } = streams();
    const { operations, lists, add, requests, time } = await world(context, handle);
    operations.startLive();
    const first = await next();
    await lists.next();
    time.advance(10_000);
    add("missed");
    first.end();
    await until(() => time.waiting.includes(0));
    time.advance(0);
    await next();
    assert.deepEqual(await lists.next(), ["missed"]);
    const headers = requests.map(({ headers: { "x-powerauth-token": header } }) => readTokenHeader(String(header)));
    assert.equal(new Set(headers.map((header) => "nonce" in header && String(header.nonce))).size, 2);
    assert.equal(requests[0]!.method, "GET");
    assert.equal(requests[0]!.headers.accept, "text/event-stream");
  });

  test("come back after failures, later each time, and load meanwhile", async (context) => {
    let answers = 0;
    const { handle, next } = streams();
    const { operations, lists, add, time, requests } = await world(context, (request, response) => {
      if (++answers <= 3) return void response.writeHead(503).end();
      return handle(request, response);
    });
    add("one");
    operations.startLive();
    const pauses: number[] = [];
    for (let failure = 1; failure <= 3; failure++) {
      assert.deepEqual(await lists.next(), ["one"]);
      await until(() => time.waiting.length > 0);
      pauses.push(time.waiting[0]!);
      time.advance(time.waiting[0]!);
    }
    await next();
    await lists.next();
    assert.equal(requests.length, 4);
    for (const [index, least] of [1_000, 2_000, 5_000].entries()) {
      assert.ok(pauses[index]! >= least / 2 && pauses[index]! <= least * 1.5 + 1, String(pauses));
    }
  });

  test("take a stream without a heartbeat for dead, and open another", async (context) => {
    const { handle, next } = streams();
    const { operations, lists, time } = await world(context, handle);
    operations.startLive();
    const stream = await next();
    await lists.next();
    time.advance(59_000);
    stream.write(": still here\n\n");
    await until(() => time.waiting.includes(60_000));
    time.advance(60_000);
    await until(() => time.waiting.length > 0 && !time.waiting.includes(60_000));
    time.advance(2_000);
    await next();
  });

  for (const [what, handle] of [
    ["a server that has none", (_request, response) => response.writeHead(404).end()],
    [
      "a page instead of a stream",
      (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
    ],
  ] satisfies [string, Handler][]) {
    test(`become polling with ${what}, until they are stopped`, async (context) => {
      const { operations, lists, add, time } = await world(context, handle);
      operations.startLive();
      await until(() => operations.isPolling);
      await lists.next();
      add("one");
      time.advance(7_000);
      assert.deepEqual(await lists.next(), ["one"]);
      operations.stopLive();
      assert.deepEqual([operations.isPolling, operations.isLive], [false, false]);
    });
  }

  test("become polling on a platform without streams", async (context) => {
    const time = new ManualTime();
    const peer = new Peer();
    Object.defineProperty(peer, "now", { value: time.now });
    const noStreams: typeof peer.fetch = async (url, init) => {
      if (!url.endsWith("/live")) return peer.fetch(url, init);
      const headers = new Headers({ "content-type": "text/event-stream" });
      return { status: 200, headers, body: undefined } as unknown as Response;
    };
    const { powerAuth } = await activeDevice({ now: time.now, timers: time, fetch: noStreams }, peer);
    const { operations } = powerAuth.createMobileToken();
    context.after(() => operations.stopLive());
    operations.startLive();
    await until(() => operations.isPolling);
  });

  test("end with stopLive, with the instance, and without an activation", async (context) => {
    const { handle, next } = streams();
    const { operations, powerAuth, lists, requests, time } = await world(context, handle);
    operations.startLive();
    const stream = await next();
    await lists.next();
    operations.stopLive();
    await once(stream, "close");
    operations.startLive();
    const another = await next();
    await lists.next();
    await powerAuth.removeActivationLocal();
    another.end();
    await until(() => time.waiting.length > 0);
    time.advance(2_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(requests.length, 2);
    assert.deepEqual(time.waiting, []);
    await powerAuth.deconfigure();
    assert.equal(operations.isLive, false);
  });
});
