/** Several containers of several servers on one device: found, told apart, reached and removed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signMessage } from "@countersign/protocol/approve/message";
import { reference as referenceMessage } from "@countersign/protocol/approve/reference";
import {
  ConnectionConfiguration,
  type Container,
  ContainerInitialization,
  type Device,
  DeviceFactory,
  InexplicitContainerException,
  InvalidContainerException,
  InvalidParameterException,
  LostCredentialsException,
  Parameter,
  RemoteException,
  SDKConstants,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { openFileStorage } from "@countersign/client/storage/file";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digest, softKey } from "../../tools/approve-device.ts";
import { stores } from "../world.ts";
import {
  type ApproveWorld,
  bytes,
  contextOf,
  cut,
  deviceOf,
  enrolled,
  openApproveWorld,
  password,
  typing,
} from "./approve-world.ts";

const { CONTAINER_NAME, CONTAINER_URL, CONTAINER_USERID, CONTAINER_EXPIRY_DATE, CONTAINER_CREATION_DATE } =
  SDKConstants;

for (const store of await stores()) {
  describe(`containers of Approve on ${store.name}`, () => {
    let world: ApproveWorld;
    let other: ApproveWorld;
    const sqlite = { name: "sqlite", drop: async () => undefined };

    before(async () => {
      [world, other] = await Promise.all([openApproveWorld(store), openApproveWorld(sqlite)]);
    });
    after(async () => {
      await Promise.all([world.close(), other.close()]);
      await store.drop();
    });

    it("five containers of two servers: filters alone and in pairs, oldest first, each with its own list (APV-DEV-1)", async () => {
      let now = Date.now();
      const device = await deviceOf({ now: () => now });
      const plan = [
        [world, "anna", "first"],
        [other, "anna", "second"],
        [world, "bert", "third"],
        [other, "bert", "fourth"],
        [other, "cara", "fifth"],
      ] as const;
      const made: Container[] = [];
      for (const [at, user, name] of plan) {
        await at.deviceType(name === "fifth" ? { keyDays: 30 } : {});
        const { offer } = await at.offer(user);
        now += 1000;
        made.push(await device.createContainer(new ContainerInitialization({ activationCode: offer, name }), typing()));
      }
      const find = async (...filter: [string, string][]) =>
        (await device.findContainers(filter.map(([key, value]) => new Parameter(key, value)))).map(({ name }) => name);
      const third = String(made[2]!.creationDate.getTime());
      const soon = String(now + 70 * 86_400_000);
      assert.deepEqual(await find(), ["first", "second", "third", "fourth", "fifth"]);
      assert.deepEqual(await find([CONTAINER_NAME, "third"]), ["third"]);
      assert.deepEqual(await find([CONTAINER_URL, `${other.url}/`]), ["second", "fourth", "fifth"]);
      assert.deepEqual(await find([CONTAINER_USERID, "bert"]), ["third", "fourth"]);
      assert.deepEqual(await find([CONTAINER_CREATION_DATE, third]), ["first", "second", "third"]);
      assert.deepEqual(await find([CONTAINER_EXPIRY_DATE, soon]), ["fifth"]);
      const filters: Record<string, [string, (string | undefined)[]]> = {
        [CONTAINER_NAME]: ["fourth", ["fourth"]],
        [CONTAINER_URL]: [other.url, ["second", "fourth", "fifth"]],
        [CONTAINER_USERID]: ["bert", ["third", "fourth"]],
        [CONTAINER_CREATION_DATE]: [third, ["first", "second", "third"]],
        [CONTAINER_EXPIRY_DATE]: [soon, ["fifth"]],
      };
      for (const [a, [valueA, hasA]] of Object.entries(filters)) {
        for (const [b, [valueB, hasB]] of Object.entries(filters)) {
          if (a === b) continue;
          assert.deepEqual(
            await find([a, valueA], [b, valueB]),
            hasA.filter((name) => hasB.includes(name)),
            `${a} and ${b}`,
          );
        }
      }
      await assert.rejects(find(["COLOUR", "blue"]), InvalidParameterException);
      await assert.rejects(find([CONTAINER_CREATION_DATE, "yesterday"]), InvalidParameterException);
      // A transaction finds its own container among them, and only that one has it in its list.
      const id = await other.operation("bert");
      for (const container of made) {
        const pending = await container.retrieveTransactionIds(undefined, undefined);
        assert.equal(pending.length, container.name === "fourth" ? 1 : 0, container.name);
      }
      const [reference] = await made[3]!.retrieveTransactionIds(null, null);
      const info = await device.retrieveActionInfo(reference!);
      assert.equal(info.container.name, "fourth");
      assert.equal(await (await info.getAction()).setStatus("approve", bytes(password)), true);
      assert.equal(await other.statusOf(id), "APPROVED");
      const { open } = await other.v1("POST", "/transactions", other.payment({}));
      await assert.rejects(device.retrieveActionInfo(open.reference), (error) => {
        assert.ok(error instanceof InexplicitContainerException);
        assert.deepEqual(error.getParameters(), ["anna", "bert", "cara"]);
        return true;
      });
      const chosen = await device.retrieveActionInfo(open.reference, [new Parameter(CONTAINER_USERID, "cara")]);
      assert.equal(chosen.container.name, "fifth");
      await other.deviceType();
    });

    it("what another key than the pinned ones has signed is refused, whatever it calls itself (APV-ENR-7, APV-REF-2)", async () => {
      const device = await deviceOf();
      const container = await enrolled(world, device, "gerd");
      await world.operation("gerd");
      const [own] = await container.retrieveTransactionIds();
      const [header, payload] = own!.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
      const forger = softKey("tx");
      await device
        .retrieveActionInfo(await signMessage(referenceMessage, payload, { kid: header.kid, ...forger }))
        .then(
          () => assert.fail("forged"),
          (error) => assert.ok(error instanceof InvalidParameterException),
        );
      const unknown = await signMessage(referenceMessage, payload, { kid: digest(forger.jwk.x), ...forger });
      await assert.rejects(device.retrieveActionInfo(unknown));
      await device.retrieveActionInfo(own!);
    });

    it("an id of a container that is not here, and a forged one, are refused with the network cut", async () => {
      const network = cut();
      const device = await deviceOf({}, network.fetch);
      const stranger = await deviceOf();
      const container = await enrolled(world, device, "dora");
      const foreign = await enrolled(world, stranger, "emil");
      await Promise.all([world.operation("dora"), world.operation("emil")]);
      const [own] = await container.retrieveTransactionIds();
      const [others] = await foreign.retrieveTransactionIds();
      // APV-REF-2
      network.isCut = true;
      await device.retrieveActionInfo(own!);
      await assert.rejects(device.retrieveActionInfo(others!), InvalidContainerException);
      const [header, payload, signature] = own!.split(".");
      const claims = JSON.parse(Buffer.from(payload!, "base64url").toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, exp: 9_999_999_999 })).toString("base64url");
      for (const id of [
        `${header}.${forged}.${signature}`,
        `${header}.${payload}.${signature!.replace(/^./, "_")}`,
        "x",
        "",
      ]) {
        await assert.rejects(device.retrieveActionInfo(id), InvalidParameterException);
      }
    });

    it("each container has its own connection where it is given one", async () => {
      const device = await deviceOf();
      const [first, second] = [await enrolled(world, device, "frida"), await enrolled(other, device, "frida")];
      const fetch = () => Promise.reject(new TypeError("no route"));
      first.setConnectionConfiguration(new ConnectionConfiguration({ fetch }));
      await assert.rejects(first.retrieveTransactionIds(), RemoteException);
      assert.deepEqual(await second.retrieveTransactionIds(), []);
      device.setConnectionConfiguration(new ConnectionConfiguration({ fetch }));
      await assert.rejects(second.retrieveTransactionIds(), RemoteException);
      assert.deepEqual([new ConnectionConfiguration().timeout, new ConnectionConfiguration().retries], [30_000, 0]);
      for (const wrong of [{ timeout: 0 }, { timeout: 1.5 }, { retries: -1 }, { retries: 99 }]) {
        assert.throws(() => new ConnectionConfiguration(wrong), InvalidParameterException);
      }
    });

    it("repeats what changes nothing as often as configured, and never a signed answer", async () => {
      const timers = { after: (_: number, run: () => void) => (queueMicrotask(run), () => undefined) };
      const asked: string[] = [];
      let fails = 0;
      const fetchOr = async (url: string, init: RequestInit) => {
        asked.push(`${init.method} ${url.slice(url.lastIndexOf("/") + 1)}`);
        if (fails-- > 0) throw new TypeError("no route");
        return fetch(url, init);
      };
      const device = await DeviceFactory.getDevice(
        contextOf({ timers }),
        new ConnectionConfiguration({ retries: 2, fetch: fetchOr }),
      );
      const container = await enrolled(world, device, "gerd");
      await world.operation("gerd");
      [fails, asked.length] = [2, 0];
      const [reference] = await container.retrieveTransactionIds();
      assert.equal(asked.length, 3);
      fails = 2;
      const tx = await (await device.retrieveActionInfo(reference!)).getAction();
      [fails, asked.length] = [1, 0];
      await assert.rejects(tx.setStatus("approve", bytes(password)), RemoteException);
      assert.equal(asked.length, 1);
      fails = 3;
      await assert.rejects(container.retrieveTransactionIds(), RemoteException);
    });

    it("a removed container is gone here and there; a server out of reach is told at one of the next three starts", async () => {
      const network = cut();
      const storage = createMemoryStorage();
      const device = await deviceOf({ storage }, network.fetch);
      const gone = await enrolled(world, device, "hans");
      const late = await enrolled(world, device, "ida");
      const never = await enrolled(world, device, "jan");
      const [goneId, lateId, neverId] = [gone, late, never].map((one) =>
        one.getProperty(SDKConstants.PROPERTY_DEVICEID),
      );
      const isRemoved = async (activationId: string) =>
        (await world.backOffice<{ activationStatus: string }>("/rest/v3/activation/status", { activationId }))
          .activationStatus === "REMOVED";
      await device.deleteContainer(gone.id, null, "NEW_PHONE");
      assert.equal(await isRemoved(goneId!), true);
      await assert.rejects(gone.retrieveTransactionIds(), InvalidContainerException);
      network.isCut = true;
      await device.deleteContainer(late.id);
      assert.deepEqual(
        (await device.findContainers()).map(({ userId }) => userId),
        ["jan"],
      );
      assert.equal(await isRemoved(lateId!), false);
      const settled = async (fetch: typeof network.fetch) => {
        const stored = await storage.get("approve/device");
        await deviceOf({ storage }, fetch);
        while (Buffer.compare(stored!, (await storage.get("approve/device"))!) === 0) await new Promise(setImmediate);
      };
      await settled(network.fetch);
      await settled(network.fetch);
      network.isCut = false;
      await settled(network.fetch);
      assert.equal(await isRemoved(lateId!), true);
      network.isCut = true;
      await device.deleteContainer(never.id);
      for (let start = 0; start < 3; start++) await settled(network.fetch);
      assert.doesNotMatch(Buffer.from((await storage.get("approve/device"))!).toString(), /jan/);
      assert.equal(await isRemoved(neverId!), false);
    });

    it("an empty store is a new device; one whose keys are gone says so, and can be made new", async () => {
      const storage = createMemoryStorage();
      const device: Device = await deviceOf({ storage });
      assert.deepEqual(await device.findContainers(), []);
      const container = await enrolled(world, device, "karl");
      const lost = {
        ...storage,
        get: async (key: string) => (key.includes(container.id) ? undefined : storage.get(key)),
      };
      await assert.rejects(deviceOf({ storage: lost }), LostCredentialsException);
      await DeviceFactory.reset(contextOf({ storage: lost }));
      assert.deepEqual(await (await deviceOf({ storage })).findContainers(), []);
    });

    it("a device in a folder is found again by the next process, and without its key is lost", async () => {
      const folder = mkdtempSync(join(tmpdir(), "countersign-approve-"));
      const open = (fill: number) => openFileStorage({ directory: folder, key: new Uint8Array(32).fill(fill) });
      await enrolled(world, await deviceOf({ storage: await open(1) }), "lena");
      const [found] = await (await deviceOf({ storage: await open(1) })).findContainers();
      assert.equal(found!.userId, "lena");
      assert.deepEqual(await found!.retrieveTransactionIds(), []);
      await assert.rejects(deviceOf({ storage: await open(2) }), LostCredentialsException);
      rmSync(folder, { recursive: true });
    });

    it("tells the server of a new push token and name", async () => {
      const device = await deviceOf();
      const container = await enrolled(world, device, "mona");
      await container.updateDeviceInfo(SDKConstants.DEVICE_INFO_NAME, "Blue phone");
      await container.updateDeviceInfo(SDKConstants.DEVICE_INFO_PUSHID, bytes("a".repeat(64)), null, [
        new Parameter(SDKConstants.PARAM_PUSH_PLATFORM, "apns"),
      ]);
      for (const call of [
        () => container.updateDeviceInfo(SDKConstants.DEVICE_INFO_PUSHID, "token"),
        () => container.updateDeviceInfo(SDKConstants.DEVICE_INFO_MODEL, "X"),
        () => container.updateDeviceInfo(SDKConstants.DEVICE_INFO_NAME, ""),
      ]) {
        await assert.rejects(call(), InvalidParameterException);
      }
    });
  });
}
