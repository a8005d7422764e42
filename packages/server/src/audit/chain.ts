/**
 * The hash chain of the audit: how an event becomes a row that is tied to the row before it.
 *
 * Every writer has its own chain, called a lane, so that nodes never wait for each other. The chain covers a salted
 * digest of the event, never the event itself: payload and salt can be erased and the chain still verifies. Lanes are
 * joined by checkpoints (`checkpoint.ts`). Nothing here touches a database.
 */
import { hash } from "node:crypto";
import type { AuditEventTable } from "../store/schema.ts";
import type { Event, EventDraft } from "./event.ts";

/** The end of a lane: what the next entry is tied to. */
export interface Head {
  readonly lane: string;
  /** Of the last entry, 0 before the first. */
  readonly seq: number;
  /** Of the last entry; before the first, the hash of the checkpoint the lane is linked to, or empty text. */
  readonly hash: string;
}

export interface ChainedEvent {
  readonly row: AuditEventTable;
  readonly head: Head;
}

/** Length of the text of a salt: 16 bytes in Base64. Fixed, so that salt ‖ payload cannot be cut in two ways. */
export const saltLength = 24;

/** Ties an event to the end of a lane. `salt` is 16 random bytes in Base64; `at` is epoch milliseconds. */
export function chainEvent(
  head: Head,
  tenant: string,
  draft: EventDraft,
  made: { readonly id: string; readonly at: number; readonly salt: string },
): ChainedEvent {
  const { type, subject, data } = draft;
  const { id, at, salt } = made;
  const seq = head.seq + 1;
  const event: Event = { id, type, ver: 1, tenant, subject, seq, at, data };
  const payload = JSON.stringify(event);
  const payload_digest = payloadDigest(salt, payload);
  const entry = { lane: head.lane, seq, id, type, subject, at, payload_digest, previous_hash: head.hash };
  const row = { tenant, ...entry, salt, payload, hash: entryHash(entry) };
  return { row, head: { lane: head.lane, seq, hash: row.hash } };
}

/** SHA-256 over the salt's text ‖ payload, in Base64. */
export function payloadDigest(salt: string, payload: string): string {
  return hash("sha256", salt + payload, "base64");
}

type Entry = Pick<
  AuditEventTable,
  "lane" | "seq" | "id" | "type" | "subject" | "at" | "payload_digest" | "previous_hash"
>;

/** SHA-256 in Base64 over a JSON array: the one encoding here that cannot be read in two ways. */
export function entryHash(entry: Entry): string {
  const { lane, seq, id, type, subject, at, payload_digest, previous_hash } = entry;
  return hash("sha256", JSON.stringify([lane, seq, id, type, subject, at, payload_digest, previous_hash]), "base64");
}
