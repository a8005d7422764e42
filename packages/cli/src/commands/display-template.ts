/** `countersign display-template`: how operations of a type are shown in a language. */
import {
  type DisplayTemplateContent,
  displayTemplatesClient,
  type StoredDisplayTemplate,
} from "@countersign/relying-party/display-templates";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { readJsonFile } from "../json-file.ts";
import { facts, type Result, table } from "../terminal.ts";

export function displayTemplateCommands(program: Command, context: Context): void {
  const group = groupOf(program, "display-template", "how operations are shown, by type and language");
  const api = (options: ConnectionOptions) => displayTemplatesClient(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));
  const ofOne = (name: string, description: string) =>
    leaf(name, description)
      .argument("<type>", "type of the operations")
      .argument("<language>", "language subtag, such as cs");

  const set = ofOne("set", "add it, or take the place of the one that is there").requiredOption(
    "--file <file>",
    "JSON: title, message, attributes, resultTexts, ui; - for standard input",
  );
  returns<ConnectionOptions & { file: string }>(context, set, async (options, type = "", language = "") =>
    shown(await api(options).set(type, language, readJsonFile<DisplayTemplateContent>(options.file))),
  );

  const list = leaf("list", "all of them").option("--type <type>", "only those of this type");
  returns<ConnectionOptions & { type?: string }>(context, list, async (options) => {
    const { type } = options;
    const found = await api(options).list(type === undefined ? {} : { operationType: type });
    const rows = found.map((one) => [one.operationType, one.language, one.title, one.updatedAt]);
    return { json: found, text: table(["TYPE", "LANGUAGE", "TITLE", "CHANGED"], rows) };
  });

  const show = ofOne("show", "one of them");
  returns<ConnectionOptions>(context, show, async (options, type = "", language = "") =>
    shown(await api(options).get(type, language)),
  );

  const remove = ofOne("remove", "take it away; operations are then shown in another language, or plainly");
  returns<ConnectionOptions>(context, remove, async (options, type = "", language = "") => {
    await api(options).remove(type, language);
    return { json: { operationType: type, language }, text: `The display template of ${type} in ${language} is gone.` };
  });
}

function shown(template: StoredDisplayTemplate): Result {
  const { resultTexts = {}, ui = {} } = template;
  const text = facts(
    [
      ["type", template.operationType],
      ["language", template.language],
      ["title", template.title],
      ["message", template.message],
      ...template.attributes.map(
        ({ id, type, text: label, params }) =>
          [
            `  ${id}`,
            `${type} "${label}" ${Object.entries(params)
              .map((pair) => pair.join("="))
              .join(" ")}`,
          ] as const,
      ),
      ...Object.entries(resultTexts).map(([outcome, words]) => [`on ${outcome}`, words] as const),
      ["around it", Object.keys(ui).join(" ") || undefined],
      ["changed", template.updatedAt],
    ],
    "",
  );
  return { json: template, text };
}
