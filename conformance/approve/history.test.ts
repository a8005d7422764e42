/** The history of a container through the device SDK, from a running server. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationException,
  PasswordRequiredException,
  ServerProtocolException,
} from "@countersign/client/approve";
import { stores } from "../world.ts";
import { bytes, deviceOf, enrolled, password, worldOn } from "./approve-world.ts";

for (const store of await stores()) {
  describe(`history of a container on ${store.name}`, () => {
    const world = worldOn(store);

    it("what was decided reads as it was shown, page by page, and what was never fetched is not there (APV-HIS-1)", async () => {
      const device = await deviceOf();
      const user = world.userOf();
      const container = await enrolled(world, device, user);
      assert.deepEqual(await container.retrieveHistory(), { transactions: [], next: null });
      const id = await world.operation(user);
      const [text = ""] = await container.retrieveTransactionIds();
      const transaction = await (await device.retrieveActionInfo(text)).getAction();
      await transaction.setStatus("approve", bytes(password));
      await world.v1("POST", `/operations/${await world.operation(user)}/cancel`, {});
      const { transactions, next } = await container.retrieveHistory();
      assert.equal(next, null);
      assert.equal(transactions.length, 1);
      const [past] = transactions;
      assert.deepEqual([past?.uniqueIdentifier, past?.status, past?.text], [id, "APPROVED", transaction.toString()]);
      assert.ok(
        past !== undefined && past.endDate >= past.date && Math.abs(past.endDate.getTime() - Date.now()) < 60_000,
      );
      const place = `${past.date.getTime() - 1000}.${id}`;
      assert.deepEqual((await container.retrieveHistory(null, { after: place })).transactions, []);
    });

    it("it is under the password of the session key, and nothing that was altered is believed (APV-HIS-1, APV-TX-2)", async () => {
      const keyPolicies = { auth: "password", tx: "password", enc: "password", pop: "device" };
      await world.deviceType({ keyPolicies });
      const answers: string[] = [];
      let altered = "";
      const fetching = async (url: string, init: RequestInit) => {
        const response = await fetch(url, init);
        if (!url.endsWith("/history")) return response;
        answers.push(await response.clone().text());
        return altered === "" ? response : new Response(altered, response);
      };
      const container = await enrolled(world, await deviceOf({}, fetching), world.userOf());
      const other = await enrolled(world, await deviceOf({}, fetching), world.userOf());
      await assert.rejects(container.retrieveHistory(), PasswordRequiredException);
      await assert.rejects(container.retrieveHistory(bytes("wrong horse 4242")), AuthenticationException);
      assert.deepEqual((await container.retrieveHistory(bytes(password))).transactions, []);
      altered = answers.at(-1) ?? "";
      await assert.rejects(other.retrieveHistory(bytes(password)), ServerProtocolException);
      altered = JSON.stringify({ history: "x" });
      await assert.rejects(container.retrieveHistory(bytes(password)), ServerProtocolException);
      await world.deviceType();
    });
  });
}
