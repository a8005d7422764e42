import assert from "node:assert/strict";
import test from "node:test";
import { checkSecurity, page } from "../check-security.ts";
import { tree } from "./fixture.ts";

const rows = (of: (id: string) => string) =>
  Array.from({ length: 48 }, (_, index) => String(index + 1).padStart(2, "0")).map(
    (id) => `| S${id} | What | From | ${of(id)} |`,
  );
const source = ['test("it holds", () => {});'];

test("each requirement stands there once, with tests that exist or a reason", (t) => {
  const files = { "a.test.ts": source };
  const good = rows((id) => (id === "07" ? "A matter of the platform." : "`a.test.ts › it holds`"));
  assert.deepEqual(checkSecurity(tree(t, { ...files, [page]: good })), []);
  assert.match(checkSecurity(tree(t, { ...files, [page]: good.slice(1) })).join("\n"), /S01 has to stand there once/);
  const nothing = rows((id) => (id === "03" ? "" : "open"));
  assert.match(checkSecurity(tree(t, { ...files, [page]: nothing })).join("\n"), /S03: name the tests/);
  const made = rows((id) => (id === "09" ? "`a.test.ts › it flies`" : "open"));
  assert.match(
    checkSecurity(tree(t, { ...files, [page]: made })).join("\n"),
    /S09: a\.test\.ts has no test "it flies"/,
  );
  assert.equal(checkSecurity(tree(t, {})).length, 48);
});
