/** When a one-time password came in and when it is sent, by clocks that differ. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  MobileTokenError,
  PacUtils,
  ProximityCheck,
  ProximityCheckType,
  type MobileTokenErrorDetail,
  type OnlineOperation,
  type OperationProximityCheck,
  type PowerAuth,
} from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, withPin } from "../device.ts";
import { Peer } from "../peer.ts";

const start = 1_900_000_000_000;
const data = "A1*A100CZK";

/** A device whose clock stands at `clock.now`, beside a server whose clock is `ahead` of it, and known. */
async function deviceWith({ ahead = 0 } = {}) {
  const clock = { now: start };
  const peer = new Peer();
  Object.defineProperty(peer, "now", { value: () => clock.now + ahead });
  const device = await activeDevice({ now: () => clock.now }, peer);
  const { operations } = device.powerAuth.createMobileToken();
  peer.operations.set("one", { id: "one", data, status: "PENDING" });
  await operations.getOperations();
  const send = async (proximityCheck: OperationProximityCheck) => {
    await operations.authorize({ id: "one", data, proximityCheck }, withPin());
    return (peer.operations.get("one")!.authorizedWith as { proximityCheck: Record<string, string> }).proximityCheck;
  };
  return { ...device, clock, operations, send };
}

const checkAt = (milliseconds: number) => ProximityCheck.create("12345678", "QR_CODE", new Date(milliseconds));
const at = (milliseconds: number) => new Date(milliseconds).toISOString();

const refuses = (detail: MobileTokenErrorDetail) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError, String(error));
  assert.deepEqual([error.reason, error.detail], ["operations_proximityCheckInvalid", detail]);
  return true;
};

describe("a proximity check", () => {
  test("goes out with the time of sending added, the password as otp, and nothing else", async () => {
    const { send, clock } = await deviceWith();
    clock.now += 4_000;
    const extra = { ...checkAt(start), secret: "not sent" };
    assert.deepEqual(await send(extra), {
      otp: "12345678",
      type: "QR_CODE",
      timestampReceived: at(start),
      timestampSent: at(start + 4_000),
    });
  });

  for (const ahead of [3_600_000, -3_600_000]) {
    test(`tells both times by the server's clock, which is ${ahead} ms ahead`, async () => {
      const { send, clock, powerAuth } = await deviceWith({ ahead });
      const check = await ProximityCheck.withSynchronizedTime("1", ProximityCheckType.DEEPLINK, powerAuth);
      clock.now += 4_000;
      const { timestampReceived, timestampSent, type } = await send(check);
      assert.equal(type, "DEEPLINK");
      assert.deepEqual([timestampReceived, timestampSent], [at(start + ahead), at(start + 4_000 + ahead)]);
    });
  }

  test("takes a time that the application has from the server's clock as it is", async () => {
    const ahead = 3_600_000;
    const { send } = await deviceWith({ ahead });
    assert.equal((await send(checkAt(start + ahead))).timestampReceived, at(start + ahead));
  });

  test("received later than sent, or at no time at all, is refused before anything is signed or sent", async () => {
    const { send, clock, peer } = await deviceWith();
    const [{ ctr }, requests] = [activationOf(peer), peer.requests.length];
    await assert.rejects(send(checkAt(start + 1)), refuses("received-after-sent"));
    // The clock was set back between scanning and approving.
    const check = checkAt(start);
    clock.now -= 60_000;
    await assert.rejects(send(check), refuses("received-after-sent"));
    for (const odd of [new Date(Number.NaN), start, at(start), undefined]) {
      const malformed = { ...check, timestampReceived: odd as Date };
      await assert.rejects(send(malformed), refuses("timestamp-received-invalid"));
    }
    assert.deepEqual([activationOf(peer).ctr, peer.requests.length], [ctr, requests]);
  });

  test("from a deep link is matched to the loaded operation by its id", async () => {
    const { operations, peer } = await deviceWith();
    const pac = PacUtils.parseDeeplink("bank://operation?oid=one&potp=12345678");
    const operation = (await operations.getOperations()).find(({ id }) => id === pac.oid)!;
    operation.proximityCheck = ProximityCheck.create(pac.potp!, "DEEPLINK", new Date(start));
    await operations.authorize(operation, withPin());
    const { proximityCheck } = peer.operations.get("one")!.authorizedWith as { proximityCheck: { type: string } };
    assert.equal(proximityCheck.type, "DEEPLINK");
  });
});

/** An application's own class: four members, two of them getters, and things that are none of the server's business. */
class Scanned implements OnlineOperation {
  proximityCheck: OperationProximityCheck | undefined = undefined;
  mobileTokenData: unknown = undefined;
  readonly note = "not sent";
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get id(): string {
    return this.#text.split("|")[0]!;
  }

  get data(): string {
    return this.#text.split("|")[1]!;
  }
}

async function peerOf(decide: (powerAuth: PowerAuth, operation: Scanned) => Promise<void>) {
  const { peer, powerAuth } = await deviceWith();
  const operation = new Scanned(`one|${data}`);
  await decide(powerAuth, operation);
  return peer.operations.get("one")!;
}

describe("an operation of an own class", () => {
  test("is approved by id and data alone", async () => {
    const { status, authorizedWith } = await peerOf((powerAuth, operation) =>
      powerAuth.createMobileToken().operations.authorize(operation, withPin()),
    );
    assert.deepEqual([status, authorizedWith], ["APPROVED", { id: "one", data }]);
  });

  test("is approved with its proximity check and mobileTokenData, and nothing else of it", async () => {
    const { authorizedWith } = await peerOf((powerAuth, operation) => {
      operation.proximityCheck = { totp: "1", type: "DEEPLINK", timestampReceived: new Date(start) };
      operation.mobileTokenData = { risk: 0.8, nested: { ok: true } };
      return powerAuth.createMobileToken().operations.authorize(operation, withPin());
    });
    const proximityCheck = { otp: "1", type: "DEEPLINK", timestampReceived: at(start), timestampSent: at(start) };
    const mobileTokenData = { risk: 0.8, nested: { ok: true } };
    assert.deepEqual(authorizedWith, { id: "one", data, proximityCheck, mobileTokenData });
  });

  test("is rejected, with mobileTokenData where it has any", async () => {
    const { status, rejectedWith } = await peerOf((powerAuth, operation) => {
      operation.mobileTokenData = { seen: 1 };
      return powerAuth.createMobileToken().operations.reject(operation, "UNKNOWN");
    });
    assert.equal(status, "REJECTED");
    assert.deepEqual(rejectedWith, { id: "one", reason: "UNKNOWN", mobileTokenData: { seen: 1 } });
  });
});
