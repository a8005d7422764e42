import assert from "node:assert/strict";
import test from "node:test";
import { checkSize } from "../check-size.ts";
import { tree } from "./fixture.ts";

const lines = (count: number): string[] => Array.from({ length: count }, () => "// line");
const folder = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`packages/a/src/wire/f${index}.ts`, ""]));

test("a file of 400 lines passes and one of 401 does not", (t) => {
  const root = tree(t, { "packages/a/src/long.ts": lines(401), "packages/a/src/full.ts": lines(400) });
  assert.deepEqual(checkSize(root, []), ["packages/a/src/long.ts: 401 lines, at most 400"]);
});

test("a folder of 15 files below src passes and one of 16 does not", (t) => {
  assert.deepEqual(checkSize(tree(t, folder(15)), []), []);
  assert.match(checkSize(tree(t, folder(16)), []).join("\n"), /src\/wire: 16 files/);
});

test("an exception lifts the limit to its own number and no further", (t) => {
  const root = tree(t, folder(17));
  const exception = { path: "packages/a/src/wire", reason: "test" };
  assert.deepEqual(checkSize(root, [{ ...exception, most: 17 }]), []);
  assert.match(checkSize(root, [{ ...exception, most: 16 }]).join("\n"), /17 files.*at most 16/);
});

test("an exception that nothing needs any more is a problem", (t) => {
  const root = tree(t, { "packages/a/src/short.ts": lines(3) });
  const short = { path: "packages/a/src/short.ts", most: 500, reason: "test" };
  assert.match(checkSize(root, [short]).join("\n"), /no longer needs its exception/);
  assert.match(checkSize(root, [{ ...short, path: "packages/a/src/gone.ts" }]).join("\n"), /not there/);
});

for (const path of [
  "src/utils/bytes.ts",
  "src/string-helpers.ts",
  "test/unit/common.test.ts",
  "src/OperationManager.ts",
]) {
  test(`the name ${path} is refused`, (t) => {
    assert.match(checkSize(tree(t, { [`packages/a/${path}`]: "" }), []).join("\n"), /a name that tells nothing/);
  });
}

test("a public class of the client keeps the name its users know", (t) => {
  assert.deepEqual(checkSize(tree(t, { "packages/client/src/mobile-token/ActivationCodeUtil.ts": "" }), []), []);
});

for (const path of ["src/service-worker.ts", "src/shared-secret.ts", "src/commonwealth.ts"]) {
  test(`the name ${path} is allowed`, (t) => {
    assert.deepEqual(checkSize(tree(t, { [`packages/a/${path}`]: "" }), []), []);
  });
}
