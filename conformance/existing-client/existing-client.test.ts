/**
 * A client written for another vendor's PowerAuth object works here, unchanged, on ours. The client is given by the path
 * of its entry in COUNTERSIGN_EXISTING_CLIENT; beside it stands one of our own that touches no more than it does.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { PowerAuth } from "@countersign/client/mobile-token";
import { openLab, type Lab, withPin } from "../powerauth/lab.ts";
import { payment } from "../world.ts";
import { type ExistingOperations, knownMembersClient, type Waiting } from "./known-members.ts";
import { loadClient } from "./load.ts";

interface ExistingClient {
  readonly MobileToken: new (powerAuth: PowerAuth) => {
    readonly operations: ExistingOperations & {
      claim(id: string): Promise<unknown>;
      authorizeOffline(operation: { nonce: string }, auth: ReturnType<typeof withPin>): Promise<string>;
    };
  };
  readonly QROperationParser: { parse(text: string): { operationId: string; nonce: string } };
}

const entry = process.env.COUNTERSIGN_EXISTING_CLIENT;
const skip = entry === undefined ? "COUNTERSIGN_EXISTING_CLIENT: not given" : false;

describe("a client written for another PowerAuth object", () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab({ name: "sqlite", drop: async () => undefined });
  });
  after(() => lab?.close());

  /** Lists by token, sees details, is refused with a wrong PIN, approves, rejects, looks back. */
  async function approveAndReject(operations: ExistingOperations, userId: string): Promise<void> {
    const first = await lab.world.bank.createOperation({ ...payment, userId });
    const second = await lab.world.bank.createOperation({ ...payment, userId });
    const listed = await operations.pendingList();
    assert.equal(listed.status, "OK");
    assert.deepEqual(listed.responseObject?.map(({ id }) => id).sort(), [first.id, second.id].sort());
    const detail = (await operations.detail(first.id)).responseObject as Waiting;
    assert.equal(detail.data, first.data);
    const wrong = await operations.authorize(detail, withPin("1111"));
    assert.deepEqual([wrong.status, wrong.responseError?.code], ["ERROR", "POWERAUTH_AUTH_FAIL"]);
    assert.equal((await operations.authorize(detail, withPin())).status, "OK");
    assert.equal((await lab.world.bank.getOperation(first.id)).status, "APPROVED");
    assert.equal((await operations.reject(second.id, "UNEXPECTED_OPERATION")).status, "OK");
    assert.equal((await lab.world.bank.getOperation(second.id)).status, "REJECTED");
    const again = await operations.authorize(detail, withPin());
    assert.deepEqual([again.status, again.responseError?.code], ["ERROR", "OPERATION_ALREADY_FINISHED"]);
    const history = await operations.history(withPin());
    assert.equal(history.responseObject?.length, 2);
    assert.deepEqual((await operations.pendingList()).responseObject, []);
  }

  test("one that touches only the members other SDKs touch lists, approves, rejects and looks back", async () => {
    const { powerAuth, userId } = await lab.device();
    await approveAndReject(knownMembersClient(powerAuth), userId);
  });

  test("the unmodified one lists by token, approves, rejects and looks back", { skip }, async () => {
    const { powerAuth, userId } = await lab.device();
    const { MobileToken } = (await loadClient(entry!)) as unknown as ExistingClient;
    await approveAndReject(new MobileToken(powerAuth).operations, userId);
  });

  test("the unmodified one reads an offline code of ours, and the digits it shows are right", { skip }, async () => {
    const { powerAuth, activationId } = await lab.device();
    const { MobileToken, QROperationParser } = (await loadClient(entry!)) as unknown as ExistingClient;
    const operationId = "5ff1b1ed-a3cc-45a3-8ab0-ed60950312b6";
    const data = `${operationId}\nPayment\nPlease confirm\nA1*A100CZK*ICZ2730300000001165254011*D20180425*Thello\nB`;
    const path = "/rest/v3/signature/offline";
    const payload = await lab.world.backOffice<{ offlineData: string; nonce: string }>(`${path}/personalized/create`, {
      activationId,
      data,
    });
    const scanned = QROperationParser.parse(payload.offlineData);
    assert.equal(scanned.operationId, operationId);
    const { operations } = new MobileToken(powerAuth);
    const digits = await operations.authorizeOffline(scanned, withPin());
    assert.match(digits, /^\d{8}-\d{8}$/);
    const signed = `${operationId}&A1*A100CZK*ICZ2730300000001165254011*D20180425*Thello`;
    const signedData = [
      "POST",
      Buffer.from("/operation/authorize/offline").toString("base64"),
      payload.nonce,
      Buffer.from(signed).toString("base64"),
    ].join("&");
    const verification = { activationId, data: signedData, signature: digits, allowBiometry: false };
    const verified = await lab.world.backOffice<{ signatureValid: boolean }>(`${path}/verify`, verification);
    assert.equal(verified.signatureValid, true);
  });

  test("the unmodified one hears of a refusal by its code, not by an exception", { skip }, async () => {
    const { powerAuth } = await lab.device();
    const { MobileToken } = (await loadClient(entry!)) as unknown as ExistingClient;
    const unknown = await new MobileToken(powerAuth).operations.detail("5ff1b1ed-a3cc-45a3-8ab0-ed60950312b6");
    assert.deepEqual([unknown.status, unknown.responseError?.code], ["ERROR", "INVALID_OPERATION"]);
  });
});
