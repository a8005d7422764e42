/** The way out to other hosts, against a real server on loopback and a resolver that lies. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import type { LookupFunction } from "node:net";
import { outbound, type OutboundAnswer } from "../../src/outbound.ts";

const short = (answer: OutboundAnswer) => ("failed" in answer ? answer : { status: answer.status, body: answer.body });

describe("outbound", () => {
  let server: Server;
  let port: number;
  const seen: string[] = [];
  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    "/ok": (_request, response) => response.end("fine"),
    "/moved": (_request, response) => response.writeHead(302, { location: "/ok" }).end(),
    "/large": (_request, response) => response.end("x".repeat(5000)),
    "/silent": () => undefined,
  };
  before(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      routes[request.url ?? ""]?.(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as { port: number }).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const resolving = (...addresses: string[]): LookupFunction =>
    ((_host: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      )) as LookupFunction;

  test("reaches a private address only when configuration allows its range", async () => {
    const url = `http://127.0.0.1:${port}/ok`;
    assert.deepEqual(await outbound({ allow: [] })({ url, method: "GET" }), { failed: "address-not-allowed" });
    assert.deepEqual(short(await outbound({ allow: ["127.0.0.0/8"] })({ url, method: "GET" })), {
      status: 200,
      body: "fine",
    });
  });

  test("refuses a public name that resolves to a private address, in every spelling", async () => {
    const seenBefore = seen.length;
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "169.254.169.254",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "fe80::1",
      "fd00::1",
    ]) {
      const call = outbound({ allow: [], lookup: resolving(address) });
      assert.deepEqual(
        await call({ url: `http://bank.example:${port}/ok`, method: "GET" }),
        { failed: "address-not-allowed" },
        address,
      );
    }
    assert.equal(seen.length, seenBefore);
  });

  test("refuses a name with one public and one private address", async () => {
    const call = outbound({ allow: [], lookup: resolving("93.184.216.34", "127.0.0.1") });
    assert.deepEqual(await call({ url: `http://bank.example:${port}/ok`, method: "GET" }), {
      failed: "address-not-allowed",
    });
  });

  test("connects to the address that was checked", async () => {
    let asked = 0;
    const lookup = ((...args: Parameters<LookupFunction>) => {
      asked += 1;
      resolving("127.0.0.1")(...args);
    }) as LookupFunction;
    const call = outbound({ allow: ["127.0.0.1/32"], lookup });
    assert.deepEqual(short(await call({ url: `http://bank.example:${port}/ok`, method: "GET" })), {
      status: 200,
      body: "fine",
    });
    assert.equal(asked, 1);
  });

  test("follows no redirect, and limits size and time", async () => {
    const call = outbound({ allow: ["127.0.0.0/8"], timeoutMs: 200, answerBytes: 1000 });
    const ask = (path: string) => call({ url: `http://127.0.0.1:${port}${path}`, method: "GET" });
    assert.deepEqual(short(await ask("/moved")), { status: 302, body: "" });
    assert.deepEqual(await ask("/large"), { failed: "answer-too-large" });
    assert.deepEqual(await ask("/silent"), { failed: "timed-out" });
  });

  test("a key store that cannot be read is a failure, not an exception", async () => {
    const call = outbound({ allow: ["127.0.0.0/8"] });
    const tls = { store: new Uint8Array([1, 2, 3]), passphrase: "x" };
    const answer = await call({ url: `https://127.0.0.1:${port}/ok`, method: "POST", tls });
    assert.deepEqual(answer, { failed: "tls-failed" });
  });

  test("takes http and https only, without credentials in the address", async () => {
    const call = outbound({ allow: ["127.0.0.0/8"] });
    for (const url of [
      "file:///etc/passwd",
      "ftp://127.0.0.1/x",
      "http://user:secret@127.0.0.1/",
      "not a url",
      "data:text/plain,x",
    ]) {
      assert.deepEqual(await call({ url, method: "GET" }), { failed: "url-not-allowed" }, url);
    }
  });
});
