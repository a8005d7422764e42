/** Enrolment at its edges (Approve protocol §3 and §4), over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { keyUses } from "@countersign/protocol/approve/keys";
import { makeKeyProof } from "@countersign/protocol/approve/key-proof";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { type Enrolment, enrolmentOf, sendEnrolment, softKey } from "../../../../tools/approve-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

suiteOnEachStore((dialect, open) => {
  describe(`Approve enrolment on ${dialect}`, () => {
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

    const offered = async (more: object = {}, user = approve.userOf()) => {
      const made = await approve.offer(user, more);
      return { ...made, user, url: approve.url };
    };
    const codeOf = async (bytes: Uint8Array) => {
      const { status, body } = await sendEnrolment(approve.url, bytes);
      return status === 201 ? "enrolled" : (body.code as string);
    };
    const outcome = async (enrolment: Enrolment) => codeOf((await enrolmentOf(enrolment)).bytes);

    it("platform, version bounds, hardware keys and rooted devices are held to the type's rules (APV-ENR-8)", async () => {
      const rules = {
        platforms: [{ platform: "android", minVersion: "12.1", maxVersion: "15" }],
        hardwareKeysRequired: true,
        rootedAllowed: false,
        message: "Please update",
      };
      const deviceType = await approve.type("strict", { rules, maxDevices: 0 });
      const good = { platform: "android", osVersion: "13", hardwareKeys: true };
      const cases: readonly (readonly [object, string])[] = [
        [{}, "enrolled"],
        [{ osVersion: "12.0.9" }, "device-not-allowed"],
        [{ osVersion: "12.1" }, "enrolled"],
        [{ osVersion: "12.1.1" }, "enrolled"],
        [{ osVersion: "15" }, "enrolled"],
        [{ osVersion: "15.0.1" }, "device-not-allowed"],
        [{ osVersion: "2" }, "device-not-allowed"],
        [{ platform: "ios" }, "device-not-allowed"],
        [{ hardwareKeys: false }, "device-not-allowed"],
        [{ rooted: true }, "device-not-allowed"],
        [{ rooted: false }, "enrolled"],
      ];
      for (const [device, expected] of cases) {
        const made = await offered({ deviceType });
        const { bytes } = await enrolmentOf({ ...made, device: { ...good, ...device } });
        const { status, body } = await sendEnrolment(approve.url, bytes);
        assert.equal(status === 201 ? "enrolled" : body.code, expected, JSON.stringify(device));
        if (status === 201) continue;
        assert.equal(body.detail, "Please update");
        assert.deepEqual(await approve.events(made.id), ["offer.created", "enrolment.failed"]);
      }
    });

    it("of enrolments at once as many succeed as the user may have devices (APV-ENR-8)", async () => {
      const deviceType = await approve.type("two", { maxDevices: 2 });
      const user = approve.userOf();
      const all = await Promise.all(
        [1, 2, 3, 4].map(async () => (await enrolmentOf(await offered({ deviceType }, user))).bytes),
      );
      const results = await Promise.all(all.map(codeOf));
      assert.deepEqual(results.toSorted(), ["enrolled", "enrolled", "too-many-devices", "too-many-devices"]);
      const { items } = (await approve.bank.v1("GET", `/containers?userId=${encodeURIComponent(user)}`)).body;
      await approve.bank.v1("DELETE", `/containers/${items[0].id}`, { reason: "old" });
      assert.equal(await outcome(await offered({ deviceType }, user)), "enrolled", "a removed one makes room");
    });

    it("one offer for two devices at once: one is enrolled, and a third is refused (APV-OFF-4)", async () => {
      const made = await offered();
      const both = await Promise.all([enrolmentOf(made), enrolmentOf(made)]);
      const results = await Promise.all(both.map(({ bytes }) => codeOf(bytes)));
      assert.deepEqual(results.toSorted(), ["enrolled", "offer-used"]);
      assert.equal(await outcome(made), "offer-used");
    });

    it("after a commit whose answer was lost the same bytes bring the same container (APV-ENR-9)", async () => {
      const made = await offered();
      const { bytes } = await enrolmentOf(made);
      const results = await Promise.all([codeOf(bytes), codeOf(bytes), codeOf(bytes)]);
      assert.deepEqual(results, ["enrolled", "enrolled", "enrolled"]);
      const { items } = (await approve.bank.v1("GET", `/containers?userId=${encodeURIComponent(made.user)}`)).body;
      assert.equal(items.length, 1);
    });

    it("an offer that is over or never was enrols nobody", async () => {
      const made = await offered();
      const early = await enrolmentOf(made);
      await store.store.transaction(({ db }) =>
        db.updateTable("enrol_offer").set({ expires_at: 1 }).where("id", "=", made.id).execute(),
      );
      assert.equal(await codeOf(early.bytes), "offer-expired");
      const { keys, payload } = await enrolmentOf(await offered());
      const unknown = { ...payload, code: "AAAAAAAAAAAAAAAAAAAAAA" };
      assert.equal(await codeOf(await makeKeyProof("apv-enrol+jws", unknown, keys)), "offer-unknown");
    });

    it("what the keys do not prove, each for itself and for this server, is refused (APV-ENR-1 to -3)", async () => {
      const made = await offered();
      const { keys, payload } = await enrolmentOf(made);
      const [auth, tx, enc, pop] = keys;
      const proof = (more: object, by = keys) => makeKeyProof("apv-enrol+jws", { ...payload, ...more }, by);
      const listed = (all: readonly { use: string; jwk: object }[]) => all.map(({ use, jwk }) => ({ use, jwk }));
      const whole = JSON.parse(Buffer.from(await proof({})).toString()) as { payload: string; signatures: object[] };
      const asBytes = (value: object) => new Uint8Array(Buffer.from(JSON.stringify(value)));
      const other = JSON.parse(
        Buffer.from((await enrolmentOf(await offered(), keys)).bytes).toString(),
      ) as typeof whole;
      const twice = [auth!, auth!, enc!, pop!].map((key, at) => ({ ...key, use: keyUses[at]! }));
      const three = keys.slice(0, 3);
      const cases: readonly (readonly [string, Uint8Array])[] = [
        ["another server", await proof({ aud: "https://evil.example" })],
        ["a use is missing", await proof({ keys: listed(three) }, three)],
        ["a use twice", await proof({ keys: listed([auth!, { ...tx!, use: "auth" }, enc!, pop!]) })],
        ["one key for two uses", await proof({ keys: listed(twice) }, twice)],
        ["a signature is missing", asBytes({ ...whole, signatures: whole.signatures.slice(0, 3) })],
        ["signatures in another order", asBytes({ ...whole, signatures: whole.signatures.toReversed() })],
        ["a signature of another key", await proof({}, [auth!, tx!, enc!, softKey("pop")])],
        ["signatures of another request", asBytes({ ...whole, signatures: other.signatures })],
        ["the algorithm is gone", await proof({ algs: [] })],
        ["another algorithm", await proof({ algs: ["none"] })],
        ["no push token", await proof({ push: { platform: "apns", token: "not hexadecimal" } })],
        ["a name that no database holds", await proof({ device: { ...payload.device, name: "a\u0000b" } })],
        ["truncated", Buffer.from(JSON.stringify(whole)).subarray(0, -1)],
      ];
      for (const [title, bytes] of cases) assert.equal(await codeOf(bytes), "invalid-request", title);
      assert.equal(await codeOf(await proof({ ver: [2] })), "version-not-supported");
      assert.equal(await codeOf(await proof({})), "enrolled", "the offer is still there");
    });

    it("an enrolment for one offer is none for another", async () => {
      const { keys, payload, bytes } = await enrolmentOf(await offered());
      assert.equal(await codeOf(bytes), "enrolled");
      const { payload: second } = await enrolmentOf(await offered());
      const whole = JSON.parse(Buffer.from(bytes).toString()) as object;
      const moved = Buffer.from(JSON.stringify({ ...payload, code: second.code })).toString("base64url");
      assert.equal(await codeOf(Buffer.from(JSON.stringify({ ...whole, payload: moved }))), "invalid-request");
      assert.equal(
        await codeOf(await makeKeyProof("apv-enrol+jws", { ...payload, code: second.code }, keys)),
        "enrolled",
      );
    });

    it("an invite code is typed in any case, once, and wrong ones tell nothing (APV-OFF-3)", async () => {
      const redeem = async (userId: string, inviteCode: string) => {
        const reply = await fetch(`${approve.url}/approve/v1/offers`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ userId, inviteCode }),
        });
        return (await reply.json()) as { offer?: string; code?: string };
      };
      const made = await offered({ invite: true });
      assert.equal((await redeem(approve.userOf(), made.inviteCode)).code, "offer-unknown", "another user");
      assert.equal((await redeem(made.user, "AAAAA-AAAAA")).code, "offer-unknown");
      const { offer } = await redeem(made.user, made.inviteCode.toLowerCase().replace("-", " "));
      assert.ok(offer !== undefined);
      assert.equal((await redeem(made.user, made.inviteCode)).code, "offer-unknown", "used");
      assert.equal(await outcome(made), "offer-unknown", "the scanned code is replaced");
      assert.equal(await outcome({ url: approve.url, offer }), "enrolled");
      const { items } = (await approve.bank.v1("GET", `/offers?userId=${encodeURIComponent(made.user)}`)).body;
      assert.deepEqual(
        items.map(({ id, state }: { id: string; state: string }) => [id, state]),
        [[made.id, "used"]],
      );
    });
  });

  describe(`Invite codes on ${dialect}`, () => {
    it("wrong codes use up the address's budget (APV-OFF-3)", async () => {
      const store = await open();
      const approve = await startContainerBank(store, { refusalsPerMinute: 3 });
      const codes = [];
      for (let at = 0; at < 5; at++) {
        const reply = await fetch(`${approve.url}/approve/v1/offers`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ userId: "anna", inviteCode: "AAAAA-AAAAA" }),
        });
        codes.push(((await reply.json()) as { code: string }).code);
      }
      assert.equal(codes[0], "offer-unknown");
      assert.equal(codes.at(-1), "throttled");
      await approve.bank.close();
      await store.close();
    });
  });
});
