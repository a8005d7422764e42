/** Reads the commands of a `sh` fence as lists of words and tells which of them a reader could not run. */

export interface Known {
  /** package.json's scripts. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Programs that npx finds in the workspace. */
  hasProgram(name: string): boolean;
  hasFile(path: string): boolean;
  /** What `countersign <words> --help` prints; undefined when it fails. */
  help(words: readonly string[]): string | undefined;
}

/** Programs of a reader's machine; what they do is not ours to check. */
const plain = new Set(
  (
    "apt-get base64 cat cd chmod cp curl diff docker echo env export git grep head jq kill ls mkdir mv openssl pg_dump psql rm " +
    "sed sleep sort sqlite3 sudo systemctl tail tar tee wc"
  ).split(" "),
);
const npmVerbs = new Set(["ci", "install", "pack", "publish", "view"]);

/** A quoted text becomes one word without blanks or operators, so that what is inside cannot look like a command. */
function blankQuotes(text: string): string {
  return text.replace(/'[^']*'|"(?:\\.|[^"\\])*"/g, (quoted) => quoted.slice(1, -1).replace(/[^\w./:@=-]+/g, "_"));
}

/** One list of words per command, without comments, here-documents, redirections, assignments and a leading `$ `. */
export function readCommands(fence: string): string[][] {
  return blankQuotes(fence.replace(/<<-?\s*(["']?)(\w+)\1([^\n]*)\n[\s\S]*?^\s*\2$/gm, "$3"))
    .replace(/\\\n/g, " ")
    .replace(/(^|\s)#[^\n]*/g, "$1")
    .replace(/\d?>+\s*&?\s*\S+|<\s*\S+/g, " ")
    .split(/\n|&&|\|\||[|;&]|\$\(/)
    .map((command) =>
      command
        .replace(/^\s*\$ /, "")
        .replaceAll(")", " ")
        .trim(),
    )
    .map((command) => command.replace(/^(?:[A-Za-z_]\w*=\S*\s*)+/, "").split(/\s+/))
    .filter(([program]) => program !== "");
}

function subcommandsIn(help: string): string[] {
  const [, list = ""] = help.split(/^Commands:.*$/m);
  return [...list.matchAll(/^ {2}([a-z][\w|-]*)/gm)].flatMap((match) => (match[1] ?? "").split("|"));
}

function countersignProblem(words: readonly string[], known: Known, path: readonly string[] = []): string | undefined {
  const help = known.help(path);
  if (help === undefined) return `\`${["countersign", ...path].join(" ")} --help\` does not answer`;
  const commands = subcommandsIn(help);
  const [next] = words;
  if (next !== undefined && commands.includes(next)) return countersignProblem(words.slice(1), known, [...path, next]);
  if (commands.length > 0 && next !== undefined && !next.startsWith("-")) {
    return `\`${["countersign", ...path].join(" ")}\` has no command ${next}`;
  }
  const options = words
    .filter((word) => word.startsWith("--") && word !== "--")
    .map((word) => word.split("=")[0] ?? "");
  const strange = options.find((option) => !new RegExp(`${option}(?![\\w-])`).test(help));
  return strange && `\`${["countersign", ...path].join(" ")}\` has no option ${strange}`;
}

function scriptProblem(name: string, args: readonly string[], known: Known): string | undefined {
  const script = known.scripts[name];
  if (script === undefined) return `package.json has no script ${name}`;
  const [, given] = script.split("packages/cli/src/main.ts");
  if (given === undefined) return undefined;
  return countersignProblem(
    [...given.split(/\s+/), ...args].filter((word) => word !== "" && word !== "--"),
    known,
  );
}

/** Undefined when the command exists. */
export function commandProblem(words: readonly string[], known: Known): string | undefined {
  const [program = "", verb = "", ...rest] = words;
  if (program === "countersign") return countersignProblem(words.slice(1), known);
  if (program === "npx") return known.hasProgram(verb) ? undefined : commandProblem([verb, ...rest], known);
  if (program === "npm" && verb === "run") return scriptProblem(rest[0] ?? "", rest.slice(1), known);
  if (program === "npm") return npmVerbs.has(verb) ? undefined : scriptProblem(verb, rest, known);
  if (program.includes("/")) return known.hasFile(program) ? undefined : `there is no file ${program}`;
  return plain.has(program) ? undefined : `nothing tells where a reader gets the command ${program}`;
}
