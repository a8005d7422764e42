/** What each answer, and each lack of one, becomes: a real server over HTTP and HTTPS, and the device beside it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  KnownRestApiError,
  MobileTokenError,
  type MobileTokenErrorReason,
  type Operations,
} from "../../src/mobile-token/index.ts";
import { activeDevice, withPin } from "../device.ts";
import { Peer } from "../peer.ts";
import { untrusted } from "../untrusted-certificate.ts";

/** `OPERATION_EXPIRED` says in which of the three calls. */
type Call = "getDetail" | "authorize" | "reject";
type Reasons = MobileTokenErrorReason | Readonly<Record<Call, MobileTokenErrorReason>>;

/** Code, the status servers send it with, and what the SDK makes of it. */
const table: readonly (readonly [string, number, Reasons])[] = [
  ["INVALID_REQUEST", 400, "restApiError"],
  ["INVALID_ACTIVATION", 400, "operations_invalidActivation"],
  ["INVALID_APPLICATION", 400, "restApiError"],
  ["INVALID_OPERATION", 400, "restApiError"],
  ["POWERAUTH_AUTH_FAIL", 401, "restApiError"],
  ["OPERATION_ALREADY_FINISHED", 400, "operations_alreadyFinished"],
  ["OPERATION_ALREADY_FAILED", 400, "operations_alreadyFailed"],
  ["OPERATION_ALREADY_CANCELED", 400, "operations_alreadyCanceled"],
  [
    "OPERATION_EXPIRED",
    400,
    { getDetail: "operations_expired", authorize: "operations_authExpired", reject: "operations_rejectExpired" },
  ],
  ["OPERATION_FAILED", 401, "operations_failed"],
  ["OPERATION_REQUIRES_ACTIVATION_FLAG", 400, "restApiError"],
  ["PUSH_REGISTRATION_FAILED", 400, "restApiError"],
  ["INBOX_FAILED", 400, "restApiError"],
  ["APPLICATION_CONFIGURATION_ERROR", 400, "restApiError"],
  ["ACTIVATION_CODE_FAILED", 400, "restApiError"],
  ["ERROR_GENERIC", 500, "restApiError"],
  ["ERROR_NOT_FOUND", 404, "restApiError"],
  ["ERR_ACTIVATION", 400, "restApiError"],
  ["ERR_AUTHENTICATION", 401, "restApiError"],
  ["ERR_SECURE_VAULT", 400, "restApiError"],
  ["ERR_ENCRYPTION", 400, "restApiError"],
  ["ERR_TEMPORARY_KEY", 400, "restApiError"],
  ["ERR_CONFIG", 500, "restApiError"],
  ["REMOTE_COMMUNICATION_ERROR", 409, "restApiError"],
  ["TOO_MANY_REQUESTS", 429, "restApiError"],
  ["ONBOARDING_FAILED", 400, "restApiError"],
  ["ONBOARDING_PROCESS_LIMIT_REACHED", 400, "restApiError"],
  ["TOO_MANY_ONBOARDING_PROCESSES", 400, "restApiError"],
  ["ONBOARDING_OTP_FAILED", 400, "restApiError"],
  ["INVALID_DOCUMENT", 400, "restApiError"],
  ["DOCUMENT_SUBMIT_FAILED", 400, "restApiError"],
  ["IDENTITY_VERIFICATION_FAILED", 400, "restApiError"],
  ["IDENTITY_VERIFICATION_LIMIT_REACHED", 400, "restApiError"],
  ["DOCUMENT_VERIFICATION_FAILED", 400, "restApiError"],
  ["PRESENCE_CHECK_FAILED", 400, "restApiError"],
  ["PRESENCE_CHECK_NOT_ENABLED", 400, "restApiError"],
  ["PRESENCE_CHECK_LIMIT_REACHED", 400, "restApiError"],
  ["A_CODE_OF_NEXT_YEAR", 418, "restApiError"],
];

let answer: RequestListener;
let plain: Server;
let secure: Server;

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let plainHost = "";
let secureHost = "";

before(async () => {
  plain = createServer((request, response) => answer(request, response));
  secure = createSecureServer(untrusted, (_request, response) => response.end());
  [plainHost, secureHost] = [await listening(plain), await listening(secure)];
});

after(() => {
  for (const server of [plain, secure]) {
    (server as ReturnType<typeof createServer>).closeAllConnections();
    server.close();
  }
});

/** A device whose API calls go over the network to this address; everything else the in-test peer answers. */
async function operationsAt(origin: string): Promise<Operations> {
  const peer = new Peer();
  const network: typeof peer.fetch = (url, init) => {
    const [, path] = url.split("/enrollment-server");
    return path?.startsWith("/api/") ? fetch(origin + path, init) : peer.fetch(url, init);
  };
  // Pauses between repeated requests are none.
  const timers = { after: (_pause: number, run: () => void) => (setImmediate(run), () => undefined) };
  const { powerAuth } = await activeDevice({ fetch: network, timers }, peer);
  return powerAuth.createMobileToken().operations;
}

const calls: Readonly<Record<Call, (operations: Operations) => Promise<unknown>>> = {
  getDetail: (operations) => operations.getDetail("1"),
  authorize: (operations) => operations.authorize({ id: "1", data: "A1" }, withPin()),
  reject: (operations) => operations.reject("1", "UNKNOWN"),
};

async function failureOf(call: Promise<unknown>): Promise<MobileTokenError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MobileTokenError, String(error));
  return error;
}

function json(status: number, body: unknown) {
  return (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
}

describe("an error envelope", () => {
  test("has every code the SDK knows in this table", () => {
    const known = Object.keys(KnownRestApiError).sort();
    assert.deepEqual(
      table
        .map(([code]) => code)
        .filter((code) => code !== "A_CODE_OF_NEXT_YEAR")
        .sort(),
      known,
    );
  });

  for (const [code, status, reasons] of table) {
    test(`${code} keeps its code, message and status, and is ${JSON.stringify(reasons)}; also with status 200`, async () => {
      const operations = await operationsAt(`http://${plainHost}`);
      for (const httpStatus of [status, 200]) {
        answer = json(httpStatus, { status: "ERROR", responseObject: { code, message: `about ${code}` } });
        for (const [name, call] of Object.entries(calls) as [Call, (typeof calls)["reject"]][]) {
          const error = await failureOf(call(operations));
          assert.equal(error.reason, typeof reasons === "string" ? reasons : reasons[name]);
          assert.deepEqual(error.responseError, { code, message: `about ${code}` });
          assert.equal(error.httpStatusCode, httpStatus);
          assert.ok(!error.message.includes("about"), "a server's text is not repeated in ours");
        }
      }
    });
  }
});

describe("an answer that is no envelope", () => {
  const page = "<html><body>502 Bad Gateway";
  const rows: readonly (readonly [string, number, string, MobileTokenErrorReason])[] = [
    ["an HTML page", 502, page, "network_errorStatusCode"],
    ["an HTML page", 403, page, "network_errorStatusCode"],
    ["an HTML page", 200, page, "network_invalidResponseObject"],
    ["nothing", 500, "", "network_errorStatusCode"],
    ["nothing", 200, "", "network_invalidResponseObject"],
    ["an error without a code", 400, '{"status":"ERROR","responseObject":{}}', "network_errorStatusCode"],
    ["another JSON", 200, '{"error":"x"}', "network_invalidResponseObject"],
    ["null", 200, "null", "network_invalidResponseObject"],
    ["more than fits", 200, `"${"x".repeat(4 * 1024 * 1024)}"`, "network_badServerResponse"],
  ];
  for (const [what, status, body, reason] of rows) {
    test(`but ${what}, with ${status}, is ${reason}`, async () => {
      const operations = await operationsAt(`http://${plainHost}`);
      answer = (_request, response) => void response.writeHead(status).end(body);
      for (const call of Object.values(calls)) {
        const error = await failureOf(call(operations));
        assert.equal(error.reason, reason);
        assert.equal(error.responseError, undefined);
        assert.equal(error.httpStatusCode, reason === "network_badServerResponse" ? undefined : status);
      }
    });
  }

  test("but a redirect, is not followed", async () => {
    const operations = await operationsAt(`http://${plainHost}`);
    answer = (_request, response) => void response.writeHead(302, { location: "/elsewhere" }).end();
    assert.equal((await failureOf(calls.authorize(operations))).reason, "network_generic");
  });
});

describe("no answer", () => {
  test("in time is network_timeOut, by the call's own limit", async () => {
    const operations = await operationsAt(`http://${plainHost}`);
    await operations.getDetail("1").catch(() => undefined);
    answer = () => undefined;
    const error = await failureOf(operations.authorize({ id: "1", data: "A1" }, withPin(), { timeout: 30 }));
    assert.equal(error.reason, "network_timeOut");
    // Headers that arrive and a body that does not.
    answer = (_request, response) => void response.writeHead(200).write("{");
    assert.equal((await failureOf(operations.reject("1", "UNKNOWN", { timeout: 30 }))).reason, "network_timeOut");
  });

  test("because the caller gave up is canceled", async () => {
    const operations = await operationsAt(`http://${plainHost}`);
    const controller = new AbortController();
    answer = () => controller.abort();
    const error = await failureOf(operations.reject("1", "UNKNOWN", { signal: controller.signal }));
    assert.equal(error.reason, "canceled");
    const { signal } = controller;
    const late = [operations.getOperations({ signal }), operations.getDetail("1", { signal })];
    for (const call of late) assert.equal((await failureOf(call)).reason, "canceled");
  });

  test("because the connection broke, or nobody listens, is network_generic with its cause", async () => {
    const operations = await operationsAt(`http://${plainHost}`);
    answer = (request) => void request.socket.destroy();
    const error = await failureOf(calls.authorize(operations));
    assert.equal(error.reason, "network_generic");
    assert.equal(error.powerAuthErrorCode, "NETWORK_ERROR");
    assert.ok(error.originalException instanceof Error);
    const nobody = await operationsAt("http://127.0.0.1:1");
    assert.equal((await failureOf(calls.getDetail(nobody))).reason, "network_generic");
  });

  test("from a server whose certificate is not trusted is network_sslError; nothing is sent to it", async () => {
    const operations = await operationsAt(`https://${secureHost}`);
    for (const call of Object.values(calls))
      assert.equal((await failureOf(call(operations))).reason, "network_sslError");
    // The server itself works.
    const response = await new Promise<number>((resolve, reject) => {
      import("node:https")
        .then(({ get }) =>
          get(`https://${secureHost}`, { ca: untrusted.cert }, (message) => resolve(message.statusCode ?? 0)).on(
            "error",
            reject,
          ),
        )
        .catch(reject);
    });
    assert.equal(response, 200);
  });
});
