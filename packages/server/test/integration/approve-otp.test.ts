/** One-time passwords of containers: `/v1/otp` (RFC 4226, 6238, 6287). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fromBase64Url } from "@countersign/protocol/bytes";
import { hotp, timeStep } from "@countersign/protocol/otp/hotp";
import { ocra, type OcraInput, readOcraSuite } from "@countersign/protocol/otp/ocra";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import type { ApproveDevice } from "../../../../tools/approve-device.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const common = { digits: 6, algorithm: "SHA1", policy: "device" } as const;
const suites = {
  question: "OCRA-1:HOTP-SHA1-6:QN08",
  counted: "OCRA-1:HOTP-SHA256-8:C-QA10-PSHA1",
  timed: "OCRA-1:HOTP-SHA512-8:QA10-T1M",
};
const otp = [
  { ...common, label: "event", type: "HOTP" },
  { ...common, label: "time", type: "TOTP", period: 300 },
  ...Object.entries(suites).map(([label, suite]) => ({ ...common, label, type: "OCRA", suite })),
];
const options = { digits: 6, algorithm: "SHA1" } as const;

suiteOnEachStore((dialect, open) => {
  describe(`One-time passwords on ${dialect}`, () => {
    let store: TestStore;
    let approve: ContainerBank;
    before(async () => {
      store = await open();
      approve = await startContainerBank(store);
      await approve.type("token", { otp });
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });

    const enrolled = async (user = approve.userOf()) => approve.device(user, { deviceType: "token" });
    const secretOf = (device: ApproveDevice, label: string) =>
      fromBase64Url(device.record.otp!.find((one) => one.label === label)!.secret)!;
    const event = (device: ApproveDevice, counter: number) => hotp(secretOf(device, "event"), counter, options);
    const response = (device: ApproveDevice, label: keyof typeof suites, input: OcraInput) =>
      ocra(secretOf(device, label), readOcraSuite(suites[label])!, input)!;
    const validate = async (body: object) => {
      const reply = await approve.bank.v1("POST", "/otp/validate", body);
      return reply.status === 200 ? (reply.body.containerId as string) : (reply.body.code as string);
    };
    const draw = async (device: ApproveDevice, label: string, more: object = {}) =>
      (await approve.bank.v1("POST", "/otp/challenge", { containerId: device.cid, label, ...more })).body;

    it("HOTP: accepted once, up to ten ahead, never behind (APV-OTP-1, -2; RFC 4226 §7.2, §7.4)", async () => {
      const device = await enrolled();
      const at = (counter: number) =>
        validate({ containerId: device.cid, label: "event", otp: event(device, counter) });
      assert.equal(await at(0), device.cid);
      assert.equal(await at(0), "otp-wrong", "replayed");
      assert.equal(await at(11), device.cid, "ten ahead of one");
      assert.equal(await at(5), "otp-wrong", "passed over");
      assert.equal(await at(23), "otp-wrong", "eleven ahead of twelve");
      assert.equal(await at(22), device.cid);
      const events = await approve.events(device.cid);
      assert.equal(events.filter((type) => type === "otp.accepted").length, 3);
      assert.equal(events.filter((type) => type === "otp.failed").length, 3);
    });

    it("ten validations of one password at once: one is accepted", async () => {
      const device = await enrolled();
      const body = { containerId: device.cid, label: "event", otp: event(device, 0) };
      const results = await Promise.all(Array.from({ length: 4 }, () => validate(body)));
      assert.equal(results.filter((one) => one === device.cid).length, 1);
    });

    it("TOTP: this step or one to either side, and no step twice or before an accepted one (RFC 6238 §5.2)", async () => {
      const device = await enrolled();
      const step = timeStep(await store.store.now(), 300);
      const at = (offset: number) =>
        validate({
          containerId: device.cid,
          label: "time",
          otp: hotp(secretOf(device, "time"), step + offset, options),
        });
      assert.equal(await at(-3), "otp-wrong");
      assert.equal(await at(3), "otp-wrong");
      assert.equal(await at(0), device.cid);
      assert.equal(await at(0), "otp-wrong");
      assert.equal(await at(-1), "otp-wrong");
      assert.equal(await at(1), device.cid);
    });

    it("the fifth wrong one blocks the secret, the right one included; unblocking its container gives the tries back", async () => {
      const device = await enrolled();
      const right = { containerId: device.cid, label: "event", otp: event(device, 0) };
      const wrong = { ...right, otp: "x" };
      for (let at = 0; at < 5; at++) assert.equal(await validate(wrong), "otp-wrong");
      assert.equal(await validate(right), "otp-blocked");
      assert.ok((await approve.events(device.cid)).includes("otp.blocked"));
      await approve.bank.v1("POST", `/containers/${device.cid}/unblock`);
      assert.equal(await validate(right), device.cid);
    });

    it("OCRA: the server's challenge is answered once and only the last one (APV-OTP-3, RFC 6287 §7.1)", async () => {
      const device = await enrolled();
      const answer = (challenge: string) =>
        validate({
          containerId: device.cid,
          label: "question",
          otp: response(device, "question", { questions: [challenge] }),
        });
      assert.equal(await answer("12345678"), "otp-wrong", "nothing was asked");
      const { challenge: first } = await draw(device, "question");
      assert.match(first, /^[0-9]{8}$/);
      const { challenge: second } = await draw(device, "question");
      assert.equal(await answer(first), "otp-wrong", "replaced");
      assert.equal(await answer(second), device.cid);
      assert.equal(await answer(second), "otp-wrong", "used up");
      const { challenge: late } = await draw(device, "question");
      await store.store.transaction(({ db }) =>
        db.updateTable("otp_secret").set({ challenge_expires_at: 1 }).where("activation_id", "=", device.cid).execute(),
      );
      assert.equal(await answer(late), "otp-wrong", "over");
    });

    it("OCRA, mutual: the server answers the device's challenge first (RFC 6287 §7.2)", async () => {
      const device = await enrolled();
      const { challenge, serverResponse } = await draw(device, "question", { clientChallenge: "87654321" });
      assert.equal(serverResponse, response(device, "question", { questions: ["87654321", challenge] }));
      const alone = response(device, "question", { questions: [challenge] });
      assert.equal(await validate({ containerId: device.cid, label: "question", otp: alone }), "otp-wrong");
      const both = response(device, "question", { questions: [challenge, "87654321"] });
      assert.equal(await validate({ containerId: device.cid, label: "question", otp: both }), device.cid);
    });

    it("OCRA, signature: counter, PIN and step are under it, and it is accepted once (RFC 6287 §7.3)", async () => {
      const device = await enrolled();
      const signed = "PAY100EUR1";
      const counted = (counter: number, pin = "1234") =>
        response(device, "counted", { counter, pin, questions: [signed] });
      const body = { containerId: device.cid, label: "counted", signed, pin: "1234" };
      assert.equal(await validate({ ...body, otp: counted(3) }), device.cid);
      assert.equal(await validate({ ...body, otp: counted(3) }), "otp-wrong", "replayed");
      assert.equal(await validate({ ...body, otp: counted(4, "9999") }), "otp-wrong", "another PIN");
      assert.equal(await validate({ ...body, signed: "PAY900EUR1", otp: counted(4) }), "otp-wrong", "another text");
      const time = timeStep(await store.store.now(), 60);
      const timed = {
        containerId: device.cid,
        label: "timed",
        signed,
        otp: response(device, "timed", { time, questions: [signed] }),
      };
      assert.equal(await validate(timed), device.cid);
      assert.equal(await validate(timed), "otp-wrong", "replayed");
      const plain = response(device, "question", { questions: ["12345678"] });
      const single = { containerId: device.cid, label: "question", signed: "12345678", otp: plain };
      assert.equal(await validate(single), "otp-wrong", "nothing makes it single");
    });

    it("by user: any of the user's containers, told which; strangers, unknown labels and blocked containers have none", async () => {
      const user = approve.userOf();
      const devices = [await enrolled(user), await enrolled(user)];
      const second = devices[1]!;
      assert.equal(await validate({ userId: user, label: "event", otp: event(second, 0) }), second.cid);
      assert.equal(await validate({ userId: user, label: "none", otp: "1" }), "otp-secret-not-found");
      assert.equal(await validate({ userId: "nobody", label: "event", otp: "1" }), "otp-secret-not-found");
      assert.equal(await validate({ label: "event", otp: "1" }), "invalid-request");
      await approve.bank.v1("POST", `/containers/${second.cid}/block`);
      const blocked = { containerId: second.cid, label: "event", otp: event(second, 1) };
      assert.equal(await validate(blocked), "otp-secret-not-found");
      const other = await approve.bank.application();
      const client = await approve.bank.client(["relying-party"], [other.applicationId]);
      const foreign = { containerId: devices[0]!.cid, label: "event", otp: event(devices[0]!, 0) };
      const reply = await approve.bank.v1("POST", "/otp/validate", foreign, { client });
      assert.equal(reply.body.code, "otp-secret-not-found");
    });
  });
});
