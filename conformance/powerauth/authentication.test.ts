/** Password, biometry and possession as objects, over real HTTP: what is accepted, what is dead, what has its own error. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PowerAuthAuthentication, PowerAuthError, PowerAuthPassword } from "@countersign/client/mobile-token";
import { payment, pin } from "../world.ts";
import { type Lab, type LabDevice, openLab } from "./lab.ts";

const { password, biometry, possession } = PowerAuthAuthentication;
const code = (expected: string) => (error: unknown) => error instanceof PowerAuthError && error.code === expected;
const below = (expected: string) => (error: unknown) =>
  (error as { powerAuthErrorCode?: string }).powerAuthErrorCode === expected;

describe("authentication objects at a running server", () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab({ name: "sqlite", drop: async () => undefined });
  });
  after(() => lab?.close());

  async function decideWith(device: LabDevice, authentication: PowerAuthAuthentication): Promise<string> {
    const created = await lab.world.bank.createOperation({ ...payment, userId: device.userId });
    const { operations } = device.powerAuth.createMobileToken();
    await operations.authorize(await operations.getDetail(created.id), authentication);
    return (await lab.world.bank.getOperation(created.id)).status;
  }

  test("a password as text and one as object approve alike, and the object approves once", async () => {
    const device = await lab.device();
    assert.equal(await decideWith(device, password(pin)), "APPROVED");
    const typed = await PowerAuthPassword.fromString(pin);
    assert.equal(await typed.length(), 4);
    assert.equal(await decideWith(device, password(typed)), "APPROVED");
    const unspent = await device.storage.get(`${device.powerAuth.instanceId}/activation`);
    await assert.rejects(decideWith(device, password(typed)), below("INVALID_NATIVE_OBJECT"));
    await assert.rejects(device.powerAuth.validatePassword(typed), code("INVALID_NATIVE_OBJECT"));
    const afterwards = await device.storage.get(`${device.powerAuth.instanceId}/activation`);
    assert.deepEqual(afterwards, unspent, "a dead password spends no counter value");
    const kept = await PowerAuthPassword.fromString(pin, false);
    assert.equal(await decideWith(device, password(kept)), "APPROVED");
    assert.equal(await decideWith(device, password(kept)), "APPROVED");
  });

  test("biometry without its factor is BIOMETRY_NOT_CONFIGURED and spends nothing; with it, it approves", async () => {
    const prompt = { biometricPrompt: { promptTitle: "Bank", promptMessage: "Pay?" } };
    const device = await lab.device();
    await device.powerAuth.createMobileToken().operations.getOperations();
    await assert.rejects(decideWith(device, biometry(prompt)), below("BIOMETRY_NOT_CONFIGURED"));
    assert.equal((await device.powerAuth.fetchActivationStatus()).failCount, 0);
    await device.powerAuth.addBiometryFactor(pin, prompt.biometricPrompt);
    assert.equal(await decideWith(device, biometry(prompt)), "APPROVED");
    assert.equal(device.fingers.prompts, 1);
  });

  test("possession rejects and lists, and approves nothing that asks for two factors", async () => {
    const device = await lab.device();
    const created = await lab.world.bank.createOperation({ ...payment, userId: device.userId });
    const { operations } = device.powerAuth.createMobileToken();
    const operation = await operations.getDetail(created.id);
    await assert.rejects(operations.authorize(operation, possession()));
    assert.equal((await lab.world.bank.getOperation(created.id)).status, "PENDING");
    await operations.reject(operation, "UNEXPECTED_OPERATION");
    assert.equal((await lab.world.bank.getOperation(created.id)).status, "REJECTED");
  });
});
