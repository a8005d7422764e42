import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { checkDocs } from "../check-docs.ts";
import { commandProblem, readCommands } from "../shell-commands.ts";
import { tree } from "./fixture.ts";

/** A command line with one command, which has one subcommand with one option. */
const cli = [
  "const [first = '', second = ''] = process.argv.slice(2);",
  "const helps = { '--help': 'Commands:\\n  device [options]  a device', device: 'Commands:\\n  show|s <id>  one', show: '  --json', s: '  --json' };",
  "const help = helps[second === '--help' || second === '' ? first : second];",
  "if (help === undefined) process.exit(1);",
  "console.log(help);",
];

function check(t: TestContext, page: readonly string[]): string[] {
  const root = tree(t, {
    "package.json": {
      name: "workspace",
      type: "module",
      scripts: { test: "node tools/test.ts", countersign: "node packages/cli/src/main.ts" },
    },
    "tsconfig.json": { compilerOptions: { target: "es2024", module: "nodenext", strict: true, types: [] } },
    "packages/cli/src/main.ts": cli,
    "docs/other.md": ["# Other page", "## Keys, and `PINs`"],
    "docs/page.md": page,
  });
  return checkDocs(root);
}

test("a ts fence that does not compile is told with the page's own line", (t) => {
  const problems = check(t, ["# Page", "", "```ts", "const a: number = 1;", "const b: string = a;", "```"]);
  assert.deepEqual(problems.length, 1);
  assert.match(problems[0] ?? "", /^docs\/page\.md:5 error TS2322/);
});

test("a ts fence that continues sees what the one before declared; a fence by itself does not", (t) => {
  const page = ["```ts", "const a = 1;", "```", "then", "```ts continues", "export const b = a + 1;", "```"];
  assert.deepEqual(check(t, page), []);
  assert.match(check(t, [...page, "```ts", "export const c = a;", "```"]).join(), /page\.md:9 error TS2304/);
});

test("no-check needs a reason", (t) => {
  assert.deepEqual(check(t, ["```ts no-check a sketch of a later version", "nonsense(", "```"]), []);
  assert.equal(check(t, ["```ts no-check", "nonsense(", "```"]).length > 0, true);
});

test("a json fence that does not parse is refused", (t) => {
  assert.match(check(t, ["text", "```json", '{"a": 1,}', "```"]).join(), /page\.md:3 not JSON/);
});

test("a fence in a language that nobody checks is refused", (t) => {
  assert.match(check(t, ["```bash", "ls", "```"]).join(), /a fence says bash/);
  assert.match(check(t, ["```", "ls", "```"]).join(), /no language/);
});

test("links to files and headings must lead somewhere", (t) => {
  assert.deepEqual(check(t, ["[a](other.md#keys-and-pins) [b](#here) [c](https://example.org)", "# Here"]), []);
  assert.match(check(t, ["", "[a](gone.md)"]).join(), /page\.md:2 gone\.md leads nowhere/);
  assert.match(check(t, ["[a](other.md#gone)"]).join(), /has no heading #gone/);
  assert.deepEqual(check(t, ["`[a](gone.md)`", "```text", "[a](gone.md)", "```"]), []);
});

test("sh fences name commands, subcommands and options that exist", (t) => {
  const sh = (...lines: string[]): string => check(t, ["```sh", ...lines, "```"]).join();
  assert.equal(sh("npm ci && npm test", "npx countersign device show 1 --json | jq .id"), "");
  assert.equal(sh("npm run countersign -- device s 1"), "");
  assert.match(sh("npm run gone"), /no script gone/);
  assert.match(sh("npm start"), /no script start/);
  assert.match(sh("countersign device gone 1"), /`countersign device` has no command gone/);
  assert.match(sh("X=$(countersign gone)"), /no command gone/);
  assert.match(sh("countersign device show 1 --xml"), /no option --xml/);
  assert.match(sh("npx gone"), /command gone/);
  assert.match(sh("./gone.sh"), /no file/);
});

test("quotes, continued lines, comments and here-documents are no commands", () => {
  const lines = [
    "curl -d '{\"a\": 1; b | c}' \\",
    "  http://x > out 2>&1 # gone",
    "cat <<EOF",
    "gone",
    "EOF",
    'A="b c" B=1 ls',
  ];
  assert.deepEqual(
    readCommands(lines.join("\n")).map(([program]) => program),
    ["curl", "cat", "ls"],
  );
});

test("a countersign that does not start is told as such", () => {
  const known = { scripts: {}, hasProgram: () => false, hasFile: () => false, help: () => undefined };
  assert.match(commandProblem(["countersign", "serve"], known) ?? "", /does not answer/);
});
