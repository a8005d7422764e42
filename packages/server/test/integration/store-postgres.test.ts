import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import pg from "pg";
import { isStoreError } from "../../src/store/errors.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { accept, claim, count, decide, record } from "../hot-commands.ts";
import { type Proxy, startProxy } from "../postgres-proxy.ts";
import { seed } from "../store-rows.ts";
import { random, type TestStore, withStore } from "../stores.ts";

function onPostgres(title: string, work: (opened: TestStore, t: TestContext) => Promise<void>): void {
  test(title, (t) => withStore("postgres", {}, t, work));
}

/** A second node whose connections go through a network that breaks. */
async function behindProxy(opened: TestStore, work: (node: Store, proxy: Proxy) => Promise<void>): Promise<void> {
  assert.ok(opened.location.kind === "postgres");
  const proxy = await startProxy(opened.location.url);
  const { store, close } = await openStore(
    { ...opened.location, url: proxy.url },
    { tenant: "default", random, masterKey: opened.masterKey },
  );
  try {
    await work(store, proxy);
  } finally {
    await close();
    await proxy.close();
  }
}

async function auditIsWhole({ store, signingKeys }: TestStore): Promise<void> {
  const keys = { keys: [...(await signingKeys.current()).jwks.keys] };
  const report = await verifyAudit({ db: store.read, dialect: "postgres", tenant: "default", keys });
  assert.deepEqual(report.problems, []);
}

onPostgres("two nodes on one database accept each counter once and decide each operation once", async (opened) => {
  const nodes = [opened.store, (await opened.reopen()).store];
  await seed(opened.store, { activations: 4, operations: 10 });
  const accepted: Promise<string>[] = [];
  for (let counter = 0; counter < 5; counter++) {
    for (let at = 1; at <= 4; at++)
      for (const node of nodes) accepted.push(node.commit(accept(`activation-${at}`, counter)));
  }
  const decided = Array.from({ length: 10 }, (_, at) =>
    nodes.map((node) => node.commit(decide(`operation-${at + 1}`, "APPROVED"))),
  );
  const winners = (await Promise.all(decided.flat())).filter((result) => result === "decided").length;
  assert.equal(winners, 10);
  const events = (await Promise.all(accepted)).filter((result) => result === "accepted").length;
  const { counters } = await opened.store.read
    .selectFrom("activation")
    .select((e) => e.fn.sum<string>("counter").as("counters"))
    .executeTakeFirstOrThrow();
  assert.ok(events >= 4);
  assert.equal(Number(counters), events);
  assert.equal(await count(opened.store, "audit_event"), events + winners);
  await auditIsWhole(opened);
});

onPostgres("two nodes that claim the same nonces in opposite order agree on one owner each", async (opened) => {
  const nodes = [opened.store, (await opened.reopen()).store];
  const nonces = Array.from({ length: 100 }, (_, at) => `n${at}`);
  const claims = await Promise.all(
    nodes.map((node, at) =>
      Promise.all((at === 0 ? nonces : nonces.toReversed()).map((nonce) => node.commit(claim(nonce)))),
    ),
  );
  assert.equal(claims.flat().filter(Boolean).length, 100);
  assert.equal(await count(opened.store, "replay"), 100);
});

onPostgres("a command whose row another node holds is carried over while its neighbours go ahead", async (opened) => {
  const { store } = opened;
  const other = (await opened.reopen()).store;
  await seed(store, { activations: 2 });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: locked, resolve: hasLock } = Promise.withResolvers<void>();
  const holder = other.transaction(async ({ db }) => {
    await db.updateTable("activation").set({ name: "held" }).where("id", "=", "activation-1").execute();
    hasLock();
    await held;
  });
  await locked;
  let isDone = false;
  const waiting = store.commit(accept("activation-1", 0)).then((result) => {
    isDone = true;
    return result;
  });
  assert.equal(await store.commit(accept("activation-2", 0)), "accepted");
  assert.equal(await store.commit(accept("no such activation", 0)), "refused");
  assert.equal(isDone, false);
  release();
  await holder;
  assert.equal(await waiting, "accepted");
  assert.equal((await store.findActivation("activation-1"))?.name, "held");
});

onPostgres("a row that another node removed is missing, not locked", async (opened) => {
  await seed(opened.store);
  await opened.store.transaction(async ({ db }) => {
    await db.deleteFrom("operation").where("id", "=", "operation-1").execute();
  });
  assert.equal(await opened.store.commit(decide("operation-1", "APPROVED")), "refused");
});

onPostgres("when the answer to COMMIT is lost the outcomes are read back and told", async (opened) => {
  await seed(opened.store, { operations: 20 });
  await behindProxy(opened, async (node, proxy) => {
    await node.commit(record("first"));
    proxy.break("answer lost");
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, at) => node.commit(decide(`operation-${at + 1}`, "APPROVED"))),
    );
    assert.deepEqual(new Set(results), new Set(["decided"]));
    assert.equal(await node.commit(decide("operation-1", "REJECTED")), "refused");
    assert.equal(await node.commit(record("after")), "after");
  });
  assert.equal(await count(opened.store, "decision"), 20);
  await auditIsWhole(opened);
});

onPostgres("when COMMIT itself is lost nothing was written and the commands may be repeated", async (opened) => {
  await seed(opened.store);
  await behindProxy(opened, async (node, proxy) => {
    proxy.break("commit lost");
    await assert.rejects(node.commit(decide("operation-1", "APPROVED")), (error) =>
      isStoreError(error, "STORE_UNAVAILABLE"),
    );
    assert.equal((await opened.store.findOperation("operation-1"))?.status, "PENDING");
    assert.equal(await node.commit(decide("operation-1", "APPROVED")), "decided");
  });
  await auditIsWhole(opened);
});

onPostgres(
  "when nobody can be asked whether COMMIT arrived the answer is OUTCOME_UNKNOWN, and a new lane begins",
  async (opened) => {
    await seed(opened.store);
    await behindProxy(opened, async (node, proxy) => {
      await node.commit(record("before"));
      proxy.break("server lost");
      const both = [node.commit(decide("operation-1", "APPROVED")), node.commit(record("neighbour"))];
      for (const result of await Promise.allSettled(both)) {
        assert.ok(result.status === "rejected" && isStoreError(result.reason, "OUTCOME_UNKNOWN"));
      }
      proxy.open = true;
      assert.equal(await node.commit(decide("operation-1", "APPROVED")), "refused");
      assert.equal(await node.commit(record("after")), "after");
    });
    const lanes = await opened.store.read.selectFrom("audit_event").select("lane").distinct().execute();
    assert.equal(lanes.length, 2);
    await auditIsWhole(opened);
  },
);

onPostgres(
  "a flush without events whose COMMIT is not answered is OUTCOME_UNKNOWN, never taken for done",
  async (opened) => {
    await behindProxy(opened, async (node, proxy) => {
      await node.commit(record("first"));
      proxy.break("answer lost");
      await assert.rejects(node.commit(claim("n")), (error) => isStoreError(error, "OUTCOME_UNKNOWN"));
      assert.equal(await node.commit(claim("n")), false);
    });
  },
);

onPostgres("an ordinary transaction whose COMMIT is not answered is read back too", async (opened) => {
  await behindProxy(opened, async (node, proxy) => {
    const change = (name: string) =>
      node.transaction(async ({ db, record: tell }) => {
        await db.insertInto("setting").values({ tenant: "default", name, value: "" }).execute();
        tell({ type: "application.created", subject: name, applications: [], data: {} });
      });
    await change("first");
    proxy.break("answer lost");
    await change("second");
    proxy.break("commit lost");
    await assert.rejects(change("third"), (error) => isStoreError(error, "STORE_UNAVAILABLE"));
    await change("third");
  });
  await auditIsWhole(opened);
});

onPostgres("a transaction that breaks before it knows the time gives its connection back", async (opened) => {
  await behindProxy(opened, async (node, proxy) => {
    // One more than the pool has.
    for (let at = 0; at < 11; at++) {
      proxy.break("clock lost");
      await assert.rejects(
        node.transaction(async () => {}),
        (error) => isStoreError(error, "STORE_UNAVAILABLE"),
      );
    }
    await node.transaction(async () => {});
  });
});

onPostgres(
  "connections that the server ends, idle or at work, are replaced; what was refused may be repeated",
  async (opened) => {
    const { store } = opened;
    await seed(store, { operations: 200 });
    for (let round = 0; round < 5; round++) {
      const ids = Array.from({ length: 40 }, (_, at) => `operation-${round * 40 + at + 1}`);
      const work = Promise.allSettled(ids.map((id) => store.commit(decide(id, "APPROVED"))));
      await terminateAll(opened);
      for (const [at, result] of (await work).entries()) {
        if (result.status === "fulfilled") assert.equal(result.value, "decided");
        else {
          assert.ok(isStoreError(result.reason, "STORE_UNAVAILABLE"), String(result.reason));
          assert.equal(await store.commit(decide(ids[at]!, "APPROVED")), "decided");
        }
      }
    }
    assert.equal(await count(store, "decision"), 200);
    assert.equal(await count(store, "audit_event"), 200);
    await auditIsWhole(opened);
  },
);

onPostgres("nodes that start together on an empty database make one set of keys", async (opened) => {
  const nodes = await Promise.all([opened.reopen(), opened.reopen(), opened.reopen()]);
  const kids = await Promise.all(
    nodes.map(async ({ signingKeys }) => (await signingKeys.current()).jwks.keys.map((key) => key.kid)),
  );
  assert.equal(kids[0]?.length, 3);
  for (const one of kids) assert.deepEqual(one, kids[0]);
});

onPostgres("every connection commits durably, whatever the database's default is", async (opened) => {
  assert.ok(opened.location.kind === "postgres");
  const admin = new pg.Client({ connectionString: opened.location.url });
  await admin.connect();
  const { rows } = await admin.query<{ name: string }>("select current_database() as name");
  await admin.query(`alter database ${rows[0]!.name} set synchronous_commit = off`);
  const { store } = await opened.reopen();
  const { rows: settings } = await pgSetting(store);
  assert.equal(settings[0]?.synchronous_commit, "on");
  await admin.end();
});

onPostgres("an unreachable database is STORE_UNAVAILABLE at once", async (opened) => {
  assert.ok(opened.location.kind === "postgres");
  const proxy = await startProxy(opened.location.url);
  const node = await openStore(
    { ...opened.location, url: proxy.url },
    { tenant: "default", random, masterKey: opened.masterKey },
  );
  await node.store.commit(record("a"));
  await proxy.close();
  const start = performance.now();
  await assert.rejects(node.store.commit(record("b")), (error) => isStoreError(error, "STORE_UNAVAILABLE"));
  await assert.rejects(
    node.store.transaction(async () => {}),
    (error) => isStoreError(error, "STORE_UNAVAILABLE"),
  );
  assert.ok(performance.now() - start < 1_000);
  await node.close();
  const wrong = openStore(
    { ...opened.location, url: proxy.url },
    { tenant: "default", random, masterKey: randomBytes(32).toString("base64") },
  );
  await assert.rejects(wrong, (error) => isStoreError(error, "STORE_UNAVAILABLE"));
});

async function pgSetting(store: Store) {
  const { sql } = await import("kysely");
  return sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(store.read);
}

async function terminateAll({ location }: TestStore): Promise<void> {
  assert.ok(location.kind === "postgres");
  const admin = new pg.Client({ connectionString: location.url });
  await admin.connect();
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  await admin.end();
}
