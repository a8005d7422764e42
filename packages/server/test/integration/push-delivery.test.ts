/** What the outbox holds for push, since when, and what becomes of it: over a gateway of Huawei's form. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pino } from "pino";
import type { Event } from "../../src/audit/event.ts";
import type { Outbound, OutboundRequest } from "../../src/outbound.ts";
import type { Delivery, Outcome } from "../../src/notifications/delivery/channels.ts";
import { pushChannel } from "../../src/push/deliver.ts";
import { pushSenders } from "../../src/push/senders.ts";
import { type Json, past, payment, unique } from "../bank.ts";
import { accepted } from "../mobile-bank.ts";
import { type Caller, type PushBank, registerPath, startPushBank } from "../push-bank.ts";
import { suiteOnEachStore } from "../store-suites.ts";
import type { TestStore } from "../stores.ts";

/** Answers as Huawei does, checks the proofs, and keeps what it got. */
function huawei() {
  const got: Json[] = [];
  const codes: string[] = [];
  const answer = (body: object, status = 200) => Promise.resolve({ status, headers: {}, body: JSON.stringify(body) });
  const outbound = ((request: OutboundRequest) => {
    if (request.url.endsWith("/token")) {
      assert.match(String(request.body), /client_id=100&client_secret=right/);
      return answer({ access_token: "access", expires_in: 3600 });
    }
    assert.equal(request.headers?.authorization, "Bearer access");
    got.push(JSON.parse(String(request.body)).message);
    return answer({ code: codes.shift() ?? "80000000" });
  }) as Outbound;
  return { got, codes, outbound };
}

suiteOnEachStore((kind, open) => {
  describe(`Delivery of push messages on ${kind}`, () => {
    let store: TestStore;
    let world: PushBank;
    let gateway: ReturnType<typeof huawei>;
    let deps: Parameters<typeof pushChannel>[0];
    before(async () => {
      store = await open();
      world = await startPushBank(store);
      gateway = huawei();
      const { outbound } = gateway;
      const guard = { lookup: () => assert.fail("nothing is looked up"), permits: () => false };
      deps = {
        store: store.store,
        secrets: store.secrets,
        signingKeys: store.signingKeys,
        publicUrl: world.bank.publicUrl,
        log: pino({ enabled: false }),
        pushSenders: pushSenders({ store: store.store, secrets: store.secrets, outbound, guard }),
      };
      await world.bank.v1("PUT", `/push-gateways/${encodeURIComponent(world.app.applicationId)}/hms`, {
        clientId: "100",
        clientSecret: "right",
        // Only the stand-in is reached there: the server may not call loopback.
        tokenUrl: "https://127.0.0.1:9/token",
      });
    });
    after(() => world.bank.close());

    const setting = (more: object) =>
      world.bank.v1("PUT", `/push-settings/${encodeURIComponent(world.app.applicationId)}`, {
        texts: {},
        finished: false,
        ...more,
      });

    const registered = async (userId: string, language = "en"): Promise<Caller> => {
      const caller = await world.another(userId);
      const token = `token-${caller.by.activationId}`;
      const headers = { "accept-language": language };
      accepted(await world.post(registerPath, { platform: "hms", token }, { ...caller, headers }));
      return caller;
    };

    const outbox = async (subject: string): Promise<Event[]> => {
      const rows = await store.store.read
        .selectFrom("outbox")
        .innerJoin("sink", "sink.id", "outbox.sink_id")
        .select("event")
        .where("sink.type", "in", ["PUSH", "PUSH_FINISHED"])
        .orderBy("outbox.id")
        .execute();
      return rows.map(({ event }) => JSON.parse(event) as Event).filter((event) => event.subject === subject);
    };

    const deliver = (event: Event): Promise<Outcome> => {
      const sink = { application_id: world.app.applicationId };
      return pushChannel(deps)({ event, sink } as Delivery);
    };

    /** Delivers what waits for the subject; the messages that went out. */
    const delivered = async (subject: string): Promise<Json[]> => {
      const sent = gateway.got.length;
      for (const event of await outbox(subject)) assert.deepEqual(await deliver(event), { delivered: true });
      return gateway.got.slice(sent).map((message) => ({ ...message, data: JSON.parse(message.data) }));
    };

    test("Create and notify is one commit: the outbox row is there with the operation, in every form of the request", async () => {
      const user = `user ${unique()}`;
      await registered(user);
      const { templateName } = await world.bank.template();
      const applications = [world.app.applicationId];
      const make = async (notify: unknown): Promise<string[]> => {
        const own = { template: templateName, userId: user, applications, parameters: payment, notify };
        const { id } = (await world.bank.v1("POST", "/operations", own)).body;
        const back = { templateName, userId: user, applications, parameters: payment, notify };
        return [id, (await world.bank.done("/operation/create", back)).id];
      };
      for (const [notify, silent] of [
        [true, false],
        [{}, false],
        [{ silent: true }, true],
      ] as const) {
        for (const id of await make(notify)) {
          const [event, ...more] = await outbox(id);
          assert.deepEqual([event?.type, more.length], ["push.requested", 0]);
          assert.deepEqual(event?.data, { about: "operation", userId: user, silent });
        }
      }
      for (const notify of [false, undefined]) {
        for (const id of await make(notify)) assert.deepEqual(await outbox(id), []);
      }
      const refused = await world.bank.v1("POST", "/operations", {
        template: templateName,
        userId: user,
        applications,
        parameters: payment,
        notify: { sound: "x" },
      });
      assert.equal(refused.status, 400);
    });

    test("A repeated request with the same idempotency key notifies once", async () => {
      const user = `user ${unique()}`;
      const { templateName: template } = await world.bank.template();
      const request = {
        template,
        userId: user,
        applications: [world.app.applicationId],
        parameters: payment,
        notify: true,
      };
      const headers = { "idempotency-key": `key-${unique()}` };
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => world.bank.v1("POST", "/operations", request, { headers })),
      );
      const ids = new Set(replies.map((reply) => reply.body.id));
      assert.equal(ids.size, 1);
      assert.equal((await outbox(replies[0]!.body.id)).length, 1);
    });

    test("Every device that could decide is told, in its language, of nothing but that something waits", async () => {
      const user = `user ${unique()}`;
      const [english, czech, german] = [
        await registered(user),
        await registered(user, "cs"),
        await registered(user, "de"),
      ];
      await registered(`user ${unique()}`);
      await setting({
        texts: {
          operationCreated: { en: { title: "Confirm", body: "It waits" }, cs: { title: "Potvrďte", body: "Čeká" } },
        },
      });
      const { id } = await world.create({ userId: user, notify: true });
      const messages = await delivered(id);
      const told = new Map(messages.map(({ token: [token], data, notification }) => [token, { data, notification }]));
      const expected = (caller: Caller, title: string, body: string) => ({
        notification: { title, body },
        data: {
          messageType: "mtoken.operationInit",
          operationId: id,
          operationName: "authorize_payment",
          activationId: caller.by.activationId,
        },
      });
      assert.equal(told.size, 3);
      const of = (caller: Caller) => told.get(`token-${caller.by.activationId}`);
      assert.deepEqual(of(english), expected(english, "Confirm", "It waits"));
      assert.deepEqual(of(czech), expected(czech, "Potvrďte", "Čeká"));
      assert.deepEqual(of(german), expected(german, "Confirm", "It waits"));
      assert.ok(!JSON.stringify(messages).includes(payment.note));
      await setting({});
      const other = await world.create({ userId: user, notify: true });
      assert.equal((await delivered(other.id))[0].notification.title, "Approval needed");
    });

    test("Only devices that could decide: the bound activation, the flag, an activation that is active", async () => {
      const user = `user ${unique()}`;
      const [first, second] = [await registered(user), await registered(user)];
      const tokens = async (more: object) => {
        const { id } = await world.create({ userId: user, notify: true, ...more });
        return (await delivered(id)).map(({ token: [token] }): string => token);
      };
      const tokenOf = (caller: Caller) => `token-${caller.by.activationId}`;
      assert.deepEqual(await tokens({ activationId: second.by.activationId }), [tokenOf(second)]);
      const flags = { activationId: first.by.activationId, activationFlags: ["GOLD"] };
      await world.bank.done("/activation/flags/create", flags);
      assert.deepEqual(await tokens({ activationFlag: "GOLD" }), [tokenOf(first)]);
      await world.bank.done("/activation/block", { activationId: first.by.activationId });
      assert.deepEqual(await tokens({}), [tokenOf(second)]);
      const { id } = await world.create({ userId: null, notify: true });
      assert.deepEqual(await outbox(id), [], "nobody to tell");
    });

    test("Nobody is called to an operation that was decided or ran out before the message went", async () => {
      const user = `user ${unique()}`;
      const caller = await registered(user);
      const decided = await world.create({ userId: user, notify: true });
      accepted(await world.cancel(decided.id, {}, caller.by));
      assert.deepEqual(await delivered(decided.id), []);
      const at = Date.now() + 2_000;
      const overdue = await world.create({ userId: user, notify: true, timestampExpires: at });
      await past(at);
      assert.deepEqual(await delivered(overdue.id), []);
    });

    test("Finished operations are told of only where the settings ask for it, with the result that apps know", async () => {
      const user = `user ${unique()}`;
      const caller = await registered(user);
      const quiet = await world.create({ userId: user });
      accepted(await world.authorize(quiet.id, {}, {}, caller.by));
      assert.deepEqual(await outbox(quiet.id), []);
      await setting({ finished: true });
      const ends: [string, (id: string) => Promise<unknown>][] = [
        ["authentication.success", async (id) => accepted(await world.authorize(id, {}, {}, caller.by))],
        ["operation.canceled", async (id) => accepted(await world.cancel(id, {}, caller.by))],
        ["operation.canceled", (id) => world.bank.done("/operation/cancel", { operationId: id })],
        [
          "authentication.fail",
          async (operationId) => {
            for (let attempt = 0; attempt < 5; attempt++) {
              await world.bank.done("/operation/approve/fail", { operationId }, world.decider);
            }
          },
        ],
      ];
      for (const [result, end] of ends) {
        const { id } = await world.create({ userId: user });
        await end(id);
        const [message, ...more] = await delivered(id);
        assert.equal(more.length, 0);
        assert.deepEqual(message.data, {
          messageType: "mtoken.operationFinished",
          mtokenOperationResult: result,
          operationId: id,
          operationName: "authorize_payment",
          activationId: caller.by.activationId,
        });
      }
      const at = Date.now() + 2_000;
      const overdue = await world.create({ userId: user, timestampExpires: at });
      await past(at);
      assert.equal((await world.detail(overdue.id)).status, "EXPIRED");
      assert.equal((await delivered(overdue.id))[0].data.mtokenOperationResult, "operation.timeout");
      await setting({});
    });

    test("A message of the inbox calls its reader when asked to, and not once it was read or taken back", async () => {
      const user = `user ${unique()}`;
      const caller = await registered(user);
      const write = async (notify: unknown) => {
        const texts = { en: { subject: "Secret subject", summary: "s", body: "b" } };
        const message = { userId: user, type: "text", applications: [world.app.applicationId], texts, notify };
        return (await world.bank.v1("POST", "/inbox/messages", message)).body.id as string;
      };
      const id = await write({ silent: true });
      const [message] = await delivered(id);
      assert.deepEqual(message.data, {
        messageType: "mtoken.inboxMessage.new",
        inboxId: id,
        activationId: caller.by.activationId,
      });
      assert.equal(message.notification, undefined);
      const shown = await delivered(await write(true));
      assert.equal(shown[0].notification.title, "New message");
      assert.ok(!JSON.stringify(shown).includes("Secret"));
      assert.deepEqual(await outbox(await write(undefined)), []);
      const read = await write(true);
      accepted(await world.post("/api/inbox/message/read", { id: read }, caller));
      assert.deepEqual(await delivered(read), []);
      const taken = await write(true);
      await world.bank.v1("DELETE", `/inbox/messages/${taken}`);
      assert.deepEqual(await delivered(taken), []);
    });

    test("A message that a back end queues waits in the outbox and goes out as it was composed", async () => {
      const user = `user ${unique()}`;
      await registered(user);
      const requestObject = {
        appId: world.app.applicationId,
        mode: "ASYNCHRONOUS",
        message: { userId: user, body: { title: "T", body: "B", extras: { a: 1 } } },
      };
      const reply = await world.back("POST", "/push/message/send", { requestObject });
      assert.deepEqual(reply.body.responseObject.hms, { sent: 0, pending: 1, failed: 0, total: 1 });
      const [message] = await delivered(user);
      assert.deepEqual([message.notification, message.data], [{ title: "T", body: "B" }, { a: "1" }]);
    });

    test("What passes is tried again and replaces itself on the device; what does not is given up; a dead token ends the registration", async () => {
      const user = `user ${unique()}`;
      await registered(user);
      const { id } = await world.create({ userId: user, notify: true });
      const [event] = await outbox(id);
      gateway.codes.push("81000001");
      assert.deepEqual(await deliver(event!), { failed: "81000001", ofOne: true });
      assert.deepEqual(await deliver(event!), { delivered: true });
      const tags = gateway.got.slice(-2).map(({ android }) => android.notification.tag);
      assert.deepEqual(tags, [id, id]);
      gateway.codes.push("80300002");
      assert.deepEqual(await deliver(event!), { failed: "80300002", ofOne: true, final: true });
      gateway.codes.push("80200003");
      assert.deepEqual(await deliver(event!), { failed: "80200003", ofOne: true });
      gateway.codes.push("80300007");
      assert.deepEqual(await deliver(event!), { delivered: true });
      assert.deepEqual(await world.devicesOf(user), []);
      assert.deepEqual(await deliver(event!), { delivered: true });
    });

    test("A device of a platform without gateway is passed over, and does not hold up the others", async () => {
      const user = `user ${unique()}`;
      const caller = await world.another(user);
      accepted(await world.post(registerPath, { platform: "fcm", token: `fcm-${unique()}` }, caller));
      await registered(user);
      const { id } = await world.create({ userId: user, notify: true });
      assert.equal((await delivered(id)).length, 1);
    });

    test("Without a gateway nothing is queued, whoever asks", async () => {
      const elsewhere = await world.bank.application();
      const user = `user ${unique()}`;
      const { id } = await world.create({ userId: user, notify: true, applications: [elsewhere.applicationId] });
      assert.deepEqual(await outbox(id), []);
    });
  });
});
