/** Who takes part in the demo: a bank with an application and a template, and a device. Made when missing, else used again. */
import type { Jwks } from "@countersign/relying-party/receipt";
import { fetchJwks } from "@countersign/relying-party/receipt";
import { backOffice, type BackOffice } from "../back-office.ts";
import type { ApplicationDetail } from "../commands/application.ts";
import type { Initialized } from "../commands/activation.ts";
import type { Template } from "../commands/template.ts";
import type { Connection } from "../connection.ts";
import { Failure } from "../failure.ts";
import { type Device, openDevice, readProfile, saveProfile } from "../profile.ts";
import type { Recorder } from "./recorder.ts";

export const names = {
  application: "demo-bank",
  template: "demo-payment",
  user: "alice",
  device: "Alice's phone",
} as const;

/** No secret: it is printed, and there to be typed in by whoever tries the commands. */
export const demoPin = "2580";

const template = {
  templateName: names.template,
  operationType: "payment",
  dataTemplate: "A1*A${amount}${currency}*I${iban}**D${dueDate}*N${note}",
  signatureType: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
  maxFailureCount: 5,
  expiration: 300,
};

export interface Parties {
  readonly application: ApplicationDetail;
  readonly template: Template;
  readonly device: Device;
  readonly activationId: string;
  readonly fingerprint: string;
  /** Absent when the device was there from an earlier run. */
  readonly activationCode?: string;
  /** What the bank pins before the first receipt. */
  readonly keys: Jwks;
}

export async function gather(
  connection: Connection,
  publicUrl: string,
  deviceDirectory: string,
  recorder: Recorder,
): Promise<Parties> {
  const bank = backOffice(connection);
  const application = await findOrCreateApplication(bank);
  const device = await activeDevice(bank, application, publicUrl, deviceDirectory, recorder);
  return {
    application,
    template: await findOrCreateTemplate(bank),
    ...device,
    keys: await fetchJwks(`${publicUrl}/.well-known/countersign/jwks.json`),
  };
}

async function findOrCreateApplication(bank: BackOffice): Promise<ApplicationDetail> {
  const { applications } = await bank<{ applications: { applicationId: string }[] }>("/application/list");
  if (!applications.some(({ applicationId }) => applicationId === names.application)) {
    await bank("/application/create", { applicationId: names.application });
  }
  return bank<ApplicationDetail>("/application/detail", { applicationId: names.application });
}

async function findOrCreateTemplate(bank: BackOffice): Promise<Template> {
  const templates = await bank<readonly Template[]>("/operation/template/list");
  const found = templates.find(({ templateName }) => templateName === names.template);
  return found ?? bank<Template>("/operation/template/create", template);
}

type DeviceParts = Pick<Parties, "device" | "activationId" | "fingerprint" | "activationCode">;

async function activeDevice(
  bank: BackOffice,
  { versions }: ApplicationDetail,
  publicUrl: string,
  directory: string,
  { fetch }: Recorder,
): Promise<DeviceParts> {
  const configuration = versions.find(({ supported }) => supported)?.mobileSdkConfig;
  if (configuration === undefined)
    throw new Failure("failed", "no-version", `${names.application} has no supported version.`);
  // Opened with the address of this run: the port may be another one than last time.
  const device = await openDevice(directory, { url: publicUrl, configuration, name: names.device }, (url, init) =>
    fetch(url, init),
  );
  const { powerAuth } = device;
  if (isSaved(directory, configuration) && (await powerAuth.hasValidActivation())) {
    const { state } = await powerAuth.fetchActivationStatus();
    if (state === "ACTIVE") {
      saveProfile(directory, device.profile);
      return { device, ...(await identity(device)) };
    }
  }
  await powerAuth.removeActivationLocal();
  return { device, ...(await activate(bank, device, directory)) };
}

/** A device of an application that was made anew is of no use. */
function isSaved(directory: string, configuration: string): boolean {
  try {
    return readProfile(directory).configuration === configuration;
  } catch {
    return false;
  }
}

async function activate(bank: BackOffice, device: Device, directory: string): Promise<Omit<DeviceParts, "device">> {
  const { PowerAuthActivation, PowerAuthAuthentication } = await import("@countersign/client/mobile-token");
  const { activationCode, activationSignature } = await bank<Initialized>("/activation/init", {
    applicationId: names.application,
    userId: names.user,
  });
  const code = `${activationCode}#${activationSignature}`;
  await device.powerAuth.createActivation(PowerAuthActivation.createWithActivationCode(code, names.device));
  saveProfile(directory, device.profile);
  await device.powerAuth.commitActivation(PowerAuthAuthentication.commitWithPassword(demoPin));
  const { activationId, fingerprint } = await identity(device);
  const seen = await bank<{ devicePublicKeyFingerprint?: string }>("/activation/status", { activationId });
  if (seen.devicePublicKeyFingerprint !== fingerprint) {
    throw new Failure(
      "notVerified",
      "fingerprints-differ",
      "Bank and device see different keys: somebody is in between.",
    );
  }
  await bank("/activation/commit", { activationId });
  return { activationId, fingerprint, activationCode };
}

async function identity({ powerAuth }: Device): Promise<{ activationId: string; fingerprint: string }> {
  const [activationId, fingerprint] = [
    await powerAuth.getActivationIdentifier(),
    await powerAuth.getActivationFingerprint(),
  ];
  return { activationId: activationId ?? "", fingerprint: fingerprint ?? "" };
}
