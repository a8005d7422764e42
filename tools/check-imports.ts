/**
 * Holds every import against import-rules.ts, and sees that each imported package is declared and no relative import
 * leaves its package. Cycles and barrels are check-cycles.ts.
 */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { arrows, rules } from "./import-rules.ts";
import {
  type Import,
  type Package,
  listFiles,
  readImports,
  readPackages,
  report,
  sourceFile,
  workspace,
} from "./source.ts";

/** Ways around an import statement, which this check could not see. */
const hidden = /\b(?:createRequire|require|getBuiltinModule)\(|\bimport\((?!\s*["*])/g;

function packageNameOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function problemOf(file: string, found: Import, home: Package, packages: readonly Package[]): string | undefined {
  const [root] = packages;
  const target = isBuiltin(found.target) ? `node:${found.target.replace(/^node:/, "")}` : found.target;
  const isSource = home.folder !== "" && file.startsWith(`${home.folder}/src/`);
  const broken = rules.find(
    (rule) => rule.from.test(file) && rule.to.test(target) && !(rule.valuesOnly && found.kind === "type"),
  );
  if (broken) return broken.why;
  if (found.specifier.startsWith(".")) {
    if (home.folder === "") return /^(packages|\.\.)\//.test(target) ? "import packages by name" : undefined;
    if (target.startsWith(`${home.folder}/`) || (!isSource && /^(tools|vectors)\//.test(target))) return undefined;
    return `a relative import must not leave ${home.folder}`;
  }
  if (target.startsWith("node:")) return undefined;
  if (target.startsWith("#")) return home.imports.includes(target) ? undefined : "not among the package's imports";
  const name = packageNameOf(target);
  const other = packages.find((one) => one.folder !== "" && one.name === name)?.folder.replace("packages/", "");
  if (home.folder === "" && other !== undefined) return undefined;
  if (name === home.name) return isSource ? "inside a package imports are relative" : undefined;
  const from = home.folder.replace("packages/", "");
  if (other !== undefined && !arrows[from]?.includes(other)) return `no arrow ${from} → ${other}`;
  const allowed = isSource
    ? home.dependencies
    : [home, root].flatMap((one) => [...(one?.dependencies ?? []), ...(one?.devDependencies ?? [])]);
  return allowed.includes(name) ? undefined : `${name} is not declared in ${home.folder || "."}/package.json`;
}

export function checkImports(root: string): string[] {
  const packages = readPackages(root);
  const [workspacePackage] = packages;
  return listFiles(root, sourceFile).flatMap((file) => {
    const home = packages.find((one) => one.folder !== "" && file.startsWith(`${one.folder}/`)) ?? workspacePackage;
    if (home === undefined) return [];
    const broken = readImports(root, file).flatMap((found) => {
      const why = problemOf(file, found, home, packages);
      return why === undefined ? [] : [`${file}:${found.line} ${found.kind} import of ${found.specifier}: ${why}`];
    });
    const detours = file.includes("/src/") ? [...readFileSync(join(root, file), "utf8").matchAll(hidden)] : [];
    return [...broken, ...detours.map(([text]) => `${file} ${text}…: use an import with a literal name`)];
  });
}

if (import.meta.main) report(checkImports(workspace));
