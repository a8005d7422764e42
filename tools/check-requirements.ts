/**
 * docs/approve-protocol.md: each requirement is cited by a test, by its id, in a title or a comment. Several of one group
 * may be written short: `APV-POP-2 to -5`, `APV-OBJ-2, -4`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles, report, sourceFile, workspace } from "./source.ts";

export const page = "docs/approve-protocol.md";

/** Requirements whose tests are still to come. The list only shrinks. */
const open: readonly string[] = [];

const whereTestsAre = /^(packages\/[^/]+\/test|conformance)\//;

export function requirementsOf(text: string): string[] {
  return [...text.matchAll(/^- \*\*(APV-[A-Z]+-\d+)\*\*/gm)].map(([, id = ""]) => id);
}

export function citedIn(text: string): string[] {
  return [...text.matchAll(/APV-([A-Z]+)-(\d+)((?:,? (?:to |and )?-\d+)*)/g)].flatMap(
    ([, group = "", first = "", more = ""]) => {
      let last = Number(first);
      const numbers = [last];
      for (const [, word, number] of more.matchAll(/,? (to |and )?-(\d+)/g)) {
        const next = Number(number);
        for (let at = word === "to " ? last + 1 : next; at <= next; at++) numbers.push(at);
        last = next;
      }
      return numbers.map((number) => `APV-${group}-${number}`);
    },
  );
}

export function checkRequirements(root: string, allowed: readonly string[] = open): string[] {
  const ids = existsSync(join(root, page)) ? requirementsOf(readFileSync(join(root, page), "utf8")) : [];
  const files = listFiles(root, sourceFile).filter((path) => whereTestsAre.test(path));
  const cited = new Set(files.flatMap((path) => citedIn(readFileSync(join(root, path), "utf8"))));
  return [
    ...(ids.length === 0 ? [`${page}: no requirements found`] : []),
    ...ids.filter((id, at) => ids.indexOf(id) < at).map((id) => `${page}: ${id} stands there twice`),
    ...ids
      .filter((id) => !cited.has(id) && !allowed.includes(id))
      .map((id) => `${page} ${id}: no test cites it; say so in the title of the one that proves it`),
    ...allowed.filter((id) => !ids.includes(id)).map((id) => `tools/check-requirements.ts: ${id} is not in ${page}`),
    ...[...cited].filter((id) => !ids.includes(id)).map((id) => `a test cites ${id}, which is not in ${page}`),
  ];
}

if (import.meta.main) report(checkRequirements(workspace));
