/** The file storage beyond the contract: modes, keys, damage, other processes, death in the middle of a write. */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, mock, test } from "node:test";
import { openFileStorage } from "../../src/storage/file.ts";
import { StorageError, type StorageErrorCode } from "../../src/storage/port.ts";
import { storageContract } from "../storage-contract.ts";

const root = await fs.mkdtemp(join(tmpdir(), "countersign-storage-"));
after(() => fs.rm(root, { recursive: true, force: true }));
let directories = 0;
const freshDirectory = (): string => join(root, String(++directories));

let latest = "";
storageContract({
  name: "file",
  open: (options) => openFileStorage({ directory: (latest = freshDirectory()), ...options }),
  reopen: (options) => openFileStorage({ directory: latest, ...options }),
});

const hasCode = (code: StorageErrorCode) => (error: unknown) => error instanceof StorageError && error.code === code;
const mode = async (path: string): Promise<number> => (await fs.stat(path)).mode & 0o777;
const records = async (directory: string): Promise<string[]> =>
  (await fs.readdir(directory)).filter((file) => file.endsWith(".record"));

/** Starts `storage-process.ts`, which is ready once it has sent its first message. */
async function start(directory: string, job: "hold" | "write" | "count"): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "storage-process.ts"), [directory, job], {
    execArgv: ["--conditions=@countersign/source"],
  });
  await once(child, "message");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

describe("file storage", () => {
  test("directory is 0700, key and records are 0600, and nothing of a record's name or content is legible", async () => {
    const directory = freshDirectory();
    const storage = await openFileStorage({ directory });
    await storage.set("instance-name", new TextEncoder().encode("activation-content"));
    assert.equal(await mode(directory), 0o700);
    assert.equal(await mode(join(directory, "storage.key")), 0o600);
    const [record] = await records(directory);
    assert.equal(await mode(join(directory, record!)), 0o600);
    const bytes = await fs.readFile(join(directory, record!), "latin1");
    assert.ok(!bytes.includes("activation-content") && !record!.includes("instance-name"));
  });

  test("a directory or key file that other users may read is refused with STORAGE_UNSAFE", async () => {
    const open = freshDirectory();
    await fs.mkdir(open);
    await fs.chmod(open, 0o750);
    await assert.rejects(openFileStorage({ directory: open }), hasCode("STORAGE_UNSAFE"));

    const directory = freshDirectory();
    await openFileStorage({ directory });
    await fs.chmod(join(directory, "storage.key"), 0o644);
    await assert.rejects(openFileStorage({ directory }), hasCode("STORAGE_UNSAFE"));
  });

  test("a key supplied by the caller is not written anywhere, and another key opens nothing", async () => {
    const directory = freshDirectory();
    const key = new Uint8Array(32).fill(7);
    const storage = await openFileStorage({ directory, key });
    await storage.set("a", Uint8Array.of(1, 2, 3));
    assert.equal(storage.protection, "SOFTWARE");
    assert.deepEqual((await fs.readdir(directory)).includes("storage.key"), false);
    assert.deepEqual(await (await openFileStorage({ directory, key })).get("a"), Uint8Array.of(1, 2, 3));
    const other = await openFileStorage({ directory, key: new Uint8Array(32).fill(8) });
    await assert.rejects(other.get("a"), hasCode("STORAGE_UNREADABLE"));
    await assert.rejects(openFileStorage({ directory, key: new Uint8Array(16) }), hasCode("STORAGE_UNREADABLE"));
  });

  test("a changed, cut or exchanged record is STORAGE_UNREADABLE, never other content", async () => {
    const directory = freshDirectory();
    const storage = await openFileStorage({ directory });
    await storage.set("a", Uint8Array.of(1, 2, 3));
    const path = join(directory, (await records(directory))[0]!);
    const bytes = await fs.readFile(path);
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1;
      await fs.writeFile(path, changed);
      await assert.rejects(storage.get("a"), hasCode("STORAGE_UNREADABLE"), `byte ${index}`);
    }
    await fs.writeFile(path, bytes.subarray(0, 20));
    await assert.rejects(storage.get("a"), hasCode("STORAGE_UNREADABLE"));

    await storage.set("b", Uint8Array.of(4));
    const other = (await records(directory)).find((file) => join(directory, file) !== path)!;
    await fs.copyFile(join(directory, other), path);
    await assert.rejects(storage.get("a"), hasCode("STORAGE_UNREADABLE"));
  });

  test("a record is replaced by writing, syncing, renaming and syncing the directory, in this order", async () => {
    const directory = freshDirectory();
    const storage = await openFileStorage({ directory });
    const steps: string[] = [];
    const open = fs.open.bind(fs);
    const rename = fs.rename.bind(fs);
    const watchOpen = mock.method(fs, "open", async (...args: Parameters<typeof fs.open>) => {
      const handle = await open(...args);
      const what = String(args[0]) === directory ? "directory" : "file";
      const [write, sync] = [handle.writeFile.bind(handle), handle.sync.bind(handle)];
      handle.writeFile = async (...data) => (steps.push(`write ${what}`), await write(...data));
      handle.sync = async () => (await sync(), void steps.push(`sync ${what}`));
      return handle;
    });
    const watchRename = mock.method(fs, "rename", async (...args: Parameters<typeof fs.rename>) => {
      steps.push("rename");
      await rename(...args);
    });
    try {
      await storage.set("a", Uint8Array.of(1));
    } finally {
      watchOpen.mock.restore();
      watchRename.mock.restore();
    }
    assert.deepEqual(steps, ["write file", "sync file", "rename", "sync directory"]);
  });

  test("another process that holds a lock makes waiting end with STORAGE_LOCKED; its death frees the lock", async () => {
    const directory = freshDirectory();
    const storage = await openFileStorage({ directory, lockTimeout: 100 });
    const holder = await start(directory, "hold");
    try {
      await assert.rejects(
        storage.withLock("held", async () => undefined),
        hasCode("STORAGE_LOCKED"),
      );
    } finally {
      await kill(holder);
    }
    assert.equal(await storage.withLock("held", async () => "free"), "free");
  });

  test("two processes that start on an empty directory agree on one key and lose no increment under a lock", async () => {
    const directory = freshDirectory();
    const children = await Promise.all([start(directory, "count"), start(directory, "count")]);
    await Promise.all(
      children.map(async (child) => {
        const exited = once(child, "exit");
        child.send("go");
        assert.equal((await exited)[0], 0);
      }),
    );
    const storage = await openFileStorage({ directory });
    assert.equal(new DataView((await storage.get("count"))!.buffer).getUint32(0), 100);
  });

  test("a process killed while it writes leaves a whole record, never older than the last acknowledged", async () => {
    const directory = freshDirectory();
    for (let round = 0; round < 12; round++) {
      const child = await start(directory, "write");
      let acknowledged = -1;
      child.on("message", (value: number) => (acknowledged = value));
      await new Promise((resolve) => setTimeout(resolve, 5 + 7 * round));
      await kill(child);
      const storage = await openFileStorage({ directory });
      const value = await storage.get("big");
      if (value === undefined) {
        assert.equal(acknowledged, -1);
        continue;
      }
      assert.equal(value.length, 300_000);
      assert.ok(value.every((byte) => byte === value[0]));
      const behind = (value[0]! - Math.max(acknowledged, 0) + 256) % 256;
      assert.ok(behind <= 64, `record ${value[0]}, acknowledged ${acknowledged}`);
      assert.ok(!(await fs.readdir(directory)).some((file) => file.endsWith(".unfinished")));
      await storage.remove("big");
    }
  });
});
