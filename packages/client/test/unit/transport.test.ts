/** The shapes in which a network fails, and what the engine makes of each. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EngineError, type EngineErrorCode } from "../../src/engine/errors.ts";
import {
  createTransport,
  noHeaders,
  responseObject,
  type Fetch,
  type TransportConfiguration,
} from "../../src/engine/transport.ts";

const settings: TransportConfiguration = {
  baseUrl: "https://server.test/base",
  allowUnsecureTraffic: false,
  timeout: 1_000,
  headers: {},
  interceptors: [],
};
const pauses: number[] = [];
const surroundings = {
  random: (length: number) => new Uint8Array(length).fill(255),
  timers: {
    after(milliseconds: number, run: () => void) {
      pauses.push(milliseconds);
      setImmediate(run);
      return () => undefined;
    },
  },
};
const transport = (fetch: Fetch, overrides: Partial<TransportConfiguration> = {}) =>
  createTransport({ fetch, ...surroundings }, { ...settings, ...overrides });
const answers =
  (body: string | null, status = 200): Fetch =>
  () =>
    Promise.resolve(new Response(body, { status }));
const hangs: Fetch = () => new Promise(() => undefined);
const fails = (code: EngineErrorCode) => (error: unknown) => error instanceof EngineError && error.code === code;

describe("post", () => {
  test("sends a JSON POST with the configured headers, follows no redirect and sends no cookies", async () => {
    let seen: { url: string; init: RequestInit } | undefined;
    const fetch: Fetch = async (url, init) => {
      seen = { url, init };
      return new Response("{}");
    };
    await transport(fetch, { headers: { A: "1", B: "1" } }).post("/pa/v3/x", '{"a":1}', { B: "2" });
    const { url, init } = seen!;
    assert.equal(url, "https://server.test/base/pa/v3/x");
    assert.deepEqual(init.headers, { "Content-Type": "application/json", Accept: "application/json", A: "1", B: "2" });
    const { method, body, redirect, credentials, cache } = init;
    const expected = { method: "POST", body: '{"a":1}', redirect: "error", credentials: "omit", cache: "no-store" };
    assert.deepEqual({ method, body, redirect, credentials, cache }, expected);
  });

  test("gives any status back with its body, parsed where it is JSON", async () => {
    assert.deepEqual(await transport(answers('{"a":1}', 409)).post("/x", "", {}), {
      status: 409,
      body: '{"a":1}',
      json: { a: 1 },
    });
    const page = "<html>Bad gateway</html>";
    assert.deepEqual(await transport(answers(page, 502)).post("/x", "", {}), {
      status: 502,
      body: page,
      json: undefined,
    });
    assert.deepEqual(await transport(answers(null, 204)).post("/x", "", {}), {
      status: 204,
      body: "",
      json: undefined,
    });
  });

  test("a refused connection is network, with the reason as cause", async () => {
    const reason = new TypeError("fetch failed");
    await assert.rejects(transport(() => Promise.reject(reason)).post("/x", "", {}), (error: unknown) => {
      return error instanceof EngineError && error.code === "network" && error.cause === reason;
    });
    await assert.rejects(
      transport(() => {
        throw reason;
      }).post("/x", "", {}),
      fails("network"),
    );
  });

  test("plain HTTP is refused before anything is sent, unless permitted; other schemes always", async () => {
    let calls = 0;
    const fetch: Fetch = async () => (calls++, new Response("{}"));
    for (const baseUrl of ["http://server.test", "HTTP://server.test", "ftp://server.test", "file:///etc"]) {
      await assert.rejects(transport(fetch, { baseUrl }).post("/x", "", {}), fails("insecure-url"), baseUrl);
    }
    await assert.rejects(
      transport(fetch, { baseUrl: "ftp://s", allowUnsecureTraffic: true }).post("/x", "", {}),
      fails("insecure-url"),
    );
    assert.equal(calls, 0);
    await transport(fetch, { baseUrl: "http://server.test", allowUnsecureTraffic: true }).post("/x", "", {});
    assert.equal(calls, 1);
  });

  test("a server that does not answer in time is timeout, even if fetch ignores its signal", async () => {
    await assert.rejects(transport(hangs, { timeout: 10 }).post("/x", "", {}), fails("timeout"));
    await assert.rejects(transport(hangs).post("/x", "", {}, { timeout: 10 }), fails("timeout"));
  });

  test("a body that never ends is timeout as well", async () => {
    const endless: Fetch = async () => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(8)) }));
    await assert.rejects(transport(endless, { timeout: 20 }).post("/x", "", {}), fails("timeout"));
  });

  test("the caller's signal ends a call with cancelled: beforehand, under way, and while the body comes in", async () => {
    const before = AbortSignal.abort();
    await assert.rejects(transport(hangs).post("/x", "", {}, { signal: before }), fails("cancelled"));
    const controller = new AbortController();
    const call = transport(hangs).post("/x", "", {}, { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, fails("cancelled"));
    const second = new AbortController();
    const slow: Fetch = async () => new Response(new ReadableStream({ start: () => second.abort() }));
    await assert.rejects(transport(slow).post("/x", "", {}, { signal: second.signal }), fails("cancelled"));
  });

  test("fetch is told to stop: its own signal fires on timeout and on cancellation", async () => {
    let signal: AbortSignal | null | undefined;
    const fetch: Fetch = (_, init) => {
      signal = init.signal;
      return new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(new Error("aborted"))));
    };
    await assert.rejects(transport(fetch, { timeout: 10 }).post("/x", "", {}), fails("timeout"));
    assert.equal(signal!.aborted, true);
  });

  test("cancelAll ends what is under way and leaves later calls alone", async () => {
    let body: Promise<Response> = new Promise(() => undefined);
    const subject = transport(() => body);
    const calls = [subject.post("/x", "", {}), subject.post("/y", "", {})];
    subject.cancelAll();
    for (const call of calls) await assert.rejects(call, fails("cancelled"));
    body = Promise.resolve(new Response("{}"));
    assert.equal((await subject.post("/x", "", {})).status, 200);
  });

  test("an answer over the size limit is refused while it comes in, or afterwards where there are no streams", async () => {
    let pulled = 0;
    const chunk = new Uint8Array(1024 * 1024);
    const huge: Fetch = async () => new Response(new ReadableStream({ pull: (c) => (pulled++, c.enqueue(chunk)) }));
    await assert.rejects(transport(huge).post("/x", "", {}), fails("response-too-large"));
    assert.ok(pulled < 10);
    const bare = { status: 200, text: async () => "x".repeat(5 * 1024 * 1024) } as Response;
    await assert.rejects(transport(async () => bare).post("/x", "", {}), fails("response-too-large"));
    const small = { status: 200, text: async () => "{}" } as Response;
    assert.equal((await transport(async () => small).post("/x", "", {})).status, 200);
  });

  test("characters split between two chunks come out whole", async () => {
    const bytes = new TextEncoder().encode('{"a":"žluť"}');
    const stream = () =>
      new ReadableStream({
        start: (c) => {
          for (const byte of bytes) c.enqueue(Uint8Array.of(byte));
          c.close();
        },
      });
    assert.deepEqual((await transport(async () => new Response(stream())).post("/x", "", {})).json, { a: "žluť" });
  });
});

describe("responseObject", () => {
  const answer = (status: number, body: string) => {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      json = undefined;
    }
    return { status, body, json };
  };
  const error = '{"status":"ERROR","responseObject":{"code":"ERR_X","message":"m","currentRecoveryPukIndex":2}}';
  const rows: readonly (readonly [string, number, string, EngineErrorCode, string | undefined])[] = [
    ["an HTML page with 200", 200, "<html>", "response-malformed", undefined],
    ["nothing with 200", 200, "", "response-malformed", undefined],
    ["JSON that is no envelope", 200, '{"a":1}', "response-malformed", undefined],
    ["an envelope without object", 200, '{"status":"OK"}', "response-malformed", undefined],
    ["a list where an object belongs", 200, '{"status":"OK","responseObject":[]}', "response-malformed", undefined],
    ["null", 200, "null", "response-malformed", undefined],
    ["an error envelope with 400", 400, error, "refused", "ERR_X"],
    ["an error envelope with 200", 200, error, "refused", "ERR_X"],
    ["an error envelope with 401", 401, error, "unauthorized", "ERR_X"],
    ["an HTML page with 401", 401, "<html>", "unauthorized", undefined],
    ["an HTML page with 502", 502, "<html>", "refused", undefined],
    ["an OK envelope with 500", 500, '{"status":"OK","responseObject":{}}', "refused", undefined],
    ["a redirect", 302, "", "refused", undefined],
  ];
  for (const [what, status, body, code, serverCode] of rows) {
    test(`${what} is ${code}${serverCode ? ` with the server's code` : ""}, and the body is kept`, () => {
      assert.throws(
        () => responseObject(answer(status, body)),
        (thrown: unknown) => {
          assert.ok(thrown instanceof EngineError);
          assert.equal(thrown.code, code);
          assert.equal(thrown.refusal?.status, status);
          assert.equal(thrown.refusal?.body, body);
          assert.equal(thrown.refusal?.code, serverCode);
          assert.ok(!thrown.message.includes("<html>"), "a body does not belong in a message");
          return true;
        },
      );
    });
  }

  test("gives the object of an envelope that is all right", () => {
    assert.deepEqual(responseObject(answer(200, '{"status":"OK","responseObject":{"a":1}}')), { a: 1 });
  });
});

describe("ask", () => {
  const away = () => Promise.reject(new TypeError("fetch failed"));
  const scripted = (...steps: (() => Promise<Response>)[]) => {
    const calls: RequestInit[] = [];
    const fetch: Fetch = (_url, init) => {
      calls.push(init);
      return steps[calls.length - 1]!();
    };
    return { calls, fetch };
  };
  const says = (status: number) => async () => new Response("{}", { status });

  test("asks a server that is out of reach, or says it will pass, up to three times, with new headers and longer pauses", async () => {
    pauses.length = 0;
    const { calls, fetch } = scripted(away, says(503), says(200));
    let made = 0;
    const answer = await transport(fetch).ask("/x", "{}", async () => ({ Nonce: String(++made) }));
    assert.equal(answer.status, 200);
    assert.deepEqual(
      calls.map(({ headers }) => (headers as Record<string, string>).Nonce),
      ["1", "2", "3"],
    );
    assert.deepEqual(pauses, [375, 1_500]);
  });

  test("gives up with what the last try gave", async () => {
    const gone = scripted(away, away, away);
    await assert.rejects(transport(gone.fetch).ask("/x", "", noHeaders), fails("network"));
    assert.equal(gone.calls.length, 3);
    const busy = scripted(says(502), says(504), says(503));
    assert.equal((await transport(busy.fetch).ask("/x", "", noHeaders)).status, 503);
  });

  test("an answer that will not pass, a timeout and a cancelled call are not asked again", async () => {
    for (const status of [200, 400, 401, 404, 429, 500]) {
      const { calls, fetch } = scripted(says(status));
      assert.equal((await transport(fetch).ask("/x", "", noHeaders)).status, status);
      assert.equal(calls.length, 1);
    }
    await assert.rejects(transport(hangs, { timeout: 5 }).ask("/x", "", noHeaders), fails("timeout"));
    const controller = new AbortController();
    const once = scripted(async () => {
      controller.abort();
      throw new TypeError("fetch failed");
    });
    const options = { signal: controller.signal };
    await assert.rejects(transport(once.fetch).ask("/x", "", noHeaders, options), fails("cancelled"));
    assert.equal(once.calls.length, 1);
  });

  test("a post is never repeated", async () => {
    const { calls, fetch } = scripted(away);
    await assert.rejects(transport(fetch).post("/x", "", {}), fails("network"));
    assert.equal(calls.length, 1);
  });
});

describe("headers of the application's own", () => {
  test("interceptors see the address, add headers in their order, and cannot touch what the device sends", async () => {
    let headers: unknown;
    const fetch: Fetch = async (_url, init) => {
      ({ headers } = init);
      return new Response("{}");
    };
    const interceptors: TransportConfiguration["interceptors"] = [
      async ({ url, headers: own }) => void (own["X-Path"] = url.slice(-5)),
      ({ headers: own }) => {
        own["X-Path"] += "!";
        delete own["X-Configured"];
        own["x-powerauth-AUTHORIZATION"] = "forged";
        own["content-type"] = "text/plain";
      },
    ];
    const configured = { "X-Configured": "1", "X-Kept": "2" };
    await transport(fetch, { headers: configured, interceptors }).post("/pa/v3", "{}", {
      "X-PowerAuth-Authorization": "mine",
    });
    assert.deepEqual(headers, {
      "Content-Type": "application/json",
      Accept: "application/json",
      "X-PowerAuth-Authorization": "mine",
      "X-Kept": "2",
      "X-Path": "pa/v3!",
    });
  });
});
