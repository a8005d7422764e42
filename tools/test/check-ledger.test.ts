import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { checkLedger, ledger } from "../check-ledger.ts";
import { workspace } from "../source.ts";
import type { TestResult } from "../test-results.ts";
import { tree } from "./fixture.ts";

const page = readFileSync(join(workspace, ledger), "utf8");
const file = "conformance/pay.test.ts";
const source = ['test("a payment is approved", () => {});', "test(`a payment of ${amount} is refused`, () => {});"];

/** The real ledger with every cell `open` but M05's. */
function check(t: TestContext, cell: string, results?: readonly TestResult[], change = (text: string) => text): string {
  const open = page
    .replace(/^(\| [MAB]\d\d .*\|)[^|]*\|$/gm, "$1 open |")
    .replace(/^(\| M05 .*\|)[^|]*\|$/m, `$1 ${cell} |`);
  const suite = 'export function suite() { test("either store keeps it", () => {}); }';
  const files = {
    [ledger]: change(open),
    [file]: [...source, 'import { suite } from "./suite.ts";'],
    "conformance/suite.ts": suite,
  };
  return checkLedger(tree(t, files), results).join("\n");
}

const passed: TestResult = { file, title: "a payment is approved", outcome: "passed", milliseconds: 1 };
const name = `${file} › a payment is approved`;

test("open rows and rows that name existing tests pass", (t) => {
  assert.equal(check(t, "open"), "");
  assert.equal(check(t, name), "");
  assert.equal(check(t, `\`${name}\`<br>${file} › a payment of 100 CZK is refused`), "");
  assert.equal(check(t, `${file} › either store keeps it`), "");
});

test("a row that was deleted, doubled or left empty is refused", (t) => {
  assert.match(
    check(t, "open", undefined, (text) => text.replace(/^\| A07 .*\n/m, "")),
    /row A07 is missing/,
  );
  assert.match(
    check(t, "open", undefined, (text) => text.replace(/^\| A07 .*\n/m, "$&$&")),
    /row A07 stands there twice/,
  );
  assert.match(check(t, ""), /M05: say `open` or name the tests/);
});

test("a test that does not exist is refused", (t) => {
  assert.match(check(t, `${file} › a payment is forgotten`), /M05: .*has no test "a payment is forgotten"/);
  assert.match(check(t, "conformance/gone.test.ts › a payment is approved"), /there is no file/);
  assert.match(check(t, "done"), /neither `open` nor/);
});

test("with results, a test must have run and passed", (t) => {
  assert.equal(check(t, name, [passed]), "");
  assert.match(check(t, name, []), /did not run/);
  assert.match(check(t, name, [{ ...passed, outcome: "failed" }]), /a payment is approved failed/);
  assert.match(check(t, name, [{ ...passed, outcome: "skipped", reason: "later" }]), /skipped/);
});

test("a skip for want of PostgreSQL is excused unless PostgreSQL is required", (t) => {
  const before = process.env["REQUIRE_POSTGRES"];
  t.after(() =>
    before === undefined ? delete process.env["REQUIRE_POSTGRES"] : (process.env["REQUIRE_POSTGRES"] = before),
  );
  const skipped: TestResult = { ...passed, outcome: "skipped", reason: "PostgreSQL: not found" };
  delete process.env["REQUIRE_POSTGRES"];
  assert.equal(check(t, name, [skipped]), "");
  process.env["REQUIRE_POSTGRES"] = "1";
  assert.match(check(t, name, [skipped]), /skipped/);
});
