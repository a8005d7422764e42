/** Connects a customer's device: the bank gives a code, sees the same digits as the device, and confirms. */
import type { Initialized } from "../../commands/activation.ts";
import { names } from "../parties.ts";
import type { Customer } from "./customers.ts";
import { refuse } from "./refusal.ts";
import { bankName, type Ties } from "./set-up.ts";

export interface Invitation {
  readonly code: string;
  /** For a camera: the code with the server's signature. */
  readonly qr: string;
  /** For a browser on this machine. */
  readonly link: string;
}

export async function invite(ties: Ties, customer: Customer): Promise<Invitation> {
  const { activationId, activationCode, activationSignature } = await ties.backOffice<Initialized>("/activation/init", {
    applicationId: names.application,
    userId: customer.userId,
  });
  customer.activationId = activationId;
  const qr = `${activationCode}#${activationSignature}`;
  const { publicUrl: server, configuration } = ties;
  const parameters = new URLSearchParams({ code: qr, server, configuration, name: bankName });
  return { code: activationCode, qr, link: `${server}/authenticator/#${parameters}` };
}

export interface ConnectionState {
  readonly state: "waiting" | "confirm" | "active" | "gone";
  /** Shown on both screens while the person is asked to compare. */
  readonly digits?: string;
}

const states: Readonly<Record<string, ConnectionState["state"]>> = {
  CREATED: "waiting",
  PENDING_COMMIT: "confirm",
  ACTIVE: "active",
};

export async function connectionState(ties: Ties, { activationId }: Customer): Promise<ConnectionState> {
  if (activationId === undefined) return { state: "gone" };
  const { activationStatus, devicePublicKeyFingerprint: digits } = await ties.backOffice<{
    activationStatus: string;
    devicePublicKeyFingerprint?: string;
  }>("/activation/status", { activationId });
  const state = states[activationStatus] ?? "gone";
  return { state, ...(state === "confirm" && digits && { digits }) };
}

/** The person says that both screens show the same. */
export async function confirm(ties: Ties, customer: Customer): Promise<ConnectionState> {
  const { activationId } = customer;
  const { state } = await connectionState(ties, customer);
  if (activationId === undefined || state !== "confirm") throw refuse(409, "nothing-to-confirm");
  await ties.backOffice("/activation/commit", { activationId });
  return { state: "active" };
}

/** Active devices of this customer, the newest first. */
export async function devicesOf(ties: Ties, { userId }: Customer): Promise<readonly string[]> {
  const { activations } = await ties.backOffice<{ activations: Listed[] }>("/activation/list", {
    applicationId: names.application,
    userId,
  });
  return activations
    .filter(({ activationStatus }) => activationStatus === "ACTIVE")
    .toSorted((a, b) => Date.parse(b.timestampCreated) - Date.parse(a.timestampCreated))
    .map(({ activationId }) => activationId);
}

interface Listed {
  readonly activationId: string;
  readonly activationStatus: string;
  readonly timestampCreated: string;
}
