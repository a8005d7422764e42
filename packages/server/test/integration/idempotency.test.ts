/** `POST /v1/operations` with an `Idempotency-Key`: one operation for one request, whatever happens to the answer. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { nodeCrypto } from "@countersign/protocol/crypto-node";
import { Value } from "typebox/value";
import { createApplication } from "../../src/applications/create.ts";
import { type Config, configSchema } from "../../src/config.ts";
import { isRefusal } from "../../src/errors.ts";
import { createOperation } from "../../src/operations/create.ts";
import { forgetOldKeys } from "../../src/operations/idempotency.ts";
import { createTemplate } from "../../src/templates/create.ts";
import { type Bank, type Credentials, payment, startBank, unique } from "../bank.ts";
import { random } from "../device.ts";
import { suiteOnEachStore } from "../store-suites.ts";

suiteOnEachStore((kind, open) => {
  describe(`Idempotency keys on ${kind}`, () => {
    let bank: Bank;
    let template: string;
    let applicationId: string;
    before(async () => {
      bank = await startBank({ opened: await open() });
      ({ applicationId } = await bank.application());
      template = (await bank.template()).templateName;
    });
    after(() => bank.close());

    const body = (more: object = {}) => ({
      template,
      userId: "alice",
      applications: [applicationId],
      parameters: payment,
      externalId: `order ${unique()}`,
      ...more,
    });
    const post = (request: unknown, key: string | undefined, client?: Credentials) =>
      bank.v1("POST", "/operations", request, {
        ...(client !== undefined && { client }),
        ...(key !== undefined && { headers: { "idempotency-key": key } }),
      });
    const made = (externalId: string) =>
      bank.done("/operation/list/external", { externalId, applications: [applicationId] });

    test("32 identical creates at once make one operation, and all 32 get it", async () => {
      for (let round = 0; round < 3; round++) {
        const request = body();
        const key = `key-${unique()}`;
        const replies = await Promise.all(Array.from({ length: 32 }, () => post(request, key)));
        for (const reply of replies) {
          assert.equal(reply.status, 201, JSON.stringify(reply.body));
          assert.deepEqual(reply.body, replies[0]!.body);
          assert.equal(reply.headers.get("location"), `/v1/operations/${reply.body.id}`);
        }
        assert.equal((await made(request.externalId)).length, 1);
      }
    });

    test("Without a key every request makes an operation", async () => {
      const request = body();
      const replies = await Promise.all([post(request, undefined), post(request, undefined)]);
      assert.deepEqual(
        replies.map(({ status }) => status),
        [201, 201],
      );
      assert.equal((await made(request.externalId)).length, 2);
    });

    test("The same key with another content is refused and makes nothing, at once and in parallel", async () => {
      const key = `key-${unique()}`;
      const first = body();
      assert.equal((await post(first, key)).status, 201);
      for (const other of [
        { ...first, userId: "bob" },
        { ...first, parameters: { ...payment, amount: "101" } },
        { ...first, expiresAt: Date.now() + 1_000_000 },
        { ...first, additionalData: {} },
      ]) {
        const reply = await post(other, key);
        assert.deepEqual([reply.status, reply.body.code], [409, "idempotency-conflict"]);
        assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/);
      }
      assert.equal((await made(first.externalId)).length, 1);
      const racing = `key-${unique()}`;
      const [one, two] = [body(), body()];
      const replies = await Promise.all(Array.from({ length: 16 }, (_, at) => post(at % 2 === 0 ? one : two, racing)));
      const ids = new Set(replies.filter(({ status }) => status === 201).map(({ body: { id } }) => id));
      assert.equal(ids.size, 1);
      assert.equal(replies.filter(({ status }) => status === 409).length, 8);
      assert.equal((await made(one.externalId)).length + (await made(two.externalId)).length, 1);
    });

    test("The digest is of what the body says: order of members and white space do not matter", async () => {
      const key = `key-${unique()}`;
      const request = body({ additionalData: { a: 1, b: { c: [1, 2], d: null } } });
      const first = await post(JSON.stringify(request), key);
      const turned = Object.fromEntries(Object.entries(request).reverse());
      const again = await post(
        JSON.stringify({ ...turned, additionalData: { b: { d: null, c: [1, 2] }, a: 1 } }, undefined, 3),
        key,
      );
      assert.deepEqual([again.status, again.body.id], [201, first.body.id]);
    });

    test("Keys belong to their API client: another client's same key is another key", async () => {
      const key = `key-${unique()}`;
      const request = body();
      const [other, third] = [await bank.client(["relying-party"]), await bank.client(["relying-party"])];
      const replies = await Promise.all([
        post(request, key),
        post(request, key, other),
        post({ ...request, userId: "x" }, key, third),
      ]);
      assert.deepEqual(
        replies.map(({ status }) => status),
        [201, 201, 201],
      );
      assert.equal(new Set(replies.map(({ body: { id } }) => id)).size, 3);
    });

    test("A repeated request is answered with the operation as it is by then, even when its template is gone", async () => {
      const own = await bank.template();
      const key = `key-${unique()}`;
      const request = body({ template: own.templateName });
      const { id } = (await post(request, key)).body;
      await bank.done("/operation/template/remove", { id: own.id });
      await bank.done("/operation/cancel", { operationId: id });
      const again = await post(request, key);
      assert.deepEqual([again.status, again.body.id, again.body.status], [201, id, "CANCELED"]);
    });

    test("A refused request uses up no key", async () => {
      const key = `key-${unique()}`;
      const request = body({ template: `later ${unique()}` });
      assert.deepEqual((await post(request, key)).body.code, "template-not-found");
      await bank.template({ templateName: request.template });
      assert.equal((await post(request, key)).status, 201);
    });

    test("After seven days a key is free again, whether the sweeper has been there or not", async () => {
      for (const swept of [false, true]) {
        const key = `key-${unique()}`;
        const request = body();
        const first = await post(request, key);
        const { expires_at } = await bank.store.read
          .selectFrom("idempotency")
          .select("expires_at")
          .where("key", "=", key)
          .executeTakeFirstOrThrow();
        const week = 7 * 86_400_000;
        assert.ok(Math.abs(expires_at - Date.parse(first.body.createdAt) - week) < 5000);
        await bank.store.transaction(({ db, now }) =>
          db.updateTable("idempotency").set({ expires_at: now }).where("key", "=", key).execute(),
        );
        if (swept) assert.equal(await forgetOldKeys({ store: bank.store }), 1);
        const again = await Promise.all(Array.from({ length: 8 }, () => post({ ...request, userId: "bob" }, key)));
        const ids = new Set(again.map(({ status, body: { id } }) => `${status} ${id}`));
        assert.equal(ids.size, 1);
        assert.notEqual(again[0]!.body.id, first.body.id);
        assert.equal((await made(request.externalId)).length, 2);
      }
    });

    test("A key is 1 to 255 visible characters; anything else is refused", async () => {
      for (const key of ["", "a b", "x".repeat(256), "schlüssel", "tab\tbed"]) {
        const reply = await post(body(), key);
        assert.deepEqual([reply.status, reply.body.code], [400, "invalid-request"], key);
      }
      assert.equal((await post(body(), `~!"#$%&'()*+,-./:;<=>?@[]^_{|}${"x".repeat(200)}`)).status, 201);
    });

    test("The claim and the operation are one commit: every key names an operation that exists", async () => {
      const orphans = await bank.store.read
        .selectFrom("idempotency as k")
        .leftJoin("operation as o", "o.id", "k.operation_id")
        .select("k.key")
        .where("o.id", "is", null)
        .execute();
      assert.deepEqual(orphans, []);
    });
  });

  if (kind === "postgres") {
    test("Two nodes that get the same request at once make one operation between them", async () => {
      const first = await open();
      const second = await first.reopen();
      const config = Value.Default(configSchema, {}) as Config;
      const nodes = [first, second].map(({ store, secrets }) => ({ store, secrets, random, config }));
      const { secrets, store } = first;
      await createApplication({ store, secrets, crypto: nodeCrypto, random }, { applicationId: "bank" });
      const content = {
        operationType: "t",
        dataTemplate: "A2",
        signatureTypes: ["POSSESSION"] as const,
        maxFailureCount: 1,
        expirationSeconds: 300,
        riskFlags: null,
        proximityCheck: false,
      };
      await createTemplate({ store }, { name: "login", content, clientId: "c" });
      for (let round = 0; round < 5; round++) {
        const create = (at: number, requestDigest: string) =>
          createOperation(nodes[at % 2]!, {
            clientId: "c",
            template: "login",
            applications: ["bank"],
            parameters: {},
            idempotency: { clientId: "c", key: `k${round}`, requestDigest },
          });
        const outcomes = await Promise.all(
          Array.from({ length: 24 }, (_, at) => create(at, at < 16 ? "same" : "other")),
        );
        const made = outcomes.flatMap((outcome) => (isRefusal(outcome) ? [] : [outcome]));
        assert.equal(new Set(made.map(({ operation }) => operation.id)).size, 1);
        assert.equal(made.filter(({ repeated }) => !repeated).length, 1);
        assert.ok(made.length === 16 || made.length === 8);
        for (const outcome of outcomes) if (isRefusal(outcome)) assert.equal(outcome.refused, "idempotency-conflict");
      }
      const all = await store.read.selectFrom("operation").select("id").execute();
      assert.equal(all.length, 5);
      await first.close();
    });
  }
});
