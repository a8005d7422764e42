/** What counts as a test, and its result: reads the events of `node --test`, prints nothing. */
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

export interface TestResult {
  /** Relative to the root. */
  readonly file: string;
  /** Names of the suites and the test, joined by " › ". */
  readonly title: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  readonly reason?: string;
  readonly milliseconds: number;
}

/** Written after the last result, so that a run that ended early cannot be taken for a whole one. */
export const endMark = "end of stage";

export type Verdict = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;
type Located = { readonly file?: string; readonly entryFile?: string };

/** Tests met so far by file and id: their names give the titles of those inside them. */
export type KnownTests = Map<string, { readonly name: string; readonly parent: string; isParent: boolean }>;

/** The test file, relative to the current folder, also for a test that another file defines. */
export function entryOf(data: Located): string {
  return relative(process.cwd(), data.entryFile ?? data.file ?? "");
}

/** Ids are unique in a process: in the one of an entry file, or in the one that runs all of them. */
function keyOf(data: Located, id: number | undefined): string {
  return `${data.entryFile ?? ""} ${id}`;
}

function titleOf(known: KnownTests, key: string): string[] {
  const test = known.get(key);
  return test === undefined ? [] : [...titleOf(known, test.parent), test.name];
}

/** Remembers a test that starts, and that the test around it has one inside. */
export function meet(data: Extract<TestEvent, { type: "test:start" }>["data"], known: KnownTests): void {
  const parent = keyOf(data, data.parentId);
  known.set(keyOf(data, data.testId), { name: data.name, parent, isParent: false });
  const outer = known.get(parent);
  if (outer) outer.isParent = true;
}

/** Undefined for what is no leaf: a suite or a test with subtests counts only when it fails by itself. */
export function resultOf({ type, data }: Verdict, known: KnownTests): TestResult | undefined {
  const file = entryOf(data);
  const key = keyOf(data, data.testId);
  const failure: Error & { failureType?: string } = type === "test:fail" ? data.details.error : new Error();
  const milliseconds = Math.round(data.details.duration_ms);
  // Node reports a file as a test of its own when it holds none, or when it fails apart from its tests.
  if (data.nesting === 0 && data.line === 1 && file.endsWith(data.name)) {
    return { file, title: "the file holds tests and ends well", outcome: "failed", milliseconds };
  }
  const isParent = data.details.type === "suite" || known.get(key)?.isParent === true;
  if (isParent && (type === "test:pass" || failure.failureType === "subtestsFailed")) return undefined;
  const base = { file, title: titleOf(known, key).join(" › ") || data.name, milliseconds };
  if (type === "test:fail") return { ...base, outcome: "failed" };
  const reason = data.skip ?? data.todo ?? false;
  if (reason === false) return { ...base, outcome: "passed" };
  return { ...base, outcome: "skipped", reason: typeof reason === "string" ? reason : "no reason given" };
}
