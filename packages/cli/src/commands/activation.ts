/** `countersign activation`: devices of users, from the side of the bank. */
import type { Command } from "commander";
import { backOffice } from "../back-office.ts";
import { type Context, groupOf, returns } from "../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../connection.ts";
import { wholeNumber } from "../options.ts";
import { facts, type Result, table } from "../terminal.ts";

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

interface ActivationList {
  readonly activations: readonly ActivationDetail[];
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

  const list = leaf("list", "devices of a user")
    .requiredOption("--user <id>", "whose devices")
    .option("--application <id>", "only those of this app");
  returns<ConnectionOptions & { user: string; application?: string }>(context, list, async (options) => {
    const { user: userId, application: applicationId } = options;
    const answer = await api(options)<ActivationList>("/activation/list", { userId, applicationId });
    const rows = answer.activations.map((one) => [
      one.activationId,
      one.activationStatus,
      one.applicationId ?? "",
      one.activationName ?? "",
      one.timestampLastUsed ?? "",
    ]);
    return { json: answer, text: table(["ACTIVATION", "STATUS", "APPLICATION", "NAME", "LAST USED"], rows) };
  });

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
