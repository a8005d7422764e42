/** References to transactions: what push messages, lists and QR codes carry (Approve protocol §5). */
import { isFailure } from "@countersign/protocol/errors";
import { importVerifier } from "@countersign/protocol/approve/jws";
import { readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { openReference, reference, referenceKind } from "@countersign/protocol/approve/reference";
import type { Deps } from "../../deps.ts";
import type { OperationRow } from "../../store/store.ts";
import { type Container, keyFor } from "../container.ts";
import { serverKeyAt, signForDevices } from "../server-key.ts";

type ReferenceDeps = Pick<Deps, "signingKeys" | "publicUrl">;
type Pointed = Pick<OperationRow, "id" | "created_at" | "expires_at">;

/** For one container. */
export function referenceFor(
  deps: ReferenceDeps,
  operation: Pointed,
  container: Container,
  now: number,
): Promise<string> {
  return signForDevices(deps, reference, {
    iss: deps.publicUrl,
    tid: operation.id,
    act: "tx",
    iat: seconds(now),
    exp: Math.max(seconds(now) + 1, seconds(operation.expires_at)),
    cid: container.activation.id,
    tk: keyFor(container, "enc").kid,
  });
}

/**
 * For whoever scans it first. `n` rises with each code that a page shows (APV-REF-3). A code is good while it is shown and
 * while the next one is: what was photographed is worth little.
 */
export function openReferenceFor(deps: ReferenceDeps, operation: Pointed, now: number): Promise<string> {
  const rotates = openReference.rotates * 1000;
  const n = Math.max(0, Math.floor((now - operation.created_at) / rotates));
  return signForDevices(deps, reference, {
    iss: deps.publicUrl,
    tid: operation.id,
    act: "tx",
    iat: seconds(now),
    exp: Math.max(seconds(now) + 1, seconds(operation.created_at + (n + 2) * rotates)),
    qr: 1,
    n,
  });
}

/** What a page without a camera opens in the app. */
export function linkOf({ publicUrl }: Pick<Deps, "publicUrl">, text: string): string {
  return `${publicUrl}/approve/v1/open#ref=${text}`;
}

/** Whether this is our code for this operation, the one of now or the one before. */
export async function isOpenReference(
  deps: ReferenceDeps,
  text: string,
  operationId: string,
  now: number,
): Promise<boolean> {
  const read = readMessage(reference, text);
  if (isFailure(read) || read.claims.tid !== operationId || read.claims.iss !== deps.publicUrl) return false;
  if (referenceKind(read.claims) !== "open" || seconds(now) >= read.claims.exp) return false;
  // Shown before a rotation it stays good for its minute.
  const jwk = await serverKeyAt(deps, read.kid, read.claims.iat * 1000);
  const verifier = jwk === undefined ? undefined : await importVerifier(jwk);
  return verifier !== undefined && !isFailure(verifier) && !isFailure(await verifyMessage(read, verifier));
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
