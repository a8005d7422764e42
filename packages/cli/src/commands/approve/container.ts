/** `countersign container`: Approve devices of users, from the side of the bank. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../../connection.ts";
import { atLeastOne, listed, upperCase } from "../../options.ts";
import { facts, type Result, table, tell } from "../../terminal.ts";
import { v1 } from "../../v1.ts";

interface ListedContainer {
  readonly id: string;
  readonly status: string;
  readonly blockedReason?: string;
  readonly userId: string;
  readonly applicationId: string;
  readonly name?: string;
  readonly platform?: string;
  readonly failedAttempts: number;
  readonly createdAt: string;
  readonly lastUsedAt: string;
}

interface Container extends ListedContainer {
  readonly deviceType: string;
  readonly keys: readonly { readonly use: string; readonly policy: string; readonly state: string }[];
  readonly renewBefore?: string;
  readonly deletionReason?: string;
}

interface ListOptions extends ConnectionOptions {
  readonly user?: string;
  readonly application?: readonly string[];
  readonly status?: readonly string[];
  readonly limit: number;
}

type Reasoned = ConnectionOptions & { readonly reason?: string };

export function containerCommands(program: Command, context: Context): void {
  const group = groupOf(program, "container", "Approve devices of users");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));
  const path = (id: string, more = "") => `/containers/${encodeURIComponent(id)}${more}`;

  const list = leaf("list", "containers, newest first")
    .option("--user <id>", "of this user")
    .option("--application <id>", "only those of this app, repeatable", listed)
    .option("--status <name>", "active, blocked or removed, repeatable", upperCase)
    .option("--limit <n>", "at most so many", atLeastOne, 50);
  returns<ListOptions>(context, list, async (options) => {
    const { user: userId, application: applicationId, status, limit } = options;
    const query = { userId, applicationId, status };
    const { items, more } = await api(options).list<ListedContainer>("/containers", query, limit);
    if (more && options.json !== true) tell(context.terminal, `There are more than ${limit}; --limit shows them.`);
    const rows = items.map((one) => [one.id, one.status, one.userId, one.name ?? "", one.lastUsedAt]);
    return { json: items, text: table(["CONTAINER", "STATUS", "USER", "NAME", "LAST USED"], rows) };
  });

  const show = leaf("show", "one container as it stands").argument("<id>");
  returns<ConnectionOptions>(context, show, async (options, id = "") =>
    shown(await api(options).call<Container>("GET", path(id))),
  );

  const block = leaf("block", "stop a container for now")
    .argument("<id>")
    .option("--reason <text>", "told to nobody but the audit");
  returns<Reasoned>(context, block, async (options, id = "") => {
    const { reason } = options;
    const answer = await api(options).call("POST", path(id, "/block"), reason === undefined ? {} : { reason });
    return { json: answer, text: `Container ${id} is blocked.` };
  });

  const unblock = leaf("unblock", "let a blocked container work again").argument("<id>");
  returns<ConnectionOptions>(context, unblock, async (options, id = "") => {
    const answer = await api(options).call("POST", path(id, "/unblock"), {});
    return { json: answer, text: `Container ${id} is unblocked.` };
  });

  const remove = leaf("remove", "end a container for good")
    .argument("<id>")
    .option("--reason <text>", "told to nobody but the audit");
  returns<Reasoned>(context, remove, async (options, id = "") => {
    const { reason } = options;
    await api(options).call("DELETE", path(id), reason === undefined ? {} : { reason });
    return { json: { id, removed: true }, text: `Container ${id} is removed.` };
  });
}

function shown(one: Container): Result {
  const active = one.keys.filter(({ state }) => state === "ACTIVE");
  const text = facts(
    [
      ["container", one.id],
      ["status", one.status],
      ["blocked because", one.blockedReason],
      ["removed because", one.deletionReason],
      ["user", one.userId],
      ["application", one.applicationId],
      ["device type", one.deviceType],
      ["name", one.name],
      ["platform", one.platform],
      ["keys", active.map(({ use, policy }) => `${use} (${policy})`).join(", ")],
      ["wrong passwords", one.failedAttempts],
      ["renew before", one.renewBefore],
      ["created", one.createdAt],
      ["last used", one.lastUsedAt],
    ],
    "",
  );
  return { json: one, text };
}
