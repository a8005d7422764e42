/** The lint configuration, on a small tree: the rules this project leans on do fire, and only where they should. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { workspace } from "../source.ts";
import { tree } from "./fixture.ts";

const config = readFileSync(join(workspace, ".oxlintrc.json"), "utf8");
const tsconfig = { compilerOptions: { target: "es2024", module: "nodenext", strict: true, types: [] } };

function lint(t: TestContext, path: string, ...lines: string[]): string {
  const root = tree(t, { ".oxlintrc.json": config, "tsconfig.json": tsconfig, [path]: lines });
  const oxlint = join(workspace, "node_modules/oxlint/bin/oxlint");
  const onPath = { PATH: `${join(workspace, "node_modules/.bin")}:${process.env["PATH"]}`, NO_COLOR: "1" };
  const args = [oxlint, "--type-aware", "--format=unix", "."];
  return spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...onPath }, encoding: "utf8" }).stdout;
}

test("protocol takes time, randomness and network as arguments", (t) => {
  const lines = ["export const now = Date.now();", "export const r = Math.random();", 'export const f = fetch("/");'];
  assert.match(lint(t, "packages/protocol/src/a.ts", ...lines), /no-restricted-prop[\s\S]*no-restricted-prop/);
  assert.match(lint(t, "packages/protocol/src/a.ts", ...lines), /no-restricted-globals/);
  assert.doesNotMatch(lint(t, "packages/relying-party/src/a.ts", ...lines), /no-restricted/);
});

test("the server's domain asks the store for the time; only outbound.ts fetches", (t) => {
  assert.match(
    lint(t, "packages/server/src/operations/a.ts", "export const now = Date.now();"),
    /'Date\.now' is restricted/,
  );
  assert.doesNotMatch(lint(t, "packages/server/src/main.ts", "export const now = Date.now();"), /Date\.now/);
  assert.match(lint(t, "packages/server/src/a.ts", 'export const f = fetch("/");'), /fetch/);
  assert.doesNotMatch(lint(t, "packages/server/src/outbound.ts", 'export const f = fetch("/");'), /fetch/);
});

test("a promise that nobody waits for, `any`, `==` and an unused name are refused", (t) => {
  const output = lint(
    t,
    "packages/server/src/a.ts",
    "const unused = 1;",
    "export async function a(b: any): Promise<void> {",
    "  if (b == 1) a(b);",
    "}",
  );
  for (const rule of ["no-floating-promises", "no-explicit-any", "eqeqeq", "no-unused-vars"]) {
    assert.match(output, new RegExp(rule));
  }
});
