/**
 * What the checks know of the source tree: its files, its packages, what each file imports. Reads text and runs nothing.
 * Imports are found by pattern at the start of a line, which the formatter guarantees; text inside templates that begins
 * a line with `import` would be taken for one.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";

export const workspace: string = resolve(import.meta.dirname, "..");

/** `value` is evaluated when the file loads, `type` is erased, `dynamic` is the call form in either role. */
export interface Import {
  readonly kind: "value" | "type" | "dynamic";
  readonly specifier: string;
  /** The specifier, or the file it names relative to the root when it is a relative one. */
  readonly target: string;
  readonly line: number;
}

export interface Package {
  /** Relative to the root: `packages/server`; "" for the workspace itself. */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Its own `#names`, for files that differ by platform. */
  readonly imports: readonly string[];
  /** Source files that `exports`, `imports` and `bin` lead to, relative to the root. */
  readonly entries: readonly string[];
}

const skipped = new Set(["node_modules", "dist", "coverage", "data"]);

/** Every file below `root/under` that `accept` takes, sorted, relative to root, with forward slashes. */
export function listFiles(root: string, accept: RegExp, under = ""): string[] {
  if (!existsSync(join(root, under))) return [];
  return readdirSync(join(root, under), { withFileTypes: true })
    .flatMap((entry) => {
      const path = posix.join(under, entry.name);
      if (entry.isDirectory()) {
        return entry.name.startsWith(".") || skipped.has(entry.name) ? [] : listFiles(root, accept, path);
      }
      return accept.test(path) ? [path] : [];
    })
    .toSorted();
}

export const sourceFile: RegExp = /\.(ts|tsx|mts|mjs|js)$/;

const staticImport =
  /^(?:import|export)\b(\s+type\b(?!\s*(?:,|from\b)))?(?:(?:[\w\s{},*$]|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*?\bfrom|(?<=^import))\s*"([^"\n]+)"/gm;
const dynamicImport = /\bimport\(\s*"([\w@./:-]+)"/g;

export function readImports(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = (match: RegExpMatchArray, kind: Import["kind"], specifier: string): Import => ({
    kind,
    specifier,
    target: specifier.startsWith(".") ? posix.join(dirname(file), specifier) : specifier,
    line: text.slice(0, match.index).split("\n").length,
  });
  return [
    ...[...text.matchAll(staticImport)].map((match) => found(match, match[1] ? "type" : "value", match[2] ?? "")),
    ...[...text.matchAll(dynamicImport)].map((match) => found(match, "dynamic", match[1] ?? "")),
  ];
}

function readPackage(root: string, folder: string): Package {
  const json = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const names = (...fields: string[]): string[] => fields.flatMap((field) => Object.keys(json[field] ?? {}));
  const sources = JSON.stringify([json.exports, json.imports, json.bin]).matchAll(/"\.\/((?:src|dist)\/[^"*]+)"/g);
  return {
    folder,
    name: json.name,
    dependencies: names("dependencies", "optionalDependencies", "peerDependencies"),
    devDependencies: names("devDependencies"),
    imports: names("imports"),
    entries: [...sources].map(([, path = ""]) =>
      posix.join(folder, path.replace(/^dist/, "src").replace(/\.(d\.ts|js)$/, ".ts")),
    ),
  };
}

/** The workspace first, then each folder of `packages/` that has a package.json. */
export function readPackages(root: string): Package[] {
  const folders = listFiles(root, /^packages\/[^/]+\/package\.json$/).map((file) => dirname(file));
  return ["", ...folders].map((folder) => readPackage(root, folder));
}

/** How every check ends: its problems, one a line, and exit code 1 when there is any. */
export function report(problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
