/** Type-checks the `ts` fences of all pages in one run of the compiler, as modules beside the workspace's packages. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { declareGuideNames, isGuide } from "./guide-names.ts";
import type { Fence } from "./markdown.ts";
import { workspace } from "./source.ts";

const types = { extends: "../../../tsconfig.json", exclude: [], include: ["*.ts"] };
const loose = { noEmit: true, noUnusedLocals: false, noUnusedParameters: false };

export interface Place {
  readonly page: string;
  readonly fence: Fence;
}

/**
 * One module for each fence with those that continue it, by `page~line.ts`. A fence stands at its own line number; the
 * first line, which no fence can have, is the module's own.
 */
export function modulesOf(places: readonly Place[], firstLine: (page: string) => string): Map<string, string> {
  const modules = new Map<string, string>();
  for (const { page, fence } of places) {
    const last = [...modules.keys()].findLast((name) => name.startsWith(`${page}~`));
    const name = fence.info === "continues" && last ? last : `${page}~${fence.line}.ts`;
    const before = modules.get(name) ?? firstLine(page);
    modules.set(name, `${before}${"\n".repeat(fence.line - before.split("\n").length)}${fence.text}`);
  }
  return modules;
}

/**
 * Each problem as `page:line message`: a fence is written at its own line number, so that the compiler names the page's.
 */
export function compileFences(root: string, places: readonly Place[]): string[] {
  if (places.length === 0) return [];
  const modules = modulesOf(places, (page) => (isGuide(page) ? `export {}; ${declareGuideNames()}` : "export {};"));
  const folder = join(root, "node_modules/.cache/countersign-docs");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of modules) writeFileSync(join(folder, name.replaceAll("/", "+")), text);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...types, compilerOptions: loose }));
  const tsc = join(workspace, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "--pretty", "false", "-p", "."], { cwd: folder, encoding: "utf8" });
  // Errors in the packages themselves are left out: they belong to the type check of the sources.
  const own = [...run.stdout.matchAll(/^([^\s(/]+\.md)~\d+\.ts\((\d+),\d+\): (.*(?:\n .*)*)/gm)];
  const failedToRun = run.status === null || (run.status !== 0 && !run.stdout.includes("error TS"));
  if (failedToRun) return [`tsc: ${run.stdout}${run.stderr}`];
  return own.map(([, page = "", line = "", text = ""]) => `${page.replaceAll("+", "/")}:${line} ${text}`);
}
