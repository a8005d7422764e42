/** An invitation to enrol, in any of the forms in which it reaches a device, and whether it is authentic (APV-OFF-2). */
import { isFailure } from "@countersign/protocol/errors";
import { importVerifier } from "@countersign/protocol/approve/jws";
import { isNamedJwk, type NamedJwk, thumbprint } from "@countersign/protocol/approve/keys";
import { type Read, readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { offer, type OfferClaims } from "@countersign/protocol/approve/offer";
import { protocolVersion } from "@countersign/protocol/approve/transaction";
import { isRecord } from "../../transport.ts";
import type { ApproveDevice } from "../device.ts";
import { ApproveError } from "../errors.ts";
import { ask, requireSafe, send } from "../exchange.ts";

/** What a person types where nothing can be scanned (APV-OFF-3). */
export interface Typed {
  readonly userId: string;
  readonly inviteCode: string;
  readonly serverUrl: string;
}

export interface AuthenticOffer {
  readonly claims: OfferClaims;
  /** Keys of the server that the offer names: they may sign the record. */
  readonly serverKeys: readonly NamedJwk[];
}

/**
 * From a QR code or push message: the offer itself, JSON around it with `dty`, or a link that carries it. Throws
 * `parameter-invalid`.
 */
export function readOffer(activationCode: string): Read<OfferClaims> {
  const read = readMessage(offer, offerTextOf(activationCode.trim()));
  if (isFailure(read)) throw new ApproveError("parameter-invalid", "The activation code is no offer");
  return read;
}

/** Redeems an invite code; the answer's text is the offer. */
export async function redeemInvite(device: ApproveDevice, { userId, inviteCode, serverUrl }: Typed): Promise<string> {
  const iss = addressOf(serverUrl);
  const body = JSON.stringify({ userId, inviteCode });
  const answer = await send(device, device.connectionOf(undefined), { iss, method: "POST", path: offersPath, body });
  if (typeof answer.offer !== "string") throw new ApproveError("message-wrong", "The server gives no offer");
  if (readOffer(answer.offer).claims.iss !== iss) {
    throw new ApproveError("message-wrong", "The offer is of another server than the one that was typed");
  }
  return answer.offer;
}

const offersPath = "/approve/v1/offers";

/** Asks the server over TLS for its keys: one of them is named by the offer, and has signed it. */
export async function authenticateOffer(device: ApproveDevice, read: Read<OfferClaims>): Promise<AuthenticOffer> {
  const { claims, kid } = read;
  requireSafe(claims.iss);
  const call = { iss: claims.iss, method: "GET", path: "/approve/v1/metadata" } as const;
  const { issuer, keys, versions } = await ask(device, device.connectionOf(undefined), call);
  if (!Array.isArray(versions) || !versions.includes(protocolVersion)) {
    throw new ApproveError("version", "The server does not speak this version of the protocol");
  }
  const named = Array.isArray(keys) ? keys.filter(isNamedJwk) : [];
  const serverKeys = named.filter((key) => isTrue(device, key) && claims.sks.includes(key.kid));
  const key = serverKeys.find((one) => one.kid === kid);
  const verifier = key && (await importVerifier(key));
  const authentic =
    issuer === claims.iss &&
    verifier !== undefined &&
    !isFailure(verifier) &&
    !isFailure(await verifyMessage(read, verifier));
  if (!authentic) throw new ApproveError("message-wrong", "The offer is not one of this server");
  return { claims, serverKeys };
}

/** Server keys are named by their thumbprint (APV-KEY-3). */
function isTrue({ sha256 }: Pick<ApproveDevice, "sha256">, key: NamedJwk): boolean {
  return thumbprint(sha256, key) === key.kid;
}

export function addressOf(serverUrl: string): string {
  const address = serverUrl.trim().replace(/\/+$/, "");
  requireSafe(address);
  return address;
}

function offerTextOf(text: string): string {
  if (text.startsWith("{")) {
    const json = parsed(text);
    const inner = isRecord(json) && json.dty === "apv1" ? (json.offer ?? json.prov) : undefined;
    return typeof inner === "string" ? inner : "";
  }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text) || !URL.canParse(text)) return text;
  const { searchParams, hash } = new URL(text);
  const inFragment = new URLSearchParams(hash.slice(1));
  return searchParams.get("offer") ?? inFragment.get("offer") ?? "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
