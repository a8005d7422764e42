/** `npm run check`: types, lint, format and every rule of tools/, one line for each; what fails is printed in full. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { workspace } from "./source.ts";

export interface Check {
  readonly name: string;
  /** A script that Node runs, and its arguments. */
  readonly script: readonly [path: string, ...args: string[]];
}

const checks: readonly Check[] = [
  {
    name: "types",
    script: ["node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false", "-p", "tsconfig.json"],
  },
  { name: "lint", script: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--format=unix", "."] },
  { name: "docs", script: ["tools/check-docs.ts"] },
  { name: "format", script: ["node_modules/oxfmt/bin/oxfmt", "--check", "."] },
  { name: "imports", script: ["tools/check-imports.ts"] },
  { name: "cycles and barrels", script: ["tools/check-cycles.ts"] },
  { name: "size and names", script: ["tools/check-size.ts"] },
  { name: "ledger", script: ["tools/check-ledger.ts"] },
  { name: "requirements", script: ["tools/check-requirements.ts"] },
  { name: "security requirements", script: ["tools/check-security.ts"] },
];

/** Prints the check's line when it ends. True when it passed. */
function run(
  folder: string,
  { name, script: [path, ...args] }: Check,
  print: (text: string) => void,
): Promise<boolean> {
  const started = performance.now();
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(process.execPath, [join(folder, path), ...args], { cwd: folder, env });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.once("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
      print(`${code === 0 ? "ok    " : "FAILED"} ${seconds} s  ${name}`);
      if (code !== 0) print(Buffer.concat(output).toString("utf8").trim().replace(/^/gm, "         "));
      resolve(code === 0);
    });
  });
}

/** True when all passed. Two run at a time: each of the first three keeps a core busy. */
export async function runChecks(
  folder: string,
  list: readonly Check[],
  print: (text: string) => void,
): Promise<boolean> {
  const waiting = [...list];
  const work = async (): Promise<boolean> => {
    const check = waiting.shift();
    if (check === undefined) return true;
    const passed = await run(folder, check, print);
    return (await work()) && passed;
  };
  const passed = await Promise.all([work(), work()]);
  return passed.every(Boolean);
}

if (import.meta.main && !(await runChecks(workspace, checks, console.log))) process.exitCode = 1;
