/**
 * Connects a customer's device. With Mobile Token the bank gives a code, sees the same digits as the device, and confirms;
 * with Approve it makes an offer, and the device that takes it is enrolled.
 */
import type { Initialized } from "../../commands/activation.ts";
import { names } from "../parties.ts";
import type { Customer } from "./customers.ts";
import { refuse } from "./refusal.ts";
import { bankName, deviceType, type Ties } from "./set-up.ts";

export type Kind = "mobile-token" | "approve";

/** Throws a refusal for anything else. */
export function readKind({ kind = "mobile-token" }: Readonly<Record<string, unknown>>): Kind {
  if (kind !== "mobile-token" && kind !== "approve") throw refuse(400, "kind");
  return kind;
}

export interface Invitation {
  /** To be typed. */
  readonly code?: string;
  /** For a camera: the code with the server's signature, or the offer. */
  readonly qr: string;
  /** For a browser on this machine. */
  readonly link: string;
}

export async function invite(ties: Ties, customer: Customer, kind: Kind): Promise<Invitation> {
  const { publicUrl: server, configuration } = ties;
  if (kind === "approve") {
    const asked = { userId: customer.userId, deviceType };
    const { id, offer } = await ties.api.call<{ id: string; offer: string }>("POST", "/offers", asked);
    customer.connecting = { kind, id };
    return { qr: offer, link: `${server}/authenticator/#${new URLSearchParams({ offer })}` };
  }
  const { activationId, activationCode, activationSignature } = await ties.backOffice<Initialized>("/activation/init", {
    applicationId: names.application,
    userId: customer.userId,
  });
  customer.connecting = { kind, id: activationId };
  const qr = `${activationCode}#${activationSignature}`;
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
  open: "waiting",
  used: "active",
};

export async function connectionState(ties: Ties, { connecting }: Customer): Promise<ConnectionState> {
  if (connecting === undefined) return { state: "gone" };
  const { kind, id } = connecting;
  if (kind === "approve") {
    const offer = await ties.api.call<{ state: string }>("GET", `/offers/${id}`);
    return { state: states[offer.state] ?? "gone" };
  }
  const { activationStatus, devicePublicKeyFingerprint: digits } = await ties.backOffice<{
    activationStatus: string;
    devicePublicKeyFingerprint?: string;
  }>("/activation/status", { activationId: id });
  const state = states[activationStatus] ?? "gone";
  return { state, ...(state === "confirm" && digits && { digits }) };
}

/** The person says that both screens show the same. */
export async function confirm(ties: Ties, customer: Customer): Promise<ConnectionState> {
  const { connecting } = customer;
  const { state } = await connectionState(ties, customer);
  if (connecting === undefined || state !== "confirm") throw refuse(409, "nothing-to-confirm");
  await ties.backOffice("/activation/commit", { activationId: connecting.id });
  return { state: "active" };
}

/** Active Mobile Token devices of this customer, the newest first. */
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

/** How many Approve devices may decide for this customer. */
export async function countContainers({ api }: Ties, { userId }: Customer): Promise<number> {
  const which = { userId, applicationId: names.application, status: "ACTIVE" };
  return (await api.list("/containers", which, 100)).items.length;
}

interface Listed {
  readonly activationId: string;
  readonly activationStatus: string;
  readonly timestampCreated: string;
}
