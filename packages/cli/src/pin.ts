/** The PIN: typed without echo, or from a file or standard input for scripts. Never from the command line. */
import { readFileSync, statSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { Failure, usageFailure } from "./failure.ts";
import { isInteractive, tell, type Terminal } from "./terminal.ts";

export interface PinOptions {
  readonly pinFile?: string;
  readonly pinStdin?: boolean;
}

export function withPin(command: Command): Command {
  return command
    .option("--pin-file <file>", "read the PIN from the first line of this file")
    .option("--pin-stdin", "read the PIN from the first line of standard input");
}

const shortest = 4;

/** For an existing PIN, `use`: as it is. For a new one, `choose`: long enough, and typed the same twice. */
export async function readPin(
  terminal: Terminal,
  options: PinOptions,
  message: string,
  purpose: "use" | "choose" = "use",
): Promise<string> {
  const pin = await givenPin(terminal, options);
  if (pin !== undefined) {
    if (purpose === "choose" && pin.length < shortest) throw usageFailure("The PIN has fewer than four characters.");
    return pin;
  }
  if (!isInteractive(terminal)) {
    throw usageFailure("There is no terminal to ask for the PIN.", "give --pin-file FILE or --pin-stdin");
  }
  const typed = await ask(terminal, message);
  if (purpose === "choose" && (await ask(terminal, "The same PIN again")) !== typed) {
    throw new Failure("failed", "pins-differ", "The two PINs differ. Nothing was done.");
  }
  return typed;
}

/** From where a script puts it; undefined when it is to be typed. */
async function givenPin(terminal: Terminal, { pinFile, pinStdin }: PinOptions): Promise<string | undefined> {
  if (pinFile !== undefined && pinStdin === true) throw usageFailure("--pin-file and --pin-stdin exclude each other.");
  if (pinFile !== undefined) return firstLine(fromFile(terminal, pinFile), pinFile);
  return pinStdin === true ? firstLine(await readAll(terminal.stdin), "standard input") : undefined;
}

function fromFile(terminal: Terminal, path: string): string {
  try {
    const isOpen = process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0;
    if (isOpen) tell(terminal, `warning: other users of this machine can read ${path}`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("usage", "pin-unreadable", `The PIN file ${path} cannot be read.`, { cause });
  }
}

function firstLine(text: string, source: string): string {
  const [line = ""] = text.split(/\r?\n/);
  if (line === "") throw new Failure("usage", "pin-unreadable", `There is no PIN in ${source}.`);
  return line;
}

async function ask({ stdin, stderr }: Terminal, message: string): Promise<string> {
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({
    message,
    // Not even its length is shown.
    mask: "",
    input: stdin,
    output: stderr,
    validate: (value) => ((value ?? "").length < shortest ? "At least four characters" : undefined),
  });
  if (isCancel(answer)) throw new Failure("interrupted", "interrupted", "Stopped. Nothing was done.");
  return answer;
}
