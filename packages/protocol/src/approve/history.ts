/** What became of the transactions that a container was told (Approve protocol §7): pages of the past, newest first. */
import { exactly, listOf, seconds, shaped, text, url, uuid } from "./claims.ts";
import type { Message } from "./message.ts";

export interface PastTransaction {
  readonly tid: string;
  readonly status: "APPROVED" | "REJECTED" | "CANCELED" | "EXPIRED" | "FAILED";
  /** When it was created, and when it ended. */
  readonly iat: number;
  readonly at: number;
  /** `display.text` as this container was told it. */
  readonly text: string;
}

export interface HistoryClaims {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly transactions: readonly PastTransaction[];
  /** Where the next page begins; absent after the last one. */
  readonly next?: string;
}

const past = shaped({
  required: {
    tid: uuid,
    status: exactly("APPROVED", "REJECTED", "CANCELED", "EXPIRED", "FAILED"),
    iat: seconds,
    at: seconds,
    text: text(65_536, 0),
  },
  open: true,
});

/** Transactions of one page. */
export const mostPast = 20;

export const history: Message<HistoryClaims> = {
  typ: "apv-history+jwt",
  shape: {
    required: { iss: url, aud: uuid, iat: seconds, transactions: listOf(past, mostPast) },
    optional: { next: text(64) },
    open: true,
  },
};
