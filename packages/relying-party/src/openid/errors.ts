/**
 * What goes wrong between a back end and Countersign's OpenID side. An approval that did not come and a token that cannot
 * be believed are told apart, and both from a server that does not answer.
 */

export type OpenIdErrorCode =
  /** The person said no, or the bank stopped it: `detail` has the reason. */
  | "denied"
  /** Nobody answered in time. */
  | "expired"
  /** It was decided, and cannot be carried out. */
  | "failed"
  /** The server refuses the request: `error` has its code (RFC 6749 §5.2, CIBA §13), `detail` its words. */
  | "refused"
  /** No answer came. What was asked may have happened or not. */
  | "unreachable"
  /** The caller's signal was aborted. */
  | "cancelled"
  /** An answer came that is not what the specification promises. */
  | "response-malformed"
  /** A call to one's own endpoint does not carry the token of its request: it is not the server's. */
  | "wrong-bearer"
  /** It names a request that is not known here. */
  | "unknown-request"
  | "notification-malformed"
  /** Not a signed ID token, or without a claim that it must have. */
  | "token-malformed"
  /** Another algorithm than ES256, a key that it brings itself, or a header that is not understood. */
  | "token-header"
  | "unknown-key"
  | "wrong-signature"
  | "wrong-issuer"
  | "wrong-audience"
  | "token-expired"
  /** Made in the future: one of the two clocks is wrong. */
  | "token-too-new"
  | "wrong-request"
  | "wrong-user"
  | "wrong-details"
  | "wrong-data"
  /** Weaker than what was asked for. */
  | "wrong-acr"
  | "wrong-access-token"
  | "not-approved"
  /** The device's own signature was demanded, and there is none: its protocol has no asymmetric one. */
  | "no-device-signature"
  /** The device's answer is not of this key, this transaction or this decision. */
  | "wrong-device-signature";

export class OpenIdError extends Error {
  override readonly name = "OpenIdError";
  readonly code: OpenIdErrorCode;
  /** The server's own code, for `refused`. */
  readonly error: string | undefined;
  /** The server's words. */
  readonly detail: string | undefined;

  constructor(
    code: OpenIdErrorCode,
    message: string,
    more: { readonly error?: string; readonly detail?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.error = more.error;
    this.detail = more.detail;
  }
}
