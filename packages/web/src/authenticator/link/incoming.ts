/**
 * A proximity code that opened the page, or was scanned outside of its operation. It is kept in memory until its
 * operation is shown, over unlocking and loading; the time it came in belongs to it.
 */
import { PacUtils, ProximityCheck, ProximityCheckType } from "@countersign/client/mobile-token";
import { signal } from "@preact/signals";
import { parametersOf } from "../activation/entry.ts";

export interface Incoming {
  readonly operationId: string;
  /** Undefined for a code without one-time password. */
  readonly check: ProximityCheck | undefined;
  /** The same for who has Approve accounts only: a transaction's id, which came in the same link. */
  readonly reference: string | undefined;
}

/** To be matched to its operation. */
export const incoming = signal<Incoming | undefined>(undefined);

/** Matched already, and waiting for its operation's screen. */
let matched: Incoming | undefined;

/** Throws `MobileTokenError` for what is no proximity code. */
export function receive(text: string, type: ProximityCheckType): void {
  const read = type === ProximityCheckType.QR_CODE ? PacUtils.parseQRCode(text) : PacUtils.parseDeeplink(text);
  const check = read.potp === undefined ? undefined : new ProximityCheck(read.potp, type);
  incoming.value = { operationId: read.oid, check, reference: parametersOf(text)?.get("ref") ?? undefined };
}

export function match(): void {
  matched = incoming.value;
  incoming.value = undefined;
}

/** For its operation, once. */
export function takeProximity(operationId: string): ProximityCheck | undefined {
  if (matched?.operationId !== operationId) return undefined;
  const { check } = matched;
  matched = undefined;
  return check;
}
