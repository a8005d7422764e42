/** `countersign device`: this machine as somebody's device. The same SDK as in an app, with a terminal for a screen. */
import { hostname } from "node:os";
import type { UserOperation } from "@countersign/client/mobile-token";
import type { Command } from "commander";
import { type Context, groupOf, returns } from "../command.ts";
import { Failure, usageFailure } from "../failure.ts";
import { formLine, formText } from "../form.ts";
import { type PinOptions, readPin, withPin } from "../pin.ts";
import { type Device, openDevice, openProfile, profileDirectory, saveProfile, withProfile } from "../profile.ts";
import { facts, instant, type Result, table, tell } from "../terminal.ts";

interface ProfileOptions {
  readonly profile?: string;
}

interface ActivateOptions extends ProfileOptions, PinOptions {
  readonly url: string;
  readonly config: string;
  readonly code: string;
  readonly name?: string;
  readonly insecureHttp?: boolean;
}

export function deviceCommands(program: Command, context: Context): void {
  const { terminal } = context;
  const group = groupOf(program, "device", "this machine as somebody's device");
  const leaf = (name: string, description: string) => withProfile(group.command(name).description(description));
  const open = (options: ProfileOptions) => openProfile(profileDirectory(terminal, options));

  const activate = withPin(leaf("activate", "become a device, with a code from the bank"))
    .requiredOption("--url <url>", "public address of the server")
    .requiredOption("--config <text>", "configuration of the app, from `countersign application show`")
    .requiredOption("--code <code>", "activation code, with or without #signature")
    .option("--name <text>", "how the bank's list names this device; the machine's name when not given")
    .option("--insecure-http", "permit plain http to another machine");
  returns<ActivateOptions>(context, activate, async (options) => {
    if (!URL.canParse(options.url)) throw usageFailure(`${options.url} is not an address.`);
    const directory = profileDirectory(terminal, options);
    const { url, config: configuration, name = hostname(), insecureHttp: insecure = false } = options;
    const device = await openDevice(directory, { url, configuration, name, ...(insecure && { insecure }) });
    if (await device.powerAuth.hasValidActivation()) {
      const hint = "remove it first, or choose another --profile";
      throw new Failure("failed", "activation-exists", `${directory} holds an activation already.`, { hint });
    }
    const pin = await readPin(terminal, options, "Choose a PIN", "choose");
    return activated(directory, device, options.code, pin);
  });

  const status = leaf("status", "how this device stands with its server");
  returns<ProfileOptions>(context, status, async (options) => {
    const device = await open(options);
    const { powerAuth, profile } = device;
    const { state, failCount, maxFailCount, remainingAttempts } = await powerAuth.fetchActivationStatus();
    const activationId = await powerAuth.getActivationIdentifier();
    const fingerprint = await powerAuth.getActivationFingerprint();
    const text = facts(
      [
        ["status", state],
        ["activation", activationId],
        ["fingerprint", fingerprint],
        ["server", profile.url],
        ["PIN tries left", state === "ACTIVE" ? `${remainingAttempts} of ${maxFailCount}` : undefined],
      ],
      "",
    );
    return {
      json: { activationId, state, fingerprint, failCount, maxFailCount, remainingAttempts, url: profile.url },
      text,
    };
  });

  const list = leaf("list", "what waits for a decision");
  returns<ProfileOptions>(context, list, async (options) => {
    const operations = await (await open(options)).mobileToken.operations.getOperations();
    const rows = operations.map((one) => [
      one.id,
      one.formData.title || one.name,
      one.operationExpires === undefined ? "" : instant(one.operationExpires.getTime()),
      formLine(one),
    ]);
    return { json: operations.map(({ raw }) => raw), text: table(["OPERATION", "TITLE", "EXPIRES", "SHOWS"], rows) };
  });

  const show = leaf("show", "one operation, as it is to be decided").argument("<id>");
  returns<ProfileOptions>(context, show, async (options, id = "") => {
    const operation = await (await open(options)).mobileToken.operations.getDetail(id);
    return { json: operation.raw, text: `${formText(operation)}\n${facts([["Signed data", operation.data]])}` };
  });

  const approve = withPin(leaf("approve", "show an operation, ask for the PIN, sign")).argument("<id>");
  returns<ProfileOptions & PinOptions>(context, approve, async (options, id = "") => {
    const device = await open(options);
    const operation = await device.mobileToken.operations.getDetail(id);
    if (options.json !== true) tell(terminal, formText(operation));
    const needsPin = pinAllowed(operation);
    const pin = needsPin ? await readPin(terminal, options, "PIN to approve this") : undefined;
    await approved(device, operation, pin);
    return decided(operation, "APPROVED");
  });

  const reject = leaf("reject", "refuse an operation; needs no PIN")
    .argument("<id>")
    .option("--reason <text>", "UNKNOWN, INCORRECT_DATA, UNEXPECTED_OPERATION, or your own words", "UNKNOWN");
  returns<ProfileOptions & { reason: string }>(context, reject, async (options, id = "") => {
    const { operations } = (await open(options)).mobileToken;
    const operation = await operations.getDetail(id);
    await operations.reject(operation, options.reason);
    return decided(operation, "REJECTED");
  });

  const remove = withPin(leaf("remove", "end this device's activation")).option(
    "--local",
    "only forget it here, without PIN; the server is not told",
  );
  returns<ProfileOptions & PinOptions & { local?: boolean }>(context, remove, async (options) => {
    const { powerAuth } = await open(options);
    const activationId = await powerAuth.getActivationIdentifier();
    if (options.local === true) {
      await powerAuth.removeActivationLocal();
      return { json: { activationId, removed: "local" }, text: "Forgotten here. The server still knows this device." };
    }
    const { PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
    const pin = await readPin(terminal, options, "PIN to remove this device");
    await powerAuth.removeActivationWithAuthentication(PowerAuthAuthentication.password(pin));
    return { json: { activationId, removed: "server" }, text: "This device is removed, here and on the server." };
  });
}

async function activated(directory: string, device: Device, code: string, pin: string): Promise<Result> {
  const { PowerAuthActivation, PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  const { powerAuth, profile } = device;
  const activation = PowerAuthActivation.createWithActivationCode(code, profile.name);
  const { activationFingerprint: fingerprint } = await powerAuth.createActivation(activation);
  // Before the activation is kept: one without its profile could not be used, nor removed by its own PIN.
  saveProfile(directory, profile);
  await powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(pin));
  const activationId = await powerAuth.getActivationIdentifier();
  const text = [
    facts(
      [
        ["activation", activationId],
        ["fingerprint", fingerprint],
      ],
      "",
    ),
    "",
    "Next: compare the fingerprint with what the bank sees, and let the bank run",
    `  countersign activation commit ${activationId}`,
  ].join("\n");
  return { json: { activationId, fingerprint, profile: directory }, text };
}

/** Whether a PIN decides; false when the device alone will do. */
export function pinAllowed({ allowedSignatureType }: UserOperation): boolean {
  const { type, variants } = allowedSignatureType;
  if (type === "1FA") return false;
  if (variants.includes("possession_knowledge")) return true;
  const names = variants.join(", ");
  throw new Failure("failed", "factor-not-available", `This operation asks for factors that are not here: ${names}.`);
}

async function approved(
  { powerAuth, mobileToken }: Device,
  operation: UserOperation,
  pin: string | undefined,
): Promise<void> {
  const { MobileTokenError, PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  const authentication =
    pin === undefined ? PowerAuthAuthentication.possession() : PowerAuthAuthentication.password(pin);
  try {
    await mobileToken.operations.authorize(operation, authentication);
  } catch (error) {
    if (!(error instanceof MobileTokenError) || error.responseError?.code !== "POWERAUTH_AUTH_FAIL") throw error;
    const { state, remainingAttempts } = await powerAuth.fetchActivationStatus();
    const left =
      state === "ACTIVE"
        ? `The PIN is most likely wrong; tries left: ${remainingAttempts}.`
        : `The device is ${state}.`;
    throw new Failure("failed", "POWERAUTH_AUTH_FAIL", `Not approved. ${left}`, { cause: error });
  }
}

function decided(operation: UserOperation, decision: "APPROVED" | "REJECTED"): Result {
  return {
    json: { operationId: operation.id, decision },
    text: `${decision === "APPROVED" ? "Approved" : "Rejected"}.`,
  };
}
