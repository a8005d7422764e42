/** Renewal of a container: new keys, the same container, and a crash at every step of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationException,
  type Container,
  ContainerRenewal,
  type Device,
  ServerProtocolException,
  ServerUnsupportedOperationException,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { stores } from "../world.ts";
import { bytes, deviceOf, enrolled, worldOn, password, typing } from "./approve-world.ts";
import { everyDeath, mortal } from "./crash.ts";

for (const store of await stores()) {
  describe(`renewal of Approve containers on ${store.name}`, () => {
    const world = worldOn(store);

    const approves = async (device: Device, container: Container) => {
      const id = await world.operation(container.userId);
      const [reference] = await container.retrieveTransactionIds();
      const tx = await (await device.retrieveActionInfo(reference!)).getAction();
      assert.equal(await tx.setStatus("approve", bytes(password)), true);
      assert.equal(await world.statusOf(id), "APPROVED");
    };

    it("replaces every key, and the container stays", async () => {
      const device = await deviceOf();
      const container = await enrolled(world, device, world.userOf());
      const old = (await container.findKeys()).map((key) => key.getId().getId());
      await approves(device, container);
      await container.renew(new ContainerRenewal(), null, typing());
      const fresh = (await container.findKeys()).map((key) => key.getId().getId());
      assert.equal(new Set([...old, ...fresh]).size, 6);
      assert.equal((await device.findContainers()).length, 1);
      await approves(device, container);
      await container.renew(null, typing());
      await approves(device, container);
    });

    it("a wrong password renews nothing, and the old keys go on", async () => {
      const device = await deviceOf();
      const container = await enrolled(world, device, world.userOf());
      await assert.rejects(container.renew(null, typing("wrong password 1")), AuthenticationException);
      await approves(device, container);
      await container.renew(null, typing());
      await approves(device, container);
    });

    it("is not offered where the server does not renew", async () => {
      await world.deviceType({ features: { cancel: true, direct: true, renew: false } });
      const device = await deviceOf();
      const container = await enrolled(world, device, world.userOf());
      assert.equal(container.isRenewable(), false);
      await assert.rejects(container.renew(null, typing()), ServerUnsupportedOperationException);
      await world.deviceType();
    });

    it("new policies of the device type wait for a new enrolment, and a record with others is refused (APV-REN-4)", async () => {
      const storage = createMemoryStorage();
      const device = await deviceOf({ storage });
      const container = await enrolled(world, device, world.userOf());
      const none = { device: { type: "DEVICE", lock: { type: "none" } } };
      const keyPolicies = { auth: "device", tx: "device", enc: "device", pop: "device" };
      await world.deviceType({ policies: none, keyPolicies });
      await container.renew(null, typing());
      assert.equal(container.getProtectionPolicy().getType(), "PASSWORD");
      await approves(device, container);
      await world.deviceType();
      // As if the server had another word than at the enrolment.
      const state = JSON.parse(new TextDecoder().decode(await storage.get("approve/device")));
      const of = state.containers[0].policies;
      const put = (policies: object) => {
        const containers = [{ ...state.containers[0], policies }];
        return storage.set("approve/device", bytes(JSON.stringify({ ...state, containers })));
      };
      await put({ ...of, password: { ...of.password, lock: { type: "counter", counter: 3 } } });
      await assert.rejects(container.renew(null, typing()), ServerProtocolException);
      await put(of);
      await approves(device, container);
      await container.renew(null, typing());
    });

    it("a crash at any step of renewal leaves a usable container, which renews afterwards", async () => {
      // APV-REN-3: whatever is stored last, one of the sets works.
      const deaths = await everyDeath(async (death) => {
        const storage = createMemoryStorage();
        await enrolled(world, await deviceOf({ storage }), world.userOf());
        const life = mortal(storage, death);
        const dying = await deviceOf({ storage: life.storage }, life.fetch);
        const [doomed] = await dying.findContainers();
        await doomed!.renew(null, typing()).catch(() => undefined);
        const again = await deviceOf({ storage });
        const containers = await again.findContainers();
        assert.equal(containers.length, 1);
        await approves(again, containers[0]!);
        await containers[0]!.renew(null, typing());
        await approves(again, containers[0]!);
        return { died: life.isDead() };
      });
      assert.ok(deaths >= 12, `${deaths} deaths`);
    });
  });
}
