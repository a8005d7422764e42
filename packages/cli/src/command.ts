/** Ties a command of the table to the function behind it: `--json`, printing of result and failure, exit code. */
import type { Command } from "commander";
import { exitCodes } from "./exit-codes.ts";
import { failureOf, printFailure } from "./failure.ts";
import { printResult, type Result, type Terminal } from "./terminal.ts";

/** What the process will end with; a command sets it, `main.ts` reads it. */
export interface Ending {
  code: number;
}

export interface Context {
  readonly terminal: Terminal;
  readonly ending: Ending;
}

/** Options as commander gives them: camel case, text unless the option says otherwise. */
export type Options = Readonly<Record<string, unknown>> & { readonly json?: boolean };

/** Commands under one noun. */
export function groupOf(program: Command, noun: string, description: string): Command {
  return program.command(noun).description(description).helpCommand(false);
}

/** A command that returns its result. `run` gets the positional arguments in order. */
export function returns<O extends object>(
  { terminal, ending }: Context,
  command: Command,
  run: (options: O & Options, ...args: string[]) => Promise<Result>,
): void {
  command.option("--json", "print one JSON document instead of text");
  command.action(async (...given: unknown[]) => {
    const options = command.opts<O & Options>();
    const args = given.filter((value) => typeof value === "string");
    try {
      const result = await run(options, ...args);
      printResult(terminal, result, options.json === true);
      ending.code = exitCodes[result.exit ?? "ok"].code;
    } catch (error) {
      ending.code = printFailure(terminal, failureOf(error), options.json === true);
    }
  });
}

/** A command that writes a sequence itself and resolves with its exit code. Failures are printed like any other. */
export function writes<O extends object>(
  { terminal, ending }: Context,
  command: Command,
  run: (options: O & Options) => Promise<number>,
): void {
  command.action(async () => {
    const options = command.opts<O & Options>();
    try {
      ending.code = await run(options);
    } catch (error) {
      ending.code = printFailure(terminal, failureOf(error), options.json === true);
    }
  });
}
