/** The three samples and both step lists that existing applications are written after, over HTTP, on both stores. */
import assert from "node:assert/strict";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { describe, it } from "node:test";
import {
  CancelationReason,
  InexplicitContainerException,
  InvalidContainerException,
  Parameter,
  PasswordPolicy,
  ProtectionPolicy,
  SDKConstants,
} from "@countersign/client/approve";
import { application, stores } from "../world.ts";
import { bytes, cut, deviceOf, enrolled, worldOn, password } from "./approve-world.ts";

for (const store of await stores()) {
  describe(`samples of Approve on ${store.name}`, () => {
    const world = worldOn(store);

    it("signs a pending transaction: info, details, status with mobile context", async () => {
      const user = world.userOf();
      const device = await deviceOf();
      const myContainer = await enrolled(world, device, user);
      const id = await world.operation(user);
      const [txId] = await myContainer.retrieveTransactionIds();
      const txInfo = await device.retrieveActionInfo(bytes(txId!));
      assert.equal(txInfo.container.userId, user);
      assert.equal(txInfo.protectionKey.protectionPolicy.type, "DEVICE");
      const tx = await txInfo.getAction(null, null);
      assert.match(tx.toString(), /amount: 1250\.00/);
      const allowedStatus = tx.allowedStatuses;
      const signingKeyPolicy = tx.signingKey.protectionPolicy;
      assert.equal(ProtectionPolicy.PolicyType.PASSWORD, signingKeyPolicy.type);
      const containerPassword = bytes(password);
      const context = Buffer.from("where and when").toString("base64");
      const params = [new Parameter(SDKConstants.PARAM_TX_MOBILE_CONTEXT, context)];
      assert.equal(tx.getRequestId(), null);
      const result = await tx.setStatus(allowedStatus[0]!, containerPassword, null, params);
      assert.equal(result, true);
      assert.ok(
        containerPassword.every((byte) => byte === 0),
        "wiped",
      );
      const operation = await world.v1("GET", `/operations/${id}`);
      assert.equal(operation.status, "APPROVED");
      assert.equal(operation.additionalData.mobileContext, context);
    });

    it("signs directly: the ID token verifies with the published keys, the request id is redeemed once", async () => {
      const shop = await world.v1("POST", "/oidc-clients", {
        client_name: "shop",
        countersign: { applications: [application] },
      });
      const redeem = async (id: string | null) => {
        const response = await fetch(`${world.url}/oidc/token`, {
          method: "POST",
          headers: { authorization: `Basic ${btoa(`${shop.client_id}:${shop.client_secret}`)}` },
          body: new URLSearchParams({
            grant_type: "urn:openid:params:grant-type:ciba",
            auth_req_id: id ?? "",
          }),
        });
        const answer = (await response.json()) as { id_token?: string; error?: string };
        return answer.error ?? decodeJwt(answer.id_token ?? "").txn;
      };
      await world.deviceType({ defaultClient: shop.client_id });
      const user = world.userOf();
      const device = await deviceOf();
      await enrolled(world, device, user);
      const [myContainer] = await device.findContainers([new Parameter(SDKConstants.CONTAINER_USERID, user)]);
      const keyFilterAuth = [new Parameter(SDKConstants.KEY_PROPERTY_USAGE, SDKConstants.KEY_PROPERTY_USAGE_AUTH)];
      const authKeys = await myContainer!.findKeys(keyFilterAuth);
      const key = authKeys[0]!;
      const transaction = await myContainer!.generateAuthenticationRequest("User Login", key.getId());
      assert.deepEqual([transaction.getRequestId(), transaction.getIdToken()], [null, null]);
      const policy = myContainer!.getProtectionPolicy();
      assert.ok(policy instanceof PasswordPolicy);
      assert.equal(ProtectionPolicy.PolicyType.PASSWORD, policy.getType());
      assert.equal(await transaction.setStatus("approve", bytes(password), null, []), true);
      const authRequestId = transaction.requestId;
      assert.ok(authRequestId !== null);
      const tokenId = transaction.getIdToken();
      assert.ok(tokenId !== null);
      const { payload } = await jwtVerify(tokenId, createRemoteJWKSet(new URL(`${world.url}/oidc/jwks.json`)), {
        issuer: `${world.url}/oidc`,
        audience: shop.client_id,
      });
      assert.deepEqual([payload.sub, payload["approvalstatus"]], [user, "approve"]);
      assert.equal(await redeem(authRequestId), payload["txn"]);
      assert.equal(await redeem(authRequestId), "invalid_grant");
      const declined = await myContainer!.generateAuthenticationRequest("User Login", key.getId());
      assert.equal(await declined.setStatus("decline", bytes(password)), true);
      assert.equal(await redeem(declined.getRequestId()), "access_denied");
      assert.equal(declined.getIdToken(), null, "nobody signed in");
    });

    it("cancels without a signing key, and tells of something suspicious", async () => {
      const user = world.userOf();
      const device = await deviceOf();
      const myContainer = await enrolled(world, device, user);
      const ids = [await world.operation(user), await world.operation(user), await world.operation(user)];
      const transactionIds = await myContainer.retrieveTransactionsIds(null, null);
      const tx = await (await device.retrieveActionInfo(transactionIds[0]!)).getAction(null, null);
      assert.equal(tx.isCancelable(), true);
      await tx.cancel("Duplicate", CancelationReason.USER_CANCEL, null);
      assert.equal(await world.statusOf(ids[0]!), "CANCELED");
      const other = await (await device.retrieveActionInfo(transactionIds[1]!)).getAction(null, null);
      await other.cancel("Not me", CancelationReason.NOTIFY_SUSPICIOUS, null);
      assert.deepEqual(await Promise.all(ids.map((id) => world.statusOf(id))), ["CANCELED", "CANCELED", "CANCELED"]);
    });

    it("a pending transaction by push, list and QR code: each step of the list", async () => {
      const user = world.userOf();
      const network = cut();
      const device = await deviceOf({}, network.fetch);
      const container = await enrolled(world, device, user);
      const create = (more: object) => world.v1("POST", "/transactions", world.payment(more));
      const pushed = await create({ userId: user });
      const listed = await create({ userId: user });
      const shown = await create({});
      const ids = [
        [pushed.operation.id, pushed.references[0].reference],
        [listed.operation.id, (await container.retrieveTransactionIds()).at(-1)],
        [shown.operation.id, shown.open.reference],
      ];
      for (const [operationId, txId] of ids) {
        network.isCut = true;
        const info = await device.retrieveActionInfo(txId);
        assert.equal(info.getUniqueIdentifier(), operationId);
        assert.equal(info.getContainer().getUserId(), user);
        network.isCut = false;
        const needsPassword = info.getProtectionKey().getProtectionPolicy().getType() === "PASSWORD";
        const tx = await info.getAction(needsPassword ? bytes(password) : null);
        assert.notEqual(tx.toString(), "");
        assert.deepEqual(tx.getAllowedStatuses(), ["approve", "decline"]);
        assert.equal(await tx.setStatus("approve", bytes(password)), true);
        assert.equal(await world.statusOf(operationId), "APPROVED");
      }
    });

    it("a code without a user asks which one when several containers match, and none is told so", async () => {
      const device = await deviceOf();
      const users = [world.userOf(), world.userOf()];
      const { open } = await world.v1("POST", "/transactions", world.payment({}));
      await assert.rejects(device.retrieveActionInfo(open.reference), InvalidContainerException);
      for (const user of users) await enrolled(world, device, user);
      await assert.rejects(device.retrieveActionInfo(open.reference), (error) => {
        assert.ok(error instanceof InexplicitContainerException);
        assert.deepEqual(error.getParameters(), users);
        return true;
      });
      const info = await device.retrieveTransactionInfo(open.reference, users[1]);
      assert.equal((await info.getAction()).toString().includes("Rent"), true);
    });
  });
}
