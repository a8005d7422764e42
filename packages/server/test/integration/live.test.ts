/** `/live`: what devices are told, whom it is kept from, and when a stream ends. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Bank, type Json, payment, startBank, unique } from "../bank.ts";
import type { Device, Token } from "../device.ts";
import { accepted } from "../mobile-bank.ts";
import { openStream, type Stream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import { withStore } from "../stores.ts";

interface Phone {
  readonly device: Device;
  readonly token: Token;
  live(headers?: Record<string, string>, base?: string): Promise<Stream>;
}

async function phoneOf(bank: Bank, app: Json, userId: string, more: object = {}): Promise<Phone> {
  const device = await bank.device(app, userId, more);
  const { token } = await device.createToken("possession");
  return {
    device,
    token,
    live: (headers = {}, base = bank.publicUrl) =>
      openStream(`${base}/live`, { ...device.withToken(token), ...headers }),
  };
}

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const started = performance.now();
  await work;
  const took = performance.now() - started;
  assert.ok(took < ms, `${Math.round(took)} ms`);
};

suiteOnEachStore((kind, open) => {
  describe(`Live updates on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let templateName: string;
    before(async () => {
      bank = await startBank({ opened: await open(), config: { sweepSeconds: 1 } });
      app = await bank.application();
      ({ templateName } = await bank.template());
    });
    after(() => bank.close());
    const create = (userId: string | undefined, more: object = {}): Promise<Json> =>
      bank.done("/operation/create", {
        templateName,
        userId,
        applications: [app.applicationId],
        parameters: payment,
        ...more,
      });
    const about = (id: string, event?: string) => (one: { event: string; data: Json }) =>
      one.data.id === id && (event === undefined || one.event === event);

    test("A new operation is told within a second, with its id and type only, and so is every change until the end", async () => {
      const user = `user ${unique()}`;
      const phone = await phoneOf(bank, app, user);
      const stream = await phone.live();
      assert.equal(stream.status, 200);
      assert.equal(stream.headers.get("content-type"), "text/event-stream; charset=utf-8");
      assert.equal(stream.headers.get("cache-control"), "no-store");
      const operation = await create(user);
      await within(1000, stream.until(about(operation.id)));
      assert.deepEqual(stream.events, [
        { id: "1", event: "operation.created", data: { id: operation.id, type: "operation.created" } },
      ]);
      const body = JSON.stringify({ requestObject: { id: operation.id, data: operation.data } });
      const signing = { uriId: "/operation/authorize", body };
      accepted(await phone.device.signed("/api/auth/token/app/operation/authorize", signing));
      await within(1000, stream.until(about(operation.id, "operation.changed")));
      assert.deepEqual(stream.events[1]?.data, { id: operation.id, type: "operation.approved" });
      stream.close();
    });

    test("Under no base path too; an operation that is claimed is new to its user, and to nobody else", async () => {
      const user = `user ${unique()}`;
      const phone = await phoneOf(bank, app, user);
      const other = await phoneOf(bank, app, `user ${unique()}`);
      const streams = [await phone.live({}, new URL(bank.publicUrl).origin), await other.live()];
      const operation = await create(undefined);
      await bank.done("/operation/claim", { operationId: operation.id, userId: user });
      await streams[0]!.until(about(operation.id));
      assert.deepEqual(streams[0]!.events[0]?.data, { id: operation.id, type: "operation.claimed" });
      assert.equal(streams[0]!.events[0]?.event, "operation.created");
      assert.equal(streams[1]!.events.length, 0);
      for (const stream of streams) stream.close();
    });

    test("Nothing is told of other users, other applications, other activations, or operations that need a flag one lacks", async () => {
      const user = `user ${unique()}`;
      const elsewhere = await bank.application();
      const phones = {
        own: await phoneOf(bank, app, user, { flags: ["VIP"] }),
        plain: await phoneOf(bank, app, user),
        stranger: await phoneOf(bank, app, `user ${unique()}`),
        elsewhere: await phoneOf(bank, elsewhere, user),
      };
      const streams: Record<string, Stream> = {};
      for (const [name, phone] of Object.entries(phones)) streams[name] = await phone.live();
      const flagged = await create(user, { activationFlag: "VIP" });
      const bound = await create(user, { activationId: phones.own.device.activationId });
      const last = await create(user);
      const end = await create(undefined, { applications: [elsewhere.applicationId] });
      await bank.done("/operation/claim", { operationId: end.id, userId: user });
      await streams.own!.until(about(last.id));
      await streams.plain!.until(about(last.id));
      await streams.elsewhere!.until(about(end.id));
      const ids = (name: string): string[] => streams[name]!.events.map(({ data }) => String(data.id)).toSorted();
      assert.deepEqual(ids("own"), [flagged, bound, last].map(({ id }): string => id).toSorted());
      assert.deepEqual(ids("plain"), [last.id]);
      assert.deepEqual(ids("elsewhere"), [end.id]);
      assert.deepEqual(ids("stranger"), []);
      for (const stream of Object.values(streams)) stream.close();
    });

    test("An expired operation is announced once, by itself (M22)", async () => {
      const user = `user ${unique()}`;
      const stream = await (await phoneOf(bank, app, user)).live();
      const operation = await create(user, { timestampExpires: Date.now() + 1000 });
      await stream.until(about(operation.id, "operation.changed"));
      const next = await create(user);
      await stream.until(about(next.id));
      const told = stream.events.filter(about(operation.id)).map(({ data }) => String(data.type));
      assert.deepEqual(told, ["operation.created", "operation.expired"]);
      stream.close();
    });

    test("It ends within a second when the activation is blocked or removed, and cannot be opened then", async () => {
      for (const way of ["block", "remove"]) {
        const user = `user ${unique()}`;
        const phone = await phoneOf(bank, app, user);
        const bystander = await (await phoneOf(bank, app, user)).live();
        const stream = await phone.live();
        const ended = bank.done(`/activation/${way}`, { activationId: phone.device.activationId });
        await within(1000, Promise.all([ended, stream.ended]));
        assert.equal((await phone.live()).status, 401);
        const operation = await create(user);
        await bystander.until(about(operation.id));
        bystander.close();
      }
    });

    test("The same for a block by wrong PINs; a change of flags means reading again", async () => {
      const user = `user ${unique()}`;
      const phone = await phoneOf(bank, app, user);
      const stream = await phone.live();
      await bank.done("/activation/flags/create", {
        activationId: phone.device.activationId,
        activationFlags: ["VIP"],
      });
      await stream.until(({ event }) => event === "reload");
      const flagged = await create(user, { activationFlag: "VIP" });
      await stream.until(about(flagged.id));
      for (let attempt = 0; attempt < 5; attempt++) await phone.device.validate({ pin: "0000" });
      await within(1000, stream.ended);
    });

    test("Each stream needs a token header of its own: none, a used one, a wrong one and a stale one are 401", async () => {
      const phone = await phoneOf(bank, app, `user ${unique()}`);
      const headers = phone.device.withToken(phone.token);
      const url = `${bank.publicUrl}/live`;
      const stream = await openStream(url, headers);
      assert.equal(stream.status, 200);
      assert.equal((await openStream(url, headers)).status, 401);
      assert.equal((await openStream(url, {})).status, 401);
      const wrong = { ...phone.token, tokenSecret: Buffer.alloc(16).toString("base64") };
      assert.equal((await openStream(url, phone.device.withToken(wrong))).status, 401);
      const stale = phone.device.withToken(phone.token, Date.now() - 3 * 3_600_000);
      const refused = await openStream(url, stale);
      assert.equal(refused.status, 401);
      assert.match(String(refused.headers.get("content-type")), /^application\/json/);
      stream.close();
    });

    test("Whoever comes back with Last-Event-ID is told to read everything again", async () => {
      const phone = await phoneOf(bank, app, `user ${unique()}`);
      const stream = await phone.live({ "last-event-id": "7" });
      await stream.until(({ event }) => event === "reload");
      assert.deepEqual(stream.events, [{ id: "1", event: "reload", data: {} }]);
      stream.close();
    });

    test("A fourth stream of one activation ends the first", async () => {
      const user = `user ${unique()}`;
      const phone = await phoneOf(bank, app, user);
      const streams: Stream[] = [];
      for (let at = 0; at < 4; at++) streams.push(await phone.live());
      await streams[0]!.ended;
      const operation = await create(user);
      for (const stream of streams.slice(1)) {
        await stream.until(about(operation.id));
        stream.close();
      }
    });

    test("A reader that does not read is cut off", async () => {
      const user = `user ${unique()}`;
      const phone = await phoneOf(bank, app, user);
      const { hostname, port, pathname } = new URL(`${bank.publicUrl}/live`);
      const socket = connect(Number(port), hostname);
      const head = Object.entries(phone.device.withToken(phone.token)).map(([name, value]) => `${name}: ${value}`);
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: x\r\n${head.join("\r\n")}\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.pause();
      const closed = new Promise((resolve) => socket.once("close", resolve).once("error", () => {}));
      const witness = await phone.live();
      const { id: activationId } = phone.device.activation;
      // What nobody reads first fills the buffers of both systems, which may be megabytes.
      const { store } = bank;
      const flood = async () => {
        const type = `operation.${"x".repeat(60_000)}` as "operation.claimed";
        const operation = await create(user);
        for (let at = 0; at < 400; at++) {
          await store.transaction(async (change) => {
            const data = { userId: user };
            change.record({ type, subject: operation.id, applications: [app.applicationId], data });
          });
        }
      };
      await flood();
      socket.resume();
      await closed;
      assert.equal((await store.findActivation(activationId))?.status, "ACTIVE");
      await witness.until(({ data }) => String(data.type).length > 60_000);
      witness.close();
    });
  });

  test(`All streams end when the server stops, and as many as allowed are open at once (${kind})`, async () => {
    const bank = await startBank({ opened: await open(), config: { liveStreams: 2 } });
    const app = await bank.application();
    const streams: Stream[] = [];
    for (let at = 0; at < 2; at++) streams.push(await (await phoneOf(bank, app, `user ${at}`)).live());
    const third = await (await phoneOf(bank, app, "user 3")).live();
    assert.equal(third.status, 503);
    await within(5000, Promise.all([bank.close(), ...streams.map(({ ended }) => ended)]));
  });

  test(`A stream ends when its time is over (${kind})`, async () => {
    const bank = await startBank({ opened: await open(), config: { liveSeconds: 1 } });
    const stream = await (await phoneOf(bank, await bank.application(), "user")).live();
    assert.equal(stream.status, 200);
    await within(5000, stream.ended);
    await bank.close();
  });
});

test("What happens on one node is told, and what is blocked there ends, within a second on another (PostgreSQL)", (t) =>
  withStore("postgres", {}, t, async (opened) => {
    const here = await startBank({ opened: { ...opened, close: async () => {} } });
    const second = await opened.reopen();
    const there = await startBank({ opened: { ...second, close: async () => {} }, admin: here.admin });
    const app = await here.application();
    const { templateName } = await here.template();
    const phone = await phoneOf(here, app, "anna");
    const stream = await phone.live({}, there.publicUrl);
    const request = { templateName, userId: "anna", applications: [app.applicationId], parameters: payment };
    // The first may come as "read again", should the nodes only be getting to know each other.
    const operation = await here.done("/operation/create", request);
    await within(
      1000,
      stream.until(({ event, data }) => event === "reload" || data.id === operation.id),
    );
    const another = await here.done("/operation/create", request);
    await within(
      1000,
      stream.until(({ data }) => data.id === another.id),
    );

    const waiting = there.v1("GET", `/operations/${another.id}?waitSeconds=20`, undefined);
    await here.done("/operation/cancel", { operationId: another.id });
    assert.equal((await waiting).body.status, "CANCELED");
    const ended = here.done("/activation/block", { activationId: phone.device.activationId });
    await within(1000, Promise.all([ended, stream.ended]));
    await here.close();
    await there.close();
  }));
