/**
 * What goes wrong between a back end and Countersign, as exceptions with stable codes. Receipts have errors of their
 * own in `receipt.ts`: an unreachable server must never be mistaken for a forged receipt.
 */

/** Codes made on this side. Everything else a `code` can be is what the server said, unchanged. */
export type OwnErrorCode =
  /** Nobody answered, or the connection broke. What was asked may have happened or not. */
  | "unreachable"
  /** No answer within the time of one attempt. What was asked may have happened or not. */
  | "timeout"
  /** The caller's signal was aborted. */
  | "cancelled"
  /** An answer came that is not what the API promises: wrong address, or something in between answered. */
  | "response-malformed";

/** A code of the server, such as `operation-not-found` or `idempotency-conflict`; the set grows with the server. */
export type ServerErrorCode = string & {};

export class RelyingPartyError extends Error {
  override readonly name = "RelyingPartyError";
  readonly code: OwnErrorCode | ServerErrorCode;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** What the server adds: names of members and rules, no values. */
  readonly detail: string | undefined;

  constructor(
    code: OwnErrorCode | ServerErrorCode,
    message: string,
    more: { readonly status?: number; readonly detail?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.status = more.status;
    this.detail = more.detail;
  }
}
