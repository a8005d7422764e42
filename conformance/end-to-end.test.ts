/** The main job and everything that may go wrong with it, over real HTTP on both stores. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { MobileTokenError, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { fetchJwks, verifyReceipt } from "@countersign/relying-party/receipt";
import { openWorld, payment, pin, type StoreOfWorld, stores, type World } from "./world.ts";

const withPin = (password = pin) => PowerAuthAuthentication.password(password);

const serverCode = (code: string) => (error: unknown) =>
  error instanceof MobileTokenError && error.responseError?.code === code;

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** A network that remembers what it carried and can be told to alter the next request to a path. */
function recordingNetwork() {
  const sent: Sent[] = [];
  let alter: { path: string; body: (body: string) => string } | undefined;
  const network = (async (url: string, init: RequestInit) => {
    let request = init;
    if (alter !== undefined && url.endsWith(alter.path)) {
      request = { ...init, body: alter.body(String(init.body)) };
      alter = undefined;
    }
    sent.push({ url, init: request });
    return fetch(url, request);
  }) as typeof fetch;
  return {
    fetch: network,
    last: (path: string) => sent.findLast(({ url }) => url.endsWith(path))!,
    alterNext: (path: string, body: (body: string) => string) => void (alter = { path, body }),
  };
}

async function answerTo({ url, init }: Sent): Promise<{ status: number; code: string | undefined }> {
  const response = await fetch(url, init);
  const body = (await response.json()) as { responseObject?: { code?: string } };
  return { status: response.status, code: body.responseObject?.code };
}

for (const store of await stores()) suite(store);

function suite(store: StoreOfWorld): void {
  describe(`end to end on ${store.name}`, () => {
    let world: World;
    before(async () => {
      world = await openWorld(store);
    });
    after(async () => {
      await world.close();
      await store.drop();
    });

    test("the main job: a payment is created, seen, approved with a PIN, and its receipt verifies offline", async () => {
      // 1. The bank creates a payment.
      const created = await world.bank.createOperation({ ...payment, userId: "anna", externalId: "invoice-7" });
      assert.equal(created.status, "PENDING");
      assert.equal(created.data, "A1*A1250.00EUR*ICZ2730300000001165254011**NRent");
      // 2. The device sees it.
      const device = await world.device("anna");
      const { operations } = device.createMobileToken();
      const listed = await operations.getOperations();
      assert.deepEqual(
        listed.map(({ id }) => id),
        [created.id],
      );
      assert.equal(listed[0]!.data, created.data);
      // 3. It approves with the PIN.
      await operations.authorize(listed[0]!, withPin());
      // 4. The bank gets the decision.
      const decided = await world.bank.waitForDecision(created.id, { timeoutMs: 5000 });
      assert.equal(decided.status, "APPROVED");
      // 5. The receipt verifies with nothing but the keys pinned before.
      const pinned = await fetchJwks(`${world.server.publicUrl}/.well-known/countersign/jwks.json`);
      const receipt = await verifyReceipt(await world.bank.getReceipt(created.id), pinned, { operationId: created.id });
      assert.equal(receipt.operation.data, created.data);
      assert.equal(receipt.decisions[0]!.userId, "anna");
      assert.deepEqual(receipt.decisions[0]!.evidence.factors, ["possession", "knowledge"]);
      assert.equal(receipt.decisions[0]!.evidence.kind, "powerauth");
      // 6. Nothing is left to do.
      assert.deepEqual(await operations.getOperations(), []);
    });

    test("four wrong PINs count and the right one forgives them; the fifth in a row blocks", async () => {
      const device = await world.device("boris");
      const { operations } = device.createMobileToken();
      for (let round = 0; round < 2; round++) {
        const operation = await world.bank.createOperation({ ...payment, userId: "boris" });
        const listed = await operations.getDetail(operation.id);
        for (let attempt = 1; attempt <= 4; attempt++) {
          await assert.rejects(operations.authorize(listed, withPin("1111")), { httpStatusCode: 401 });
          assert.equal((await device.fetchActivationStatus()).remainingAttempts, 5 - attempt);
        }
        if (round === 0) {
          await operations.authorize(listed, withPin());
          assert.equal((await device.fetchActivationStatus()).failCount, 0);
        } else {
          await assert.rejects(operations.authorize(listed, withPin("1111")));
          const status = await device.fetchActivationStatus();
          assert.equal(status.state, "BLOCKED");
          await assert.rejects(operations.authorize(listed, withPin()));
          assert.equal((await world.bank.getOperation(operation.id)).status, "PENDING");
        }
      }
    });

    test("data changed by one byte on the way is refused and decides nothing", async () => {
      const network = recordingNetwork();
      const device = await world.device("clara", pin, { fetch: network.fetch });
      const { operations } = device.createMobileToken();
      const operation = await world.bank.createOperation({ ...payment, userId: "clara" });
      network.alterNext("/operation/authorize", (body) => body.replace("1250.00", "9250.00"));
      const listed = await operations.getDetail(operation.id);
      await assert.rejects(operations.authorize(listed, withPin()), { httpStatusCode: 401 });
      const unchanged = await world.bank.getOperation(operation.id);
      assert.equal(unchanged.status, "PENDING");
      assert.equal(unchanged.failureCount, 0, "a request whose possession does not verify costs nothing");
      // The device itself signing other data than the operation's is counted.
      await assert.rejects(operations.authorize({ id: operation.id, data: `${operation.data}x` }, withPin()));
      assert.equal((await world.bank.getOperation(operation.id)).failureCount, 1);
    });

    test("an expired operation and one cancelled meanwhile cannot be approved, and each says so", async () => {
      const device = await world.device("dana");
      const { operations } = device.createMobileToken();
      const cancelled = await world.bank.createOperation({ ...payment, userId: "dana" });
      const listed = await operations.getDetail(cancelled.id);
      await world.bank.cancelOperation(cancelled.id);
      await assert.rejects(operations.authorize(listed, withPin()), serverCode("OPERATION_ALREADY_CANCELED"));

      const expiring = await world.bank.createOperation({ ...payment, userId: "dana", expiresAt: Date.now() + 1200 });
      const shown = await operations.getDetail(expiring.id);
      assert.equal((await world.bank.waitForDecision(expiring.id, { timeoutMs: 15_000 })).status, "EXPIRED");
      await assert.rejects(operations.authorize(shown, withPin()), serverCode("OPERATION_EXPIRED"));
      assert.equal((await world.bank.getOperation(expiring.id)).status, "EXPIRED");
    });

    test("a replayed approval and a replayed token are refused and change nothing", async () => {
      const network = recordingNetwork();
      const device = await world.device("emil", pin, { fetch: network.fetch });
      const { operations } = device.createMobileToken();
      const first = await world.bank.createOperation({ ...payment, userId: "emil" });
      await operations.authorize((await operations.getOperations())[0]!, withPin());
      const authorize = network.last("/operation/authorize");
      const list = network.last("/operation/list");
      assert.deepEqual(await answerTo(authorize), { status: 401, code: "POWERAUTH_AUTH_FAIL" });
      assert.equal((await answerTo(list)).status, 401);
      const status = await device.fetchActivationStatus();
      assert.equal(status.failCount, 0);
      assert.equal((await world.bank.getOperation(first.id)).attempts.length, 1);
    });

    test("a recorded wrong-PIN request sent again counts nothing", async () => {
      const network = recordingNetwork();
      const device = await world.device("fero", pin, { fetch: network.fetch });
      const { operations } = device.createMobileToken();
      const operation = await world.bank.createOperation({ ...payment, userId: "fero" });
      await assert.rejects(operations.authorize(await operations.getDetail(operation.id), withPin("0000")));
      const wrong = network.last("/operation/authorize");
      for (let repeat = 0; repeat < 8; repeat++) assert.equal((await answerTo(wrong)).status, 401);
      const status = await device.fetchActivationStatus();
      assert.equal(status.state, "ACTIVE");
      assert.equal(status.failCount, 1);
      assert.equal((await world.bank.getOperation(operation.id)).failureCount, 1);
    });

    test("two devices of one user see the same operation; the first decision stands", async () => {
      const [phone, tablet] = [await world.device("gita"), await world.device("gita")];
      const operation = await world.bank.createOperation({ ...payment, userId: "gita" });
      const onPhone = phone.createMobileToken().operations;
      const onTablet = tablet.createMobileToken().operations;
      const [seen] = await onTablet.getOperations();
      await onPhone.reject(operation.id, "UNEXPECTED_OPERATION");
      await assert.rejects(onTablet.authorize(seen!, withPin()), serverCode("OPERATION_ALREADY_FINISHED"));
      const decided = await world.bank.getOperation(operation.id);
      assert.equal(decided.status, "REJECTED");
      assert.equal(decided.decisions?.[0]?.reason, "UNEXPECTED_OPERATION");
      const history = await onTablet.getHistory(withPin());
      assert.equal(history[0]!.status, "REJECTED");
    });

    test("an unknown operation and another user's are answered alike", async () => {
      const device = await world.device("hana");
      const { operations } = device.createMobileToken();
      const foreign = await world.bank.createOperation({ ...payment, userId: "somebody-else" });
      for (const id of [foreign.id, "00000000-0000-4000-8000-000000000000"]) {
        await assert.rejects(operations.getDetail(id), serverCode("INVALID_OPERATION"));
        await assert.rejects(
          operations.authorize({ id, data: foreign.data }, withPin()),
          serverCode("INVALID_OPERATION"),
        );
        await assert.rejects(operations.reject(id, "UNKNOWN"), serverCode("INVALID_OPERATION"));
      }
      const untouched = await world.bank.getOperation(foreign.id);
      assert.equal(untouched.failureCount, 0);
      assert.deepEqual(untouched.attempts, []);
    });

    test("whatever is sent, no route answers 500", async () => {
      const bodies = [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        '{"requestObject":null}',
        '{"requestObject":[]}',
        '{"requestObject":{"id":7}}',
        '{"__proto__":{"x":1}}',
        `{"requestObject":{"id":"${"a".repeat(5000)}"}}`,
        "\u0000",
        '{"requestObject":{"activationId":"\\u0000"}}',
      ];
      const paths = [
        ...[
          "status",
          "keystore/create",
          "activation/create",
          "activation/status",
          "activation/remove",
          "activation/detail",
          "activation/rename",
          "token/create",
          "token/remove",
          "signature/validate",
          "vault/unlock",
          "user/info",
          "upgrade/start",
          "upgrade/commit",
          "recovery/confirm",
        ].map((path) => `/pa/v3/${path}`),
        ...["list", "detail", "detail/claim", "history", "authorize", "cancel"].map(
          (path) => `/api/auth/token/app/operation/${path}`,
        ),
        "/nowhere",
      ];
      const headers: Record<string, string>[] = [
        {},
        { "x-powerauth-authorization": "PowerAuth" },
        { "x-powerauth-authorization": `PowerAuth pa_activation_id="${"%".repeat(300)}"` },
        { "x-powerauth-token": 'PowerAuth token_id="x", token_digest="", nonce="", timestamp="9", version="3.3"' },
        { "x-powerauth-encryption": 'PowerAuth version="9.9", application_key="x"' },
        { "content-type": "text/plain" },
      ];
      for (const path of paths) {
        for (const body of bodies) {
          for (const extra of headers) {
            const response = await fetch(world.server.publicUrl + path, {
              method: "POST",
              headers: { "content-type": "application/json", ...extra },
              body,
            });
            const text = await response.text();
            assert.ok(
              response.status < 500,
              `${path} ${JSON.stringify(extra)} ${body.slice(0, 40)}: ${response.status} ${text}`,
            );
          }
        }
      }
    });

    test("the same idempotency key makes one operation; other content under it is a conflict", async () => {
      const request = { ...payment, userId: "ivan" };
      const results = await Promise.all(
        Array.from({ length: 16 }, () => world.bank.createOperation(request, { idempotencyKey: "order-1" })),
      );
      assert.equal(new Set(results.map(({ id }) => id)).size, 1);
      await assert.rejects(world.bank.createOperation({ ...request, userId: "jana" }, { idempotencyKey: "order-1" }), {
        code: "idempotency-conflict",
      });
    });

    test("a token is refused after its activation is blocked, and works again when it is unblocked", async () => {
      const device = await world.device("klara");
      const { operations } = device.createMobileToken();
      await operations.getOperations();
      const activationId = await device.getActivationIdentifier();
      await world.backOffice("/rest/v3/activation/block", { activationId, reason: "LOST" });
      await assert.rejects(operations.getOperations(), { httpStatusCode: 401 });
      await world.backOffice("/rest/v3/activation/unblock", { activationId });
      assert.deepEqual(await operations.getOperations(), []);
    });
  });
}
