/** A relying party's own address: https on loopback, trusted by this process, and clients that are told their results there. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Json } from "./bank.ts";
import type { OidcBank, OidcClient } from "./oidc-bank.ts";
import { makeCertificates, type Receiver, startReceiver } from "../../../tools/receiver.ts";

export const notificationToken = "8d67dc78-7faa-4d41-aabd-67707b374255";

/** Loopback may be called by servers of these tests. */
export const reachable = { outboundAllow: ["127.0.0.0/8"] };

const certificates = makeCertificates();
setDefaultCACertificates([...getCACertificates("default"), certificates.authority]);

/** For server processes that have to trust it as well (`NODE_EXTRA_CA_CERTS`). */
export function authorityFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), "countersign-authority-")), "ca.pem");
  writeFileSync(file, certificates.authority);
  return file;
}

export function startRelyingParty(): Promise<Receiver> {
  return startReceiver(certificates.server);
}

export function toldClient(oidc: OidcBank, mode: "ping" | "push", { url }: Receiver, more: Json = {}) {
  return oidc.client({
    backchannel_token_delivery_mode: mode,
    backchannel_client_notification_endpoint: url,
    ...more,
  });
}

/** The `auth_req_id` of a request that brings the token of its client's address. */
export function startTold(oidc: OidcBank, client: OidcClient, user: string, more: Record<string, string> = {}) {
  return oidc.started(client, { login_hint: user, client_notification_token: notificationToken, ...more });
}
