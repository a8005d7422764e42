/** One device's whole life at another server, with everything that varies given from outside: so it can be recorded. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { PowerAuth, PowerAuthActivation, PowerAuthAuthentication } from "@countersign/client/mobile-token";
import { createMemoryStorage } from "@countersign/client/storage/memory";

export interface Given {
  readonly protocolVersion: "3.1" | "3.2" | "3.3";
  readonly applicationKey: string;
  readonly applicationSecret: string;
  readonly masterServerPublicKey: string;
  readonly activationCode: string;
  /** Milliseconds since the epoch; the device's clock stands still. */
  readonly now: number;
}

export interface OtherSide {
  post(path: string, body: string, headers: Record<string, string>): Promise<Response>;
  /** The digits a person would retype. */
  retype(digits: string): void;
}

export const offlineNonce = Buffer.alloc(16, 7).toString("base64");
export const offlineBody = "5ff1b1ed-a3cc-45a3-8ab0-ed60950312b6&A1*A100CZK";
const base = "https://another.test/enrollment-server";

/** The same numbers in each run. */
function seededRandom() {
  let drawn = 0;
  return (length: number): Uint8Array => {
    const blocks: Buffer[] = [];
    for (let size = 0; size < length; size += 32)
      blocks.push(createHmac("sha256", "seed").update(String(drawn++)).digest());
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
  };
}

/** Throws when anything is not as expected. */
export async function liveThrough(given: Given, other: OtherSide): Promise<void> {
  const { protocolVersion, applicationKey, applicationSecret, masterServerPublicKey, now } = given;
  const device = new PowerAuth(`recorded ${protocolVersion}`);
  const configuration = { applicationKey, applicationSecret, masterServerPublicKey, baseEndpointUrl: base };
  await device.configure(configuration, undefined, undefined, undefined, undefined, {
    protocolVersion,
    storage: createMemoryStorage(),
    random: seededRandom(),
    now: () => now,
    fetch: (url, init) => other.post(url.slice(base.length), String(init.body), init.headers as Record<string, string>),
  });
  try {
    const pin = () => PowerAuthAuthentication.password("2580");
    const created = await device.createActivation(
      PowerAuthActivation.createWithActivationCode(given.activationCode, "Recorded phone"),
    );
    assert.equal(created.userInfo?.subject, "user-1");
    await device.persistActivation(PowerAuthAuthentication.persistWithPassword("2580"));
    const status = await device.fetchActivationStatus();
    assert.deepEqual([status.state, status.customObject], ["ACTIVE", { branch: "Prague" }]);
    await device.validatePassword("2580");
    await assert.rejects(device.validatePassword("1111"), { code: "AUTHENTICATION_ERROR" });
    // The other server does not move its counter for a wrong signature; the device does, and the status tells it so.
    assert.equal((await device.fetchActivationStatus()).state, "ACTIVE");
    await decide(device, pin, other);
  } finally {
    await device.deconfigure();
  }
}

async function decide(device: PowerAuth, pin: () => PowerAuthAuthentication, other: OtherSide): Promise<void> {
  const { operations } = device.createMobileToken();
  const [operation] = await operations.getOperations();
  assert.equal(operation?.name, "authorize_payment");
  assert.equal(operation.formData.attributes.length, 2, "an attribute of an unknown type is kept");
  await operations.authorize(operation, pin());
  assert.deepEqual(await operations.getOperations(), []);
  assert.equal(Buffer.from(await device.fetchEncryptionKey(pin(), 7), "base64").length, 16);
  assert.equal((await device.fetchUserInfo()).givenName, "Jana");
  other.retype(await device.offlineSignature(pin(), "/operation/authorize/offline", offlineNonce, offlineBody));
  await device.removeActivationWithAuthentication(pin());
  assert.equal(await device.hasValidActivation(), false);
}
