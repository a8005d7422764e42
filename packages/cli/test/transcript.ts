/**
 * Transcripts: what is typed and what comes back, as text files that read like a session.
 *
 *     # a comment
 *     $ countersign operation create --template <template>     a command; quotes as in a shell
 *     < 2580                                                    a line of its standard input
 *     operation  <operation:uuid>                               its standard output, line by line
 *     ! countersign: There is no such operation.                its standard error
 *     ? 1                                                       its exit code, where it is not 0
 *
 * `<kind>` stands for any text of a kind, `<name:kind>` also keeps it, and `<name>` is what was kept.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text as readAll } from "node:stream/consumers";
import { join } from "node:path";
import { bareEnvironment } from "./served.ts";

export interface Step {
  readonly line: number;
  readonly command: string;
  readonly input: readonly string[];
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exit: number;
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | null;
}

const kinds: Readonly<Record<string, string>> = {
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  "activation-code": "(?:[A-Z2-7]{5}-){3}[A-Z2-7]{5}",
  base64: "[A-Za-z0-9+/]+=*",
  base64url: "[A-Za-z0-9_-]+",
  jws: "[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+",
  digits: "\\d+",
  time: "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z| UTC|[+-]\\d\\d:\\d\\d)",
  any: ".+",
};

export function readTranscript(text: string): Step[] {
  const steps: { -readonly [K in keyof Step]: Step[K] extends readonly string[] ? string[] : Step[K] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("$ ")) {
      steps.push({ line: index + 1, command: line.slice(2), input: [], stdout: [], stderr: [], exit: 0 });
      continue;
    }
    const step = steps.at(-1);
    if (line.startsWith("# ") || step === undefined) continue;
    if (line.startsWith("< ")) step.input.push(line.slice(2));
    else if (line.startsWith("! ")) step.stderr.push(line.slice(2));
    else if (line.startsWith("? ")) step.exit = Number(line.slice(2));
    else step.stdout.push(line);
  }
  // Blank lines at the end of a step are the transcript's, not the command's.
  for (const { stdout } of steps) while (stdout.at(-1) === "") stdout.pop();
  return steps;
}

/** Words of a command line: blanks separate, single and double quotes keep together. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
}

const main = join(import.meta.dirname, "../src/main.ts");

/** Runs `countersign` in a process of its own. */
export async function runCountersign(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly input?: string },
): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@countersign/source", main, ...args], {
    cwd: options.cwd,
    env: { ...bareEnvironment(options.cwd), ...options.env },
    stdio: "pipe",
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  return { stdout, stderr, exit: await ended };
}

/** Plays a transcript against what `run` does, and keeps what it names in `kept`. */
export async function playTranscript(
  steps: readonly Step[],
  kept: Map<string, string>,
  run: (args: readonly string[], input: string) => Promise<Ended>,
): Promise<void> {
  for (const step of steps) {
    const [program, ...args] = wordsOf(step.command).map((word) =>
      word.replace(/<([\w-]+)>/g, (whole, name) => kept.get(name) ?? whole),
    );
    assert.equal(program, "countersign");
    const { stdout, stderr, exit } = await run(args, step.input.map((line) => `${line}\n`).join(""));
    const place = `line ${step.line}: ${step.command}\n--- stdout\n${stdout}--- stderr\n${stderr}---`;
    assert.equal(exit, step.exit, `exit code of ${place}`);
    match(stdout, step.stdout, kept, `stdout of ${place}`);
    match(stderr, step.stderr, kept, `stderr of ${place}`);
  }
}

function match(actual: string, expected: readonly string[], kept: Map<string, string>, place: string): void {
  const lines = actual === "" ? [] : actual.replace(/\n$/, "").split("\n");
  for (const [index, line] of expected.entries()) {
    const names: string[] = [];
    const pattern = line
      .split(/(<[\w-]+(?::[\w-]+)?>)/)
      .map((part) => patternOf(part, kept, names))
      .join("");
    const found = new RegExp(`^${pattern}$`).exec(lines[index] ?? "");
    assert.ok(found, `line ${index + 1} should be\n${line}\nin ${place}`);
    for (const [at, name] of names.entries()) kept.set(name, found[at + 1] ?? "");
  }
  assert.equal(lines.length, expected.length, `number of lines in ${place}`);
}

function patternOf(part: string, kept: ReadonlyMap<string, string>, names: string[]): string {
  const [, name = "", kind] = /^<([\w-]+)(?::([\w-]+))?>$/.exec(part) ?? [];
  if (kind !== undefined && kinds[kind] !== undefined) {
    names.push(name);
    return `(${kinds[kind]})`;
  }
  const known = kept.get(name);
  if (known !== undefined) return escaped(known);
  return kinds[name] ?? escaped(part);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
