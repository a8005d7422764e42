/**
 * docs/feature-ledger.md: no row may be missing, and each row's last column is `open` or names the tests that prove it, as
 * `path › title`, separated by `<br>`. Here the tests must exist; tools/test.ts asks again with the results of its run,
 * and then they must have run and passed.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readImports, report, workspace } from "./source.ts";
import type { TestResult } from "./test-results.ts";

export const ledger = "docs/feature-ledger.md";

function ids(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, "0")}`);
}

const allRows: readonly string[] = [...ids("M", 29), ...ids("A", 24), ...ids("B", 11)];

interface Row {
  readonly id: string;
  readonly tests: readonly string[];
}

export function readLedger(page: string): Row[] {
  return [...page.matchAll(/^\|\s*([MAB]\d{2})\s*\|(.*)\|\s*$/gm)].map(([, id = "", rest = ""]) => {
    const cell =
      rest
        .split(/(?<!\\)\|/)
        .at(-1)
        ?.replaceAll("`", "")
        .trim() ?? "";
    return { id, tests: cell === "" ? [] : cell.split(/\s*<br>\s*/) };
  });
}

/** True when the text holds the title as written, or a template whose fixed parts agree with it. */
function holdsTitle(source: string, title: string): boolean {
  if (source.includes(title) || source.includes(title.replaceAll('"', '\\"'))) return true;
  const templates = [...source.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)].map(([, text = ""]) => text.split(/\$\{[^}]*\}/));
  return templates.some((parts) => {
    const pattern = parts.map((part) => part.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&")).join(".+");
    return parts.join("").trim().length > 10 && new RegExp(`^${pattern}$`).test(title);
  });
}

export function existenceProblem(root: string, file: string, title: string): string | undefined {
  if (!existsSync(join(root, file))) return `there is no file ${file}`;
  // A suite that several files run stands in a file they import, or in one that this one imports.
  const importedBy = (path: string) => readImports(root, path).map((found) => found.target);
  const isThere = (path: string) => existsSync(join(root, path));
  const imported = importedBy(file).filter(isThere);
  const sources = [file, ...imported, ...imported.flatMap(importedBy).filter(isThere)];
  const source = sources.map((path) => readFileSync(join(root, path), "utf8")).join("\n");
  const missing = title.split(" › ").find((part) => !holdsTitle(source, part));
  return missing === undefined ? undefined : `${file} has no test "${missing}"`;
}

/** A test that needs PostgreSQL may be skipped where there is none, but not where the run requires it. */
function outcomeProblem(file: string, title: string, results: readonly TestResult[]): string | undefined {
  const result = results.find((one) => one.file === file && one.title === title);
  if (result === undefined) return `${file} › ${title} did not run`;
  const excused = /PostgreSQL/.test(result.reason ?? "") && process.env["REQUIRE_POSTGRES"] !== "1";
  return result.outcome === "passed" || excused ? undefined : `${file} › ${title} ${result.outcome}`;
}

function testProblem(root: string, name: string, results?: readonly TestResult[]): string | undefined {
  const [file = "", ...titles] = name.split(" › ");
  const title = titles.join(" › ");
  if (title === "") return `"${name}" is neither \`open\` nor \`path › title\``;
  return existenceProblem(root, file, title) ?? (results && outcomeProblem(file, title, results));
}

/** `results` are those of a whole run; without them only names are checked. */
export function checkLedger(root: string, results?: readonly TestResult[]): string[] {
  const rows = readLedger(existsSync(join(root, ledger)) ? readFileSync(join(root, ledger), "utf8") : "");
  const missing = allRows.filter((id) => !rows.some((row) => row.id === id));
  const twice = rows.filter((row, index) => rows.findIndex((one) => one.id === row.id) < index);
  const broken = rows.flatMap(({ id, tests }) => {
    if (tests.length === 0) return [`${ledger} ${id}: say \`open\` or name the tests`];
    if (tests.length === 1 && tests[0] === "open") return [];
    return tests.flatMap((name) => {
      const why = testProblem(root, name, results);
      return why === undefined ? [] : [`${ledger} ${id}: ${why}`];
    });
  });
  return [
    ...missing.map((id) => `${ledger}: row ${id} is missing; a row is never deleted`),
    ...twice.map(({ id }) => `${ledger}: row ${id} stands there twice`),
    ...broken,
  ];
}

if (import.meta.main) report(checkLedger(workspace));
