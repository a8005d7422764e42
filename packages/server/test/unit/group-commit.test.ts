import assert from "node:assert/strict";
import { test } from "node:test";
import { isStoreError, StoreError } from "../../src/store/errors.ts";
import { createGroupCommit, type FlushedItem, FlushRepeat } from "../../src/store/group-commit.ts";
import type { HotCommand } from "../../src/store/store.ts";

type Command = HotCommand<unknown>;

/** A database that answers each command with its name; `answer` may interfere with a flush. */
function recorder(
  answer: (commands: readonly Command[], flush: number) => FlushedItem[] | undefined = () => undefined,
) {
  const flushes: string[][] = [];
  const names = new Map<Command, string>();
  const group = createGroupCommit({
    lockMs: 60,
    waiting: 200,
    async flush(commands) {
      flushes.push(commands.map((command) => names.get(command)!));
      await new Promise((resolve) => setImmediate(resolve));
      return answer(commands, flushes.length) ?? commands.map((command) => ({ result: names.get(command) }));
    },
  });
  const commit = (name: string, keys: Partial<Command> = {}) => {
    const command: Command = { ...keys, evaluate: () => ({ result: name }) };
    names.set(command, name);
    return group.commit(command);
  };
  return { flushes, commit, nameOf: (command: Command) => names.get(command)!, idle: () => group.idle() };
}

test("commands that arrive together share a flush, at most 64 of them", async () => {
  const { flushes, commit } = recorder();
  await Promise.all(Array.from({ length: 100 }, (_, at) => commit(`c${at}`)));
  assert.deepEqual(
    flushes.map((flush) => flush.length),
    [64, 36],
  );
});

test("a flush holds one command per activation, operation, token and claim; the others follow in order", async () => {
  const replay = { table: "replay", row: { tenant: "t", subject: "s", nonce: "n", expires_at: 0 } } as const;
  const { flushes, commit } = recorder();
  await Promise.all([
    commit("a1", { activationId: "a" }),
    commit("a2", { activationId: "a", operationId: "o" }),
    commit("o1", { operationId: "o" }),
    commit("t1", { tokenId: "t", claims: [replay] }),
    commit("t2", { tokenId: "other", claims: [replay] }),
    commit("free"),
  ]);
  assert.deepEqual(flushes, [["a1", "t1", "free"], ["a2", "t2"], ["o1"]]);
});

test("commands on one key are served first come, first served, also when an earlier one waits for another key", async () => {
  const order: string[] = [];
  const { commit } = recorder((commands) => commands.map(() => ({ result: undefined })));
  const done = Array.from({ length: 30 }, (_, at) =>
    commit(`c${at}`, { activationId: at % 3 === 0 ? "x" : "y", operationId: at % 2 === 0 ? "p" : "q" }).then(() =>
      order.push(`${at}`),
    ),
  );
  await Promise.all(done);
  for (const key of [0, 1]) {
    const mine = order.map(Number).filter((at) => at % 2 === key);
    assert.deepEqual(
      mine,
      mine.toSorted((a, b) => a - b),
    );
  }
});

test("when a batch has to be repeated it runs command by command, and only the bad one is refused", async () => {
  const { flushes, commit, nameOf } = recorder((commands) => {
    if (commands.some((command) => nameOf(command) === "bad")) throw new FlushRepeat("constraint");
    return undefined;
  });
  const results = await Promise.allSettled(["one", "bad", "two"].map((name) => commit(name)));
  assert.deepEqual(
    results.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as StoreError).code)),
    ["one", "CONSTRAINT", "two"],
  );
  assert.deepEqual(flushes, [["one", "bad", "two"], ["one"], ["bad"], ["two"]]);
});

test("a command whose rows keep changing is tried three times and then refused with CONFLICT", async () => {
  const { flushes, commit } = recorder(() => {
    throw new FlushRepeat("changed");
  });
  await assert.rejects(commit("alone"), (error) => isStoreError(error, "CONFLICT"));
  assert.equal(flushes.length, 3);
  await Promise.allSettled([commit("x"), commit("y")]);
  assert.deepEqual(flushes.slice(3), [["x", "y"], ["x"], ["x"], ["x"], ["y"], ["y"], ["y"]]);
});

test("a flush whose outcome is unknown rejects all its commands and nothing is repeated", async () => {
  const { flushes, commit } = recorder((_, flush) => {
    if (flush === 1) throw new StoreError("OUTCOME_UNKNOWN", "lost");
    return undefined;
  });
  const results = await Promise.allSettled([commit("one"), commit("two")]);
  assert.ok(results.every((result) => result.status === "rejected" && isStoreError(result.reason, "OUTCOME_UNKNOWN")));
  assert.deepEqual(flushes, [["one", "two"]]);
  assert.equal(await commit("later"), "later");
});

test("a command whose rows are locked elsewhere is carried over, ahead of what came later", async () => {
  let locked = 2;
  const { flushes, commit, nameOf } = recorder((commands) =>
    commands.map((command) => (nameOf(command) === "locked" && locked-- > 0 ? "skipped" : { result: nameOf(command) })),
  );
  const first = commit("locked", { activationId: "a" });
  const others = [commit("after", { activationId: "a" }), commit("free", { activationId: "b" })];
  assert.deepEqual(await Promise.all([first, ...others]), ["locked", "after", "free"]);
  assert.deepEqual(flushes, [["locked", "free"], ["locked"], ["locked"], ["after"]]);
});

test("a command that stays locked is refused with STORE_BUSY after its time", async () => {
  const { commit } = recorder((commands) => commands.map(() => "skipped"));
  await assert.rejects(commit("locked", { activationId: "a" }), (error) => isStoreError(error, "STORE_BUSY"));
});

test("more commands than may wait are refused with STORE_BUSY, and those that wait are served", async () => {
  const { commit } = recorder();
  const results = await Promise.allSettled(Array.from({ length: 250 }, (_, at) => commit(`c${at}`)));
  assert.equal(results.filter((result) => result.status === "fulfilled").length, 200);
  assert.equal(results.filter((result) => result.status === "rejected").length, 50);
});

test("a command whose evaluation failed rejects alone with its own error", async () => {
  const own = new RangeError("own");
  const { commit, nameOf } = recorder((commands) =>
    commands.map((command) => (nameOf(command) === "bad" ? { error: own } : { result: "fine" })),
  );
  const [bad, fine] = await Promise.allSettled([commit("bad"), commit("good")]);
  assert.equal(bad?.status === "rejected" && bad.reason, own);
  assert.equal(fine?.status === "fulfilled" && fine.value, "fine");
});
