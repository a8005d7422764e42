/**
 * Every fence and link of the documentation: `ts` passes the compiler, `json` parses, `sh` names commands that exist,
 * links lead somewhere. `no-check <reason>` after the language leaves a fence out; `ts continues` goes on where the
 * page's last `ts` fence ended.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { compileFences } from "./compile-fences.ts";
import { type Fence, readAnchors, readFences, readLinks } from "./markdown.ts";
import { type Known, commandProblem, readCommands } from "./shell-commands.ts";
import { listFiles, report, workspace } from "./source.ts";

const pages = /^([A-Z]+\.md|docs\/.*\.md|packages\/[^/]+\/README\.md|(vectors|bench|conformance)\/.*\.md)$/;
/** Languages with nothing to check. Others are refused, so that `bash` or `typescript` cannot slip by unchecked. */
const unchecked = new Set(["text", "http", "sql", "yaml", "html", "css", "diff", "mermaid", "nginx", "dockerfile"]);

function knownIn(root: string): Known {
  const answers = new Map<string, string | undefined>();
  const ask = (words: readonly string[]): string | undefined => {
    const args = ["--conditions=@countersign/source", "packages/cli/src/main.ts", ...words, "--help"];
    const run = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", timeout: 20_000 });
    return run.status === 0 ? run.stdout : undefined;
  };
  return {
    scripts: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts ?? {},
    hasProgram: (name) => name !== "countersign" && existsSync(join(root, "node_modules/.bin", name)),
    hasFile: (path) => existsSync(join(root, path)),
    help: (words) => {
      const key = words.join(" ");
      if (!answers.has(key)) answers.set(key, ask(words));
      return answers.get(key);
    },
  };
}

function fenceProblem({ language, text }: Fence, known: Known): string | undefined {
  if (language === "sh")
    return readCommands(text)
      .map((words) => commandProblem(words, known))
      .find(Boolean);
  if (language === "ts" || unchecked.has(language)) return undefined;
  if (language !== "json")
    return `a fence says ${language || "no language"}: write sh, ts, json or one of ${[...unchecked].join(", ")}`;
  try {
    JSON.parse(text);
  } catch (error) {
    return `not JSON: ${String(error)}`;
  }
}

function linkProblem(root: string, page: string, target: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor] = decodeURI(target).split("#");
  const file = path === "" ? page : posix.join(dirname(page), path);
  if (!existsSync(join(root, file))) return `${target} leads nowhere`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return readAnchors(readFileSync(join(root, file), "utf8")).has(anchor)
    ? undefined
    : `${file} has no heading #${anchor}`;
}

export function checkDocs(root: string): string[] {
  const known = knownIn(root);
  const read = listFiles(root, pages).map((page) => ({ page, text: readFileSync(join(root, page), "utf8") }));
  const places = read.flatMap(({ page, text }) => readFences(text).map((fence) => ({ page, fence })));
  const checked = places.filter(({ fence }) => !/^no-check\s+\S/.test(fence.info));
  const found = [
    ...checked.map(({ page, fence }) => ({ page, line: fence.line, why: fenceProblem(fence, known) })),
    ...read.flatMap(({ page, text }) =>
      readLinks(text).map(({ target, line }) => ({ page, line, why: linkProblem(root, page, target) })),
    ),
  ];
  const problems = found.filter(({ why }) => why).map(({ page, line, why }) => `${page}:${line} ${why}`);
  return [
    ...problems,
    ...compileFences(
      root,
      checked.filter(({ fence }) => fence.language === "ts"),
    ),
  ];
}

if (import.meta.main) report(checkDocs(workspace));
