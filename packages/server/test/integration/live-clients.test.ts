/** `/v1/live`: what API clients are told, whom it is kept from, what whoever comes back is told, and when it ends. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Bank, type Credentials, type Json, payment, startBank, unique } from "../bank.ts";
import { openStream, type SseEvent, type Stream } from "../sse.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import { withStore } from "../stores.ts";

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const started = performance.now();
  await work;
  const took = performance.now() - started;
  assert.ok(took < ms, `${Math.round(took)} ms`);
};

async function live(bank: Bank, client: Credentials = bank.admin, lastEventId?: string): Promise<Stream> {
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64");
  const stream = await openStream(`${bank.privateUrl}/v1/live`, {
    authorization: `Basic ${basic}`,
    accept: "text/event-stream",
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
  });
  if (stream.status === 200) await stream.until(({ event }) => event === "ready" || event === "reload");
  return stream;
}

/** Ids of what was told, without the beginning. */
const told = ({ events }: Stream): string[] => events.slice(1).map(({ data }) => `${data.type} ${data.subject}`);
const about =
  (subject: string, type?: string) =>
  ({ event, data }: SseEvent): boolean =>
    data.subject === subject && (type === undefined || event === type);

const create = (bank: Bank, applicationId: string, templateName: string, userId: string): Promise<Json> =>
  bank.done("/operation/create", { templateName, userId, applications: [applicationId], parameters: payment });

suiteOnEachStore((kind, open) => {
  describe(`Live updates to API clients on ${kind}`, () => {
    let bank: Bank;
    let app: Awaited<ReturnType<Bank["application"]>>;
    let templateName: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      app = await bank.application();
      ({ templateName } = await bank.template());
    });
    after(() => bank.close());
    const operation = (userId = `user ${unique()}`, applicationId = app.applicationId): Promise<Json> =>
      create(bank, applicationId, templateName, userId);
    const cancel = (id: string): Promise<Json> => bank.done("/operation/cancel", { operationId: id });

    test("Each change is told within a second, in the order of its commits, as in the audit", async () => {
      const stream = await live(bank);
      assert.equal(stream.headers.get("content-type"), "text/event-stream; charset=utf-8");
      assert.equal(stream.headers.get("cache-control"), "no-store");
      assert.equal(stream.events[0]?.event, "ready");
      const { id } = await operation();
      await within(1000, stream.until(about(id, "operation.created")));
      await cancel(id);
      await within(1000, stream.until(about(id, "operation.canceled")));
      const events = stream.events.filter(about(id));
      assert.deepEqual(
        events.map(({ event }) => event),
        ["operation.created", "operation.canceled"],
      );
      const { items } = (await bank.v1("GET", `/audit?subject=${id}`)).body;
      assert.deepEqual(
        events.map(({ data }) => data),
        items.map((one: Json) => ({ id: one.id, type: one.type, subject: one.subject, at: one.at })).toReversed(),
      );
      stream.close();
    });

    test("A client is told of its applications only, and of what its permissions let it read", async () => {
      const other = await bank.application();
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const streams = {
        party: await live(bank, party),
        integrator: await live(bank, await bank.client(["integrate"], [app.applicationId])),
        operator: await live(bank, await bank.client(["operate"], [app.applicationId])),
        elsewhere: await live(bank, await bank.client(["operate", "relying-party"], [other.applicationId])),
        nowhere: await live(bank, await bank.client(["operate"], [])),
      };
      const user = `user ${unique()}`;
      const device = await bank.device(app, user);
      const { id: activationId } = device.activation;
      const hidden = await operation(user, other.applicationId);
      const { id } = await operation(user);
      await Promise.all([streams.party, streams.operator].map((stream) => stream.until(about(id))));
      await streams.elsewhere.until(about(hidden.id));
      await streams.integrator.until(about(activationId, "activation.committed"));
      assert.deepEqual(told(streams.party), [`operation.created ${id}`]);
      const ofDevice = ["created", "prepared", "committed"].map((what) => `activation.${what} ${activationId}`);
      assert.deepEqual(told(streams.integrator), ofDevice);
      assert.deepEqual(told(streams.operator), [...ofDevice, `operation.created ${id}`]);
      assert.deepEqual(told(streams.elsewhere), [`operation.created ${hidden.id}`]);
      assert.deepEqual(told(streams.nowhere), []);
      for (const stream of Object.values(streams)) stream.close();
    });

    test("Whoever comes back with the id of any event is told everything after it, in the same order", async () => {
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const first = await live(bank, party);
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) ids.push((await operation()).id);
      await Promise.all(ids.map((id) => first.until(about(id))));
      await Promise.all(ids.map(cancel));
      await Promise.all(ids.map((id) => first.until(about(id, "operation.canceled"))));
      first.close();
      const missed = (await operation()).id;
      const all = [...told(first), `operation.created ${missed}`];
      for (const [at, { id: lastEventId }] of first.events.entries()) {
        const again = await live(bank, party, lastEventId);
        await again.until(about(missed));
        assert.equal(again.events[0]?.event, "ready");
        assert.deepEqual(told(again), all.slice(at));
        again.close();
      }
    });

    test("An id serves the client it was given to: another one, and one that was changed, has to read again", async () => {
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const stream = await live(bank, party);
      const { id } = await operation();
      await stream.until(about(id));
      const lastEventId = stream.events[0]!.id!;
      const cases: [Credentials, string][] = [
        [await bank.client(["relying-party"], [app.applicationId]), lastEventId],
        [party, `1${lastEventId}`],
        [party, lastEventId.slice(0, -1)],
        [party, "7"],
        [party, "ÿ_-.".repeat(50)],
      ];
      for (const [client, given] of cases) {
        const again = await live(bank, client, given);
        assert.deepEqual(
          again.events.map(({ event, data }) => [event, data]),
          [["reload", {}]],
        );
        again.close();
      }
      assert.equal((await live(bank, party, "x".repeat(8_193))).status, 400);
      stream.close();
    });

    test("Who missed more than can be told has to read again", async () => {
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const stream = await live(bank, party);
      const { id } = await operation();
      await stream.until(about(id));
      stream.close();
      for (let at = 0; at < 4; at++) {
        await bank.store.transaction(async (change) => {
          for (let more = 0; more < 250; more++) {
            change.record({ type: "operation.claimed", subject: id, applications: [app.applicationId], data: {} });
          }
        });
      }
      const again = await live(bank, party, stream.events.at(-1)!.id);
      assert.equal(again.events[0]?.event, "reload");
      const next = await operation();
      await again.until(about(next.id));
      assert.deepEqual(told(again), [`operation.created ${next.id}`]);
      again.close();
    });

    test("It ends within a second when its client is removed, and cannot be opened then; others go on", async () => {
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const stream = await live(bank, party);
      const bystander = await live(bank);
      const ended = bank.v1("DELETE", `/api-clients/${party.clientId}`);
      await within(1000, Promise.all([ended, stream.ended]));
      assert.equal((await live(bank, party)).status, 401);
      const { id } = await operation();
      await bystander.until(about(id));
      assert.deepEqual(told(stream), []);
      bystander.close();
    });

    test("Without credentials it is 401, without permission 403, and what asks for no stream 400", async () => {
      const nobody = await openStream(`${bank.privateUrl}/v1/live`, { accept: "text/event-stream" });
      assert.deepEqual([nobody.status, nobody.headers.get("www-authenticate")], [401, null]);
      assert.equal((await live(bank, await bank.client(["decide"]))).status, 403);
      assert.equal((await bank.v1("GET", "/live")).body.code, "invalid-request");
      assert.equal(
        (await bank.v1("GET", "/live?x=1", undefined, { headers: { accept: "text/event-stream" } })).status,
        400,
      );
    });

    test("A reader that does not read is cut off and slows nobody", async () => {
      const party = await bank.client(["relying-party"], [app.applicationId]);
      const { hostname, port } = new URL(bank.privateUrl);
      const basic = Buffer.from(`${party.clientId}:${party.clientSecret}`).toString("base64");
      const socket = connect(Number(port), hostname);
      socket.write(
        `GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${basic}\r\nAccept: text/event-stream\r\n\r\n`,
      );
      await new Promise((resolve) => socket.once("data", resolve));
      socket.pause();
      const closed = new Promise((resolve) => socket.once("close", resolve).once("error", () => {}));
      const witness = await live(bank);
      const { id } = await operation();
      // What nobody reads first fills the buffers of both systems, which may be megabytes.
      const type = `operation.${"x".repeat(60_000)}` as "operation.claimed";
      for (let at = 0; at < 40; at++) {
        await bank.store.transaction(async (change) => {
          for (let more = 0; more < 5; more++) {
            change.record({ type, subject: id, applications: [app.applicationId], data: {} });
          }
        });
        const { id: next } = await operation();
        await within(1000, witness.until(about(next)));
      }
      socket.resume();
      await closed;
      witness.close();
    });
  });

  test(`All streams end when the server stops, and as many as allowed are open at once (${kind})`, async () => {
    const bank = await startBank({ opened: await open(), config: { liveStreams: 2 } });
    const streams = [await live(bank), await live(bank)];
    assert.equal((await live(bank)).status, 503);
    await within(5000, Promise.all([bank.close(), ...streams.map(({ ended }) => ended)]));
  });

  test(`A stream ends when its time is over (${kind})`, async () => {
    const bank = await startBank({ opened: await open(), config: { liveSeconds: 1 } });
    await within(5000, (await live(bank)).ended);
    await bank.close();
  });
});

test("What one node commits is told on another within a second, resumed on a third, and a removal ends it there (PostgreSQL)", (t) =>
  withStore("postgres", {}, t, async (opened) => {
    const here = await startBank({ opened: { ...opened, close: async () => {} } });
    const second = await opened.reopen();
    const there = await startBank({ opened: { ...second, close: async () => {} }, admin: here.admin });
    const { applicationId } = await here.application();
    const { templateName } = await here.template();
    const party = await here.client(["relying-party"], [applicationId]);
    const stream = await live(there, party);
    const ids: string[] = [];
    for (const bank of [here, there, here, there]) {
      const { id } = await create(bank, applicationId, templateName, "anna");
      ids.push(id);
      await within(1000, stream.until(about(id)));
    }
    assert.deepEqual(
      told(stream),
      ids.map((id) => `operation.created ${id}`),
    );

    // A node that starts later has lanes that nobody knew of.
    const third = await opened.reopen();
    const late = await startBank({ opened: { ...third, close: async () => {} }, admin: here.admin });
    const { id } = await create(late, applicationId, templateName, "anna");
    await within(1000, stream.until(about(id)));
    for (const bank of [here, late]) {
      const again = await live(bank, party, stream.events[2]!.id);
      await again.until(about(id));
      assert.deepEqual(told(again), told(stream).slice(2));
      again.close();
    }

    await within(1000, Promise.all([here.v1("DELETE", `/api-clients/${party.clientId}`), stream.ended]));
    await Promise.all([late.close(), here.close(), there.close()]);
  }));

test("A transaction that began earlier and is committed later is lost by nobody: not by who stays, not by who comes back (PostgreSQL)", (t) =>
  withStore("postgres", {}, t, async (opened) => {
    const bank = await startBank({ opened: { ...opened, close: async () => {} } });
    const { applicationId } = await bank.application();
    const { templateName } = await bank.template();
    const { id: early } = await create(bank, applicationId, templateName, "anna");
    const stays = await live(bank);
    const leaves = await live(bank);
    let commit = () => {};
    const mayCommit = new Promise<void>((resolve) => (commit = resolve));
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const late = bank.store.transaction(async (change) => {
      change.record({ type: "operation.claimed", subject: early, applications: [applicationId], data: {} });
      begun();
      await mayCommit;
    });
    await hasBegun;
    const { id: quick } = await create(bank, applicationId, templateName, "anna");
    await Promise.all([stays, leaves].map((stream) => stream.until(about(quick))));
    leaves.close();
    commit();
    await late;
    const back = await live(bank, bank.admin, leaves.events.at(-1)!.id);
    await Promise.all([stays, back].map((stream) => stream.until(about(early, "operation.claimed"))));
    assert.deepEqual(told(back), [`operation.claimed ${early}`]);
    assert.deepEqual(told(stays), [`operation.created ${quick}`, `operation.claimed ${early}`]);
    const [first, second] = stays.events.slice(1).map(({ data }) => data.at as string);
    assert.ok(second! < first!, "it took its time before the other one");
    await bank.close();
  }));
