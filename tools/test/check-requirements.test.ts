import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { checkRequirements, citedIn, page, requirementsOf } from "../check-requirements.ts";
import { tree } from "./fixture.ts";

const text = ["- **APV-RES-1** One.", "- **APV-RES-2** Two, see APV-RES-1.", "- **APV-TX-1** Three."];

function check(
  t: TestContext,
  source: string,
  open: readonly string[] = [],
  path = "packages/a/test/a.test.ts",
): string {
  return checkRequirements(tree(t, { [page]: text, [path]: [source] }), open).join("\n");
}

test("requirements are what the page defines, not what it mentions", () => {
  assert.deepEqual(requirementsOf(text.join("\n")), ["APV-RES-1", "APV-RES-2", "APV-TX-1"]);
});

test("ids are read in full and short", () => {
  assert.deepEqual(citedIn("(APV-POP-2 to -5)"), ["APV-POP-2", "APV-POP-3", "APV-POP-4", "APV-POP-5"]);
  assert.deepEqual(citedIn("APV-OBJ-2, -4 and -7, APV-TX-1"), ["APV-OBJ-2", "APV-OBJ-4", "APV-OBJ-7", "APV-TX-1"]);
  assert.deepEqual(citedIn("APV-TX-1 - 2"), ["APV-TX-1"]);
});

test("a requirement that no test cites is refused, wherever else it stands", (t) => {
  assert.equal(check(t, 'test("all (APV-RES-1, -2; APV-TX-1)", () => {});'), "");
  assert.match(check(t, 'test("some (APV-RES-1, APV-TX-1)", () => {});'), /APV-RES-2: no test cites it/);
  const all = "// APV-RES-1, APV-RES-2, APV-TX-1";
  assert.match(check(t, all, [], "packages/a/src/a.ts"), /APV-RES-1: no test/);
  assert.equal(check(t, all, [], "conformance/a.test.ts"), "");
});

test("what is open is allowed, what does not exist is not", (t) => {
  const cited = "// APV-RES-1, APV-TX-1";
  assert.equal(check(t, cited, ["APV-RES-2"]), "");
  assert.match(check(t, cited, ["APV-RES-2", "APV-RES-9"]), /APV-RES-9 is not in/);
  assert.match(check(t, `${cited}, APV-RES-2, APV-RES-8`), /cites APV-RES-8, which is not in/);
  assert.match(checkRequirements(tree(t, { [page]: [] }), []).join("\n"), /no requirements found/);
});
