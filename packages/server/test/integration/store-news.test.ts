/** What a store tells of its commits: on this node at once, on other nodes by NOTIFY, and what happens when that breaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import type { Committed, Store } from "../../src/store/store.ts";
import { record } from "../hot-commands.ts";
import { draft, seed } from "../store-rows.ts";
import { forEachStore, withStore } from "../stores.ts";

function listen(store: Store) {
  const heard: Committed[] = [];
  const waiting = new Set<() => void>();
  const stop = store.onCommit((news) => {
    heard.push(news);
    for (const wake of waiting) wake();
  });
  return {
    heard,
    stop,
    subjects: () => heard.flatMap(({ hints }) => hints.map(({ subject }) => subject)),
    async until(enough: () => boolean): Promise<void> {
      while (!enough()) {
        await new Promise<void>((resolve) => {
          const wake = () => (waiting.delete(wake), resolve());
          waiting.add(wake);
        });
      }
    },
  };
}

/** Until the connections between the nodes are up, words are lost. */
async function introduced(from: Store, ear: ReturnType<typeof listen>): Promise<void> {
  for (let at = 0; !ear.subjects().some((subject) => subject.startsWith("hello")); at++) {
    await from.commit(record(`hello ${at}`, ["app"]));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

forEachStore(
  "a commit tells what changed, whose it is, and whether a sink waits for it; others tell nothing",
  async ({ store }) => {
    await seed(store);
    const ear = listen(store);
    await store.commit(record("flushed", ["app"]));
    await store.transaction(async (change) => {
      change.record({ ...draft("activation.blocked", "blocked", ["app"]), data: { userId: "anna", note: "private" } });
      change.record(draft("template.created", "quiet", ["app"]));
    });
    await ear.until(() => ear.subjects().length === 2);
    // On PostgreSQL the ear for other nodes may open only now, and says once that something may have been missed.
    const told = ear.heard.filter(({ missed }) => !missed);
    assert.deepEqual(
      told.map(({ queued }) => queued),
      [false, false],
    );
    assert.equal(told[1]?.hints[0]?.userId, "anna");
    await store.transaction(async ({ db }) => {
      const sink = { tenant: "default", id: "s", application_id: "app", name: "s", url: "", attributes: "[]" } as const;
      await db
        .insertInto("sink")
        .values({ ...sink, type: "WEBHOOK", enabled: 1, created_at: 0 })
        .execute();
    });
    await store.commit(record("waited for", ["app"]));
    await ear.until(() => ear.subjects().length === 3);
    assert.equal(ear.heard.at(-1)?.queued, true);
    const broken = store.transaction(async (change) => {
      change.record(draft("operation.expired", "rolled back", ["app"]));
      throw new RangeError("own");
    });
    await assert.rejects(broken, RangeError);
    ear.stop();
    await store.commit(record("not listened to", ["app"]));
    assert.deepEqual(ear.subjects(), ["flushed", "blocked", "waited for"]);
  },
);

test("other nodes hear ids and users, not data, and not their own words twice; a tenant hears nothing of another", (t) =>
  withStore("postgres", {}, t, async (opened) => {
    await seed(opened.store);
    const other = await opened.reopen();
    const [here, there] = [listen(opened.store), listen(other.store)];
    await introduced(opened.store, there);
    await introduced(other.store, here);
    const before = there.subjects().length;
    for (let at = 0; at < 300; at++) {
      void opened.store.commit(record(`${at} ${"x".repeat(60)}`, ["app"])).catch(() => {});
    }
    await there.until(() => there.subjects().length >= before + 300);
    assert.equal(new Set(there.subjects().slice(before)).size, 300);
    assert.doesNotMatch(JSON.stringify(there.heard), /note/);
    await opened.store.transaction(async (change) => {
      const data = { userId: "u".repeat(255), secret: "no" };
      change.record({ type: "operation.expired", subject: "long", applications: ["app"], data });
    });
    await there.until(() => there.subjects().includes("long"));
    assert.equal(here.subjects().filter((subject) => subject === "long").length, 1);
  }));

test("a node whose listening connection was cut hears that it missed something, and then hears again", (t) =>
  withStore("postgres", {}, t, async (opened) => {
    await seed(opened.store);
    const other = await opened.reopen();
    const there = listen(other.store);
    await introduced(opened.store, there);
    const before = there.heard.length;
    assert.equal(opened.location.kind, "postgres");
    const client = new pg.Client({ connectionString: opened.location.kind === "postgres" ? opened.location.url : "" });
    await client.connect();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()",
    );
    await client.end();
    await there.until(() => there.heard.slice(before).some(({ missed }) => missed));
    there.heard.length = 0;
    await introduced(opened.store, there);
  }));
