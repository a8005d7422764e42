/** `/approve/v1/live`: what a container is told, whom it is kept from, and when a stream ends (Approve protocol §11). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApproveDevice, softKey } from "../../../../tools/approve-device.ts";
import { type ContainerBank, startContainerBank } from "../container-bank.ts";
import { openStream, type Stream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

const path = "/approve/v1/live";

/** Any call brings the nonce that the proof needs. */
async function proven(device: ApproveDevice, more: object = {}): Promise<{ dpop: string }> {
  await device.call("GET", "/approve/v1/container");
  return { dpop: await device.proof("GET", path, "", more) };
}

async function live(device: ApproveDevice, headers: Record<string, string> = {}): Promise<Stream> {
  return openStream(device.url + path, { ...(await proven(device)), ...headers });
}

async function codeOf(url: string, headers: Record<string, string>): Promise<string> {
  const reply = await fetch(url, { headers });
  return `${reply.status} ${((await reply.json()) as { code: string }).code}`;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work;
  const took = performance.now() - started;
  assert.ok(took < ms, `${Math.round(took)} ms`);
}

suiteOnEachStore((dialect, open) => {
  describe(`Live updates of containers on ${dialect}`, () => {
    const origin = "https://authenticator.example";
    let store: TestStore;
    let approve: ContainerBank;
    before(async () => {
      store = await open();
      approve = await startContainerBank(store, { allowedOrigins: [origin] });
    });
    after(async () => {
      await approve.bank.close();
      await store.close();
    });
    const about = (id: string) => (one: { data: { id?: string } }) => one.data.id === id;

    it("a new transaction is told within a second, by id and type only, and so is its end (APV-LIVE-1)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const stream = await live(device);
      assert.equal(stream.status, 200);
      assert.equal(stream.headers.get("content-type"), "text/event-stream; charset=utf-8");
      assert.ok(stream.headers.get("dpop-nonce"));
      const id = await approve.operation(user);
      await within(1000, stream.until(about(id)));
      assert.deepEqual(stream.events, [
        { id: "1", event: "operation.created", data: { id, type: "operation.created" } },
      ]);
      await device.respond(id, await device.answer(await device.fetch(id), "approve"));
      await within(
        1000,
        stream.until(({ data }) => data.type === "operation.approved"),
      );
      stream.close();
    });

    it("nothing is told of other users, other applications, or what is for another container (APV-LIVE-1)", async () => {
      const user = approve.userOf();
      const own = await approve.device(user);
      const { applicationId } = await approve.bank.application();
      await approve.bank.v1("PUT", "/device-types/elsewhere", { applicationId });
      const others = [await approve.device(approve.userOf()), await approve.device(user, { deviceType: "elsewhere" })];
      const streams = [await live(own), ...(await Promise.all(others.map((one) => live(one))))];
      const first = await approve.operation(user);
      const elsewhere = await approve.operation(user, { applications: [applicationId] });
      await streams[0]!.until(about(first));
      await streams[2]!.until(about(elsewhere));
      const told = streams.map(({ events }) => events.map(({ data }) => String(data.id)));
      assert.deepEqual(told, [[first], [], [elsewhere]]);
      for (const stream of streams) stream.close();
    });

    it("each stream needs a proof of its own, by the container's own key, for this very address (APV-LIVE-1)", async () => {
      const [device, other] = [await approve.device(approve.userOf()), await approve.device(approve.userOf())];
      const url = device.url + path;
      const headers = await proven(device);
      const stream = await openStream(url, headers);
      assert.equal(stream.status, 200);
      assert.equal(await codeOf(url, headers), "401 proof-invalid", "used");
      assert.equal(await codeOf(url, {}), "401 proof-invalid", "none");
      assert.equal(await codeOf(url, await proven(other, { cid: device.cid })), "401 proof-invalid", "another's key");
      const foreign = { ...(await proven(device, { htu: `${device.url}/approve/v1/container` })) };
      assert.equal(await codeOf(url, foreign), "401 proof-invalid", "another address");
      assert.equal(await codeOf(`${url}?since=1`, await proven(device)), "401 proof-invalid", "a query");
      assert.equal(await codeOf(url, await proven(device, { nonce: undefined })), "401 use_dpop_nonce");
      assert.equal(await codeOf(url, { authorization: "Bearer x" }), "401 proof-invalid");
      stream.close();
    });

    it("it ends within a second of block and removal, by whomever, and is not opened then (APV-LIVE-2)", async () => {
      const user = approve.userOf();
      const bystander = await live(await approve.device(user));
      const ways: readonly [string, (device: ApproveDevice) => Promise<unknown>][] = [
        ["403 container-blocked", ({ cid }) => approve.bank.v1("POST", `/containers/${cid}/block`, { reason: "LOST" })],
        [
          "403 container-removed",
          ({ cid }) => approve.bank.v1("DELETE", `/containers/${cid}`, { reason: "LOST", by: "help desk" }),
        ],
        ["403 container-removed", (device) => device.call("DELETE", "/approve/v1/container", { reason: "GONE" })],
      ];
      for (const [code, end] of ways) {
        const device = await approve.device(user);
        const stream = await live(device);
        await within(1000, Promise.all([end(device), stream.ended]));
        assert.equal(await codeOf(device.url + path, await proven(device)), code);
      }
      const id = await approve.operation(user);
      await bystander.until(about(id));
      bystander.close();
    });

    it("the same for a block by wrong passwords (APV-LIVE-2, APV-RES-5)", async () => {
      const user = approve.userOf();
      const device = await approve.device(user);
      const stream = await live(device);
      const id = await approve.operation(user);
      const told = await device.fetch(id);
      for (let attempt = 0; attempt < 5; attempt++) {
        await device.respond(id, await device.answer(told, "approve", { signWith: softKey("tx") }));
      }
      await within(1000, stream.ended);
    });

    it("whoever comes back is told to read everything again, and learns nothing of anybody else (APV-LIVE-2)", async () => {
      const device = await approve.device(approve.userOf());
      const stream = await live(device, { "last-event-id": "7" });
      await stream.until(({ event }) => event === "reload");
      assert.deepEqual(stream.events, [{ id: "1", event: "reload", data: {} }]);
      stream.close();
    });

    it("a page of an allowed origin may read it, and another may not", async () => {
      const device = await approve.device(approve.userOf());
      for (const [from, allowed] of [
        [origin, origin],
        ["https://evil.example", null],
      ] as const) {
        const stream = await live(device, { origin: from });
        assert.equal(stream.headers.get("access-control-allow-origin"), allowed);
        stream.close();
      }
    });
  });
});
