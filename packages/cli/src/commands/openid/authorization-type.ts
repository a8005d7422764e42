/** `countersign authorization-type`: what authorization details look like, and the operations they make. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../../connection.ts";
import { readJsonFile } from "../../json-file.ts";
import { facts, type Result, table } from "../../terminal.ts";
import { v1 } from "../../v1.ts";

interface AuthorizationType {
  readonly type: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly updatedAt: string;
}

export function authorizationTypeCommands(program: Command, context: Context): void {
  const group = groupOf(program, "authorization-type", "kinds of authorization details, and the operations they make");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const place = (type: string) => `/authorization-types/${encodeURIComponent(type)}`;
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));

  const set = leaf("set", "add it, or take the place of the one that is there")
    .argument("<type>", "as requests name it")
    .requiredOption("--file <file>", "JSON: template, schema, parameters; - for standard input");
  returns<ConnectionOptions & { file: string }>(context, set, async (options, type = "") =>
    shown(await api(options).call<AuthorizationType>("PUT", place(type), readJsonFile(options.file))),
  );

  const list = leaf("list", "all of them");
  returns<ConnectionOptions>(context, list, async (options) => {
    const { items } = await api(options).call<{ items: readonly AuthorizationType[] }>("GET", "/authorization-types");
    const rows = items.map((one) => [one.type, one.template, Object.keys(one.parameters).join(" "), one.updatedAt]);
    return { json: items, text: table(["TYPE", "TEMPLATE", "PARAMETERS", "CHANGED"], rows) };
  });

  const show = leaf("show", "one of them; its schema with --json").argument("<type>");
  returns<ConnectionOptions>(context, show, async (options, type = "") =>
    shown(await api(options).call<AuthorizationType>("GET", place(type))),
  );

  const remove = leaf("remove", "take it away: details of it are refused from now on").argument("<type>");
  returns<ConnectionOptions>(context, remove, async (options, type = "") => {
    await api(options).call("DELETE", place(type));
    return { json: { type, removed: true }, text: `Authorization type ${type} is removed.` };
  });
}

function shown(type: AuthorizationType): Result {
  const rows = [
    ["type", type.type],
    ["template", type.template],
    ...Object.entries(type.parameters).map(([name, pointer]) => [`  ${name}`, pointer] as const),
    ["changed", type.updatedAt],
  ] as const;
  return { json: type, text: facts(rows, "") };
}
