/** `operationsClient` against a bank's bad days: lost answers, restarts, impatience. The network is a list of answers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RelyingPartyError } from "../../src/errors.ts";
import { operationsClient } from "../../src/operations.ts";

const pending = { id: "op-1", status: "PENDING", data: "A1*A100CZK" };
const approved = { ...pending, status: "APPROVED" };

type Reply = Response | Error | ((request: Request) => Promise<Response>);

function reply(body: unknown, status = 200): Response {
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
}

function problem(status: number, code: string, detail?: string): Response {
  return reply({ title: `About ${code}.`, status, code, ...(detail && { detail }) }, status);
}

/** A client whose requests get these replies in turn; the last one stays. */
function bank(...replies: Reply[]) {
  const requests: Request[] = [];
  const pauses: number[] = [];
  let keys = 0;
  const client = operationsClient({
    privateUrl: "http://127.0.0.1:8081/",
    clientId: "shop",
    clientSecret: "geheim:ü",
    newKey: () => `key-${++keys}`,
    pause: async (ms) => void pauses.push(ms),
    fetch: async (input, init) => {
      const request = new Request(input, init);
      requests.push(request);
      const next = replies.length > 1 ? replies.shift() : replies[0];
      if (next instanceof Error) throw next;
      assert.ok(next);
      return typeof next === "function" ? next(request) : next.clone();
    },
  });
  return { client, requests, pauses };
}

function fails(code: string, status?: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof RelyingPartyError, String(error));
    assert.deepEqual([error.code, error.status], [code, status]);
    return true;
  };
}

describe("createOperation", () => {
  const input = { template: "payment", userId: "alice", parameters: { amount: "100", currency: "CZK" } };

  test("sends what was given, with credentials in UTF-8 and a key of its own", async () => {
    const { client, requests } = bank(reply(pending, 201));
    assert.deepEqual(await client.createOperation(input), pending);
    const [request] = requests;
    assert.equal(request?.method, "POST");
    assert.equal(request.url, "http://127.0.0.1:8081/v1/operations");
    assert.equal(request.headers.get("idempotency-key"), "key-1");
    assert.equal(request.headers.get("authorization"), `Basic ${Buffer.from("shop:geheim:ü").toString("base64")}`);
    assert.equal(request.redirect, "error");
    assert.deepEqual(await request.json(), input);
  });

  test("repeats the very same request under the same key when the answer was lost or the server is away", async () => {
    const { client, requests, pauses } = bank(
      new TypeError("fetch failed"),
      problem(503, "outcome-unknown"),
      reply("<html>", 502),
      reply(pending),
    );
    assert.deepEqual(await client.createOperation(input, { idempotencyKey: "payment-7" }), pending);
    assert.deepEqual(
      requests.map((request) => request.headers.get("idempotency-key")),
      Array(4).fill("payment-7"),
    );
    assert.equal(new Set(await Promise.all(requests.map((request) => request.text()))).size, 1);
    assert.deepEqual(pauses, [200, 400, 800]);
  });

  test("uses one made-up key for its repetitions and another one for the next operation", async () => {
    const { client, requests } = bank(new TypeError("fetch failed"), reply(pending));
    await client.createOperation(input);
    await client.createOperation(input);
    assert.deepEqual(
      requests.map((request) => request.headers.get("idempotency-key")),
      ["key-1", "key-1", "key-2"],
    );
  });

  test("gives up after the fourth attempt with what the last one brought", async () => {
    const away = bank(problem(503, "unavailable"));
    await assert.rejects(away.client.createOperation(input), fails("unavailable", 503));
    assert.equal(away.requests.length, 4);
    const dead = bank(new TypeError("fetch failed"));
    await assert.rejects(dead.client.createOperation(input), fails("unreachable"));
  });

  test("does not repeat what another attempt would not change", async () => {
    for (const [status, code] of [
      [400, "invalid-request"],
      [401, "unauthenticated"],
      [404, "template-not-found"],
      [409, "idempotency-conflict"],
      [429, "throttled"],
      [500, "unexpected"],
    ] as const) {
      const { client, requests } = bank(problem(status, code));
      await assert.rejects(client.createOperation(input), fails(code, status));
      assert.equal(requests.length, 1);
    }
  });

  test("hands on which member was wrong, and never what stood there", async () => {
    const { client } = bank(problem(400, "invalid-request", "parameters.note - pattern"));
    await assert.rejects(client.createOperation(input), {
      code: "invalid-request",
      detail: "parameters.note - pattern",
    });
  });

  test("takes nothing for an operation that is none", async () => {
    for (const body of [
      "",
      "<html>",
      "null",
      "7",
      {},
      { id: 1, status: "PENDING", data: "" },
      { ...pending, status: "DONE" },
    ]) {
      const { client } = bank(reply(body));
      await assert.rejects(client.createOperation(input), { code: "response-malformed" });
    }
  });
});

describe("calls", () => {
  test("end with `cancelled` when their signal is aborted, before or while they run, and are not repeated", async () => {
    const never = (request: Request) =>
      new Promise<Response>((_, reject) =>
        request.signal.addEventListener("abort", () => reject(new Error("aborted"))),
      );
    const { client, requests } = bank(never);
    const controller = new AbortController();
    const call = client.getOperation("op-1", { signal: controller.signal });
    controller.abort();
    await assert.rejects(call, fails("cancelled"));
    assert.equal(requests.length, 1);
  });

  test("end with `timeout` when an attempt takes too long", async () => {
    const client = operationsClient({
      privateUrl: "http://127.0.0.1:8081",
      clientId: "a",
      clientSecret: "b",
      attempts: 1,
      attemptTimeoutMs: 20,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
    });
    // Node's timer of AbortSignal.timeout does not keep the process alive by itself.
    const alive = setTimeout(() => undefined, 1000);
    await assert.rejects(client.getOperation("op-1"), fails("timeout"));
    clearTimeout(alive);
  });

  test("escape ids, so that no id reaches another address", async () => {
    const { client, requests } = bank(reply(pending));
    await client.getOperation("../accounts?x=1#");
    assert.equal(requests[0]?.url, "http://127.0.0.1:8081/v1/operations/..%2Faccounts%3Fx%3D1%23");
  });

  test("of cancelOperation are sent once only: a repetition would answer for itself", async () => {
    const { client, requests } = bank(problem(503, "outcome-unknown"));
    await assert.rejects(client.cancelOperation("op-1", { reason: "ORDER_VOID" }), fails("outcome-unknown", 503));
    assert.equal(requests.length, 1);
    assert.deepEqual(await requests[0]?.json(), { reason: "ORDER_VOID" });
  });

  test("of offlineQr give the text of the code and are repeated; of redeemOfflineCode they are sent once only", async () => {
    const { client, requests } = bank(problem(503, "unavailable"), reply({ qr: "op-1\n…" }));
    assert.equal(await client.offlineQr("op-1", { activationId: "a", language: "cs" }), "op-1\n…");
    assert.equal(requests[1]?.url, "http://127.0.0.1:8081/v1/operations/op-1/offline-qr");
    assert.deepEqual(await requests[1]?.json(), { activationId: "a", language: "cs" });
    await assert.rejects(
      bank(reply({})).client.offlineQr("op-1", { activationId: "a" }),
      fails("response-malformed", 200),
    );

    const redeeming = bank(reply(approved));
    assert.deepEqual(await redeeming.client.redeemOfflineCode("op/1", { code: "1234 5678 9012 3456" }), approved);
    assert.equal(redeeming.requests[0]?.url, "http://127.0.0.1:8081/v1/operations/op%2F1/offline-code");
    assert.deepEqual(await redeeming.requests[0]?.json(), { code: "1234 5678 9012 3456" });
    const away = bank(problem(503, "outcome-unknown"));
    await assert.rejects(away.client.redeemOfflineCode("op-1", { code: "x" }), fails("outcome-unknown", 503));
    assert.equal(away.requests.length, 1);
  });

  test("of getReceipt give the signed text or say that there is none yet", async () => {
    assert.equal(await bank(reply({ receipt: "a.b.c" })).client.getReceipt("op-1"), "a.b.c");
    await assert.rejects(bank(problem(409, "not-decided")).client.getReceipt("op-1"), fails("not-decided", 409));
    await assert.rejects(bank(reply({})).client.getReceipt("op-1"), { code: "response-malformed" });
  });
});

describe("waitForDecision", () => {
  test("asks with a long poll until the operation is decided", async () => {
    const { client, requests } = bank(reply(pending), reply(pending), reply(approved));
    assert.deepEqual(await client.waitForDecision("op-1"), approved);
    assert.deepEqual(
      requests.map((request) => new URL(request.url).search),
      Array(3).fill("?waitSeconds=30"),
    );
  });

  test("asks a server that answers at once only once a second", async () => {
    const { client, pauses } = bank(reply(pending), reply(approved));
    await client.waitForDecision("op-1");
    assert.equal(pauses.length, 1);
    assert.ok((pauses[0] ?? 0) > 900, String(pauses));
  });

  test("hands back the pending operation when the time is over", async () => {
    const { client, requests } = bank(reply(pending));
    assert.deepEqual(await client.waitForDecision("op-1", { timeoutMs: 0 }), pending);
    assert.equal(new URL(requests[0]?.url ?? "").search, "");
  });

  test("outlasts a server that is away, ever more patiently, but no refusal", async () => {
    const restart = bank(
      new TypeError("fetch failed"),
      problem(503, "unavailable"),
      new TypeError("fetch failed"),
      reply(approved),
    );
    assert.deepEqual(await restart.client.waitForDecision("op-1"), approved);
    assert.deepEqual(restart.pauses, [1000, 2000, 4000]);
    const gone = bank(problem(404, "operation-not-found"));
    await assert.rejects(gone.client.waitForDecision("op-1"), fails("operation-not-found", 404));
  });

  test("throws what the last attempt brought when the time is over and nobody answered", async () => {
    const { client } = bank(new TypeError("fetch failed"));
    await assert.rejects(client.waitForDecision("op-1", { timeoutMs: 0 }), fails("unreachable"));
  });
});
