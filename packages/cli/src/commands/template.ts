/** `countersign template`: what every operation made from it inherits. */
import type { Command } from "commander";
import { backOffice } from "../back-office.ts";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { listed, wholeNumber } from "../options.ts";
import { facts, table } from "../terminal.ts";
import { v1 } from "../v1.ts";

export interface Template {
  readonly id: number;
  readonly templateName: string;
  readonly operationType: string;
  readonly dataTemplate: string;
  readonly signatureType: readonly string[];
  readonly maxFailureCount: number;
  readonly expiration: number;
  readonly riskFlags: string | null;
}

interface CreateOptions extends ConnectionOptions {
  readonly type?: string;
  readonly data: string;
  readonly factors?: readonly string[];
  readonly maxFailures: number;
  readonly seconds: number;
  readonly riskFlags?: string;
}

export function templateCommands(program: Command, context: Context): void {
  const group = groupOf(program, "template", "kinds of operations");
  const api = (options: ConnectionOptions) => backOffice(connectionOf(context.terminal, options));

  const create = withConnection(group.command("create").description("add a kind of operation"))
    .argument("<name>")
    .requiredOption("--data <pattern>", "what is signed, such as 'A1*A${amount}${currency}*I${iban}'")
    .option("--type <type>", "shown as title; the name when not given")
    .option(
      "--factors <combination>",
      "a combination that may approve, repeatable (possession_knowledge, possession_biometry)",
      listed,
    )
    .option("--max-failures <n>", "failed tries until the operation fails", wholeNumber, 5)
    .option("--seconds <n>", "how long an operation can be decided", wholeNumber, 300)
    .option("--risk-flags <letters>", "X swaps the buttons, C blocks approval during a call, F warns of fraud");
  returns<CreateOptions>(context, create, async (options, name = "") => {
    const { data, type = name, factors = ["possession_knowledge", "possession_biometry"] } = options;
    const answer = await api(options)<Template>("/operation/template/create", {
      templateName: name,
      operationType: type,
      dataTemplate: data,
      signatureType: factors.map((factor) => factor.toUpperCase()),
      maxFailureCount: options.maxFailures,
      expiration: options.seconds,
      riskFlags: options.riskFlags,
    });
    return { json: answer, text: shown(answer) };
  });

  const list = withConnection(group.command("list").description("all kinds of operations"));
  returns<ConnectionOptions>(context, list, async (options) => {
    const answer = await api(options)<readonly Template[]>("/operation/template/list");
    const rows = answer.map((one) => [
      one.id,
      one.templateName,
      one.operationType,
      one.dataTemplate,
      `${one.expiration} s`,
    ]);
    return { json: answer, text: table(["ID", "NAME", "TYPE", "DATA", "OPEN FOR"], rows) };
  });

  const named = (name: string) => `/templates/${encodeURIComponent(name)}`;
  const show = withConnection(group.command("show").description("one kind of operations")).argument("<name>");
  returns<ConnectionOptions>(context, show, async (options, name = "") => {
    const one = await v1(connectionOf(context.terminal, options)).call<TemplateOfV1>("GET", named(name));
    const { signatureTypes: signatureType, expirationSeconds: expiration, riskFlags = null, ...rest } = one;
    return { json: one, text: shown({ ...rest, templateName: one.name, signatureType, expiration, riskFlags }) };
  });

  const remove = withConnection(
    group.command("remove").description("remove a kind of operations; those made from it stay as they are"),
  ).argument("<name>");
  returns<ConnectionOptions>(context, remove, async (options, name = "") => {
    await v1(connectionOf(context.terminal, options)).call("DELETE", named(name));
    return { json: { name, removed: true }, text: `Template ${name} is removed.` };
  });
}

interface TemplateOfV1 {
  readonly id: number;
  readonly name: string;
  readonly operationType: string;
  readonly dataTemplate: string;
  readonly signatureTypes: readonly string[];
  readonly maxFailureCount: number;
  readonly expirationSeconds: number;
  readonly riskFlags?: string;
}

function shown(template: Template): string {
  return facts(
    [
      ["template", template.templateName],
      ["type", template.operationType],
      ["signed data", template.dataTemplate],
      ["factors", template.signatureType.join(" or ").toLowerCase()],
      ["tries", template.maxFailureCount],
      ["open for", `${template.expiration} s`],
      ["risk flags", template.riskFlags],
    ],
    "",
  );
}
