import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { runChecks } from "../check.ts";
import { workspace } from "../source.ts";
import { tree } from "./fixture.ts";

test("every check gets one line, a failing one its whole output, and one failure fails all", async (t) => {
  const root = tree(t, {
    "good.mjs": ['console.log("quiet");'],
    "bad.mjs": ['console.log("first");', 'console.error("second");', "process.exit(3);"],
  });
  const lines: string[] = [];
  const good = { name: "good", script: ["good.mjs"] } as const;
  const bad = { name: "bad", script: ["bad.mjs"] } as const;
  assert.equal(await runChecks(root, [good, bad, good], (text) => void lines.push(text)), false);
  assert.equal(lines.filter((line) => /^ok +\d+\.\d s {2}good$/.test(line)).length, 2);
  assert.match(lines.join("\n"), /^FAILED +\d+\.\d s {2}bad\n +first\n +second$/m);
  assert.equal(await runChecks(root, [good], () => undefined), true);
});

test("a check whose script is missing fails", async (t) => {
  assert.equal(await runChecks(tree(t, {}), [{ name: "gone", script: ["gone.mjs"] }], () => undefined), false);
});

test("an old Node is refused in one line, this one in silence", (t) => {
  const script = readFileSync(join(workspace, "tools/node-version.mjs"), "utf8");
  const root = tree(t, {
    "now.mjs": script,
    "old.mjs": `Object.defineProperty(process.versions, "node", { value: "24.14.1" });\n${script}`,
  });
  const run = (name: string) => spawnSync(process.execPath, [join(root, name)], { encoding: "utf8" });
  assert.equal(run("now.mjs").stderr, "");
  assert.equal(run("now.mjs").status, 0);
  assert.equal(run("old.mjs").status, 1);
  assert.match(run("old.mjs").stderr, /^Countersign needs Node 24\.15 or later[^\n]*\n$/);
});

test("a link to the right Node that npm removed is put back, and one that is there is left alone", (t) => {
  const program = `node-${process.platform}-${process.arch}/bin/node`;
  const root = tree(t, { [`node_modules/${program}`]: "" });
  const run = () => spawnSync(process.execPath, [join(workspace, "tools/link-node.mjs")], { cwd: root }).status;
  assert.equal(run(), 0);
  assert.equal(readlinkSync(join(root, "node_modules/.bin/node")), `../${program}`);
  assert.equal(run(), 0);
  rmSync(join(root, "node_modules"), { recursive: true });
  mkdirSync(join(root, "node_modules"));
  assert.equal(run(), 0);
});
