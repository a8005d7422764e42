/**
 * Why a message was refused, as values.
 *
 * Functions of this package return a `Failure` for whatever a peer can send, and throw only when their own caller broke
 * a promise (a key of the wrong provider, an activation-scope envelope without an activation).
 */

export type ProtocolErrorCode =
  // headers: PowerAuth 3.x, HTTP headers
  | "header-malformed"
  | "activation-id-invalid"
  | "application-key-invalid"
  | "nonce-invalid"
  | "signature-type-invalid"
  | "signature-invalid"
  | "signature-version-invalid"
  | "token-id-invalid"
  | "token-digest-invalid"
  | "token-nonce-invalid"
  | "token-timestamp-invalid"
  | "token-version-invalid"
  | "encryption-application-key-invalid"
  | "encryption-activation-id-invalid"
  | "encryption-activation-id-missing"
  | "encryption-activation-id-not-expected"
  | "encryption-version-invalid"
  // envelopes: PowerAuth 3.x, ECIES
  | "envelope-malformed"
  | "envelope-key-invalid"
  | "envelope-mac-invalid"
  | "envelope-not-decrypted"
  // activation
  | "activation-code-invalid"
  | "recovery-code-invalid"
  | "puk-invalid"
  | "activation-data-malformed"
  | "public-key-invalid"
  // status
  | "status-malformed"
  // temporary keys
  | "temporary-key-malformed"
  | "temporary-key-signature-invalid"
  | "temporary-key-mismatch"
  // vault
  | "vault-key-invalid"
  | "device-key-invalid"
  // configuration
  | "client-configuration-invalid"
  // operations
  | "operation-data-malformed"
  | "operation-parameter-invalid"
  | "offline-payload-malformed"
  | "proximity-code-malformed"
  // messages of the Approve protocol
  | "message-too-long"
  | "message-malformed"
  | "message-type-wrong"
  | "message-algorithm-wrong"
  | "message-header-wrong"
  | "message-claims-wrong"
  | "message-signature-wrong"
  | "message-not-opened"
  | "text-not-shown";

export interface Failure {
  readonly error: ProtocolErrorCode;
}

export function failure(error: ProtocolErrorCode): Failure {
  return { error };
}

/** Narrows a result. No successful result of this package has a member called `error`. */
export function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "error" in value;
}
