/**
 * The copy of the checkpoints outside the database: one JSON line each, appended and flushed to disk, never changed.
 * Whoever can rewrite the database cannot make it agree with this file again.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

export interface FiledCheckpoint {
  readonly seq: number;
  readonly statement: string;
}

/** Lines in order; a torn last line, left by a crash, is passed over. A line that is none gives undefined. */
export async function* readCheckpointFile(
  file: string,
  bytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<FiledCheckpoint | undefined> {
  if (bytes === 0) return;
  const input = createReadStream(file, { encoding: "utf8", end: bytes - 1 });
  try {
    await new Promise((resolve, reject) => input.once("open", resolve).once("error", reject));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  let unread: { value: FiledCheckpoint | undefined } | undefined;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (unread) yield unread.value;
    unread = { value: parse(line) };
  }
  if (unread?.value) yield unread.value;
}

/** Appends and flushes, after removing what a crash left of an earlier append. */
export async function appendCheckpoints(file: string, checkpoints: readonly FiledCheckpoint[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await dropTornLine(file);
  const handle = await open(file, "a", 0o600);
  try {
    await handle.writeFile(checkpoints.map((one) => `${JSON.stringify(one)}\n`).join(""));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  const directory = await open(dirname(file), "r");
  // A new file is only safe once its name is.
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Sequence number of the last whole line, 0 when there is none. */
export async function lastFiled(file: string): Promise<number> {
  let last = 0;
  for await (const line of readCheckpointFile(file)) last = line?.seq ?? last;
  return last;
}

async function dropTornLine(file: string): Promise<void> {
  let handle;
  try {
    handle = await open(file, "r");
  } catch {
    return;
  }
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, 1 << 20));
    await handle.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf("\n") + 1;
    if (end < tail.length) await truncate(file, size - tail.length + end);
  } finally {
    await handle.close();
  }
}

function parse(line: string): FiledCheckpoint | undefined {
  try {
    const { seq, statement } = JSON.parse(line) as FiledCheckpoint;
    return Number.isSafeInteger(seq) && typeof statement === "string" ? { seq, statement } : undefined;
  } catch {
    return undefined;
  }
}
