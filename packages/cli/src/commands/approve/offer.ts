/** `countersign offer`: invites a user's device to enrol. */
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../../command.ts";
import { type ConnectionOptions, connectionOf, withConnection } from "../../connection.ts";
import { atLeastOne } from "../../options.ts";
import { facts } from "../../terminal.ts";
import { v1 } from "../../v1.ts";

interface Offered {
  readonly id: string;
  readonly offer: string;
  readonly inviteCode?: string;
  readonly expiresAt: string;
}

interface OfferState {
  readonly id: string;
  readonly state: string;
  readonly userId: string;
  readonly deviceType: string;
  readonly containerId?: string;
  readonly transcriptCode?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

interface CreateOptions extends ConnectionOptions {
  readonly user: string;
  readonly deviceType: string;
  readonly invite?: boolean;
  readonly push?: boolean;
  readonly seconds?: number;
  readonly qr?: boolean;
}

export function offerCommands(program: Command, context: Context): void {
  const group = groupOf(program, "offer", "invitations of Approve devices");
  const api = (options: ConnectionOptions) => v1(connectionOf(context.terminal, options));
  const leaf = (name: string, description: string) => withConnection(group.command(name).description(description));

  const create = leaf("create", "invite a user's device to enrol")
    .requiredOption("--user <id>", "whom the device belongs to")
    .requiredOption("--device-type <id>", "what it has to keep to")
    .option("--invite", "with a code to be typed, too; it is shown this once")
    .option("--push", "send it to the Approve devices that the user has already")
    .option("--seconds <n>", "until it is over; 600 if not given, and at most", atLeastOne)
    .option("--qr", "draw the QR code for the device's camera");
  returns<CreateOptions>(context, create, async (options) => {
    const { user: userId, deviceType, invite, push, seconds } = options;
    const body = {
      userId,
      deviceType,
      ...(invite === true && { invite }),
      ...(push === true && { push }),
      ...(seconds !== undefined && { seconds }),
    };
    const made = await api(options).call<Offered>("POST", "/offers", body);
    const text = facts(
      [
        ["offer", made.id],
        ["until", made.expiresAt],
        ["code to type", made.inviteCode],
        ["for a QR code", made.offer],
      ],
      "",
    );
    return { json: made, text: options.qr === true ? `${text}\n\n${await drawn(made.offer)}` : text };
  });

  const show = leaf("show", "what became of an offer").argument("<id>");
  returns<ConnectionOptions>(context, show, async (options, id = "") => {
    const one = await api(options).call<OfferState>("GET", `/offers/${encodeURIComponent(id)}`);
    const text = facts(
      [
        ["offer", one.id],
        ["state", one.state],
        ["user", one.userId],
        ["device type", one.deviceType],
        ["container", one.containerId],
        ["code on the device", one.transcriptCode],
        ["created", one.createdAt],
        ["until", one.expiresAt],
      ],
      "",
    );
    return { json: one, text };
  });
}

async function drawn(offer: string): Promise<string> {
  const { default: encodeQR } = await import("qr");
  return encodeQR(offer, "ascii").trimEnd();
}
