/** `countersign keys`: new keys in place of old ones. */
import { type Command, Option } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { facts } from "../terminal.ts";
import { v1 } from "../v1.ts";

export function keysCommands(program: Command, context: Context): void {
  const group = groupOf(program, "keys", "keys of the server");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));

  const rotate = withConnection(
    group.command("rotate").description("make a new signing key; what the old one signed stays good"),
  ).addOption(
    new Option("--use <name>", "what it signs")
      .choices(["receipt", "checkpoint", "approve", "oidc"])
      .makeOptionMandatory(),
  );
  returns<ConnectionOptions & { use: string }>(context, rotate, async (options) => {
    const { use } = options;
    const made = await api(options).call<{ kid: string; signsFrom: string }>("POST", "/keys/rotate", { use });
    const rows = [
      ["key", made.kid],
      ["signs", use],
      ["from", made.signsFrom],
    ] as const;
    return { json: made, text: facts(rows, "") };
  });

  const reseal = withConnection(
    group.command("reseal").description("seal with the new master key what is still under the previous one"),
  );
  returns<ConnectionOptions>(context, reseal, async (options) => {
    const answer = await api(options).call<{ resealed: number }>("POST", "/keys/reseal");
    return {
      json: answer,
      text: `Sealed again: ${answer.resealed}. The previous master key is needed no more.`,
    };
  });
}
