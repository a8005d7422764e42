import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { advanceCounter } from "@countersign/protocol/powerauth/counter";
import { PowerAuthError } from "../../src/mobile-token/index.ts";
import { activationOf, activeDevice, pin, possession, withPin, type TestDevice } from "../device.ts";

const fails = (code: string) => (error: unknown) => error instanceof PowerAuthError && error.code === code;
const status = (device: TestDevice) => device.powerAuth.fetchActivationStatus();

async function lose(device: TestDevice, signatures: number): Promise<void> {
  for (let index = 0; index < signatures; index++)
    await device.powerAuth.requestSignature(possession(), "POST", "/lost");
}

describe("fetchActivationStatus", () => {
  test("tells failed and remaining attempts, which a right password resets, and the server's own object", async () => {
    const device = await activeDevice();
    device.peer.customObject = { language: "cs" };
    for (const wrong of ["0000", "1111"]) {
      await assert.rejects(device.powerAuth.validatePassword(wrong), fails("AUTHENTICATION_ERROR"));
    }
    const expected = { state: "ACTIVE", maxFailCount: 5, customObject: { language: "cs" } };
    assert.deepEqual(await status(device), { ...expected, failCount: 2, remainingAttempts: 3 });
    await device.powerAuth.validatePassword(pin);
    assert.deepEqual(await status(device), { ...expected, failCount: 0, remainingAttempts: 5 });
  });

  test("the fifth wrong password blocks: no attempts remain, and the right password is refused as well", async () => {
    const device = await activeDevice();
    for (let attempt = 0; attempt < 5; attempt++) {
      await assert.rejects(device.powerAuth.validatePassword("0000"), fails("AUTHENTICATION_ERROR"));
    }
    const { state, failCount, remainingAttempts } = await status(device);
    assert.deepEqual({ state, failCount, remainingAttempts }, { state: "BLOCKED", failCount: 5, remainingAttempts: 0 });
    await assert.rejects(device.powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
  });

  test("an activation the server does not know is REMOVED, and stays here until it is removed here", async () => {
    const device = await activeDevice();
    device.peer.activations.clear();
    assert.equal((await status(device)).state, "REMOVED");
    assert.equal(await device.powerAuth.hasValidActivation(), true);
  });

  test("costs no counter value while fewer than half of the window are lost", async () => {
    const device = await activeDevice();
    await lose(device, 10);
    assert.equal((await status(device)).state, "ACTIVE");
    assert.ok(!device.peer.paths().includes("/pa/v3/signature/validate"));
    await device.powerAuth.validatePassword(pin);
  });

  test("spends one with the device alone when more than half are lost, so that the server catches up", async () => {
    const device = await activeDevice();
    await lose(device, 15);
    assert.equal((await status(device)).state, "ACTIVE");
    const signature = device.peer.requests.at(-1)?.signature;
    assert.deepEqual(signature, { factors: "possession", offset: 15 });
    assert.equal(activationOf(device.peer).ctr, 16);
  });

  test("is DEADLOCK beyond the window, and nothing is sent for it", async () => {
    const device = await activeDevice();
    await lose(device, 21);
    assert.equal((await status(device)).state, "DEADLOCK");
    assert.equal((await status(device)).remainingAttempts, 0);
    assert.ok(!device.peer.paths().includes("/pa/v3/signature/validate"));
  });

  test("takes over the server's counter when that is ahead, as after restoring an old copy of the storage", async () => {
    const device = await activeDevice();
    const name = `${device.powerAuth.instanceId}/activation`;
    const old = await device.storage.get(name);
    for (let round = 0; round < 5; round++) await device.powerAuth.validatePassword(pin);
    await device.storage.set(name, old!);
    await assert.rejects(device.powerAuth.validatePassword(pin), fails("AUTHENTICATION_ERROR"));
    // That failed call moved the device by one, so the server is now four ahead.
    assert.equal((await status(device)).state, "ACTIVE");
    await device.powerAuth.validatePassword(pin);
    assert.equal(device.peer.requests.at(-1)?.signature?.offset, 0);
  });

  test("is DEADLOCK when the server is ahead by more than the window", async () => {
    const device = await activeDevice();
    const activation = activationOf(device.peer);
    activation.ctrData = advanceCounter(nodeCrypto, activation.ctrData, 25);
    activation.ctr += 25;
    assert.equal((await status(device)).state, "DEADLOCK");
  });

  test("calls at one time share one request", async () => {
    const device = await activeDevice();
    await Promise.all([status(device), status(device), status(device)]);
    assert.equal(device.peer.paths().filter((path) => path === "/pa/v3/activation/status").length, 1);
    await status(device);
    assert.equal(device.peer.paths().filter((path) => path === "/pa/v3/activation/status").length, 2);
  });

  test("ends with OPERATION_CANCELED when the activation is removed meanwhile", async () => {
    const device = await activeDevice();
    let answer: (response: Response) => void = () => undefined;
    device.peer.intercept = (path) =>
      path === "/pa/v3/activation/status" ? new Promise((resolve) => (answer = resolve)) : undefined;
    const pending = status(device);
    const rejected = assert.rejects(pending, fails("OPERATION_CANCELED"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await device.powerAuth.removeActivationLocal();
    answer(Response.json({ status: "OK", responseObject: {} }));
    await rejected;
    assert.equal(await device.powerAuth.hasValidActivation(), false);
  });

  test("deconfigure ends calls under way in the same manner and keeps the activation", async () => {
    const device = await activeDevice();
    device.peer.intercept = () => new Promise(() => undefined);
    const rejected = assert.rejects(device.powerAuth.fetchEncryptionKey(withPin(), 1), fails("OPERATION_CANCELED"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await device.powerAuth.deconfigure();
    await rejected;
    assert.ok(await device.storage.get(`${device.powerAuth.instanceId}/activation`));
  });
});
