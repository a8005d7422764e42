/** What a person may answer, in the server's words, and whose answer counts (A09, A22). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Container,
  type Device,
  InvalidParameterException,
  TransactionCanceledException,
} from "@countersign/client/approve";
import { stores } from "../world.ts";
import { bytes, deviceOf, enrolled, password, worldOn } from "./approve-world.ts";

for (const store of await stores()) {
  describe(`statuses of Approve on ${store.name}`, () => {
    const world = worldOn(store);

    async function phone(user: string) {
      const device = await deviceOf();
      return { device, container: await enrolled(world, device, user) };
    }

    const containerOf = async (user: string): Promise<string> =>
      (await world.v1("GET", `/containers?userId=${encodeURIComponent(user)}`)).items[0].id;

    async function fetched({ device, container }: { device: Device; container: Container }, id: string) {
      const texts = await container.retrieveTransactionIds();
      const infos = await Promise.all(texts.map((text) => device.retrieveActionInfo(bytes(text))));
      const info = infos.find(({ uniqueIdentifier }) => uniqueIdentifier === id);
      assert.ok(info !== undefined, "the device sees it");
      return info.getAction(null, null);
    }

    it("a policy renames and adds statuses, each with its effect; another word is refused and nothing is sent (A09)", async () => {
      const statuses = [
        { status: "accept", effect: "approve", key: "tx", uv: "required" },
        { status: "deny", effect: "deny", key: "tx", uv: "none" },
        { status: "report", effect: "report", key: "tx", uv: "none" },
      ];
      const name = `renamed ${crypto.randomUUID()}`;
      await world.v1("POST", "/templates", {
        name,
        operationType: "payment",
        dataTemplate: "A1*N${note}",
        signatureTypes: ["POSSESSION_KNOWLEDGE"],
        maxFailureCount: 5,
        expirationSeconds: 300,
        approval: { statuses },
      });
      const outcomes: Record<string, string> = { accept: "APPROVED", deny: "REJECTED", report: "REJECTED" };
      for (const [status, outcome] of Object.entries(outcomes)) {
        const user = world.userOf();
        const at = await phone(user);
        const id = await world.operation(user, { template: name, parameters: { note: "Rent" } });
        const transaction = await fetched(at, id);
        assert.deepEqual(transaction.getAllowedStatuses(), ["accept", "deny", "report"]);
        assert.deepEqual(
          transaction.allowedStatuses.map((one) => transaction.getEffect(one)),
          ["approve", "deny", "report"],
        );
        await assert.rejects(transaction.setStatus("approve", bytes(password)), InvalidParameterException);
        assert.equal(await world.statusOf(id), "PENDING");
        assert.equal(await transaction.setStatus(status, bytes(password)), true);
        assert.equal(await world.statusOf(id), outcome);
      }
    });

    it("of all devices of a user the first decision wins, and the others get TransactionCanceled (A22)", async () => {
      const user = world.userOf();
      const [first, second] = [await phone(user), await phone(user)];
      const { operation } = await world.v1("POST", "/transactions", world.payment({ userId: user, device: "all" }));
      const [mine, other] = [await fetched(first, operation.id), await fetched(second, operation.id)];
      assert.equal(await mine.setStatus("decline", bytes(password)), true);
      await assert.rejects(other.setStatus("approve", bytes(password)), TransactionCanceledException);
      assert.equal(await world.statusOf(operation.id), "REJECTED");
    });

    it("a named device alone sees it; an unknown and a foreign one are errors (A22)", async () => {
      const [user, stranger] = [world.userOf(), world.userOf()];
      const first = await phone(user);
      const activationId = await containerOf(user);
      const second = await phone(user);
      await phone(stranger);
      const { operation } = await world.v1("POST", "/transactions", world.payment({ userId: user, activationId }));
      await fetched(first, operation.id);
      assert.deepEqual(await second.container.retrieveTransactionIds(), []);
      for (const other of [await containerOf(stranger), crypto.randomUUID()]) {
        const body = world.payment({ userId: user, activationId: other });
        await assert.rejects(world.v1("POST", "/transactions", body), /activationId/);
      }
    });
  });
}
