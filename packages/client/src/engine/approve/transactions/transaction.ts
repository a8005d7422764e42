/** Fetches a transaction and believes it, or does not (Approve protocol §7). */
import { isFailure } from "@countersign/protocol/errors";
import { type Opener, readEnvelope } from "@countersign/protocol/approve/jwe";
import type { Message, Read } from "@countersign/protocol/approve/message";
import { checkRequest } from "@countersign/protocol/approve/parties";
import { shownDefect } from "@countersign/protocol/approve/shown";
import { isUnderstood, transaction, type TransactionClaims } from "@countersign/protocol/approve/transaction";
import { callAs } from "../call.ts";
import { serverSeconds } from "../clock.ts";
import type { ApproveDevice } from "../device.ts";
import { ApproveError } from "../errors.ts";
import type { Credential } from "../key-vault.ts";
import type { Pointed } from "./reference.ts";
import { activeCaller } from "../renew.ts";
import { verifiedMessage } from "../server-keys.ts";
import { type ContainerState, keyOf } from "../state.ts";

export interface Fetched {
  /** The signed transaction's characters, which the answer covers. */
  readonly text: string;
  readonly claims: TransactionClaims;
  /** Whether the relying party's own signature says the same (APV-RP-2). */
  readonly verified: boolean;
}

/**
 * Throws what the server refuses with, what the vault throws for the session key, `message-wrong` for anything that was
 * altered on the way, is another's or would show something else than is signed, and `version`.
 */
export async function fetchTransaction(
  device: ApproveDevice,
  { container: { id }, claims, text: ref }: Pointed,
  credential: Credential,
): Promise<Fetched> {
  const { container, caller } = await activeCaller(device, id);
  // Before anything is fetched: an open reference is used up by whoever comes first.
  const opener = await device.vaultOf(id).opener(keyOf(container, "enc").kid, credential);
  const path = pathOf(claims.tid);
  const body = JSON.stringify(claims.cid === undefined ? { ref } : {});
  const answer = await callAs(device, caller, { method: "POST", path, body, repeatable: true });
  const read = await openSealed(device, container, opener, transaction, answer.transaction);
  const defect = defectOf(device, container, claims.tid, read.claims);
  if (defect !== undefined) throw defect;
  const request = await checkRequest(device.parties ?? container.parties, read.claims);
  if (request !== "verified" && request !== "unpinned") throw altered(`is not what was asked for: ${request}`);
  return { text: read.text, claims: read.claims, verified: request === "verified" };
}

/**
 * What the server encrypted to this container, verified. Throws `message-wrong` for what was altered on the way, or is another's.
 */
export async function openSealed<Claims extends { readonly iss: string; readonly aud: string; readonly iat: number }>(
  device: ApproveDevice,
  container: ContainerState,
  opener: Opener,
  message: Message<Claims>,
  sealed: unknown,
): Promise<Read<Claims>> {
  const jwe = typeof sealed === "string" ? sealed : "";
  const parties = readEnvelope(jwe);
  if (isFailure(parties) || parties.containerKid !== opener.kid) throw altered("is not encrypted to this container");
  const text = await opener.open(jwe);
  if (text === undefined) throw altered("does not open");
  const read = await verifiedMessage(device, container, message, text);
  if (read.kid !== parties.serverKid) throw altered("was wrapped by another than its signer");
  if (read.claims.aud !== container.cid) throw altered("is another's");
  return read;
}

export function pathOf(tid: string): string {
  return `/approve/v1/transactions/${tid}`;
}

function defectOf(
  device: ApproveDevice,
  { user, iss }: ContainerState,
  tid: string,
  claims: TransactionClaims,
): ApproveError | undefined {
  if (claims.tid !== tid || claims.user !== user) return altered("is another one");
  if (!isUnderstood(claims)) return new ApproveError("version", "The transaction asks for a newer version");
  if (isOver(device, iss, claims)) return new ApproveError("operation-expired", "The transaction is over");
  const { text, form } = claims.display;
  const defect = shownDefect(text, form, claims.details.parameters);
  return defect === undefined ? undefined : altered(`cannot be shown: ${defect}`);
}

/** By a clock that may be wrong by what the protocol allows; the server decides anyway. */
function isOver(device: ApproveDevice, iss: string, { exp }: TransactionClaims): boolean {
  return serverSeconds(device, iss) >= exp + 60;
}

function altered(why: string): ApproveError {
  return new ApproveError("message-wrong", `The transaction ${why}`);
}
