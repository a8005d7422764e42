/** Runs test files with `node --test` in a child and brings back every leaf test's result, also when the child dies. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type TestResult, endMark } from "./test-results.ts";

export interface Stage {
  readonly name: string;
  /** Relative to the current folder. */
  readonly files: readonly string[];
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Ends the stage and everything its tests started. */
  readonly stop: AbortSignal;
}

/** Beside the sources and ignored by git. */
export const cache: string = join("node_modules", ".cache", "countersign");

/** For what goes wrong outside any test file. */
export function failed(title: string): TestResult {
  return { file: "tools/test.ts", title, outcome: "failed", milliseconds: 0 };
}

/** Resolves with the exit code, null when a signal ended the child. */
function runNode(args: readonly string[], env: NodeJS.ProcessEnv, stop: AbortSignal): Promise<number | null> {
  // A process group of its own, so that no server that a test started outlives the run.
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit"], detached: true });
  const endGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nobody left.
    }
  };
  stop.addEventListener("abort", endGroup, { once: true });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      stop.removeEventListener("abort", endGroup);
      endGroup();
      done(code);
    });
  });
}

export async function runStage({ name, files, flags, env, stop }: Stage): Promise<TestResult[]> {
  if (files.length === 0 || stop.aborted) return [];
  console.log(`${name}: ${files.length} ${files.length === 1 ? "file" : "files"}`);
  mkdirSync(cache, { recursive: true });
  const output = join(cache, `test-results-${name}.jsonl`);
  writeFileSync(output, "");
  const reporter = pathToFileURL(join(import.meta.dirname, "test-reporter.ts")).href;
  const args = [...process.execArgv, "--test", `--test-reporter=${reporter}`, ...flags, ...files];
  // NODE_TEST_CONTEXT would make this run believe that it is a part of another one.
  // Every process that a test starts reads the same sources: to strip and compile them again costs more than most tests.
  const compiled = { NODE_COMPILE_CACHE: resolve(cache, "compiled") };
  const inner = { ...compiled, ...env, NODE_TEST_CONTEXT: undefined, COUNTERSIGN_TEST_RESULTS: output };
  const code = await runNode(args, inner, stop);
  const lines = readFileSync(output, "utf8").split("\n").filter(Boolean);
  const results = lines.filter((line) => line.startsWith("{")).map((line): TestResult => JSON.parse(line));
  const explained = code === 0 || results.some(({ outcome }) => outcome === "failed");
  if (explained && lines.at(-1) === JSON.stringify(endMark)) return results;
  const silent = files.filter((file) => !results.some((result) => result.file === file));
  const how = code === null ? "was killed" : `ended early with exit code ${code}`;
  return [...results, failed(`${name} ${how}; files without a result: ${silent.join(", ") || "none"}`)];
}
