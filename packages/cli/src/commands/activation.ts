/** `countersign activation`: devices of users, from the side of the bank. */
import type { Command } from "commander";
import { backOffice } from "../back-office.ts";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { atLeastOne, listed, upperCase, wholeNumber } from "../options.ts";
import { facts, type Result, table, tell } from "../terminal.ts";
import { v1 } from "../v1.ts";

export interface Initialized {
  readonly activationId: string;
  readonly activationCode: string;
  readonly activationSignature: string;
  readonly userId: string;
  readonly applicationId: string;
}

interface ActivationDetail {
  readonly activationId: string;
  readonly activationStatus: string;
  readonly userId: string;
  readonly applicationId?: string;
  readonly activationName?: string | null;
  readonly blockedReason?: string | null;
  readonly devicePublicKeyFingerprint?: string | null;
  readonly failedAttempts?: number;
  readonly maxFailedAttempts?: number;
  readonly timestampCreated?: string;
  readonly timestampLastUsed?: string;
}

export function activationCommands(program: Command, context: Context): void {
  const group = groupOf(program, "activation", "devices of users, from the side of the bank");
  const api = (options: ConnectionOptions) => backOffice(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));

  const init = leaf("init", "prepare a device's activation and get its code")
    .requiredOption("--application <id>", "app on the device")
    .requiredOption("--user <id>", "whom the device belongs to")
    .option("--max-failures <n>", "wrong PINs until the device is blocked", wholeNumber)
    .option("--qr", "draw the QR code for the device's camera");
  type InitOptions = ConnectionOptions & { application: string; user: string; maxFailures?: number; qr?: boolean };
  returns<InitOptions>(context, init, async (options) => {
    const { application: applicationId, user: userId, maxFailures: maxFailureCount } = options;
    const answer = await api(options)<Initialized>("/activation/init", { applicationId, userId, maxFailureCount });
    return { json: answer, text: initialized(answer, options.qr === true ? await drawn(answer) : []) };
  });

  const commit = leaf("commit", "let a device that has used its code begin to work").argument("<id>");
  returns<ConnectionOptions>(context, commit, async (options, activationId = "") => {
    const answer = await api(options)("/activation/commit", { activationId });
    return { json: answer, text: `Activation ${activationId} is committed.` };
  });

  listCommands(context, leaf);

  const status = leaf("status", "one device as it stands").argument("<id>");
  returns<ConnectionOptions>(context, status, async (options, activationId = "") =>
    shown(await api(options)<ActivationDetail>("/activation/status", { activationId })),
  );

  const block = leaf("block", "stop a device for now")
    .argument("<id>")
    .option("--reason <text>", "told to nobody but the audit");
  returns<ConnectionOptions & { reason?: string }>(context, block, async (options, activationId = "") => {
    const answer = await api(options)("/activation/block", { activationId, reason: options.reason });
    return { json: answer, text: `Activation ${activationId} is blocked.` };
  });

  const unblock = leaf("unblock", "let a blocked device work again").argument("<id>");
  returns<ConnectionOptions>(context, unblock, async (options, activationId = "") => {
    const answer = await api(options)("/activation/unblock", { activationId });
    return { json: answer, text: `Activation ${activationId} is unblocked.` };
  });

  const remove = leaf("remove", "end a device's activation for good").argument("<id>");
  returns<ConnectionOptions>(context, remove, async (options, activationId = "") => {
    const answer = await api(options)("/activation/remove", { activationId });
    return { json: answer, text: `Activation ${activationId} is removed.` };
  });
}

type Leaf = (name: string, description: string) => Command;

interface ListOptions extends ConnectionOptions {
  readonly user?: string;
  readonly application?: readonly string[];
  readonly status?: readonly string[];
  readonly limit: number;
}

/** As `/v1` gives it in lists. */
interface ListedActivation {
  readonly id: string;
  readonly status: string;
  readonly applicationId: string;
  readonly userId: string;
  readonly name?: string;
  readonly lastUsedAt: string;
}

interface HistoryItem {
  readonly at: string;
  readonly status: string;
  readonly name?: string;
  readonly reason?: string;
  readonly by?: string;
}

function listCommands(context: Context, leaf: Leaf): void {
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const path = (id: string, more: string) => `/activations/${encodeURIComponent(id)}${more}`;

  const list = leaf("list", "devices, newest first")
    .option("--user <id>", "of this user")
    .option("--application <id>", "only those of this app, repeatable", listed)
    .option("--status <name>", "in this state, repeatable", upperCase)
    .option("--limit <n>", "at most so many", atLeastOne, 50);
  returns<ListOptions>(context, list, async (options) => {
    const { user: userId, application: applicationId, status, limit } = options;
    const query = { userId, applicationId, status };
    const { items, more } = await api(options).list<ListedActivation>("/activations", query, limit);
    if (more && options.json !== true) tell(context.terminal, `There are more than ${limit}; --limit shows them.`);
    const rows = items.map((one) => [
      one.id,
      one.status,
      one.applicationId,
      one.userId,
      one.name ?? "",
      one.lastUsedAt,
    ]);
    return { json: items, text: table(["ACTIVATION", "STATUS", "APPLICATION", "USER", "NAME", "LAST USED"], rows) };
  });

  const history = leaf("history", "states and names a device had, oldest first").argument("<id>");
  returns<ConnectionOptions>(context, history, async (options, id = "") => {
    const { items } = await api(options).call<{ items: readonly HistoryItem[] }>("GET", path(id, "/history"));
    const rows = items.map((one) => [one.at, one.status, one.name ?? "", one.reason ?? "", one.by ?? ""]);
    return { json: items, text: table(["AT", "STATUS", "NAME", "REASON", "BY"], rows) };
  });

  const rename = leaf("rename", "give a device another name").argument("<id>").argument("<name>");
  returns<ConnectionOptions>(context, rename, async (options, id = "", name = "") => {
    const answer = await api(options).call("PUT", path(id, "/name"), { name });
    return { json: answer, text: `Activation ${id} is named ${name}.` };
  });

  const flags = leaf("flags", "replace the flags of a device; none are left when none are given")
    .argument("<id>")
    .option("--flag <name>", "one of them, repeatable", listed);
  returns<ConnectionOptions & { flag?: readonly string[] }>(context, flags, async (options, id = "") => {
    const answer = await api(options).call<{ flags: readonly string[] }>("PUT", path(id, "/flags"), {
      flags: options.flag ?? [],
    });
    return { json: answer, text: `Flags of ${id}: ${answer.flags.join(" ") || "none"}` };
  });
}

/** What a camera reads: the code with the signature that proves it comes from this application. */
function scanned({ activationCode, activationSignature }: Initialized): string {
  return `${activationCode}#${activationSignature}`;
}

async function drawn(answer: Initialized): Promise<string[]> {
  const { default: encodeQR } = await import("qr");
  return ["", encodeQR(scanned(answer), "ascii").trimEnd()];
}

function initialized(answer: Initialized, qrCode: readonly string[]): string {
  const { activationId, userId, activationCode } = answer;
  return [
    facts(
      [
        ["activation", activationId],
        ["user", userId],
        ["code", activationCode],
        ["for a QR code", scanned(answer)],
      ],
      "",
    ),
    ...qrCode,
    "",
    "Next: enter the code on the device, compare the fingerprints, then",
    `  countersign activation commit ${activationId}`,
  ].join("\n");
}

function shown(one: ActivationDetail): Result {
  const text = facts(
    [
      ["activation", one.activationId],
      ["status", one.activationStatus],
      ["blocked because", one.blockedReason],
      ["user", one.userId],
      ["application", one.applicationId],
      ["name", one.activationName],
      ["fingerprint", one.devicePublicKeyFingerprint],
      ["wrong PINs", one.maxFailedAttempts && `${one.failedAttempts ?? 0} of ${one.maxFailedAttempts}`],
      ["created", one.timestampCreated],
      ["last used", one.timestampLastUsed],
    ],
    "",
  );
  return { json: one, text };
}
