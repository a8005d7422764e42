/** Renewal of a container's keys in two phases (Approve protocol §11), over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import {
  acknowledgement,
  type ApproveDevice,
  renewalOf,
  renewedDevice,
  softKey,
} from "../../../../tools/approve-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const path = "/approve/v1/container";

suiteOnEachStore((dialect, open) => {
  describe(`Approve renewal on ${dialect}`, () => {
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

    const enrolled = async () => {
      const user = approve.userOf();
      return { user, device: await approve.device(user) };
    };
    const begun = async (device: ApproveDevice) => {
      const { keys, body } = await renewalOf(device);
      const reply = await device.call("POST", `${path}/renewal`, body);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return { body, renewed: await renewedDevice(device, keys, reply.body.record as string) };
    };
    const works = async (device: ApproveDevice, user: string) => {
      const id = await approve.operation(user);
      assert.equal((await device.decide(id, "approve")).status, 200);
    };
    const codeOf = async (device: ApproveDevice, method: string, at: string, body?: object) =>
      (await device.call(method, at, body)).body?.code as string | undefined;

    it("old keys work until the acknowledgement, new ones after it; either set alone at each step (APV-REN-1 to -3)", async () => {
      const { user, device } = await enrolled();
      const { renewed } = await begun(device);
      await works(device, user);
      assert.equal(await codeOf(renewed, "GET", path), "proof-invalid", "the new keys only wait");
      const ack = await acknowledgement(renewed);
      const first = await renewed.call("POST", `${path}/renewal/ack`, { ack });
      assert.equal(first.status, 200, JSON.stringify(first.body));
      assert.equal(first.body.renewBefore, renewed.record.renewBefore);
      assert.equal(await codeOf(device, "GET", path), "proof-invalid", "the old keys are gone");
      const again = await renewed.call("POST", `${path}/renewal/ack`, { ack });
      assert.deepEqual([again.status, again.body], [200, first.body], "same again, same answer");
      const state = await renewed.call("GET", path);
      assert.equal(state.body.seq, 1, "the sequence goes on");
      assert.deepEqual(
        (await approve.events(device.cid)).filter((type) => type.startsWith("container.")),
        ["container.renewal.started", "container.renewed"],
      );
    });

    it("the same request again names the same keys, another one replaces them (APV-REN-1)", async () => {
      const { device } = await enrolled();
      const { body, renewed } = await begun(device);
      const again = await device.call("POST", `${path}/renewal`, body);
      const repeated = await renewedDevice(device, renewed.keys, again.body.record as string);
      assert.deepEqual(repeated.record.keys, renewed.record.keys);
      const { renewed: other } = await begun(device);
      const late = await renewed.call("POST", `${path}/renewal/ack`, { ack: await acknowledgement(renewed) });
      assert.equal(late.body.code, "proof-invalid", "replaced keys acknowledge nothing");
      const done = await other.call("POST", `${path}/renewal/ack`, { ack: await acknowledgement(other) });
      assert.equal(done.status, 200, JSON.stringify(done.body));
    });

    it("what does not vouch for the new keys is refused and changes nothing", async () => {
      const { device } = await enrolled();
      const other = (await enrolled()).device;
      const now = Math.floor(Date.now() / 1000);
      const reused = device.keys.map(({ use, jwk }) => ({ use, jwk }));
      const cases: readonly (readonly [string, object, ReturnType<typeof softKey>?])[] = [
        ["another key vouches", {}, softKey("pop")],
        ["another container", { cid: other.cid }],
        ["another server", { aud: "https://evil.example" }],
        ["too old", { iat: now - 900 }],
        ["keys that are not those that sign", { keys: reused }],
      ];
      for (const [title, more, by] of cases) {
        const { body } = await renewalOf(device, more, by);
        assert.equal(await codeOf(device, "POST", `${path}/renewal`, body), "invalid-request", title);
      }
      const whole = (await renewalOf(device)).body as { payload: string; signatures: object[] };
      for (const signatures of [
        whole.signatures.slice(0, 4),
        whole.signatures.slice(1),
        [...whole.signatures].reverse(),
      ]) {
        assert.equal(await codeOf(device, "POST", `${path}/renewal`, { ...whole, signatures }), "invalid-request");
      }
      const rows = await store.store.read
        .selectFrom("container_key")
        .select("state")
        .where("activation_id", "=", device.cid)
        .execute();
      assert.deepEqual([...new Set(rows.map(({ state }) => state))], ["ACTIVE"]);
    });

    it("an acknowledgement is for this renewal, by its own pop key (APV-REN-2)", async () => {
      const { device } = await enrolled();
      const { renewed } = await begun(device);
      const at = `${path}/renewal/ack`;
      const cases: readonly (readonly [string, Promise<string>])[] = [
        ["transcript", acknowledgement(renewed, { transcript: device.record.transcript })],
        ["aud", acknowledgement(renewed, { aud: "https://evil.example" })],
        ["cid", acknowledgement(renewed, { cid: (await enrolled()).device.cid })],
        ["signature", acknowledgement(renewed, {}, softKey("pop"))],
      ];
      for (const [title, ack] of cases)
        assert.equal(await codeOf(renewed, "POST", at, { ack: await ack }), "invalid-request", title);
      const ack = await acknowledgement(renewed);
      assert.equal(await codeOf(device, "POST", at, { ack }), "invalid-request", "proof by the old key");
      assert.equal((await device.call("GET", path)).status, 200);
      assert.equal((await renewed.call("POST", at, { ack })).status, 200);
    });

    it("two acknowledgements at once swap once", async () => {
      const { device } = await enrolled();
      const { renewed } = await begun(device);
      await renewed.call("GET", path);
      const ack = await acknowledgement(renewed);
      const replies = await Promise.all([1, 2, 3].map(() => renewed.call("POST", `${path}/renewal/ack`, { ack })));
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200, 200],
      );
      const events = await approve.events(device.cid);
      assert.equal(events.filter((type) => type === "container.renewed").length, 1);
    });

    it("where renewal is off it is refused: `feature-off`", async () => {
      const user = approve.userOf();
      const deviceType = await approve.type("fixed", { features: { cancel: true, direct: true, renew: false } });
      const device = await approve.device(user, { deviceType });
      assert.equal(device.record.features.renew, false);
      const { body } = await renewalOf(device);
      assert.equal(await codeOf(device, "POST", `${path}/renewal`, body), "feature-off");
    });

    it("signing keys end at `renewBefore`; by the others the device renews for thirty days more (APV-KEY-4)", async () => {
      const { user, device } = await enrolled();
      const day = 86_400_000;
      const age = (days: number) =>
        store.store.transaction(({ db }) =>
          db
            .updateTable("container_key")
            .set((row) => ({ expires_at: row("expires_at", "-", days * day) }))
            .where("activation_id", "=", device.cid)
            .execute(),
        );
      await age(366);
      const id = await approve.operation(user);
      assert.equal((await device.decide(id, "approve")).body.code, "key-expired");
      const { renewed } = await begun(device);
      assert.equal(
        (await renewed.call("POST", `${path}/renewal/ack`, { ack: await acknowledgement(renewed) })).status,
        200,
      );
      await works(renewed, user);
      await age(396);
      assert.equal(await codeOf(renewed, "GET", path), "key-expired");
    });
  });
});
