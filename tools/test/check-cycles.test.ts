import assert from "node:assert/strict";
import test from "node:test";
import { checkCycles } from "../check-cycles.ts";
import { tree } from "./fixture.ts";

test("a cycle of value imports is told along its path", (t) => {
  const root = tree(t, {
    "packages/a/src/one.ts": ['import { two } from "./two.ts";'],
    "packages/a/src/two.ts": ['import { three } from "./inner/three.ts";'],
    "packages/a/src/inner/three.ts": ['export { one } from "../one.ts";', "export const three = 3;"],
  });
  const [problem, ...more] = checkCycles(root);
  assert.match(problem ?? "", /three\.ts → packages\/a\/src\/one\.ts → .*two\.ts → .*three\.ts$/);
  assert.deepEqual(more, []);
});

test("types and dynamic imports close no cycle", (t) => {
  const root = tree(t, {
    "packages/a/src/one.ts": ['import { two } from "./two.ts";'],
    "packages/a/src/two.ts": ['import type { One } from "./one.ts";', 'const one = () => import("./one.ts");'],
  });
  assert.deepEqual(checkCycles(root), []);
});

test("`export *` is refused even in an entry point", (t) => {
  const root = tree(t, {
    "packages/a/package.json": { name: "a", exports: { "./face": { source: "./src/face/index.ts" } } },
    "packages/a/src/face/index.ts": ['export * from "./one.ts";'],
    "packages/a/src/face/one.ts": ["export const one = 1;"],
  });
  assert.match(checkCycles(root).join("\n"), /face\/index\.ts: no `export \*`/);
});

test("a file that only passes on exports is refused, unless package.json names it as an entry point", (t) => {
  const passesOn = [
    "/** A face. */",
    "export {",
    '  one, // "1"',
    '} from "./one.ts";',
    'export type { Two } from "./one.ts";',
  ];
  const files = {
    "packages/a/package.json": { name: "a", exports: { "./face": { default: "./dist/face/index.js" } } },
    "packages/a/src/face/one.ts": ["export const one = 1;"],
  };
  const entry = tree(t, { ...files, "packages/a/src/face/index.ts": passesOn });
  assert.deepEqual(checkCycles(entry), []);
  const named = { "packages/a/package.json": { name: "a", imports: { "#face": "./src/face/index.ts" } } };
  assert.deepEqual(checkCycles(tree(t, { ...files, ...named, "packages/a/src/face/index.ts": passesOn })), []);
  const inner = tree(t, { ...files, "packages/a/src/inner/all.ts": passesOn });
  assert.match(checkCycles(inner).join("\n"), /inner\/all\.ts: a barrel/);
});

test("a barrel that imports first and exports afterwards is one as well", (t) => {
  const root = tree(t, { "packages/a/src/all.ts": ['import { one } from "./one.ts";', "export { one };"] });
  assert.match(checkCycles(root).join("\n"), /all\.ts: a barrel/);
});

test("a file with code of its own may pass something on", (t) => {
  const root = tree(t, {
    "packages/a/src/keys.ts": ['export { one } from "./one.ts";', "export function two() {", "  return 2;", "}"],
  });
  assert.deepEqual(checkCycles(root), []);
});
