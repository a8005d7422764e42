/**
 * `npm test [part of a path …]`: the unit tests in one process, beside it the others with a process each and
 * PostgreSQL. The last line is `N passed, N failed[, N skipped]`; a whole run also holds the feature ledger against its
 * results.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkLedger, ledger } from "./check-ledger.ts";
import { buildPages } from "./build-web.ts";
import { listFiles } from "./source.ts";
import type { TestResult } from "./test-results.ts";
import { cache, failed, runStage } from "./test-stage.ts";

/** What tools/postgres.ts gives: a server for this run, or undefined where none is installed. */
interface Postgres {
  readonly url: string;
  stop(): Promise<void>;
}

const root = process.cwd();
const filters = process.argv.slice(2);
const minutes = Number(process.env["COUNTERSIGN_TEST_MINUTES"] ?? 60);
const isRequired = process.env["REQUIRE_POSTGRES"] === "1";

function select(pattern: RegExp): string[] {
  return listFiles(root, pattern).filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)));
}

async function startPostgres(): Promise<Postgres | undefined> {
  const path = resolve(root, "tools/postgres.ts");
  if (!existsSync(path)) return undefined;
  const tool: { startPostgres(): Promise<Postgres | undefined> } = await import(pathToFileURL(path).href);
  return tool.startPostgres();
}

/** One line for each file and reason, so that nobody takes a skipped test for a passed one. */
function printSkipped(skipped: readonly TestResult[]): void {
  const groups = Map.groupBy(skipped, ({ file, reason }) => `${file}: ${reason}`);
  for (const [where, members] of groups) console.log(`skipped ${members.length} in ${where}`);
}

function print(results: readonly TestResult[], hasPostgres: boolean): void {
  const groups = Map.groupBy(results, ({ outcome }) => outcome);
  const [passed = [], bad = [], skipped = []] = [groups.get("passed"), groups.get("failed"), groups.get("skipped")];
  printSkipped(skipped);
  for (const { file, title } of bad) console.log(`failed: ${file} › ${title}`);
  const forWant = skipped.filter(({ reason }) => reason?.includes("PostgreSQL")).length;
  if (!hasPostgres) console.log(`PostgreSQL: not found, ${forWant} skipped`);
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
  console.log(`${passed.length} passed, ${bad.length} failed${tail}`);
  process.exitCode = bad.length > 0 || passed.length === 0 ? 1 : 0;
}

/** The ledger as one more test of a whole run. */
function ledgerResult(results: readonly TestResult[]): TestResult[] {
  if (filters.length > 0 || !existsSync(ledger)) return [];
  const problems = checkLedger(root, results);
  for (const problem of problems) console.log(problem);
  const title = "every row is open or names tests that ran and passed";
  return [{ file: ledger, title, outcome: problems.length > 0 ? "failed" : "passed", milliseconds: 0 }];
}

const controller = new AbortController();
const stop = controller.signal;
const timer = setTimeout(
  () => controller.abort(`stopped after ${minutes} minutes (COUNTERSIGN_TEST_MINUTES)`),
  minutes * 60_000,
);
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => controller.abort(`stopped by ${signal}`));

const results: TestResult[] = [];
const unitFiles = select(/^(packages\/[^/]+\/test\/unit\/|tools\/test\/).*\.test\.ts$/);
const otherFiles = select(/^(packages\/[^/]+\/test\/integration\/|conformance\/).*\.test\.ts$/);
// A test that hangs is named by its own limit before the whole run meets its.
const flags = [`--test-timeout=${minutes * 10_000}`];
const oneProcess = [...flags, "--test-isolation=none"];
let postgres: Postgres | undefined;

/** The unit tests keep one core busy, these wait for disks and processes: together they take little longer than alone. */
async function runOthers(): Promise<TestResult[]> {
  try {
    if (otherFiles.length > 0 && !stop.aborted) await buildPages();
    postgres = otherFiles.length > 0 && !stop.aborted ? await startPostgres() : undefined;
    const env = { ...process.env, ...(postgres && { COUNTERSIGN_POSTGRES_URL: postgres.url }) };
    const parallel = [...flags, "--test-concurrency=2"];
    return await runStage({ name: "integration", files: otherFiles, flags: parallel, env, stop });
  } catch (error) {
    return [failed(`Pages or PostgreSQL: ${String(error)}`)];
  } finally {
    await postgres?.stop();
  }
}

const unit = runStage({ name: "unit", files: unitFiles, flags: oneProcess, env: process.env, stop });
for (const stage of await Promise.all([unit, runOthers()])) results.push(...stage);
clearTimeout(timer);
const hasPostgres = postgres !== undefined || otherFiles.length === 0;
if (!hasPostgres && isRequired) results.push(failed("PostgreSQL: not found, and REQUIRE_POSTGRES=1"));
if (stop.aborted) results.push(failed(String(stop.reason)));
results.push(...(results.length > 0 ? ledgerResult(results) : []));
mkdirSync(cache, { recursive: true });
writeFileSync(join(cache, "test-results.json"), JSON.stringify(results, undefined, 1));
print(results, hasPostgres);
