/** The life of a container between enrolment and end: by its device (Approve protocol §11) and by the back office. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { answerDigest, noAnswer } from "@countersign/protocol/approve/response";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { sha256 } from "../../../../tools/approve-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const path = "/approve/v1/container";

suiteOnEachStore((dialect, open) => {
  describe(`Approve containers on ${dialect}`, () => {
    let store: TestStore;
    let approve: ContainerBank;
    before(async () => {
      store = await open();
      approve = await startContainerBank(store);
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });

    const admin = (method: string, at: string, body?: object) => approve.bank.v1(method, `/containers${at}`, body);

    it("a device reads its place in the sequence, its renewal date and features (APV-RES-3, APV-DEV-3)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const { status, body } = await device.call("GET", path);
      assert.equal(status, 200);
      assert.deepEqual(body, {
        seq: 0,
        prev: noAnswer,
        status: "ACTIVE",
        name: "Phone",
        renewBefore: device.record.renewBefore,
        features: device.record.features,
      });
      const id = await approve.operation(user);
      const text = await device.answer(await device.fetch(id), "approve");
      await device.respond(id, text);
      const later = (await device.call("GET", path)).body;
      assert.deepEqual([later.seq, later.prev], [1, answerDigest(sha256, text)]);
    });

    it("a device is told the key that a browser subscribes for, where its application has one (APV-DEV-3)", async () => {
      const device = await approve.device(approve.userOf());
      const keyOf = async () => (await device.call("GET", path)).body.pushKey;
      assert.equal(await keyOf(), undefined);
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const { d } = privateKey.export({ format: "jwk" });
      const gateway = `/push-gateways/${encodeURIComponent(approve.application)}/web`;
      const settings = { subject: "mailto:push@bank.example", privateKey: d };
      const { status, body } = await approve.bank.v1("PUT", gateway, settings);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(await keyOf(), body.publicKey);
      assert.match(await keyOf(), /^[\w-]{87}$/);
      await approve.bank.v1("DELETE", gateway);
    });

    it("a device changes its name, its description and its push address, and takes the address back (APV-DEV-2)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const info = { platform: "node", osVersion: "25.1", hardwareKeys: true, model: "Terminal" };
      const change = { name: "Work", device: info, push: { platform: "fcm", token: `token-${device.cid}` } };
      assert.equal((await device.call("PATCH", path, change)).status, 204);
      const { body } = await admin("GET", `/${device.cid}`);
      assert.deepEqual([body.name, body.device], ["Work", info]);
      const registered = async () =>
        (await approve.bank.v1("GET", `/push-devices?userId=${encodeURIComponent(user)}`)).body.items.length;
      assert.equal(await registered(), 1);
      assert.equal((await device.call("PATCH", path, { push: null })).status, 204);
      assert.equal(await registered(), 0);
      const bad = { name: "Other", push: { platform: "apns", token: "not hexadecimal" } };
      assert.equal((await device.call("PATCH", path, bad)).body.code, "push-registration");
      for (const wrong of [{ name: "" }, { device: {} }, { status: "BLOCKED" }, { name: "a\u0000" }]) {
        assert.equal((await device.call("PATCH", path, wrong)).body.code, "invalid-request");
      }
      assert.equal((await admin("GET", `/${device.cid}`)).body.name, "Work");
      const events = await approve.events(device.cid);
      for (const type of ["container.changed", "activation.renamed", "push.device.registered", "push.device.removed"]) {
        assert.ok(events.includes(type), type);
      }
    });

    it("a device ends its container: its push address goes, and it learns afterwards that it was removed (APV-DEV-2)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      await device.call("PATCH", path, { push: { platform: "fcm", token: `token-${device.cid}` } });
      assert.equal((await device.call("DELETE", path, {})).body.code, "invalid-request", "a reason is asked for");
      assert.equal((await device.call("DELETE", path, { reason: "NEW_PHONE" })).status, 204);
      const { body } = await admin("GET", `/${device.cid}`);
      assert.deepEqual([body.status, body.deletionReason], ["REMOVED", "NEW_PHONE"]);
      const again = await device.call("DELETE", path, { reason: "NEW_PHONE" });
      assert.deepEqual([again.status, again.body.code], [403, "container-removed"]);
      const events = await approve.events(device.cid);
      assert.equal(events.filter((type) => type === "activation.removed").length, 1);
      assert.ok(events.includes("push.device.removed"));
    });

    it("a proof serves one change: replayed it changes nothing (APV-POP-5)", async () => {
      const device = await approve.device(approve.userOf());
      await device.call("GET", path);
      const text = JSON.stringify({ name: "First" });
      const dpop = await device.proof("PATCH", path, text);
      const send = () =>
        fetch(approve.url + path, {
          method: "PATCH",
          headers: { dpop, "content-type": "application/json" },
          body: text,
        });
      const statuses = (await Promise.all([send(), send(), send()])).map(({ status }) => status);
      assert.deepEqual(
        statuses.toSorted((a, b) => a - b),
        [204, 401, 401],
      );
    });

    it("the back office lists by user, application and status, page by page", async () => {
      const user = approve.userOf();
      const devices = [await approve.device(user), await approve.device(user), await approve.device(user)];
      await admin("POST", `/${devices[0]!.cid}/block`, { reason: "LOST", by: "help desk" });
      const of = async (query: string) => (await admin("GET", `?userId=${encodeURIComponent(user)}${query}`)).body;
      assert.deepEqual(
        (await of("")).items.map(({ id }: { id: string }) => id).toSorted(),
        devices.map(({ cid }) => cid).toSorted(),
      );
      assert.deepEqual(
        (await of("&status=BLOCKED")).items.map(({ id }: { id: string }) => id),
        [devices[0]!.cid],
      );
      assert.equal((await of(`&applicationId=${encodeURIComponent(approve.application)}`)).items.length, 3);
      const first = await of("&limit=2");
      const rest = await of(`&limit=2&cursor=${first.nextCursor}`);
      assert.deepEqual([first.items.length, rest.items.length], [2, 1]);
    });

    it("the back office blocks, unblocks and removes; the device is told, and public keys are all that is shown", async () => {
      const device = await approve.device(approve.userOf());
      const { body } = await admin("GET", `/${device.cid}`);
      assert.deepEqual(
        body.keys
          .map(({ use, kid }: { use: string; kid: string }) => [use, kid])
          .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
        device.record.keys.map(({ use, kid }) => [use, kid]).toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
      );
      assert.deepEqual(body.policies, device.record.policies);
      for (const { jwk } of body.keys) assert.deepEqual(Object.keys(jwk), ["kty", "crv", "x", "y"]);
      assert.equal((await admin("POST", `/${device.cid}/block`, { reason: "LOST" })).body.blockedReason, "LOST");
      assert.equal((await device.call("GET", path)).body.code, "container-blocked");
      assert.equal((await admin("POST", `/${device.cid}/unblock`)).body.status, "ACTIVE");
      assert.equal((await device.call("GET", path)).status, 200);
      assert.equal((await admin("DELETE", `/${device.cid}`, { reason: "LOST", by: "help desk" })).status, 204);
      assert.equal((await device.call("GET", path)).body.code, "container-removed");
      assert.equal((await admin("GET", `/${device.cid}`)).body.deletionReason, "LOST");
      assert.equal((await admin("POST", `/${device.cid}/unblock`)).body.code, "activation-state");
    });

    it("containers of other applications, activations of other protocols and unknown ones do not exist", async () => {
      const device = await approve.device(approve.userOf());
      const other = await approve.bank.application();
      const client = await approve.bank.client(["operate"], [other.applicationId]);
      const powerAuth = await approve.bank.device(other, approve.userOf());
      const cases = [
        [`/${device.cid}`, client],
        [`/${powerAuth.activationId}`, approve.bank.admin],
        ["/0ab5a3c1-6c1e-4d52-9a34-2f0d1b7c9e11", approve.bank.admin],
      ] as const;
      for (const [at, by] of cases) {
        for (const [method, more] of [
          ["GET", ""],
          ["POST", "/block"],
          ["POST", "/unblock"],
          ["DELETE", ""],
        ] as const) {
          const reply = await approve.bank.v1(method, `/containers${at}${more}`, undefined, { client: by });
          assert.deepEqual([reply.status, reply.body.code], [404, "container-not-found"], `${method} ${at}${more}`);
        }
      }
      assert.equal((await device.call("GET", path)).status, 200);
    });
  });
});
