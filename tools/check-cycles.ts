/**
 * No cycle of value imports, no `export *`, no file that only passes on what others export. Types and `import("…")` may
 * point anywhere: they decide nothing about the order in which files load.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles, readImports, readPackages, report, sourceFile, workspace } from "./source.ts";

type Graph = ReadonlyMap<string, readonly string[]>;

function readGraph(root: string, files: readonly string[]): Graph {
  const known = new Set(files);
  const valueTargets = (file: string): string[] =>
    readImports(root, file)
      .filter((found) => found.kind === "value" && known.has(found.target))
      .map((found) => found.target);
  return new Map(files.map((file) => [file, valueTargets(file)]));
}

/** One problem for each cycle that a walk from every file meets, told along the path that closes it. */
function cyclesOf(graph: Graph): string[] {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (finished.has(file)) return [];
    const start = path.indexOf(file);
    if (start >= 0) return [`cycle of value imports: ${[...path.slice(start), file].join(" → ")}`];
    path.push(file);
    const found = (graph.get(file) ?? []).flatMap(visit);
    path.pop();
    finished.add(file);
    return found;
  };
  return [...graph.keys()].flatMap(visit);
}

const lists =
  /^(?:import|export)\s(?:type\s)?(?:[\w$]+|(?:[\w$]+,\s*)?(?:\{[^}]*\}|\* as [\w$]+))(?:\s*from\s*"[^"]*")?;?$/gm;

/** What is left of a barrel when its imports and export lists are taken away is nothing. */
function barrelProblems(text: string, file: string, isEntry: boolean): string[] {
  if (/^export \*/m.test(text)) return [`${file}: no \`export *\`; name what is passed on`];
  const code = text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "");
  const own = code.replace(lists, "");
  const isBarrel = /^export\b/m.test(code) && own.trim() === "";
  return isBarrel && !isEntry ? [`${file}: a barrel; import from the files themselves`] : [];
}

export function checkCycles(root: string): string[] {
  const files = listFiles(root, sourceFile);
  const entries = new Set(readPackages(root).flatMap((one) => one.entries));
  const barrels = files.flatMap((file) =>
    barrelProblems(readFileSync(join(root, file), "utf8"), file, entries.has(file)),
  );
  return [...cyclesOf(readGraph(root, files)), ...barrels];
}

if (import.meta.main) report(checkCycles(workspace));
