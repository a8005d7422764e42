import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verifyAudit } from "../../src/audit/verify.ts";
import { isStoreError } from "../../src/store/errors.ts";
import { type OpenedStore, openReadOnly, openStore } from "../../src/store/open.ts";
import { decide, record } from "../hot-commands.ts";
import { seed } from "../store-rows.ts";
import { random, withStore } from "../stores.ts";

const child = join(import.meta.dirname, "..", "sqlite-child.ts");
const flags = process.execArgv.filter((flag) => flag.startsWith("--conditions"));

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves with the first line, or when the process has ended. */
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
}

function start(dataDirectory: string, limitKilobytes?: number): Child {
  const run =
    limitKilobytes === undefined
      ? [process.execPath]
      : ["sh", "-c", `trap '' XFSZ; ulimit -f ${limitKilobytes}; exec "$0" "$@"`, process.execPath];
  const started = Promise.withResolvers<void>();
  const [program, ...args] = [...run, ...flags, child, dataDirectory];
  const one = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  let rest = "";
  one.stdout.on("data", (text: Buffer) => {
    const parts = (rest + text.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    started.resolve();
  });
  const ended = new Promise<void>((resolve) => one.once("close", () => resolve()));
  void ended.then(started.resolve);
  return { process: one, lines, started: started.promise, ended };
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "countersign-sqlite-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function allAreThere({ store, signingKeys }: OpenedStore, acknowledged: readonly string[]): Promise<void> {
  const rows = await store.read.selectFrom("audit_event").select("subject").execute();
  const there = new Set(rows.map((row) => row.subject));
  assert.deepEqual(
    acknowledged.filter((subject) => !there.has(subject)),
    [],
  );
  const keys = { keys: [...(await signingKeys.current()).jwks.keys] };
  assert.deepEqual((await verifyAudit({ db: store.read, dialect: "sqlite", tenant: "default", keys })).problems, []);
}

test("a second process on the same data directory is refused with STORE_IN_USE, and death of the first lets it in", () =>
  inDirectory(async (dataDirectory) => {
    const first = start(dataDirectory);
    await first.started;
    assert.equal(first.lines[0], "ready");
    const second = start(dataDirectory);
    await second.ended;
    assert.deepEqual(second.lines, ["STORE_IN_USE"]);
    const here = openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
    await assert.rejects(
      here,
      (error: Error) => isStoreError(error, "STORE_IN_USE") && error.message.includes(dataDirectory),
    );
    first.process.kill("SIGKILL");
    await first.ended;
    const third = await openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
    await third.close();
  }));

test("what was acknowledged before the process was killed is there afterwards, and the audit is whole", () =>
  inDirectory(async (dataDirectory) => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const one = start(dataDirectory);
      await one.started;
      await new Promise((resolve) => setTimeout(resolve, 150 + 70 * round));
      one.process.kill("SIGKILL");
      await one.ended;
      acknowledged.push(...one.lines.filter((line) => line !== "ready"));
    }
    assert.ok(acknowledged.length > 20, `${acknowledged.length} acknowledged`);
    const opened = await openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
    await allAreThere(opened, acknowledged);
    await opened.close();
  }));

test("when the disk is full commands are refused with a code and nothing that was acknowledged is lost", () =>
  inDirectory(async (dataDirectory) => {
    const one = start(dataDirectory, 2_000);
    await one.ended;
    const codes = one.lines.filter((line) => /^[A-Z_]+$/.test(line));
    const acknowledged = one.lines.filter((line) => /^\d+\.\d+$/.test(line));
    assert.ok(
      codes.length === 8 && codes.every((code) => code === "OUTCOME_UNKNOWN" || code === "STORE_UNAVAILABLE"),
      codes.join(),
    );
    assert.ok(acknowledged.length > 20, `${acknowledged.length} acknowledged`);
    const opened = await openStore({ kind: "sqlite", dataDirectory }, { tenant: "default", random });
    await allAreThere(opened, acknowledged);
    assert.equal(await opened.store.commit(record("after")), "after");
    await opened.close();
  }));

test("the data can be read beside a running server, and after it, without changing anything", () =>
  withStore("sqlite", {}, { skip() {} } as never, async ({ store, location, dataDirectory }) => {
    await seed(store);
    await store.commit(decide("operation-1", "APPROVED"));
    const beside = await openReadOnly(location);
    assert.equal((await beside.db.selectFrom("decision").selectAll().execute()).length, 1);
    await beside.close();
    await store.close();
    const size = statSync(join(dataDirectory, "countersign.db")).size;
    const after = await openReadOnly(location);
    assert.equal((await after.db.selectFrom("decision").selectAll().execute()).length, 1);
    await assert.rejects(after.db.deleteFrom("decision").execute(), /readonly/);
    await after.close();
    assert.equal(statSync(join(dataDirectory, "countersign.db")).size, size);
    await assert.rejects(openReadOnly({ kind: "sqlite", dataDirectory: "/nonexistent" }), (error) =>
      isStoreError(error, "STORE_UNAVAILABLE"),
    );
  }));

test("after a clean stop the log has moved into the data file", (t) =>
  withStore("sqlite", {}, t, async ({ store, dataDirectory }) => {
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.commit(record(`${at}`))));
    await store.close();
    const log = join(dataDirectory, "countersign.db-wal");
    assert.ok(!existsSync(log) || statSync(log).size === 0);
  }));

test("the embedded store makes its master key beside the data, for its owner only, and refuses another one", () =>
  inDirectory(async (dataDirectory) => {
    const location = { kind: "sqlite", dataDirectory } as const;
    const open = (masterKey?: string) =>
      openStore(location, { tenant: "default", random, ...(masterKey && { masterKey }) });
    await (await open()).close();
    const file = join(dataDirectory, "master.key");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const key = readFileSync(file, "utf8").trim();
    assert.equal(Buffer.from(key, "base64").length, 32);
    await assert.rejects(open(randomBytes(32).toString("base64")), (error) =>
      isStoreError(error, "MASTER_KEY_MISMATCH"),
    );
    await assert.rejects(open("short"), (error) => isStoreError(error, "MASTER_KEY_INVALID"));
    rmSync(file);
    await assert.rejects(open(), (error) => isStoreError(error, "MASTER_KEY_INVALID"));
    assert.equal(existsSync(file), false);
    await (await open(key)).close();
  }));
