/**
 * Why the engine did not do what was asked: one closed set of codes, independent of the face above it.
 *
 * The engine throws; the faces translate the codes into their own and keep what the server said.
 */

export type EngineErrorCode =
  // network
  | "network"
  | "timeout"
  | "cancelled"
  | "insecure-url"
  | "response-too-large"
  // answers: 401, another status that is no success, a success that cannot be understood
  | "unauthorized"
  | "refused"
  | "response-malformed"
  | "time-unknown"
  // state of the activation
  | "activation-missing"
  | "activation-pending"
  | "activation-exists"
  | "activation-not-pending"
  | "activation-data-invalid"
  | "activation-data-newer"
  // activation code
  | "activation-code-invalid"
  | "activation-code-signature-invalid"
  | "recovery-code-invalid"
  // factors
  | "password-too-short"
  | "new-password-too-short"
  | "password-changed-meanwhile"
  | "parameter-invalid"
  | "biometry-not-configured"
  | "biometry-not-supported"
  | "biometry-not-available"
  | "biometry-not-enrolled"
  | "biometry-not-recognized"
  | "biometry-lockout"
  | "biometry-cancelled"
  | "biometry-fallback"
  | "biometry-failed"
  // tokens
  | "token-unknown"
  | "token-factors-differ"
  | "token-of-other-activation"
  // encryption and vault
  | "encryption-failed"
  | "vault-invalid"
  // the storage port failed; `cause` is its StorageError
  | "storage";

/** What a server answered when it refused. */
export interface Refusal {
  readonly status: number;
  /** As received, at most the size limit of a response. */
  readonly body: string;
  /** Code and message of a standard error envelope. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Further members of the error object, such as `currentRecoveryPukIndex`. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;
  readonly refusal: Refusal | undefined;

  constructor(code: EngineErrorCode, message: string, options: ErrorOptions & { readonly refusal?: Refusal } = {}) {
    super(message, options);
    this.code = code;
    this.refusal = options.refusal;
  }
}
