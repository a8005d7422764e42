/** Devices whose clock is wrong, and who gains what by lying about the time (APV-OBJ-8). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CancelationReason,
  ContainerInitialization,
  ContainerRenewal,
  ServerAuthenticationException,
} from "@countersign/client/approve";
import { stores } from "../world.ts";
import { bytes, deviceOf, enrolled, password, typing, worldOn } from "./approve-world.ts";

const hour = 3_600_000;

for (const store of await stores()) {
  describe(`clocks of Approve devices on ${store.name}`, () => {
    const world = worldOn(store);

    it("a clock that is wrong, and jumps between any two calls, costs a call each and no answer (APV-OBJ-8)", async () => {
      let ahead = 0;
      const refused: string[] = [];
      const now = () => Date.now() + ahead;
      const device = await deviceOf({ now }, async (url, init) => {
        const answer = await fetch(url, init);
        if (answer.status === 401) refused.push(((await answer.clone().json()) as { code: string }).code);
        return answer;
      });
      const jump = (to: number) => void (ahead = to);
      jump(-26 * hour);
      const user = world.userOf();
      const init = new ContainerInitialization({ activationCode: (await world.offer(user)).offer });
      const container = await device.createContainer(init, null, typing());
      const next = async () => {
        const id = await world.operation(user);
        const reference = (await container.retrieveTransactionIds()).at(-1)!;
        return { id, tx: await (await device.retrieveActionInfo(reference)).getAction() };
      };
      for (const [before, between] of [
        [-26 * hour, -26 * hour],
        [5 * hour, 5 * hour],
        [0, 2 * hour],
        [2 * hour, -2 * hour],
        [400 * 24 * hour, 61_000],
      ] as const) {
        jump(before);
        const { id, tx } = await next();
        jump(between);
        assert.equal(await tx.setStatus("approve", bytes(password)), true, `${before} ${between}`);
        assert.equal(await world.statusOf(id), "APPROVED");
      }
      assert.ok(refused.includes("proof-invalid"));
      const { id, tx } = await next();
      jump(-3 * hour);
      await tx.cancel("", CancelationReason.USER_CANCEL);
      assert.equal(await world.statusOf(id), "CANCELED");
      jump(3 * hour);
      await container.renew(new ContainerRenewal(), null, typing());
      jump(-hour);
      assert.equal(await (await next()).tx.setStatus("approve", bytes(password)), true);
    });

    it("who changes the Date of answers gets refusals, and nothing that is good later; honest answers heal (APV-OBJ-8)", async () => {
      let lie = 0;
      const recorded: { url: string; init: RequestInit }[] = [];
      const device = await deviceOf({}, async (url, init) => {
        recorded.push({ url, init });
        const answer = await fetch(url, init);
        if (lie === 0) return answer;
        const headers = new Headers(answer.headers);
        headers.set("date", new Date(Date.now() + lie).toUTCString());
        const body = answer.status === 204 ? null : await answer.arrayBuffer();
        return new Response(body, { status: answer.status, headers });
      });
      const container = await enrolled(world, device, world.userOf());
      for (const ahead of [hour, -hour, 365 * 24 * hour]) {
        lie = 0;
        const id = await world.operation(container.userId);
        const reference = (await container.retrieveTransactionIds()).at(-1)!;
        const tx = await (await device.retrieveActionInfo(reference)).getAction();
        lie = ahead;
        await container.retrieveTransactionIds().catch(() => undefined);
        recorded.length = 0;
        await assert.rejects(tx.setStatus("approve", bytes(password)), ServerAuthenticationException);
        assert.equal(await world.statusOf(id), "PENDING");
        for (const { url, init } of recorded) assert.equal((await fetch(url, init)).status, 401, "not now, not again");
        lie = 0;
        await container.retrieveTransactionIds().catch(() => undefined);
        assert.equal(await tx.setStatus("approve", bytes(password)), true, String(ahead));
        assert.equal(await world.statusOf(id), "APPROVED");
      }
    });

    it("what is no Date is ignored, and locks go by the device's own clock", async () => {
      const device = await deviceOf({}, async (url, init) => {
        const answer = await fetch(url, init);
        const headers = new Headers(answer.headers);
        headers.set("date", "tomorrow, about noon");
        return new Response(answer.status === 204 ? null : await answer.arrayBuffer(), {
          status: answer.status,
          headers,
        });
      });
      const container = await enrolled(world, device, world.userOf());
      assert.deepEqual(await container.retrieveTransactionIds(), []);
      assert.ok(Math.abs(container.creationDate.getTime() - Date.now()) < 60_000);
    });
  });
}
