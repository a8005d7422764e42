/** The command line of the vectors: what it prints and how it exits. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const vectors = new URL("../../../../vectors/", import.meta.url);
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-vectors-"));
});

after(() => rm(folder, { recursive: true }));

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
}

function run(...parameters: readonly string[]): Promise<Run> {
  const script = fileURLToPath(new URL("run.ts", vectors));
  return new Promise((resolve) => {
    execFile(process.execPath, ["--conditions=@countersign/source", script, ...parameters], (error, output) => {
      resolve({ code: error === null ? 0 : Number(error.code), lines: output.trimEnd().split("\n") });
    });
  });
}

async function withFiles(files: Readonly<Record<string, string>>): Promise<Run> {
  const directory = await mkdtemp(join(folder, "case-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return run(directory);
}

const counter = () => readFile(new URL("counter.json", vectors), "utf8");

test("a folder of vectors passes with one line per file and the count at the end", async () => {
  const directory = await mkdtemp(join(folder, "good-"));
  await copyFile(new URL("counter.json", vectors), join(directory, "counter.json"));
  await copyFile(new URL("http-headers.json", vectors), join(directory, "http-headers.json"));
  const { code, lines } = await run(directory);
  assert.deepEqual(lines, [
    "counter.json: 100 passed, 0 failed",
    "http-headers.json: 40 passed, 0 failed",
    "140 passed, 0 failed",
  ]);
  assert.equal(code, 0);
});

test("one changed row fails the run and is named with what differs", async () => {
  const file = JSON.parse(await counter()) as { data: { output: { ctrData: string } }[] };
  file.data[41]!.output.ctrData = "AAAAAAAAAAAAAAAAAAAAAA==";
  const { code, lines } = await withFiles({ "counter.json": JSON.stringify(file) });
  assert.equal(code, 1);
  assert.equal(lines.at(-1), "99 passed, 1 failed");
  assert.match(lines[1]!, /^ {2}counter\.json row 41: node: ctrData is .*, expected AAAAAAAAAAAAAAAAAAAAAA==; noble: /);
});

test("an unknown file name, a file that is no JSON and a row of odd shape fail the run", async () => {
  const unknown = await withFiles({ "counter.json": await counter(), "surprise.json": await counter() });
  assert.equal(unknown.code, 1);
  assert.equal(unknown.lines.at(-1), "100 passed, 1 failed");
  const broken = await withFiles({ "counter.json": "{" });
  assert.deepEqual([broken.code, broken.lines.at(-1)], [1, "0 passed, 1 failed"]);
  const odd = await withFiles({
    "counter.json": '{"description":"","generator":"","data":[{"input":{},"output":{}}]}',
  });
  assert.deepEqual([odd.code, odd.lines.at(-1)], [1, "0 passed, 1 failed"]);
});

test("no rows at all are a failure: an empty folder, one without vectors, one that is not there", async () => {
  for (const { code, lines } of [
    await withFiles({}),
    await withFiles({ "notes.txt": "x" }),
    await run(join(folder, "nowhere")),
  ]) {
    assert.deepEqual([code, lines.at(-1)], [1, "0 passed, 0 failed"]);
  }
});

test("without a folder the usage is printed", async () => {
  assert.equal((await run()).code, 2);
});
