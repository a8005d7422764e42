/**
 * The reporter that tools/test.ts gives to `node --test`: a line per file, failures in full, and each leaf test's result
 * as a line of JSON in COUNTERSIGN_TEST_RESULTS.
 */
import { appendFileSync } from "node:fs";
import { devNull } from "node:os";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { type KnownTests, type TestResult, type Verdict, endMark, entryOf, meet, resultOf } from "./test-results.ts";

function failureText(result: TestResult, event: Verdict, output: string): string {
  const error =
    event.type === "test:fail" ? (event.data.details.error.cause ?? event.data.details.error) : "no test ran";
  const text = inspect(error, { depth: 6 }).replace(/^/gm, "    ");
  return `\n  ✗ ${result.file} › ${result.title}\n${text}\n${output}\n`;
}

type Counts = Record<TestResult["outcome"] | "milliseconds", number>;

const none: Counts = { passed: 0, failed: 0, skipped: 0, milliseconds: 0 };

/** The time is the sum of its tests, without what its suites prepare. */
function fileLine(file: string, { passed, failed, skipped, milliseconds }: Counts): string {
  const parts = [`${passed} passed`, failed > 0 && `${failed} FAILED`, skipped > 0 && `${skipped} skipped`];
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`.padStart(8);
  return file === "" ? "" : `  ${parts.filter(Boolean).join(", ").padEnd(28)} ${seconds}  ${file}\n`;
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const known: KnownTests = new Map();
  const outputs = new Map<string, string>();
  const results = process.env["COUNTERSIGN_TEST_RESULTS"] ?? devNull;
  let [current, counts]: [string, Counts] = ["", { ...none }];
  for await (const event of events) {
    if (event.type === "test:stdout" || event.type === "test:stderr") {
      const file = entryOf(event.data);
      outputs.set(file, `${outputs.get(file) ?? ""}${event.data.message}`.slice(-20_000));
    } else if (event.type === "test:start") {
      meet(event.data, known);
    } else if (event.type === "test:pass" || event.type === "test:fail") {
      const result = resultOf(event, known);
      if (result === undefined) continue;
      if (current !== result.file) {
        yield fileLine(current, counts);
        [current, counts] = [result.file, { ...none }];
      }
      counts[result.outcome] += 1;
      counts.milliseconds += result.milliseconds;
      appendFileSync(results, `${JSON.stringify(result)}\n`);
      if (result.outcome !== "failed") continue;
      yield failureText(result, event, outputs.get(result.file) ?? "");
      outputs.delete(result.file);
    }
  }
  appendFileSync(results, `${JSON.stringify(endMark)}\n`);
  yield fileLine(current, counts);
}
