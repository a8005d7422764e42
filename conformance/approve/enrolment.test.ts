/** Registration of a device: by QR code, link, push message and typed code; and what a crash in between leaves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ContainerInitialization,
  EventResult,
  InvalidParameterException,
  InvalidPasswordException,
  PasswordCancelledException,
  type PasswordPromptEvent,
  PasswordPromptResult,
  PasswordRequiredException,
  RemoteException,
  SDKConstants,
  ServerOperationFailedException,
  ServerProtocolException,
  UnsafeDeviceException,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { stores } from "../world.ts";
import { everyDeath, mortal } from "./crash.ts";
import { bytes, closing, cut, deviceOf, worldOn, password, typing } from "./approve-world.ts";

for (const store of await stores()) {
  describe(`registration of Approve devices on ${store.name}`, () => {
    const world = worldOn(store);

    it("takes an offer as text, JSON with dty, or link, and the typed triple", async () => {
      const forms: ((offer: string) => string)[] = [
        (offer) => offer,
        (offer) => JSON.stringify({ dty: "apv1", prov: offer }),
        (offer) => `https://bank.example/enrol?offer=${offer}`,
        (offer) => `  bank-app:enrol#offer=${offer}\n`,
      ];
      for (const form of forms) {
        const device = await deviceOf();
        const user = world.userOf();
        const activationCode = form((await world.offer(user)).offer);
        const container = await device.createContainer(new ContainerInitialization({ activationCode }), typing());
        assert.equal(container.userId, user);
        assert.match(container.getTranscriptCode(), /^\d{6}$/);
      }
      const device = await deviceOf();
      const userId = world.userOf();
      const { inviteCode } = await world.offer(userId, { invite: true });
      const typed = new ContainerInitialization({ userId, inviteCode: bytes(inviteCode!), serverUrl: `${world.url}/` });
      assert.equal((await device.createContainer(typed, null, typing())).getUserId(), userId);
    });

    it("asks for a password for each policy that has one, says its rules, and wipes it", async () => {
      const device = await deviceOf();
      const { offer } = await world.offer(world.userOf());
      const events: PasswordPromptEvent[] = [];
      const given: Uint8Array[] = [];
      await device.createContainer(new ContainerInitialization({ activationCode: offer }), null, {
        onEventReceived(event) {
          events.push(event as PasswordPromptEvent);
          given.push(bytes(password));
          const result = new PasswordPromptResult(EventResult.Code.Continue);
          result.setPassword(given.at(-1)!);
          return result;
        },
      });
      assert.equal(events.length, 1);
      assert.equal(events[0]!.getPasswordPolicy().getMinLength(), 6);
      assert.ok(given.flatMap((one) => [...one]).every((byte) => byte === 0));
    });

    it("a prompt that is closed, missing or answered badly changes nothing, and the same code goes on", async () => {
      const device = await deviceOf();
      const user = world.userOf();
      const { offer } = await world.offer(user);
      const init = new ContainerInitialization({ activationCode: offer });
      await assert.rejects(device.createContainer(init, null, closing), PasswordCancelledException);
      await assert.rejects(device.createContainer(init), PasswordRequiredException);
      await assert.rejects(device.createContainer(init, null, typing("short")), (error) => {
        assert.ok(error instanceof InvalidPasswordException);
        assert.deepEqual(error.getParameters(), ["minLength"]);
        return true;
      });
      assert.deepEqual(await device.findContainers(), []);
      const container = await device.createContainer(init, null, typing());
      assert.equal(container.userId, user);
      assert.equal((await device.findContainers()).length, 1);
      await assert.rejects(device.createContainer(init, null, typing()), ServerOperationFailedException, "used");
      assert.equal((await device.findContainers()).length, 1);
    });

    it("refuses what is no offer, and an offer that the server did not sign (APV-OFF-2)", async () => {
      const device = await deviceOf();
      const { offer } = await world.offer(world.userOf());
      const [header, payload, signature] = offer.split(".");
      const claims = JSON.parse(Buffer.from(payload!, "base64url").toString()) as object;
      const altered = Buffer.from(JSON.stringify({ ...claims, sub_hint: "eve" })).toString("base64url");
      for (const [code, exception] of [
        ["", InvalidParameterException],
        ["hello", InvalidParameterException],
        [`${header}.${payload}`, InvalidParameterException],
        [`${header}.${altered}.${signature}`, ServerProtocolException],
      ] as const) {
        const init = new ContainerInitialization({ activationCode: code });
        await assert.rejects(device.createContainer(init, null, typing()), exception, code.slice(0, 10));
      }
      const both = new ContainerInitialization({ activationCode: offer, userId: "anna" });
      await assert.rejects(device.createContainer(both, null, typing()), InvalidParameterException);
      const insecure = new ContainerInitialization({ userId: "a", inviteCode: "b", serverUrl: "http://bank.example" });
      await assert.rejects(device.createContainer(insecure, null, typing()), InvalidParameterException);
      assert.deepEqual(await device.findContainers(), []);
    });

    it("a record that was exchanged on the way enrols nobody (APV-ENR-5)", async () => {
      const other = await world.offer(world.userOf());
      let record: unknown;
      await deviceOf({}, async (url, init) => {
        const answer = await fetch(url, init);
        if (url.endsWith("/enrol")) record = await answer.clone().json();
        return answer;
      }).then((device) =>
        device.createContainer(new ContainerInitialization({ activationCode: other.offer }), null, typing()),
      );
      const device = await deviceOf({}, async (url, init) =>
        url.endsWith("/enrol") ? Response.json(record) : fetch(url, init),
      );
      const { offer } = await world.offer(world.userOf());
      const init = new ContainerInitialization({ activationCode: offer });
      await assert.rejects(device.createContainer(init, null, typing()), ServerProtocolException);
      assert.deepEqual(await device.findContainers(), []);
    });

    it("the rules of the device type refuse with their own words, and a user has so many devices", async () => {
      const message = "This telephone is too old for us.";
      await world.deviceType(
        { rules: { platforms: [{ platform: "ios" }], hardwareKeysRequired: false, rootedAllowed: false, message } },
        "strict",
      );
      await world.deviceType({ maxDevices: 1 }, "single");
      const strict = await world.offer(world.userOf(), { deviceType: "strict" });
      const device = await deviceOf();
      const init = (activationCode: string) => new ContainerInitialization({ activationCode });
      await assert.rejects(device.createContainer(init(strict.offer), null, typing()), UnsafeDeviceException);
      const user = world.userOf();
      await device.createContainer(init((await world.offer(user, { deviceType: "single" })).offer), null, typing());
      const second = await world.offer(user, { deviceType: "single" });
      await assert.rejects(device.createContainer(init(second.offer), null, typing()), (error) => {
        assert.ok(error instanceof ServerOperationFailedException);
        assert.deepEqual(error.getParameters(), ["too-many-devices"]);
        return true;
      });
    });

    it("private keys never leave: no request holds more than public ones", async () => {
      const sent: string[] = [];
      const device = await deviceOf({}, (url, init) => {
        sent.push(String(init.body ?? ""), JSON.stringify(init.headers));
        return fetch(url, init);
      });
      const { offer } = await world.offer(world.userOf());
      await device.createContainer(new ContainerInitialization({ activationCode: offer }), null, typing());
      const enrolment = sent.find((one) => one.includes("signatures"))!;
      const { keys } = JSON.parse(Buffer.from(JSON.parse(enrolment).payload, "base64url").toString());
      assert.deepEqual(
        keys.map(({ jwk }: { jwk: object }) => Object.keys(jwk).sort()),
        [1, 2, 3, 4].map(() => ["crv", "kty", "x", "y"]),
      );
      assert.ok(sent.every((one) => !one.includes(password)));
    });

    it("a network that fails keeps what was begun, and the same code goes on", async () => {
      const network = cut();
      const device = await deviceOf({}, network.fetch);
      const init = new ContainerInitialization({ activationCode: (await world.offer(world.userOf())).offer });
      network.isCut = true;
      await assert.rejects(device.createContainer(init, null, typing()), RemoteException);
      network.isCut = false;
      await device.createContainer(init, null, typing());
      assert.equal((await device.findContainers()).length, 1);
    });

    it("a crash at any step of registration leaves one usable container or none, and the same code goes on", async () => {
      const deaths = await everyDeath(async (death) => {
        const storage = createMemoryStorage();
        const user = world.userOf();
        const init = new ContainerInitialization({ activationCode: (await world.offer(user)).offer });
        const life = mortal(storage, death);
        const first = await deviceOf({ storage: life.storage }, life.fetch);
        await first.createContainer(init, null, typing()).catch(() => undefined);
        const again = await deviceOf({ storage });
        const left = await again.findContainers();
        assert.ok(left.length <= 1, "never two");
        if (left.length === 0) await again.createContainer(init, null, typing());
        const containers = await again.findContainers();
        assert.equal(containers.length, 1, `step ${death.step} ${death.after}`);
        const id = await world.operation(user);
        const [reference] = await containers[0]!.retrieveTransactionIds();
        const tx = await (await again.retrieveActionInfo(reference!)).getAction();
        assert.equal(await tx.setStatus("approve", bytes(password)), true);
        assert.equal(await world.statusOf(id), "APPROVED");
        return { died: life.isDead() };
      });
      assert.ok(deaths >= 16, `${deaths} deaths`);
    });

    it("a crash at any step after a typed code leaves one container or none", async () => {
      await everyDeath(async (death) => {
        const storage = createMemoryStorage();
        const userId = world.userOf();
        const { inviteCode } = await world.offer(userId, { invite: true });
        const init = new ContainerInitialization({ userId, inviteCode: inviteCode!, serverUrl: world.url });
        const life = mortal(storage, death);
        const first = await deviceOf({ storage: life.storage }, life.fetch);
        await first.createContainer(init, null, typing()).catch(() => undefined);
        const again = await deviceOf({ storage });
        if ((await again.findContainers()).length === 0) {
          await again.createContainer(init, null, typing()).catch(() => undefined);
        }
        const containers = await again.findContainers();
        assert.ok(containers.length <= 1);
        for (const container of containers) assert.deepEqual(await container.retrieveTransactionIds(), []);
        return { died: life.isDead() };
      });
    });

    it("what a container says of itself", async () => {
      const device = await deviceOf();
      const { offer } = await world.offer(world.userOf());
      const init = new ContainerInitialization({ activationCode: offer, name: "Work phone" });
      const container = await device.createContainer(init, null, typing());
      // What the record told (APV-ENR-4).
      assert.equal(container.getName(), "Work phone");
      await container.setName("Old phone");
      const [found] = await device.findContainers();
      assert.equal(found!.name, "Old phone");
      assert.equal(container.getServerURL(), world.url);
      assert.equal(container.getProperty(SDKConstants.PROPERTY_PROTOCOL_VERSION), "1");
      assert.match(container.getProperty(SDKConstants.PROPERTY_DEVICEID), /^[0-9a-f-]{36}$/);
      assert.notEqual(container.getProperty(SDKConstants.PROPERTY_DOMAIN), "");
      assert.throws(() => container.getProperty("else"), InvalidParameterException);
      assert.equal(container.isRenewable(null), true);
      assert.ok(container.getRenewalDate()! > new Date());
      const keys = await container.findKeys();
      assert.deepEqual(
        keys.map((key) => key.getLabel()),
        ["pushkeyPublic", "signkeyPublic", "sessionkeyPublic"],
      );
      assert.equal(keys[1]!.getProperty(SDKConstants.KEY_PROPERTY_USAGE), SDKConstants.KEY_PROPERTY_USAGE_SIGN);
      assert.equal(await device.getDeviceInfo(SDKConstants.DEVICE_INFO_OS), "node");
      assert.match(device.getVersion(), /^\d+\.\d+\.\d+$/);
    });

    it("an offer made before the server changed its key enrols afterwards, by the old key's word for the new one (APV-OFF-2, APV-ROT-2)", async () => {
      const device = await deviceOf();
      const user = world.userOf();
      const { offer } = await world.offer(user);
      const { kid } = await world.v1("POST", "/keys/rotate", { use: "approve" });
      for (let active = ""; active !== kid;) {
        const metadata = await (await fetch(`${world.url}/approve/v1/metadata`)).json();
        active = (metadata as { keys: { kid: string }[] }).keys[0]!.kid;
        if (active !== kid) await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const container = await device.createContainer(new ContainerInitialization({ activationCode: offer }), typing());
      assert.equal(container.userId, user);
      await world.operation(user);
      assert.equal((await container.retrieveTransactionIds()).length, 1);
    });
  });
}
