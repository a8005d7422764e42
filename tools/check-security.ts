/**
 * docs/security-requirements.md: S01 to S48, each once; its last column names tests as `path › title`, which must exist, or
 * says in words why there is none.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { existenceProblem } from "./check-ledger.ts";
import { report, workspace } from "./source.ts";

export const page = "docs/security-requirements.md";
const count = 48;

export function checkSecurity(root: string): string[] {
  const text = existsSync(join(root, page)) ? readFileSync(join(root, page), "utf8") : "";
  const rows = [...text.matchAll(/^\|\s*S(\d{2})\s*\|(.*)\|\s*$/gm)].map(([, id = "", rest = ""]) => ({
    id,
    shown: rest.split("|").at(-1)?.trim() ?? "",
  }));
  const wanted = Array.from({ length: count }, (_, index) => String(index + 1).padStart(2, "0"));
  const missing = wanted.filter((id) => rows.filter((row) => row.id === id).length !== 1);
  const broken = rows.flatMap(({ id, shown }) => {
    if (shown === "") return [`${page} S${id}: name the tests, or say why there is none`];
    const named = [...shown.matchAll(/`([^`]+ › [^`]+)`/g)].map(([, name = ""]) => name.split(" › "));
    return named.flatMap(([file = "", ...titles]) => {
      const why = existenceProblem(root, file, titles.join(" › "));
      return why === undefined ? [] : [`${page} S${id}: ${why}`];
    });
  });
  return [...missing.map((id) => `${page}: S${id} has to stand there once`), ...broken];
}

if (import.meta.main) report(checkSecurity(workspace));
