/** The three samples and both step lists that existing applications are written after, over HTTP, on both stores. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CancelationReason, Parameter, ProtectionPolicy, SDKConstants } from "@countersign/client/approve";
import { stores } from "../world.ts";
import { type ApproveWorld, bytes, deviceOf, enrolled, openApproveWorld, password } from "./approve-world.ts";

for (const store of await stores()) {
  describe(`samples of Approve on ${store.name}`, () => {
    let world: ApproveWorld;
    let count = 0;
    const userOf = () => `user ${++count}`;

    before(async () => {
      world = await openApproveWorld(store);
    });
    after(async () => {
      await world.close();
      await store.drop();
    });

    it("signs a pending transaction: info, details, status with mobile context", async () => {
      const user = userOf();
      const device = await deviceOf();
      const myContainer = await enrolled(world, device, user);
      const id = await world.operation(user);
      const [txId] = await myContainer.retrieveTransactionIds();
      const txInfo = await device.retrieveActionInfo(txId!);
      assert.equal(txInfo.uniqueIdentifier, id);
      assert.equal(txInfo.container.userId, user);
      assert.equal(txInfo.protectionKey.protectionPolicy.type, "DEVICE");
      const tx = await txInfo.getAction(null, null);
      assert.match(tx.toString(), /1250/);
      const allowedStatus = tx.allowedStatuses;
      const signingKeyPolicy = tx.signingKey.protectionPolicy;
      assert.equal(ProtectionPolicy.PolicyType.PASSWORD.toString(), signingKeyPolicy.type);
      const containerPassword = bytes(password);
      const context = Buffer.from("where and when").toString("base64");
      const params = [new Parameter(SDKConstants.PARAM_TX_MOBILE_CONTEXT, context)];
      const result = await tx.setStatus(allowedStatus[0]!, containerPassword, null, params);
      assert.equal(result, true);
      assert.ok(containerPassword.every((byte) => byte === 0), "wiped");
      assert.equal(await world.statusOf(id), "APPROVED");
      assert.deepEqual(await myContainer.retrieveTransactionsIds(null, null), []);
    });
  });
}
void CancelationReason;
