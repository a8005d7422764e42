import assert from "node:assert/strict";
import { test } from "node:test";
import { isStoreError, isUniqueViolation } from "../../src/store/errors.ts";
import { accept, count } from "../hot-commands.ts";
import { application, draft, seed } from "../store-rows.ts";
import { forEachStore, withStore } from "../stores.ts";

forEachStore("a transaction whose work throws changes nothing, records nothing and rethrows", async ({ store }) => {
  const own = new RangeError("own");
  await assert.rejects(
    store.transaction(async ({ db, record }) => {
      await db.insertInto("application").values(application).execute();
      record(draft("application.created"));
      throw own;
    }),
    own,
  );
  assert.deepEqual(await store.read.selectFrom("application").selectAll().execute(), []);
  assert.equal(await count(store, "audit_event"), 0);
  await seed(store);
});

forEachStore("a duplicate key is told apart from other failures, and the store goes on", async ({ store }) => {
  await seed(store);
  const again = store.transaction(({ db }) => db.insertInto("application").values(application).execute());
  await assert.rejects(again, (error) => isUniqueViolation(error));
  const bad = store.transaction(({ db }) =>
    db
      .insertInto("token")
      .values({
        tenant: "default",
        id: "t",
        activation_id: "none",
        signature_type: "",
        secret_sealed: "",
        created_at: 0,
      })
      .execute(),
  );
  await assert.rejects(bad, (error) => !isUniqueViolation(error));
  await store.transaction(async ({ record }) => record(draft("application.created")));
});

forEachStore("events of one transaction stand in the audit in order and in one lane", async ({ store }) => {
  const now = await store.transaction(async ({ record, now: began }) => {
    record(draft("application.created", "a"));
    record(draft("application.version.created", "b"));
    return began;
  });
  const rows = await store.read.selectFrom("audit_event").selectAll().orderBy("seq").execute();
  assert.deepEqual(
    rows.map(({ subject, seq, at }) => [subject, seq, at]),
    [
      ["a", 1, now],
      ["b", 2, now],
    ],
  );
  assert.equal(rows[0]?.lane, rows[1]?.lane);
  assert.equal(rows[1]?.previous_hash, rows[0]?.hash);
});

forEachStore("recording after the end of a transaction is a broken promise", async ({ store }) => {
  const kept = await store.transaction(async (change) => change);
  assert.throws(() => kept.record(draft("application.created")), TypeError);
});

forEachStore(
  "ordinary transactions run one at a time, and waiting has a limit",
  async ({ store }) => {
    let running = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        store.transaction(async () => {
          assert.equal(++running, 1);
          await new Promise((resolve) => setTimeout(resolve, 3));
          running -= 1;
        }),
      ),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    const long = store.transaction(() => promise);
    await assert.rejects(
      store.transaction(async () => {}),
      (error) => isStoreError(error, "STORE_BUSY"),
    );
    resolve();
    await long;
    await store.transaction(async () => {});
  },
  { waitMs: 100 },
);

forEachStore(
  "a snapshot read is not disturbed by changes, nor are other reads by the snapshot",
  async ({ store, dialect }) => {
    await seed(store);
    const read =
      dialect === "postgres" ? store.read.transaction().setIsolationLevel("repeatable read") : store.read.transaction();
    await read.execute(async (db) => {
      const counter = () => db.selectFrom("activation").select("counter").executeTakeFirstOrThrow();
      assert.equal((await counter()).counter, 0);
      await store.commit(accept("activation-1", 0));
      assert.equal((await counter()).counter, 0);
      assert.equal((await store.findActivation("activation-1"))?.counter, 1);
      assert.equal((await store.read.selectFrom("activation").select("counter").executeTakeFirstOrThrow()).counter, 1);
    });
  },
);

forEachStore("numbers come back as numbers and text in byte order", async ({ store }) => {
  const names = ["b", "A", "a", "B", "é", "Z", "_", "10", "9", "💶", "\uffee"];
  await store.transaction(async ({ db }) => {
    for (const name of names)
      await db
        .insertInto("signing_key")
        .values({
          tenant: "t",
          kid: name,
          use: "receipt",
          public_jwk: "",
          private_sealed: "",
          created_at: 1_795_000_000_000,
          retired_at: 1,
        })
        .execute();
  });
  const rows = await store.read
    .selectFrom("signing_key")
    .selectAll()
    .where("tenant", "=", "t")
    .orderBy("kid")
    .execute();
  const bytes = (text: string) => Buffer.from(text);
  assert.deepEqual(
    rows.map((row) => row.kid),
    names.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b))),
  );
  assert.equal(rows[0]?.created_at, 1_795_000_000_000);
  const { n } = await store.read
    .selectFrom("signing_key")
    .select((e) => e.fn.countAll().as("n"))
    .where("tenant", "=", "t")
    .executeTakeFirstOrThrow();
  assert.equal(n, names.length);
  assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype);
});

test("the reading connection of the embedded store cannot write", (t) =>
  withStore("sqlite", {}, t, async ({ store }) => {
    await assert.rejects(
      store.read.insertInto("setting").values({ tenant: "t", name: "n", value: "v" }).execute(),
      /readonly/,
    );
  }));

forEachStore("the clock may be given; without one it is the database's", async ({ store, reopen, dialect }) => {
  assert.ok(Math.abs((await store.now()) - Date.now()) < 5_000);
  if (dialect === "sqlite") await store.close();
  const given = (await reopen({ now: () => 42 })).store;
  assert.equal(await given.now(), 42);
  assert.equal(await given.transaction(async ({ now }) => now), 42);
  assert.equal(await given.commit({ evaluate: (_, now) => ({ result: now }) }), 42);
});
