/** `docs/guides/proximity-check.md`, run as it stands. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PowerAuthAuthentication, ProximityCheck } from "@countersign/client/mobile-token";
import { payment, pin } from "../world.ts";
import { type GuideWorld, openGuideWorld, runGuide } from "./run-guide.ts";

describe("the guide to the proximity check", () => {
  let world: GuideWorld;
  before(async () => {
    world = await openGuideWorld();
  });
  after(() => world.close());

  test("its program does and prints what the page says", async () => {
    await runGuide("proximity-check", world.values);
  });

  test("a code received later than now is an error on the device, and nothing is sent", async () => {
    const paths: string[] = [];
    const watched = (async (url: string, init: RequestInit) => {
      paths.push(new URL(url).pathname);
      return fetch(url, init);
    }) as typeof fetch;
    const device = await world.device("boris", pin, { fetch: watched });
    const { id, proximityOtp = "" } = await world.bank.createOperation({
      ...payment,
      userId: "boris",
      proximityCheck: true,
    });
    const { operations } = device.createMobileToken();
    const operation = await operations.getDetail(id);
    const later = new Date(Date.now() + 60_000);
    const early = { ...operation, proximityCheck: ProximityCheck.create(proximityOtp, "QR_CODE", later) };
    await assert.rejects(operations.authorize(early, PowerAuthAuthentication.password(pin)), {
      reason: "operations_proximityCheckInvalid",
    });
    assert.ok(!paths.some((path) => path.endsWith("/operation/authorize")));
    assert.equal((await world.bank.getOperation(id)).failureCount, 0);
    const now = { ...operation, proximityCheck: ProximityCheck.create(proximityOtp, "QR_CODE", new Date()) };
    await operations.authorize(now, PowerAuthAuthentication.password(pin));
    const { status, additionalData } = await world.bank.getOperation(id);
    const { type, timestampReceived, timestampSent } = additionalData["proximityCheck"] as Record<string, string>;
    assert.deepEqual([status, type], ["APPROVED", "QR_CODE"]);
    assert.ok(Date.parse(timestampReceived!) <= Date.parse(timestampSent!));
  });
});
