/** What is refused on the device before anything is signed: factors an operation does not allow, data JSON cannot carry. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  MobileTokenDataBuilder,
  MobileTokenError,
  PowerAuthAuthentication,
  PreApprovalScreensRecorder,
  type MobileTokenErrorDetail,
  type MobileTokenErrorReason,
  type OnlineOperation,
} from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, pin, possession, TestBiometry, withPin } from "../device.ts";
import { ManualTime } from "../manual-time.ts";
import { Peer } from "../peer.ts";

const data = "A1*A100CZK";
const biometry = () => PowerAuthAuthentication.biometry({ promptMessage: "Pay?" });

const fails = (reason: MobileTokenErrorReason, detail?: MobileTokenErrorDetail) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.deepEqual([error.reason, error.detail], [reason, detail]);
  return true;
};

async function device() {
  const time = new ManualTime();
  const provider = new TestBiometry();
  const peer = new Peer();
  Object.defineProperty(peer, "now", { value: () => time.now() + peer.clockAhead });
  const { powerAuth } = await activeDevice({ now: time.now, timers: time, biometryProvider: provider }, peer);
  await powerAuth.addBiometryFactor(pin, { promptMessage: "?" });
  provider.prompts.length = 0;
  peer.operations.set("one", { id: "one", data, status: "PENDING" });
  const { operations } = powerAuth.createMobileToken();
  const allowing = async (type: string, variants: readonly string[]) => {
    peer.operations.set("one", {
      id: "one",
      data,
      status: "PENDING",
      shown: { allowedSignatureType: { type, variants } },
    });
    return operations.getDetail("one");
  };
  return { time, peer, powerAuth, operations, provider, allowing };
}

describe("factors", () => {
  const rows: readonly (readonly [string, readonly string[], Record<string, MobileTokenErrorDetail | undefined>])[] = [
    ["2FA", ["possession_knowledge", "possession_biometry"], { possession: "two-factors-required" }],
    ["2FA", ["possession_knowledge"], { possession: "two-factors-required", biometry: "biometrics-not-allowed" }],
    ["2FA", ["possession_biometry"], { possession: "two-factors-required", password: "password-not-allowed" }],
    ["2FA", [], { possession: "two-factors-required" }],
    ["1FA", [], {}],
    ["1FA", ["possession_knowledge"], { biometry: "biometrics-not-allowed" }],
    ["ECDSA", [], {}],
    ["3FA", ["possession_iris"], {}],
  ];
  for (const [type, variants, refusals] of rows) {
    test(`of an operation that allows ${type} ${variants.join(", ")} are checked before anybody is asked`, async () => {
      const { operations, allowing, peer, provider } = await device();
      const factors = { possession: possession(), password: withPin(), biometry: biometry() };
      for (const [name, authentication] of Object.entries(factors)) {
        const operation = await allowing(type, variants);
        const [{ ctr }, requests, prompts] = [activationOf(peer), peer.requests.length, provider.prompts.length];
        const refusal = refusals[name];
        if (refusal === undefined) {
          await operations.authorize(operation, authentication);
          continue;
        }
        await assert.rejects(
          operations.authorize(operation, authentication),
          fails("operations_factorsNotAllowed", refusal),
        );
        assert.deepEqual(
          [activationOf(peer).ctr, peer.requests.length, provider.prompts.length],
          [ctr, requests, prompts],
        );
      }
    });
  }

  test("are told by isBiometryAllowed, and rejecting needs none of them", async () => {
    const { operations, allowing, peer } = await device();
    const operation = await allowing("2FA", ["possession_knowledge"]);
    assert.equal(operation.allowedSignatureType.isBiometryAllowed, false);
    assert.equal((await allowing("2FA", ["possession_biometry"])).allowedSignatureType.isBiometryAllowed, true);
    await operations.rejectOperation(operation, "UNKNOWN");
    assert.equal(peer.operations.get("one")?.status, "REJECTED");
  });

  test("of an operation of an application's own are the server's business", async () => {
    const { operations } = await device();
    await operations.authorize({ id: "one", data }, possession());
  });
});

describe("mobileTokenData", () => {
  const fdsData = {
    deviceFingerprint: "abc123def456",
    riskScore: 0.8,
    location: { latitude: 50.0755, longitude: 14.4378 },
  };

  test("goes out as it is, numbers included, with an approval and with a rejection", async () => {
    const { operations, peer } = await device();
    const text = JSON.stringify(fdsData);
    await operations.authorize({ id: "one", data, mobileTokenData: fdsData }, withPin());
    assert.equal(
      peer.requests.at(-1)?.body,
      `{"requestObject":{"id":"one","data":"${data}","mobileTokenData":${text}}}`,
    );
    peer.operations.set("two", { id: "two", data, status: "PENDING" });
    await operations.reject({ id: "two", data, mobileTokenData: fdsData }, "PREAPPROVAL");
    assert.deepEqual(peer.operations.get("two")?.rejectedWith, {
      id: "two",
      reason: "PREAPPROVAL",
      mobileTokenData: fdsData,
    });
  });

  test("that is unset or null is left out of the body", async () => {
    const { operations, peer } = await device();
    for (const nothing of [undefined, null]) {
      peer.operations.set("one", { id: "one", data, status: "PENDING" });
      await operations.authorize({ id: "one", data, mobileTokenData: nothing, proximityCheck: nothing }, withPin());
      assert.equal(peer.requests.at(-1)?.body, `{"requestObject":{"id":"one","data":"${data}"}}`);
    }
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const odd: readonly (readonly [string, unknown, MobileTokenErrorDetail])[] = [
    ["a text", "x", "mobile-token-data-no-object"],
    ["a number", 1, "mobile-token-data-no-object"],
    ["false", false, "mobile-token-data-no-object"],
    ["a list", [1], "mobile-token-data-no-object"],
    ["a date", new Date(), "mobile-token-data-no-object"],
    ["a map", new Map([["a", 1]]), "mobile-token-data-no-json"],
    ["a number that is none", { a: Number.NaN }, "mobile-token-data-no-json"],
    ["an endless number, deep down", { a: [{ b: Number.POSITIVE_INFINITY }] }, "mobile-token-data-no-json"],
    ["a function", { a: () => 1 }, "mobile-token-data-no-json"],
    ["a big integer", { a: 1n }, "mobile-token-data-no-json"],
    ["a circle", circular, "mobile-token-data-no-json"],
  ];
  for (const [what, mobileTokenData, detail] of odd) {
    test(`that is or has ${what} is a typed error; nothing is signed or sent`, async () => {
      const { operations, peer } = await device();
      const [{ ctr }, requests] = [activationOf(peer), peer.requests.length];
      const operation: OnlineOperation = { id: "one", data, mobileTokenData };
      await assert.rejects(operations.authorize(operation, withPin()), fails("network_invalidRequestObject", detail));
      await assert.rejects(operations.reject(operation, "UNKNOWN"), fails("network_invalidRequestObject", detail));
      assert.deepEqual([activationOf(peer).ctr, peer.requests.length], [ctr, requests]);
    });
  }
});

describe("MobileTokenDataBuilder", () => {
  test("puts together values and records, and gives a copy nobody can change", async () => {
    const nested = { a: [1] };
    const builder = new MobileTokenDataBuilder({ first: 1, gone: 2 }).put("nested", nested);
    await builder.putRecord({ key: "record", build: async () => ["later"] });
    assert.deepEqual([builder.remove("gone"), builder.remove("gone")], [true, false]);
    const built = builder.build();
    nested.a.push(2);
    builder.put("after", true);
    assert.deepEqual(built, { first: 1, nested: { a: [1] }, record: ["later"] });
    assert.throws(() => Object.assign(built.nested as object, { a: 2 }), TypeError);
    builder.clear();
    assert.deepEqual(builder.build(), {});
  });

  test("takes the later of two values under one key, and refuses what JSON cannot carry", async () => {
    const builder = new MobileTokenDataBuilder().put("key", "generic");
    await builder.putRecord({ key: "key", build: () => "record" });
    assert.deepEqual(builder.build(), { key: "record" });
    assert.throws(
      () => builder.put("x", Number.NaN),
      fails("network_invalidRequestObject", "mobile-token-data-no-json"),
    );
  });
});

describe("PreApprovalScreensRecorder", () => {
  const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

  async function recorder() {
    const { powerAuth, time, peer } = await device();
    return { recorder: new PreApprovalScreensRecorder(powerAuth), time, peer, powerAuth };
  }

  test("tells each visit with its times and the action that ended it", async () => {
    const { recorder: visits, time } = await recorder();
    const start = time.now();
    visits.begin("one");
    time.advance(1_500);
    visits.end("one", "CONTINUE").begin("two").end("two", "OWN_WORD");
    assert.equal(visits.key, "preApprovalScreens");
    assert.deepEqual(await visits.build(), [
      { screen: "one", timestampOpened: iso(start), timestampClosed: iso(start + 1_500), action: "CONTINUE" },
      { screen: "two", timestampOpened: iso(start + 1_500), timestampClosed: iso(start + 1_500), action: "OWN_WORD" },
    ]);
  });

  test("ignores an empty id and the screen that is open; another one covers it, unclosed", async () => {
    const { recorder: visits, time } = await recorder();
    const start = time.now();
    visits.begin("").begin("one");
    time.advance(10);
    visits.begin("one").begin("two").end("other", "BACK");
    time.advance(10);
    assert.deepEqual(await visits.build(), [
      { screen: "one", timestampOpened: iso(start) },
      { screen: "two", timestampOpened: iso(start + 10), timestampClosed: iso(start + 20) },
    ]);
  });

  test("closes the last covered visit by its own id only, and never twice", async () => {
    const { recorder: visits } = await recorder();
    visits.begin("one").begin("two").end("one", "BACK").end("one", "CLOSE").end("two", "CONTINUE").end("two", "SCAN");
    assert.deepEqual(
      (await visits.build()).map(({ screen, action }) => [screen, action]),
      [
        ["one", "BACK"],
        ["two", "CONTINUE"],
      ],
    );
    visits.begin("one").begin("two").begin("three").end("one", "BACK");
    const unclosed = (await visits.build()).filter(({ timestampClosed }) => timestampClosed === undefined);
    assert.deepEqual(
      unclosed.map(({ screen }) => screen),
      ["one", "two"],
    );
    visits.reset();
    assert.deepEqual(await visits.build(), []);
  });

  test("tells times by the server's clock, also those noted before it was known", async () => {
    const { recorder: visits, time, peer, powerAuth } = await recorder();
    await powerAuth.deconfigure();
    peer.clockAhead = 90_000;
    const environment = { now: time.now, fetch: peer.fetch };
    await powerAuth.configure(peer.configuration, undefined, undefined, undefined, undefined, environment);
    visits.begin("one").end("one", "SCAN");
    const expected = iso(time.now() + 90_000);
    assert.deepEqual(await visits.build(), [
      { screen: "one", timestampOpened: expected, timestampClosed: expected, action: "SCAN" },
    ]);
  });

  test("goes into mobileTokenData as a record", async () => {
    const { recorder: visits } = await recorder();
    const builder = new MobileTokenDataBuilder();
    await builder.putRecord(visits.begin("one").end("one", "REJECT"));
    const built = builder.build() as { preApprovalScreens: { action: string }[] };
    assert.equal(built.preApprovalScreens[0]?.action, "REJECT");
  });
});
