#!/usr/bin/env node
/** The `countersign` command: the table of commands, and how the process ends. What is printed where: terminal.ts. */
import { Command, CommanderError } from "commander";
import type { Context } from "./command.ts";
import { activationCommands } from "./commands/activation.ts";
import { apiClientCommands } from "./commands/api-client.ts";
import { applicationCommands } from "./commands/application.ts";
import { containerCommands } from "./commands/approve/container.ts";
import { deviceTypeCommands } from "./commands/approve/device-type.ts";
import { offerCommands } from "./commands/approve/offer.ts";
import { auditCommands } from "./commands/audit.ts";
import { authorizationTypeCommands } from "./commands/openid/authorization-type.ts";
import { clientCommands } from "./commands/openid/client.ts";
import { displayTemplateCommands } from "./commands/display-template.ts";
import { demoCommand } from "./commands/demo.ts";
import { deviceCommands } from "./commands/device.ts";
import { importCommands } from "./commands/import.ts";
import { keysCommands } from "./commands/keys.ts";
import { operationCommands } from "./commands/operation.ts";
import { receiptCommands } from "./commands/receipt.ts";
import { serveCommand } from "./commands/serve.ts";
import { templateCommands } from "./commands/template.ts";
import { webhookCommands } from "./commands/webhook.ts";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";
import { printFailure, usageFailure } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

function commandTable(context: Context): Command {
  const { stdout, stderr } = context.terminal;
  const program = new Command("countersign")
    .description("Ask a person to approve something on a device they hold, and keep proof.")
    .version("0.1.0")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // Printed by the catch below, like every failure.
      outputError: () => undefined,
    })
    .addHelpText("after", `\n${exitCodesHelp()}`);
  demoCommand(program, context);
  serveCommand(program, context);
  applicationCommands(program, context);
  templateCommands(program, context);
  displayTemplateCommands(program, context);
  activationCommands(program, context);
  operationCommands(program, context);
  deviceCommands(program, context);
  deviceTypeCommands(program, context);
  offerCommands(program, context);
  containerCommands(program, context);
  apiClientCommands(program, context);
  clientCommands(program, context);
  authorizationTypeCommands(program, context);
  receiptCommands(program, context);
  webhookCommands(program, context);
  auditCommands(program, context);
  keysCommands(program, context);
  importCommands(program, context);
  return program;
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const ending = { code: exitCodes.ok.code as number };
  const program = commandTable({ terminal, ending });
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.ok.code;
    return printFailure(terminal, usage(error), args.includes("--json"));
  }
  return ending.code;
}

/** A command without its subcommand has printed its help already. */
function usage({ code, message }: CommanderError) {
  const text = message.replace(/^error: /, "").replace(/\n.*/s, "");
  if (code === "commander.help") return usageFailure("Which command?");
  return usageFailure(text.charAt(0).toUpperCase() + text.slice(1), "--help shows what there is");
}

const { stdin, stdout, stderr, env } = process;
// Whoever reads our output may leave early (`| head`): nothing is wrong then, and nobody left to tell.
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok.code);
    throw error;
  });
}
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env });
