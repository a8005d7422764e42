/** What all services share: what they call themselves, hooks, addresses, repeating what may be repeated, and logs. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import {
  MobileToken,
  MobileTokenError,
  MobileTokenLogger,
  PowerAuth,
  UserAgent,
  type Environment,
  type LogLevel,
  type LogVerbosity,
  type MobileTokenErrorReason,
} from "../../src/mobile-token/index.ts";
import { redactedBody } from "../../src/mobile-token/logging/redaction.ts";
import { activationOf, activeDevice, configuredDevice, pin, withPin } from "../device.ts";
import { ManualTime } from "../manual-time.ts";
import { Peer } from "../peer.ts";

const base = "/api/auth/token/app/operation";

const fails = (reason: MobileTokenErrorReason) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.equal(error.reason, reason);
  return true;
};

async function device(overrides: Environment = {}) {
  const time = new ManualTime();
  const peer = new Peer();
  Object.defineProperty(peer, "now", { value: time.now });
  const { powerAuth } = await activeDevice({ now: time.now, timers: time, fetch: peer.fetch, ...overrides }, peer);
  peer.operations.set("one", { id: "one", data: "A1", status: "PENDING" });
  const headers = () => peer.requests.at(-1)!.headers;
  return { time, peer, powerAuth, headers };
}

describe("a Mobile Token", () => {
  test("needs an address: an instance that is not configured is told at creation", async () => {
    assert.throws(() => new PowerAuth("nobody").createMobileToken(), fails("invalidConfiguration"));
    const { powerAuth } = await device();
    for (const baseUrl of ["", "ftp://x", "https://", "https://x?y"]) {
      assert.throws(() => new MobileToken(powerAuth, { baseUrl }), fails("invalidConfiguration"));
    }
  });

  test("without an activation sends nothing and says missingActivation, in every call that needs one", async () => {
    const { powerAuth, peer } = await configuredDevice();
    const { operations } = powerAuth.createMobileToken();
    const operation = { id: "1", data: "A1", mobileTokenData: {} };
    const qr = { operationId: "1", operationData: {}, nonce: "", flags: {} } as never;
    const calls = [
      operations.getOperations(),
      operations.pendingList(),
      operations.getDetail("1"),
      operations.claim("1"),
      operations.getHistory(withPin()),
      operations.authorize(operation, withPin()),
      operations.reject(operation, "UNKNOWN"),
      operations.authorizeOffline(qr, withPin()),
    ];
    for (const call of calls) {
      await assert.rejects(call, (error: unknown) => {
        return error instanceof MobileTokenError && error.powerAuthErrorCode === "MISSING_ACTIVATION";
      });
    }
    assert.deepEqual(peer.requests, []);
  });

  test("may live at another address, which gets none of the headers meant for the first one", async () => {
    const time = new ManualTime();
    const peer = new Peer();
    const seen: { readonly url: string; readonly headers: Headers }[] = [];
    const network: typeof peer.fetch = (url, init) => {
      seen.push({ url, headers: new Headers(init.headers) });
      return peer.fetch(url.replace("https://other.test/mt", peer.baseEndpointUrl), init);
    };
    const powerAuth = new PowerAuth("other-address");
    const client = { customHttpHeaders: [{ name: "X-Gateway", value: "secret" }] };
    const environment = { fetch: network, timers: time };
    await powerAuth.configure(peer.configuration, client, undefined, undefined, undefined, environment);
    const other = new MobileToken(powerAuth, { baseUrl: "https://other.test/mt//" });
    await assert.rejects(other.oidc.getConfig("x"));
    const call = seen.find(({ url }) => url === "https://other.test/mt/api/config/oidc");
    assert.equal(call?.headers.get("X-Gateway"), null);
    assert.equal(seen.find(({ url }) => url.startsWith(peer.baseEndpointUrl))?.headers.get("X-Gateway"), "secret");
    await powerAuth.deconfigure();
  });

  test("calls itself by the library's name, the platform's or one of the application's, as the service was told", async () => {
    const { powerAuth, headers } = await device({ platform: "ios", deviceInfo: "iPhone12,3" });
    const { operations } = powerAuth.createMobileToken();
    await operations.getOperations();
    assert.equal(headers().get("User-Agent"), "CountersignMobileToken/0.1.0 (ios; iPhone12,3)");
    operations.userAgent = "Bank/2";
    await operations.getOperations();
    assert.equal(headers().get("User-Agent"), "Bank/2");
    operations.userAgent = UserAgent.systemDefault();
    await operations.getOperations();
    assert.equal(headers().get("User-Agent"), null);
    const custom = powerAuth.createMobileToken({ userAgent: UserAgent.custom("Bank/3") });
    await custom.operations.getOperations();
    assert.equal(headers().get("User-Agent"), "Bank/3");
    assert.equal(operations.acceptLanguage, "en");
    operations.acceptLanguage = "cs";
    await operations.getOperations();
    assert.equal(headers().get("Accept-Language"), "cs");
  });

  test("lets hooks of the service and of the call see and change headers, and never the proof", async () => {
    const { powerAuth, headers } = await device();
    const { operations } = powerAuth.createMobileToken({
      requestProcessor: (all) => ({ ...all, "X-Trace": "service", "X-PowerAuth-Token": "forged" }),
    });
    await operations.getOperations({
      requestProcessor: (all) => {
        assert.equal(all["X-Trace"], "service");
        all["X-Trace"] += ",call";
      },
    });
    assert.equal(headers().get("X-Trace"), "service,call");
    assert.match(headers().get("X-PowerAuth-Token")!, /^PowerAuth token_id=/);
    operations.requestProcessor = undefined;
    await operations.authorize({ id: "one", data: "A1" }, withPin());
    assert.equal(headers().get("X-Trace"), null);
  });
});

describe("a call that failed", () => {
  /** Answers calls of the API with these, then lets the peer answer; moves the time over pauses. */
  async function failing(...answers: readonly (() => Response | Promise<Response>)[]) {
    const world = await device();
    const { operations } = world.powerAuth.createMobileToken();
    await operations.getOperations();
    const rest = [...answers];
    let calls = 0;
    world.peer.intercept = (path) => {
      if (!path.startsWith(base)) return undefined;
      calls++;
      return rest.shift()?.();
    };
    const pauses: number[] = [];
    const patient = async <T>(call: Promise<T>): Promise<T> => {
      const state = { isOver: false };
      const over = call.finally(() => (state.isOver = true));
      over.catch(() => undefined);
      while (!state.isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        const [pause] = world.time.waiting;
        if (pause === undefined) continue;
        pauses.push(pause);
        world.time.advance(pause);
      }
      return over;
    };
    return { ...world, operations, patient, pauses, calls: () => calls };
  }

  const lost = () => Promise.reject(new TypeError("fetch failed"));
  const busy = () => new Response("", { status: 503 });

  test("for a reason that passes is repeated twice, with growing pauses, when it only reads", async () => {
    for (const answers of [
      [lost, busy],
      [busy, () => new Response("<html>", { status: 502 })],
    ]) {
      const { operations, patient, pauses, calls } = await failing(...answers);
      assert.equal((await patient(operations.getOperations())).length, 1);
      assert.equal(calls(), 3);
      assert.ok(pauses[0]! >= 125 && pauses[0]! <= 376 && pauses[1]! >= 500 && pauses[1]! <= 1_501, String(pauses));
    }
    const { operations, patient, calls } = await failing(lost, lost, lost, lost);
    await assert.rejects(patient(operations.getDetail("one")), fails("network_generic"));
    assert.equal(calls(), 3);
  });

  test("with a signature, or by changing something, is never repeated", async () => {
    const { operations, patient, calls, peer, pauses } = await failing(lost, busy, lost, lost);
    const { ctr } = activationOf(peer);
    await assert.rejects(patient(operations.authorize({ id: "one", data: "A1" }, withPin())), fails("network_generic"));
    await assert.rejects(patient(operations.reject("one", "UNKNOWN")), fails("network_errorStatusCode"));
    await assert.rejects(patient(operations.getHistory(withPin())), fails("network_generic"));
    await assert.rejects(patient(operations.claim("one")), fails("network_generic"));
    assert.deepEqual([calls(), pauses], [4, []]);
    assert.equal(activationOf(peer).ctr, ctr, "nothing reached the server");
  });

  test("for a reason that stays is not repeated", async () => {
    for (const answer of [
      () => new Response("", { status: 500 }),
      () => new Response("<html>", { status: 200 }),
      () => Response.json({ status: "ERROR", responseObject: { code: "TOO_MANY_REQUESTS" } }, { status: 429 }),
    ]) {
      const { operations, patient, calls } = await failing(answer);
      await assert.rejects(patient(operations.getOperations()));
      assert.equal(calls(), 1);
    }
  });

  test("is not repeated after its caller has given up", async () => {
    const { operations, calls, time } = await failing(lost, lost, lost);
    const controller = new AbortController();
    const call = operations.getDetail("one", { signal: controller.signal });
    while (time.waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await assert.rejects(call, fails("canceled"));
    assert.deepEqual([calls(), time.waiting], [1, []]);
  });
});

describe("MobileTokenLogger", () => {
  afterEach(() => {
    MobileTokenLogger.setLogListener(undefined);
    MobileTokenLogger.verbosity = "none";
  });

  const levels = ["error", "warn", "info", "verbose", "debug"] as const satisfies readonly LogLevel[];

  /** What went to the console and to the listener when each level was used once. */
  function logAll(verbosity: LogVerbosity, followVerbosity: boolean) {
    const printed: string[] = [];
    const heard: string[] = [];
    const original = { ...console };
    const made: string[] = [];
    for (const name of ["error", "warn", "info", "debug"] as const)
      console[name] = (line: string) => printed.push(line);
    try {
      MobileTokenLogger.verbosity = verbosity;
      MobileTokenLogger.setLogListener({ log: (level, message) => heard.push(`${level} ${message}`) }, followVerbosity);
      for (const level of levels) {
        MobileTokenLogger[level](() => {
          made.push(level);
          return `about ${level}`;
        });
      }
    } finally {
      Object.assign(console, original);
    }
    return { printed, heard, made };
  }

  for (const verbosity of ["none", ...levels] as const) {
    for (const follow of [true, false]) {
      test(`at ${verbosity} prints what belongs to it; a listener that ${follow ? "follows" : "does not follow"} gets its due`, () => {
        const expected = levels.slice(0, verbosity === "none" ? 0 : levels.indexOf(verbosity) + 1);
        const { printed, heard, made } = logAll(verbosity, follow);
        assert.equal(printed.length, expected.length);
        assert.deepEqual(
          heard,
          (follow ? expected : levels).map((level) => `${level} about ${level}`),
        );
        assert.deepEqual(made, follow ? expected : levels, "a message nobody takes is not made");
      });
    }
  }

  test("prints level and time, or no time; a listener or message that throws spoils nothing", () => {
    assert.match(logAll("error", true).printed[0]!, /^\[MT:ERR - \d{4}-\d\d-\d\dT[\d:.]+Z\] about error$/);
    MobileTokenLogger.printTime = false;
    assert.deepEqual(logAll("warn", true).printed, ["[MT:ERR] about error", "[MT:WRN] about warn"]);
    MobileTokenLogger.printTime = true;
    MobileTokenLogger.verbosity = "none";
    const broken = () => {
      throw new Error("bug");
    };
    MobileTokenLogger.setLogListener({ log: broken }, false);
    MobileTokenLogger.error("x");
    MobileTokenLogger.error(broken);
  });

  test("shows no PIN, key, signature, token or text of a person at any level, while everything is done once", async () => {
    const lines: string[] = [];
    MobileTokenLogger.setLogListener({ log: (_level, message) => lines.push(message) }, false);
    const { powerAuth, peer } = await device();
    const { operations } = powerAuth.createMobileToken();
    const secrets = ["Bob", "IBAN-1234", "fds-secret", "87654321", "I never asked", pin];
    await operations.getOperations();
    const mobileTokenData = { id: "fds-secret", status: "IBAN-1234" };
    const proximityCheck = { totp: "87654321", type: "QR_CODE", timestampReceived: new Date(0) };
    await assert.rejects(
      operations.authorize({ id: "one", data: "A1*IIBAN-1234", mobileTokenData, proximityCheck }, withPin()),
    );
    await operations.reject("one", "I never asked");
    await assert.rejects(operations.authorize({ id: "one", data: "A1" }, withPin("0000")));
    await operations.getHistory(withPin());
    await assert.rejects(operations.getDetail("nowhere"));
    const text = lines.join("\n");
    assert.ok(text.includes(`POST ${base}/authorize`) && text.includes("OPERATION_FAILED"), text);
    const headers = peer.requests.flatMap(({ headers: all }) => [...all].map(([, value]) => value));
    const quoted = headers.flatMap((value) => [...value.matchAll(/"([^"]{8,})"/g)].map(([, inner]) => inner!));
    assert.ok(quoted.length > 20);
    for (const secret of [...secrets, ...quoted.filter((value) => !value.startsWith("possession"))]) {
      assert.ok(!text.includes(secret), `${secret} in ${text}`);
    }
  });

  test("shows the shape of a body and nothing that stands deeper than its envelope", () => {
    const body = { status: "OK", responseObject: [{ id: "1", data: "x", formData: { id: "deep" }, ui: null }] };
    assert.equal(
      redactedBody(JSON.stringify(body)),
      '{"status":"OK","responseObject":[{"id":"1","data":"…","formData":"…","ui":"…"}]}',
    );
    assert.equal(redactedBody("<html>secret"), "(12 characters, no JSON)");
    assert.equal(redactedBody(JSON.stringify({ id: "x".repeat(65) })), '{"id":"…"}');
    assert.ok(
      redactedBody(JSON.stringify({ responseObject: Array.from({ length: 2_000 }, () => ({ id: "1" })) })).length <
        2_100,
    );
  });
});
