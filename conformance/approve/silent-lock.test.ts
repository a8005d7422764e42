/** A silent lock over a container's whole life: whoever copies the storage, at any moment, cannot test a password. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationException,
  ContainerInitialization,
  ContainerRenewal,
  RemoteException,
  SDKConstants,
  UnsupportedOperationException,
} from "@countersign/client/approve";
import { createMemoryStorage } from "@countersign/client/storage/memory";
import { passwordRules } from "@countersign/protocol/approve/policy";
import { utf8 } from "@countersign/protocol/bytes";
import { stores } from "../world.ts";
import { type ApproveWorld, bytes, deviceOf, typing, worldOn } from "./approve-world.ts";
import { confirmed, type Copy, maskedKeys } from "./storage-thief.ts";

const pin = "2580";
const pins = ["0000", "1357", "2579", pin, "2581", "9999", "correct horse 42", ""];
const silent = { type: "PASSWORD", password: { ...passwordRules, minLength: 4 }, lock: { type: "silent" } };
const type = {
  policies: { device: { type: "DEVICE", lock: { type: "none" } }, silent },
  keyPolicies: { auth: "silent", tx: "silent", enc: "device", pop: "device" },
  otp: [{ label: "event", type: "HOTP", digits: 6, algorithm: "SHA1", policy: "silent" }],
};

/** A storage of which a thief takes a copy after each write. */
function watched() {
  const inner = createMemoryStorage();
  const now = new Map<string, Uint8Array>();
  const copies: Copy[] = [];
  const storage: typeof inner = {
    ...inner,
    async set(name, value) {
      now.set(name, value.slice());
      await inner.set(name, value);
      copies.push(new Map(now));
    },
    async remove(name) {
      now.delete(name);
      await inner.remove(name);
      copies.push(new Map(now));
    },
  };
  return { storage, copies };
}

async function livedLife(world: ApproveWorld) {
  const { storage, copies } = watched();
  const sent: string[] = [];
  let loses = false;
  const device = await deviceOf({ storage }, async (url, init) => {
    sent.push(String(init.body ?? ""));
    const answer = await fetch(url, init);
    if (loses && /response$|direct$|ack$/.test(url)) throw new TypeError("the reply was lost");
    return answer;
  });
  const user = world.userOf();
  const { offer } = await world.offer(user, { deviceType: "silent" });
  const container = await device.createContainer(
    new ContainerInitialization({ activationCode: offer }),
    null,
    typing(pin),
  );
  const next = async () => {
    const id = await world.operation(user);
    const reference = (await container.retrieveTransactionIds()).at(-1)!;
    return { id, tx: await (await device.retrieveActionInfo(reference)).getAction() };
  };
  const first = await next();
  loses = true;
  await assert.rejects(first.tx.setStatus("approve", bytes(pin)), RemoteException);
  await assert.rejects(first.tx.setStatus("approve", bytes(pin)), RemoteException);
  loses = false;
  return { storage, copies, sent, device, container, next, first, lose: (value: boolean) => (loses = value) };
}

for (const store of await stores()) {
  describe(`silent lock on ${store.name}`, () => {
    const world = worldOn(store);

    it("APV-LOCK-2, APV-RES-9: no copy of the storage, at any moment, tells one password from another", async () => {
      await world.deviceType(type, "silent");
      const life = await livedLife(world);
      const { container, first, next } = life;
      await assert.rejects(first.tx.setStatus("approve", bytes("0000")), AuthenticationException, "counted");
      assert.equal(await first.tx.setStatus("approve", bytes(pin)), true);
      assert.equal(await world.statusOf(first.id), "APPROVED");
      const second = await next();
      await assert.rejects(second.tx.setStatus("decline", bytes("1357")), AuthenticationException);
      assert.equal(await second.tx.setStatus("decline", bytes(pin)), true);
      life.lose(true);
      await assert.rejects(container.renew(new ContainerRenewal(), null, typing(pin)), RemoteException);
      life.lose(false);
      const third = await next();
      assert.equal(await third.tx.setStatus("approve", bytes(pin)), true);
      const [key] = await container.findKeys([]);
      const policy = key!.getProtectionPolicy() as { verifyPassword?: (password: Uint8Array) => Promise<void> };
      await assert.rejects(policy.verifyPassword!(bytes(pin)), UnsupportedOperationException);
      const copies = life.copies.filter((copy) => maskedKeys(copy) > 0);
      assert.ok(copies.length >= 12, `${copies.length} copies`);
      for (const [at, copy] of copies.entries()) assert.deepEqual(await confirmed(copy, pins), [], `copy ${at}`);
    });

    it("the thief is no blind one: an answer or a registration that lay there confirms the password", async () => {
      await world.deviceType(type, "silent");
      const { copies, sent } = await livedLife(world);
      const copy = copies.at(-1)!;
      for (const what of ['"response"', '"signatures"']) {
        const body = sent.find((one) => one.includes(what))!;
        assert.deepEqual(await confirmed(new Map([...copy, ["planted", utf8(body)]]), pins), [pin], what);
      }
    });

    it("secrets of one-time passwords survive a crash between the record and the password, and then only masked", async () => {
      await world.deviceType(type, "silent");
      const { storage, copies } = watched();
      const { offer } = await world.offer(world.userOf(), { deviceType: "silent" });
      const init = new ContainerInitialization({ activationCode: offer });
      let calls = 0;
      const device = await deviceOf({ storage }, (url, ...more) => (calls++, fetch(url, ...more)));
      await assert.rejects(device.createContainer(init));
      const before = calls;
      const again = await deviceOf({ storage }, (url, ...more) => (calls++, fetch(url, ...more)));
      const container = await again.createContainer(init, null, typing(pin));
      assert.equal(calls, before, "the server has said everything");
      const [otp] = (await container.findKeys()).filter(
        (key) => key.getProperty(SDKConstants.KEY_PROPERTY_USAGE) === SDKConstants.KEY_PROPERTY_USAGE_OTP,
      );
      assert.equal(otp!.getAlgorithm(), "HOTP");
      const left = JSON.stringify([...copies.at(-1)!].map(([, value]) => Buffer.from(value).toString()));
      assert.ok(!left.includes("entrusted") && !left.includes("signatures"));
    });
  });
}
