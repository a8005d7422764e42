/** `countersign api-client`: programs that use the private API, and what they may do. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { listed } from "../options.ts";
import { facts, table } from "../terminal.ts";
import { v1 } from "../v1.ts";

interface ApiClient {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly applications?: readonly string[];
  readonly createdAt: string;
}

export function apiClientCommands(program: Command, context: Context): void {
  const group = groupOf(program, "api-client", "programs that use the private API");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));

  const create = leaf("create", "let a program in; its secret is shown this once")
    .argument("<name>")
    .requiredOption("--permission <name>", "admin, integrate, operate, relying-party or decide; repeatable", listed)
    .option("--application <id>", "only for this app, repeatable", listed);
  type CreateOptions = ConnectionOptions & { permission: readonly string[]; application?: readonly string[] };
  returns<CreateOptions>(context, create, async (options, name = "") => {
    const { permission: permissions, application: applications } = options;
    const body = { name, permissions, ...(applications !== undefined && { applications }) };
    const made = await api(options).call<{ clientId: string; clientSecret: string }>("POST", "/api-clients", body);
    const text = facts(
      [
        ["client id", made.clientId],
        ["secret", made.clientSecret],
      ],
      "",
    );
    return { json: made, text };
  });

  const list = leaf("list", "all programs, without their secrets");
  returns<ConnectionOptions>(context, list, async (options) => {
    const { items } = await api(options).call<{ items: readonly ApiClient[] }>("GET", "/api-clients");
    const rows = items.map((one) => [
      one.id,
      one.name,
      one.permissions.join(" "),
      one.applications?.join(" ") ?? "(all)",
    ]);
    return { json: items, text: table(["CLIENT", "NAME", "PERMISSIONS", "APPLICATIONS"], rows) };
  });

  const remove = leaf("remove", "end a program's access at once").argument("<id>");
  returns<ConnectionOptions>(context, remove, async (options, id = "") => {
    await api(options).call("DELETE", `/api-clients/${encodeURIComponent(id)}`);
    return { json: { id, removed: true }, text: `API client ${id} is removed.` };
  });
}
