/** Operations of the Mobile Token API against the in-test peer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  MobileTokenError,
  PowerAuthAuthentication,
  RejectionReason,
  type Environment,
  type MobileTokenErrorReason,
} from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, configuredDevice, pin, TestBiometry, withPin } from "../device.ts";
import { Peer } from "../peer.ts";

const base = "/api/auth/token/app/operation";

async function tokenDevice(overrides: Environment = {}, peer = new Peer()) {
  const device = await activeDevice({ biometryProvider: new TestBiometry(), ...overrides }, peer);
  for (const id of ["one", "two"]) device.peer.operations.set(id, { id, data: `A1*A100CZK*N${id}`, status: "PENDING" });
  const mobileToken = device.powerAuth.createMobileToken();
  return { ...device, mobileToken, operations: mobileToken.operations };
}

const fails = (reason: MobileTokenErrorReason, code?: string) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.equal(error.reason, reason);
  assert.equal(error.responseError?.code, code);
  return true;
};

describe("operations", () => {
  test("are listed and looked at with one token; neither spends a counter value", async () => {
    const { operations, peer } = await tokenDevice();
    const list = await operations.getOperations();
    assert.deepEqual(
      list.map(({ id }) => id),
      ["one", "two"],
    );
    assert.equal((await operations.getDetail("two")).data, "A1*A100CZK*Ntwo");
    const [row] = (await operations.detail("two")).formData.attributes;
    assert.equal(row?.type === "KEY_VALUE" && row.value, "Bob");
    assert.equal(peer.tokens.size, 1);
    assert.equal(activationOf(peer).ctr, 1);
  });

  test("are approved with a password: the signature covers exactly the body that was sent", async () => {
    const { operations, peer } = await tokenDevice();
    const [operation] = await operations.getOperations();
    await operations.authorize(operation!, withPin());
    const request = peer.requests.at(-1)!;
    assert.equal(request.path, `${base}/authorize`);
    assert.equal(request.body, '{"requestObject":{"id":"one","data":"A1*A100CZK*None"}}');
    assert.deepEqual(request.signature, { factors: "possession_knowledge", offset: 0 });
    assert.equal(peer.operations.get("one")?.status, "APPROVED");
  });

  test("carry proximity check and the customer's data along when they are approved", async () => {
    const { operations, peer } = await tokenDevice();
    const [operation] = await operations.getOperations();
    operation!.mobileTokenData = { risk: 0.8, nested: [true] };
    const timestampReceived = new Date(1_700_000_000_000);
    operation!.proximityCheck = { totp: "12345678", type: "QR_CODE", timestampReceived };
    await operations.authorize(operation!, withPin());
    const sent = peer.operations.get("one")!.authorizedWith as { proximityCheck: { timestampSent: string } };
    const { timestampSent } = sent.proximityCheck;
    assert.ok(Math.abs(Date.parse(timestampSent) - Date.now()) < 5_000);
    assert.deepEqual(sent, {
      id: "one",
      data: "A1*A100CZK*None",
      proximityCheck: {
        otp: "12345678",
        type: "QR_CODE",
        timestampReceived: timestampReceived.toISOString(),
        timestampSent,
      },
      mobileTokenData: { risk: 0.8, nested: [true] },
    });
  });

  test("of any origin are approved by biometry", async () => {
    const { operations, peer, powerAuth } = await tokenDevice();
    await powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
    const biometry = PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });
    await operations.authorize({ id: "one", data: "A1*A100CZK*None" }, biometry);
    assert.equal(peer.requests.at(-1)?.signature?.factors, "possession_biometry");
  });

  test("are rejected by the device alone, with a known reason or the person's own words", async () => {
    const { operations, peer } = await tokenDevice();
    await operations.reject("one", RejectionReason.incorrectData());
    assert.deepEqual(peer.operations.get("one")?.rejectedWith, { id: "one", reason: "INCORRECT_DATA" });
    assert.equal(peer.requests.at(-1)?.signature?.factors, "possession");
    const [, two] = await operations.getOperations();
    two!.mobileTokenData = { seen: 1 };
    await operations.reject(two!, "I never asked for that");
    const expected = { id: "two", reason: "I never asked for that", mobileTokenData: { seen: 1 } };
    assert.deepEqual(peer.operations.get("two")?.rejectedWith, expected);
    const reasons = [RejectionReason.unknown(), RejectionReason.unexpectedOperation(), RejectionReason.custom("x")];
    assert.deepEqual(
      reasons.map(({ serialized }) => serialized),
      ["UNKNOWN", "UNEXPECTED_OPERATION", "x"],
    );
  });

  test("of the past are told to two factors", async () => {
    const { operations } = await tokenDevice();
    await operations.reject("one", RejectionReason.unknown());
    const history = await operations.getHistory(withPin());
    assert.deepEqual(
      history.map(({ status }) => status),
      ["REJECTED", "PENDING"],
    );
    assert.equal((await operations.history(withPin())).length, 2);
    await assert.rejects(
      operations.getHistory(PowerAuthAuthentication.possession()),
      fails("restApiError", "ERR_AUTHENTICATION"),
    );
  });

  test("decided in parallel reach the server in the order of their counters", async () => {
    const peer = new Peer();
    let pause = 12;
    const fetch: typeof peer.fetch = async (url, init) => {
      if (url.includes("/operation/")) await new Promise((resolve) => setTimeout(resolve, (pause -= 4)));
      return peer.fetch(url, init);
    };
    const { operations } = await tokenDevice({ fetch }, peer);
    await Promise.all([
      operations.authorize({ id: "one", data: "A1*A100CZK*None" }, withPin()),
      operations.reject("two", RejectionReason.unknown()),
      operations.getHistory(withPin()),
    ]);
    const offsets = peer.requests.filter(({ signature }) => signature).map(({ signature }) => signature!.offset);
    assert.deepEqual(offsets, [0, 0, 0]);
  });
});

describe("requests", () => {
  test("say language and user agent, as configured and as changed later", async () => {
    const { powerAuth, peer } = await tokenDevice();
    const mobileToken = powerAuth.createMobileToken({ acceptLanguage: "cs", userAgent: "Bank/1.0" });
    await mobileToken.operations.getOperations();
    const headers = () => peer.requests.at(-1)!.headers;
    assert.equal(headers().get("Accept-Language"), "cs");
    assert.equal(headers().get("User-Agent"), "Bank/1.0");
    mobileToken.setAcceptLanguage("de");
    await mobileToken.operations.getHistory(withPin());
    assert.equal(headers().get("Accept-Language"), "de");
    await powerAuth.createMobileToken().operations.getOperations();
    assert.equal(headers().get("Accept-Language"), "en");
  });

  test("with a token that the server forgot make a new one, once, and never repeat a refusal of that one", async () => {
    const { operations, peer } = await tokenDevice();
    await operations.getOperations();
    peer.tokens.clear();
    assert.equal((await operations.getOperations()).length, 2);
    assert.equal(peer.tokens.size, 1);
    const before = peer.paths().filter((path) => path === "/pa/v3/token/create").length;
    peer.intercept = (path) =>
      path.startsWith(base)
        ? Response.json(
            { status: "ERROR", responseObject: { code: "POWERAUTH_AUTH_FAIL", message: "" } },
            { status: 401 },
          )
        : undefined;
    await assert.rejects(operations.getOperations(), fails("restApiError", "POWERAUTH_AUTH_FAIL"));
    assert.equal(peer.paths().filter((path) => path === "/pa/v3/token/create").length, before + 1);
  });

  test("with a signature are never repeated: a wrong password costs one attempt", async () => {
    const { operations, peer } = await tokenDevice();
    const wrong = operations.authorize({ id: "one", data: "A1*A100CZK*None" }, withPin("0000"));
    await assert.rejects(wrong, fails("restApiError", "ERR_AUTHENTICATION"));
    assert.equal(activationOf(peer).failed, 1);
  });

  test("keep the server's code, status and message in what they throw", async () => {
    const { operations } = await tokenDevice();
    await assert.rejects(operations.getDetail("nowhere"), (error: unknown) => {
      assert.ok(error instanceof MobileTokenError);
      assert.equal(error.httpStatusCode, 400);
      assert.deepEqual(error.responseError, { code: "INVALID_OPERATION", message: "peer says INVALID_OPERATION" });
      return true;
    });
    await operations.reject("one", "x");
    const twice = operations.authorize({ id: "one", data: "A1*A100CZK*None" }, withPin());
    await assert.rejects(twice, fails("operations_alreadyFinished", "OPERATION_ALREADY_FINISHED"));
  });

  test("tell apart: no answer, a page instead of JSON, an envelope without what was asked for, no activation", async () => {
    const { operations, peer, powerAuth } = await tokenDevice();
    await operations.getOperations();
    const answerWith = (response: () => Response | Promise<Response>) => (peer.intercept = response);
    answerWith(() => Promise.reject(new TypeError("fetch failed")));
    await assert.rejects(operations.getOperations(), fails("network_generic"));
    answerWith(() => new Promise(() => undefined));
    await assert.rejects(operations.getOperations({ timeout: 10 }), fails("network_timeOut"));
    answerWith(() => new Response("<html>", { status: 502 }));
    await assert.rejects(operations.getOperations(), fails("network_errorStatusCode"));
    answerWith(() => new Response("", { status: 200 }));
    await assert.rejects(operations.getOperations(), fails("network_invalidResponseObject"));
    answerWith(() => Response.json({ status: "OK", responseObject: {} }));
    await assert.rejects(operations.getOperations(), fails("network_invalidResponseObject"));
    await assert.rejects(operations.getDetail("one"), fails("network_invalidResponseObject"));
    await powerAuth.removeActivationLocal();
    await assert.rejects(operations.getOperations(), fails("missingActivation"));
    await assert.rejects(operations.authorize({ id: "1", data: "" }, withPin()), fails("missingActivation"));
  });

  test("end with canceled by the caller's signal; one that was never sent spends no counter value", async () => {
    const { operations, peer } = await tokenDevice();
    const controller = new AbortController();
    peer.intercept = () => new Promise(() => undefined);
    const call = operations.getHistory(withPin(), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await assert.rejects(call, fails("canceled"));
    peer.intercept = () => undefined;
    const { ctr } = activationOf(peer);
    await assert.rejects(operations.getHistory(withPin(), { signal: controller.signal }), fails("canceled"));
    await operations.getHistory(withPin());
    // One value was spent by the call under way, none by the one refused at once.
    assert.equal(activationOf(peer).ctr, ctr + 2);
  });

  test("that cannot be written as JSON, or signed, are not sent", async () => {
    const { operations, peer } = await tokenDevice();
    const requests = peer.requests.length;
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const operation = { id: "one", data: "A1*A100CZK*None", mobileTokenData: circular };
    await assert.rejects(operations.authorize(operation, withPin()), fails("network_invalidRequestObject"));
    await assert.rejects(
      operations.authorize({ id: "one", data: "A1*A100CZK*None" }, withPin("12")),
      (error: unknown) => {
        return error instanceof MobileTokenError && error.powerAuthErrorCode === "SIGNATURE_ERROR";
      },
    );
    assert.equal(peer.requests.length, requests);
  });

  test("of an instance that is not configured say so", async () => {
    const { powerAuth } = await configuredDevice();
    const { operations } = powerAuth.createMobileToken();
    await powerAuth.deconfigure();
    await assert.rejects(operations.getOperations(), (error: unknown) => {
      return error instanceof MobileTokenError && error.powerAuthErrorCode === "INSTANCE_NOT_CONFIGURED";
    });
  });
});
