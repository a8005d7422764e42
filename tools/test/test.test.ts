/** The test runner itself, on small trees: what it counts, what it prints last, and when it fails. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { workspace } from "../source.ts";
import { tree } from "./fixture.ts";

const head = ['import assert from "node:assert/strict";', 'import test, { describe, it } from "node:test";'];
const unit = "packages/a/test/unit/a.test.ts";
const integration = "packages/a/test/integration/b.test.ts";
const postgres = [
  'import { writeFileSync } from "node:fs";',
  "export const startPostgres = async () => ({",
  '  url: "postgres://fixture",',
  '  stop: async () => writeFileSync("stopped", ""),',
  "});",
];

interface Run {
  readonly root: string;
  readonly code: number | null;
  readonly output: string;
  readonly last: string | undefined;
}

function run(t: TestContext, files: Record<string, readonly string[]>, env = {}, ...filters: string[]): Run {
  const heads = Object.entries(files).map(([path, lines]) => [
    path,
    path.endsWith(".test.ts") ? [...head, ...lines] : lines,
  ]);
  const root = tree(t, { "package.json": { type: "module" }, ...Object.fromEntries(heads) });
  const clean = { ...process.env, REQUIRE_POSTGRES: "", COUNTERSIGN_POSTGRES_URL: "", ...env };
  const args = ["--conditions=@countersign/source", join(workspace, "tools/test.ts"), ...filters];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env: clean, encoding: "utf8" });
  return { root, code: status, output: stdout + stderr, last: stdout.trimEnd().split("\n").at(-1) };
}

test("leaf tests are counted, in both stages, and nothing else", (t) => {
  const nested = ['describe("s", () => {', '  it("1", () => {});', '  it("2", () => {});', "});"];
  const parent = [
    'test("p", async (t) => {',
    '  await t.test("1", () => {});',
    '  await t.test("2", () => {});',
    "});",
  ];
  const { code, last } = run(t, { [unit]: nested, [integration]: parent, "tools/postgres.ts": postgres });
  assert.equal(last, "4 passed, 0 failed");
  assert.equal(code, 0);
});

test("a suite that several files run counts in each of them, under their own titles", (t) => {
  const suite = [...head, "export function suite(name) {", '  test("either keeps it", () => {});', "}"];
  const around = (name: string): string[] => [
    'import { suite } from "../suite.ts";',
    `describe("${name}", () => {`,
    "  suite();",
    "});",
  ];
  const files = { [unit]: around("one"), [integration]: around("two"), "packages/a/test/suite.ts": suite };
  const { root, last } = run(t, files);
  assert.equal(last, "2 passed, 0 failed");
  const results = readFileSync(join(root, "node_modules/.cache/countersign/test-results.json"), "utf8");
  assert.match(results, /"one › either keeps it"/);
  assert.match(results, /"packages\/a\/test\/integration\/b\.test\.ts",\s*"title": "two › either keeps it"/);
});

test("a failure is printed in full, named again at the end, and fails the run", (t) => {
  const { code, output, last } = run(t, {
    [unit]: ['test("good", () => {});', 'describe("s", () => {', '  it("bad", () => assert.equal(1, 2));', "});"],
  });
  assert.equal(last, "1 passed, 1 failed");
  assert.equal(code, 1);
  assert.match(output, /✗ packages\/a\/test\/unit\/a\.test\.ts › s › bad\n.*AssertionError/);
  assert.match(output, /^failed: packages\/a\/test\/unit\/a\.test\.ts › s › bad$/m);
});

test("no test at all, or none that passed, fails", (t) => {
  assert.deepEqual([run(t, {}).last, run(t, {}).code], ["0 passed, 0 failed", 1]);
  assert.equal(run(t, { [unit]: ['test.skip("later", () => {});'] }).code, 1);
  assert.equal(run(t, { [unit]: ['test("good", () => {});'] }, {}, "nothing-like-it").code, 1);
});

test("a file without tests, one that cannot load and one that exits fail", (t) => {
  const good = ['test("good", () => {});'];
  assert.equal(run(t, { [unit]: [], [integration]: good }).last, "1 passed, 1 failed");
  assert.equal(run(t, { [unit]: ['throw new Error("boom");'], [integration]: good }).last, "1 passed, 1 failed");
  const exits = run(t, { [unit]: ['test("leaves", () => process.exit(0));'], [integration]: good });
  assert.equal(exits.last, "1 passed, 1 failed");
  assert.match(exits.output, /unit ended early with exit code 0; files without a result: packages\/a\/test\/unit/);
});

test("a hook that fails by itself counts, though every test inside passed", (t) => {
  const lines = ['import { after } from "node:test";', 'describe("s", () => {', '  it("good", () => {});'];
  const { last } = run(t, { [unit]: [...lines, '  after(() => { throw new Error("boom"); });', "});"] });
  assert.equal(last, "1 passed, 1 failed");
});

test("without PostgreSQL its tests are skipped with the reason, unless it is required", (t) => {
  const skip = {
    [integration]: ['test("sqlite", () => {});', 'test("pg", { skip: "PostgreSQL: not found" }, () => {});'],
  };
  const free = run(t, skip);
  assert.match(free.output, /^skipped 1 in packages\/a\/test\/integration\/b\.test\.ts: PostgreSQL: not found$/m);
  assert.match(free.output, /^PostgreSQL: not found, 1 skipped\n1 passed, 0 failed, 1 skipped\n$/m);
  assert.equal(free.code, 0);
  const required = run(t, skip, { REQUIRE_POSTGRES: "1" });
  assert.equal(required.last, "1 passed, 1 failed, 1 skipped");
  assert.equal(required.code, 1);
});

test("PostgreSQL is started once, told to the integration tests, and stopped", (t) => {
  const lines = ['test("url", () => assert.equal(process.env["COUNTERSIGN_POSTGRES_URL"], "postgres://fixture"));'];
  const { root, last } = run(t, { [integration]: lines, "tools/postgres.ts": postgres });
  assert.equal(last, "1 passed, 0 failed");
  assert.equal(readFileSync(join(root, "stopped"), "utf8"), "");
});

test("arguments choose files by part of their path", (t) => {
  const good = ['test("good", () => {});'];
  assert.equal(run(t, { [unit]: good, [integration]: good }, {}, "unit/a").last, "1 passed, 0 failed");
});

test("a run ends at its time limit, with a message and without what it started", (t) => {
  const lines = [
    'test("good", () => {});',
    'test("hangs", () => new Promise((resolve) => setTimeout(resolve, 60_000)));',
  ];
  const { code, output, last } = run(t, { [integration]: lines }, { COUNTERSIGN_TEST_MINUTES: "0.03" });
  assert.equal(code, 1);
  assert.match(output, /^failed: tools\/test\.ts › stopped after 0\.03 minutes/m);
  assert.match(last ?? "", /^\d passed, [1-3] failed$/);
});

test("a whole run holds the ledger against its results; results stay readable for others", (t) => {
  const files = { [unit]: ['test("good", () => {});'], "docs/feature-ledger.md": ["| M01 | a | b | open |"] };
  const { root, output, last } = run(t, files);
  assert.equal(last, "1 passed, 1 failed");
  assert.match(output, /row M02 is missing/);
  const results = JSON.parse(readFileSync(join(root, "node_modules/.cache/countersign/test-results.json"), "utf8"));
  assert.equal(results[0].title, "good");
});
