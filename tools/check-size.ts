/**
 * Files of at most 400 lines, folders of at most 15 files under a `src`, and no name that says only "things". What is
 * larger stands here by name with its reason; an exception that is no longer needed is a problem too.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFiles, report, workspace } from "./source.ts";

const mostLines = 400;
const mostFiles = 15;

export interface Exception {
  readonly path: string;
  /** Lines of a file, or files of a folder. */
  readonly most: number;
  readonly reason: string;
}

const exceptions: readonly Exception[] = [
  { path: "packages/server/src/store/schema.ts", most: 800, reason: "one type for each table" },
  { path: "packages/protocol/src/powerauth", most: 18, reason: "one file for each message or rule of the wire" },
  { path: "packages/protocol/src/approve", most: 20, reason: "one file for each message" },
  {
    path: "packages/client/src/mobile-token",
    most: 24,
    reason: "one file for each public class, under its known name",
  },
  { path: "packages/client/src/approve", most: 22, reason: "one file for each public class, under its known name" },
];

const emptyNames =
  /(?:^|[-._])(?:util|helper|common|shared|misc|manager|service)s?$|[a-z](?:Util|Helper|Manager|Service)s?$/;
const measured = /\.(ts|tsx|mts|mjs|js|css|html|sh)$/;

function overLimit(path: string, size: number, limit: number, unit: string, known: readonly Exception[]): string[] {
  const exception = known.find((one) => one.path === path);
  if (size <= limit) return exception ? [`${path}: no longer needs its exception (${size} ${unit})`] : [];
  const most = exception?.most ?? limit;
  return size > most ? [`${path}: ${size} ${unit}, at most ${most}`] : [];
}

/** Classes of the client's faces keep the names their users know, whatever they are. */
const publicClass = /^packages\/client\/src\/(mobile-token|approve)\/([a-z0-9-]+\/)?[A-Z]/;

/** `string-helpers.test.ts` is judged by `string-helpers`; `service-worker` and `shared-secret` are real names. */
function nameProblems(path: string): string[] {
  const parts = path.split("/").map((part) => part.replace(/(\.(test|contract|d|config))?\.[a-z]+$/, ""));
  return !publicClass.test(path) && parts.some((part) => emptyNames.test(part))
    ? [`${path}: a name that tells nothing; name its subject`]
    : [];
}

export function checkSize(root: string, known: readonly Exception[] = exceptions): string[] {
  const files = listFiles(root, measured);
  const lines = files.flatMap((file) => {
    const count = readFileSync(join(root, file), "utf8").trimEnd().split("\n").length;
    return overLimit(file, count, mostLines, "lines", known);
  });
  const inSource = listFiles(root, /(^|\/)src\//);
  const folders = Object.entries(Object.groupBy(inSource, (file) => dirname(file))).flatMap(([folder, members = []]) =>
    overLimit(folder, members.length, mostFiles, "files", known),
  );
  const gone = known.filter((one) => ![...files, ...inSource].some((file) => `${file}/`.startsWith(`${one.path}/`)));
  return [
    ...lines,
    ...folders,
    ...files.flatMap(nameProblems),
    ...gone.map((one) => `${one.path}: an exception for something that is not there`),
  ];
}

if (import.meta.main) report(checkSize(workspace));
