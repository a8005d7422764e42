import assert from "node:assert/strict";
import { isStoreError } from "../../src/store/errors.ts";
import type { HotCommand } from "../../src/store/store.ts";
import { accept, activationUpdate, claim, count, decide, operationUpdate, record } from "../hot-commands.ts";
import { draft, operationRow, seed } from "../store-rows.ts";
import { forEachStore } from "../stores.ts";

forEachStore("of many concurrent decisions on one operation exactly one wins", async ({ store }) => {
  await seed(store, { activations: 8 });
  const tries = Array.from({ length: 40 }, (_, at) =>
    store.commit(decide("operation-1", at % 2 ? "APPROVED" : "REJECTED", `activation-${(at % 8) + 1}`)),
  );
  const results = await Promise.all(tries);
  assert.equal(results.filter((result) => result === "decided").length, 1);
  assert.equal(await count(store, "decision"), 1);
  assert.equal(await count(store, "audit_event"), 1);
});

forEachStore("a counter value is accepted once, however many arrive together", async ({ store }) => {
  await seed(store);
  for (let counter = 0; counter < 5; counter++) {
    const results = await Promise.all(Array.from({ length: 8 }, () => store.commit(accept("activation-1", counter))));
    assert.deepEqual(results.map((result) => result === "accepted").filter(Boolean), [true]);
  }
  assert.equal((await store.findActivation("activation-1"))?.counter, 5);
});

forEachStore(
  "outcomes are computed on the rows of the flush and everything an outcome writes is there",
  async ({ store }) => {
    await seed(store);
    const before = Date.now();
    const made = await store.commit<number>({
      activationId: "activation-1",
      operationId: "operation-1",
      tokenId: "none",
      applicationKey: "none",
      evaluate({ activation, operation, token, supported, claimed }, now) {
        assert.deepEqual(
          [activation?.name, operation?.status, token, supported, claimed],
          ["Phone", "PENDING", undefined, undefined, true],
        );
        return {
          result: now,
          writes: {
            activation: {
              from: activation!,
              set: activationUpdate(activation!, {
                failed_attempts: 5,
                status: "BLOCKED",
                blocked_reason: "MAX_FAILED_ATTEMPTS",
                changed_at: now,
                name: null,
              }),
            },
            operation: {
              from: operation!,
              set: operationUpdate(operation!, { failure_count: 1, additional_data: '{"a":"ž\\"\'"}' }),
            },
            newOperation: operationRow({
              id: "operation-2",
              applications: '["app","other"]',
              data: "A1*' \\ \" \n é 💶",
            }),
            newToken: {
              tenant: "default",
              id: "token-9",
              activation_id: "activation-1",
              signature_type: "POSSESSION",
              secret_sealed: "x",
              created_at: now,
            },
            attempt: {
              tenant: "default",
              id: "attempt-1",
              operation_id: "operation-1",
              activation_id: null,
              action: "fail",
              outcome: "BAD",
              at: now,
            },
            history: {
              tenant: "default",
              id: "history-1",
              activation_id: "activation-1",
              status: "BLOCKED",
              reason: "MAX_FAILED_ATTEMPTS",
              external_user_id: null,
              name: null,
              at: now,
            },
            decision: (place) => ({
              tenant: "default",
              operation_id: "operation-1",
              claims: JSON.stringify(place),
              at: now,
            }),
            events: [draft("activation.blocked", "activation-1"), draft("operation.attempt.failed", "operation-1")],
          },
        };
      },
    });
    assert.ok(made >= before - 5_000 && made <= Date.now() + 5_000);
    const activation = await store.findActivation("activation-1");
    assert.deepEqual(
      [activation?.status, activation?.failed_attempts, activation?.name, activation?.changed_at],
      ["BLOCKED", 5, null, made],
    );
    assert.equal((await store.findOperation("operation-1"))?.additional_data, '{"a":"ž\\"\'"}');
    assert.equal((await store.findOperation("operation-2"))?.data, "A1*' \\ \" \n é 💶");
    assert.equal((await store.findToken("token-9"))?.signature_type, "POSSESSION");
    const { read } = store;
    const links = await read
      .selectFrom("operation_application")
      .select("application_id")
      .orderBy("application_id")
      .execute();
    assert.deepEqual(links, [{ application_id: "app" }, { application_id: "other" }]);
    assert.equal((await read.selectFrom("operation_attempt").selectAll().execute()).length, 1);
    assert.equal((await read.selectFrom("activation_history").selectAll().execute()).length, 1);
    const events = await read.selectFrom("audit_event").selectAll().orderBy("seq").execute();
    assert.deepEqual(
      events.map(({ type, seq, at }) => [type, seq, at]),
      [
        ["activation.blocked", 1, made],
        ["operation.attempt.failed", 2, made],
      ],
    );
    const { claims } = await read.selectFrom("decision").select("claims").executeTakeFirstOrThrow();
    assert.deepEqual(JSON.parse(claims), { lane: events[0]?.lane, seq: 1, hash: events[0]?.hash });
    await store.commit({ tokenId: "token-9", evaluate: () => ({ result: 0, writes: { removedToken: "token-9" } }) });
    assert.equal(await store.findToken("token-9"), undefined);
  },
);

forEachStore("a refused command never fails its neighbours", async ({ store }) => {
  await seed(store, { operations: 3 });
  await store.commit(decide("operation-2", "APPROVED"));
  const results = await Promise.all(
    ["operation-1", "operation-2", "operation-3", "no-such"].map((id) => store.commit(decide(id, "APPROVED"))),
  );
  assert.deepEqual(results, ["decided", "refused", "decided", "refused"]);
});

forEachStore(
  "a command whose evaluation throws rejects alone and writes nothing, its claims included",
  async ({ store }) => {
    await seed(store, { operations: 2 });
    const bad = claim("n", {
      evaluate: () => {
        throw new RangeError("own mistake");
      },
    });
    const [one, two, three] = await Promise.allSettled([
      store.commit(decide("operation-1", "APPROVED")),
      store.commit(bad),
      store.commit(decide("operation-2", "APPROVED")),
    ]);
    assert.deepEqual(
      [one, three],
      [
        { status: "fulfilled", value: "decided" },
        { status: "fulfilled", value: "decided" },
      ],
    );
    assert.ok(two?.status === "rejected" && two.reason instanceof RangeError);
    assert.equal(await count(store, "replay"), 0);
    assert.equal(await store.commit(claim("n")), true);
  },
);

forEachStore("a decision that cannot be built rejects alone and leaves no gap in the audit", async ({ store }) => {
  const bad: HotCommand<void> = {
    evaluate: () => ({
      result: undefined,
      writes: {
        events: [draft("operation.approved")],
        decision: () => {
          throw new RangeError("own mistake");
        },
      },
    }),
  };
  const results = await Promise.allSettled([store.commit(record("a")), store.commit(bad), store.commit(record("b"))]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  const events = await store.read.selectFrom("audit_event").select(["subject", "seq"]).orderBy("seq").execute();
  assert.deepEqual(events, [
    { subject: "a", seq: 1 },
    { subject: "b", seq: 2 },
  ]);
});

forEachStore("a value the tables refuse is refused alone, with CONSTRAINT", async ({ store }) => {
  await seed(store, { operations: 2 });
  const duplicate: HotCommand<void> = {
    evaluate: () => ({
      result: undefined,
      writes: { newOperation: operationRow({ id: "operation-1" }), events: [draft("operation.created")] },
    }),
  };
  const results = await Promise.allSettled([
    store.commit(decide("operation-1", "APPROVED")),
    store.commit(duplicate),
    store.commit(decide("operation-2", "APPROVED")),
  ]);
  assert.deepEqual(
    results.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as { code: string }).code)),
    ["decided", "CONSTRAINT", "decided"],
  );
  assert.equal(await count(store, "audit_event"), 2);
});

forEachStore(
  "an outcome computed from rows that are no longer true is tried again and then refused with CONFLICT",
  async ({ store }) => {
    await seed(store);
    const stale = (await store.findActivation("activation-1"))!;
    await store.commit(accept("activation-1", 0));
    for (const outdated of [
      {},
      { counter: 1 },
      { counter: 1, ctr_data: "c1", failed_attempts: 1 },
      { counter: 1, ctr_data: "c1", status: "BLOCKED" as const },
    ]) {
      let evaluations = 0;
      const command: HotCommand<void> = {
        activationId: "activation-1",
        evaluate() {
          evaluations += 1;
          const from = { ...stale, ...outdated };
          return {
            result: undefined,
            writes: {
              activation: { from, set: activationUpdate(from, { counter: 99 }) },
              events: [draft("signature.accepted")],
            },
          };
        },
      };
      await assert.rejects(store.commit(command), (error) => isStoreError(error, "CONFLICT"));
      assert.equal(evaluations, 3);
    }
    assert.equal((await store.findActivation("activation-1"))?.counter, 1);
    assert.equal(await count(store, "audit_event"), 1);
  },
);

forEachStore("the operation's update is held against its status, failure count and user", async ({ store }) => {
  await seed(store);
  const real = (await store.findOperation("operation-1"))!;
  for (const outdated of [
    { status: "EXPIRED" as const },
    { failure_count: 1 },
    { user_id: "somebody else" },
    { user_id: null },
  ]) {
    const from = { ...real, ...outdated };
    const command: HotCommand<void> = {
      operationId: "operation-1",
      evaluate: () => ({
        result: undefined,
        writes: { operation: { from, set: operationUpdate(from, { status: "APPROVED" }) } },
      }),
    };
    await assert.rejects(store.commit(command), (error) => isStoreError(error, "CONFLICT"));
  }
  assert.deepEqual(await store.findOperation("operation-1"), real);
});

forEachStore(
  "a claim is new once, also within one flush, and different parts never run together",
  async ({ store }) => {
    const results = await Promise.all(Array.from({ length: 10 }, () => store.commit(claim("same"))));
    assert.equal(results.filter(Boolean).length, 1);
    const parts = (subject: string, nonce: string) =>
      store.commit(
        claim("", { claims: [{ table: "replay", row: { tenant: "default", subject, nonce, expires_at: 1 } }] }),
      );
    assert.deepEqual(await Promise.all([parts("a", "bc"), parts("ab", "c"), parts("a:b", "c"), parts("a", ":bc")]), [
      true,
      true,
      true,
      true,
    ]);
  },
);

forEachStore(
  "of several claims all are taken or none, and a command may release what it claimed",
  async ({ store }) => {
    const idempotency = {
      tenant: "default",
      client_id: "c",
      key: "k",
      request_digest: "d",
      operation_id: "o",
      expires_at: 9,
    };
    const both: HotCommand<boolean> = {
      claims: [
        { table: "replay", row: { tenant: "default", subject: "token-1", nonce: "n", expires_at: 1 } },
        { table: "idempotency", row: idempotency },
      ],
      evaluate: ({ claimed }) => ({ result: claimed }),
    };
    assert.equal(await store.commit(claim("n")), true);
    assert.equal(await store.commit(both), false);
    assert.deepEqual(await store.read.selectFrom("idempotency").selectAll().execute(), []);
    const released: HotCommand<boolean> = {
      claims: [{ table: "idempotency", row: idempotency }],
      evaluate: ({ claimed }) => ({ result: claimed, claims: "release" }),
    };
    assert.equal(await store.commit(released), true);
    const kept = { ...released, evaluate: ({ claimed }: { claimed: boolean }) => ({ result: claimed }) };
    assert.equal(await store.commit(kept), true);
    assert.equal(await store.commit(released), false);
    assert.deepEqual(await store.read.selectFrom("idempotency").selectAll().execute(), [idempotency]);
  },
);

forEachStore("whether an application version is supported is read in the flush", async ({ store }) => {
  await seed(store);
  const version = { tenant: "default", application_id: "app", application_secret_sealed: "", created_at: 0 };
  await store.transaction(async ({ db }) => {
    await db
      .insertInto("application_version")
      .values([
        { ...version, id: "1", application_key: "k1", supported: 1 },
        { ...version, id: "2", application_key: "k2", supported: 0 },
      ])
      .execute();
  });
  const supported = (applicationKey: string) =>
    store.commit({ applicationKey, evaluate: (rows) => ({ result: rows.supported }) });
  assert.deepEqual(await Promise.all(["k1", "k2", "k3", "k1"].map(supported)), [true, false, undefined, true]);
});

forEachStore("an acknowledged change is there for everybody who reads after it", async ({ store }) => {
  await seed(store, { operations: 20 });
  await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const id = `operation-${at + 1}`;
      await store.commit(decide(id, "APPROVED"));
      assert.equal((await store.findOperation(id))?.status, "APPROVED");
      const row = await store.read.selectFrom("operation").select("status").where("id", "=", id).executeTakeFirst();
      assert.equal(row?.status, "APPROVED");
    }),
  );
});

forEachStore("hot commands and ordinary transactions interleave without losing a change", async ({ store }) => {
  await seed(store);
  const done: Promise<unknown>[] = [];
  for (let at = 0; at < 30; at++) {
    done.push(
      store.commit<void>({
        activationId: "activation-1",
        evaluate: ({ activation }) => ({
          result: undefined,
          writes: {
            activation: { from: activation!, set: activationUpdate(activation!, { counter: activation!.counter + 1 }) },
            events: [draft("signature.accepted")],
          },
        }),
      }),
    );
    done.push(
      store.transaction(async ({ db, record: tell }) => {
        await db
          .updateTable("activation")
          .set((e) => ({ max_failed_attempts: e("max_failed_attempts", "+", 1) }))
          .where("id", "=", "activation-1")
          .execute();
        tell(draft("activation.renamed"));
      }),
    );
  }
  await Promise.all(done);
  const row = await store.findActivation("activation-1");
  assert.deepEqual([row?.counter, row?.max_failed_attempts], [30, 35]);
  assert.equal(await count(store, "audit_event"), 60);
});

forEachStore("closing waits for what is under way and then refuses", async ({ store }) => {
  await seed(store, { operations: 10 });
  const under = Array.from({ length: 10 }, (_, at) => store.commit(decide(`operation-${at + 1}`, "APPROVED")));
  await Promise.all([...under, store.close()]);
  await assert.rejects(store.commit(record("x")), (error) => isStoreError(error, "STORE_CLOSED"));
  await assert.rejects(
    store.transaction(async () => {}),
    (error) => isStoreError(error, "STORE_CLOSED"),
  );
});
