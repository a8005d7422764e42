/** Why a call of the Approve engine did not do what was asked: the server's codes (Approve protocol §12), and our own. */

/** In the order of the table of §12. */
const serverCodes = [
  "invalid-request",
  "proof-invalid",
  "use_dpop_nonce",
  "container-blocked",
  "container-removed",
  "key-expired",
  "signature-wrong",
  "offer-unknown",
  "offer-used",
  "offer-expired",
  "device-not-allowed",
  "too-many-devices",
  "transaction-unknown",
  "operation-expired",
  "operation-canceled",
  "operation-finished",
  "operation-out-of-tries",
  "status-not-allowed",
  "verification-required",
  "number-wrong",
  "clone-suspected",
  "feature-off",
  "version-not-supported",
  "user-suspended",
  "throttled",
  "unavailable",
  "outcome-unknown",
] as const;

export type ServerCode = (typeof serverCodes)[number];

export type ApproveErrorCode =
  | ServerCode
  /** The server refused with a code that this version does not know; it stands in the message. */
  | "refused"
  /** No answer: the server was not reached, or did not answer in time. */
  | "network"
  /** An answer that cannot be read, or that proves nothing. */
  | "message-wrong"
  /** The server wants a newer device, or speaks no version that we know. */
  | "version"
  | "parameter-invalid"
  | "container-unknown"
  /** `users` are those to choose from. */
  | "container-ambiguous"
  /** The stored state cannot be read. */
  | "state-invalid"
  /** The device secret or a key is gone. */
  | "lost"
  | "prompt-cancelled";

export class ApproveError extends Error {
  override readonly name = "ApproveError";
  readonly code: ApproveErrorCode;
  readonly users: readonly string[];

  constructor(
    code: ApproveErrorCode,
    message: string,
    more: ErrorOptions & { readonly users?: readonly string[] } = {},
  ) {
    super(message, more);
    this.code = code;
    this.users = more.users ?? [];
  }
}

export function isServerCode(code: unknown): code is ServerCode {
  return (serverCodes as readonly unknown[]).includes(code);
}

/** Whether nothing is known of what the server did with a request that ended like this. */
export function isUnknownOutcome(error: unknown): boolean {
  return (
    error instanceof ApproveError && ["network", "unavailable", "outcome-unknown", "message-wrong"].includes(error.code)
  );
}
