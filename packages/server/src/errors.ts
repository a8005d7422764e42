/**
 * Every reason to refuse, once, with what each surface answers for it.
 *
 * Verbs return `Refusal` values. A route turns one into an answer through the row of its own surface; nothing but the
 * row's text goes out. `detail` is for `invalid-request` only and names fields, never values.
 */

interface Row {
  /** HTTP status and public text of our own API (problem+json, `code` is the key of the row). */
  readonly status: number;
  readonly text: string;
  /** Code of the back-office API in PowerAuth form; always HTTP 400 there. */
  readonly backOffice: string;
  /** HTTP status, code and message on `/pa/*`. */
  readonly powerAuth: readonly [number, string, string];
  /** HTTP status and code on `/api/*`, where it differs from an authentication failure. */
  readonly mobileToken: readonly [number, string];
}

const activationInvalid = [400, "ERR_ACTIVATION", "POWER_AUTH_ACTIVATION_INVALID"] as const;
const encryptionFailed = [400, "ERR_ENCRYPTION", "POWER_AUTH_ENCRYPTION_FAILED"] as const;
const requestInvalid = [401, "ERR_AUTHENTICATION", "POWER_AUTH_REQUEST_INVALID"] as const;
const signatureInvalid = [401, "ERR_AUTHENTICATION", "POWER_AUTH_SIGNATURE_INVALID"] as const;
const authenticationFailed = [401, "POWERAUTH_AUTH_FAIL"] as const;

/** One row per reason, one line per row. */
// oxfmt-ignore
export const refusals = {
  "invalid-request": row(400, "The request is not valid.", "ERR0024", requestInvalid, [400, "INVALID_REQUEST"]),
  unauthenticated: row(401, "Credentials are missing or wrong.", "ERR0024", signatureInvalid, authenticationFailed),
  forbidden: row(403, "These credentials do not allow this.", "ERR0024", signatureInvalid, authenticationFailed),
  "not-found": row(404, "There is nothing at this address.", "ERROR_NOT_FOUND", [404, "ERROR_NOT_FOUND", "NOT_FOUND"], [404, "ERROR_NOT_FOUND"]),
  throttled: row(429, "Too many requests from this address.", "ERR0024", [429, "ERR_THROTTLED", "TOO_MANY_REQUESTS"], [429, "TOO_MANY_REQUESTS"]),
  "outcome-unknown": row(503, "The outcome is not known; look it up before trying again.", "OUTCOME_UNKNOWN", [503, "ERR_UNAVAILABLE", "OUTCOME_UNKNOWN"], [503, "OUTCOME_UNKNOWN"]),
  unavailable: row(503, "The service is not available right now.", "ERR0000", [503, "ERR_UNAVAILABLE", "SERVICE_UNAVAILABLE"], [503, "SERVICE_UNAVAILABLE"]),
  "internal-error": row(500, "Something went wrong here.", "ERR0000", [500, "ERROR_GENERIC", "UNKNOWN_ERROR"], [500, "ERROR_GENERIC"]),

  "application-not-found": row(404, "There is no such application.", "ERR0015", activationInvalid, [400, "INVALID_APPLICATION"]),
  "application-exists": row(409, "An application or version of this name exists.", "ERR0043", requestInvalid, [400, "INVALID_REQUEST"]),
  "version-not-supported": row(400, "This application version is not supported.", "ERR0015", activationInvalid, authenticationFailed),

  "activation-not-found": row(404, "There is no such activation.", "ERR0009", activationInvalid, authenticationFailed),
  "activation-expired": row(409, "The activation is expired.", "ERR0007", activationInvalid, authenticationFailed),
  "activation-state": row(409, "The activation is in another state.", "ERR0008", activationInvalid, authenticationFailed),
  "activation-not-created": row(400, "The activation cannot be created like this.", "ERR0040", activationInvalid, authenticationFailed),
  "activation-transfer": row(409, "The activation cannot be transferred like this.", "ERR0040", activationInvalid, [400, "ACTIVATION_CODE_FAILED"]),
  "provider-not-found": row(404, "There is no such identity provider.", "ERR0024", activationInvalid, [400, "APPLICATION_CONFIGURATION_ERROR"]),
  "activation-busy": row(503, "Too many requests of this activation at once; try again.", "ERR0000", signatureInvalid, authenticationFailed),
  "key-not-valid": row(400, "The key is not valid.", "ERR0010", activationInvalid, authenticationFailed),
  "otp-wrong": row(400, "The one-time password is wrong.", "ERR0031", activationInvalid, authenticationFailed),
  "otp-mode": row(409, "The one-time password is not used in this phase.", "ERR0032", activationInvalid, authenticationFailed),

  "signature-wrong": row(401, "The signature is wrong.", "ERR0012", signatureInvalid, authenticationFailed),
  "signature-type": row(401, "This combination of factors is not allowed here.", "ERR0012", [401, "ERR_AUTHENTICATION", "POWER_AUTH_SIGNATURE_TYPE_INVALID"], authenticationFailed),
  "token-wrong": row(401, "The token is wrong.", "ERR0024", [401, "ERR_AUTHENTICATION", "POWER_AUTH_TOKEN_INVALID"], authenticationFailed),
  "header-missing": row(401, "The authorization header is missing.", "ERR0024", [401, "ERR_AUTHENTICATION", "POWER_AUTH_HTTP_HEADER_MISSING"], authenticationFailed),
  "header-wrong": row(401, "The authorization header is not valid.", "ERR0024", requestInvalid, authenticationFailed),
  "vault-factor": row(400, "These factors do not unlock the vault.", "ERR0012", [400, "ERR_SECURE_VAULT", "POWER_AUTH_SECURE_VAULT_INVALID"], authenticationFailed),
  "upgrade-not-possible": row(400, "There is nothing to upgrade.", "ERR0008", [400, "ERR_UPGRADE", "POWER_AUTH_UPGRADE_FAILED"], [400, "INVALID_REQUEST"]),
  "user-info-failed": row(400, "User information is not available.", "ERR0024", [400, "ERR_USER_INFO", "POWER_AUTH_USER_INFO_ERROR"], [400, "INVALID_REQUEST"]),

  "decryption-failed": row(400, "The encrypted request cannot be opened.", "ERR0018", encryptionFailed, encryptionFailed),
  replayed: row(400, "This request was seen before.", "ERR0024", encryptionFailed, authenticationFailed),
  "temporary-key-missing": row(400, "There is no such temporary key.", "ERR0045", [400, "ERR_TEMPORARY_KEY", "POWER_AUTH_TEMPORARY_KEY_FAILURE"], encryptionFailed),

  "device-type-not-found": approve(404, "There is no such device type."),
  "device-type-in-use": approve(409, "Offers or devices of this type exist."),
  "offer-unknown": approve(400, "There is no such offer."),
  "offer-used": approve(400, "This offer was used."),
  "offer-expired": approve(400, "This offer is over."),
  "device-not-allowed": approve(403, "This device may not enrol."),
  "too-many-devices": approve(403, "This user has as many devices as allowed."),
  "proof-invalid": approve(401, "The proof of possession is not valid."),
  use_dpop_nonce: approve(401, "Repeat with the nonce given."),
  "container-blocked": approve(403, "This container is blocked."),
  "container-removed": approve(403, "This container was removed."),
  "key-expired": approve(403, "This key is over: renew it, or enrol again."),
  "container-not-found": approve(404, "There is no such container."),
  "otp-secret-not-found": approve(404, "There is no such one-time password."),
  "otp-blocked": approve(403, "Too many wrong one-time passwords."),
  "transaction-unknown": approve(404, "There is no such transaction."),
  "status-not-allowed": approve(400, "This answer is not among the allowed ones."),
  "verification-required": approve(400, "This answer needs the person's verification."),
  "number-wrong": approve(400, "The number is wrong, and the transaction has failed."),
  "clone-suspected": approve(409, "Two devices seem to hold the keys of this container."),
  "feature-off": approve(400, "This is not offered here."),
  "user-suspended": row(403, "No transactions for this user at present.", "USER_SUSPENDED", requestInvalid, [400, "INVALID_OPERATION"]),
  "too-many-pending": row(409, "Too many transactions of this user wait for an answer.", "TOO_MANY_PENDING", requestInvalid, [400, "INVALID_OPERATION"]),
  "transaction-claimed": approve(409, "Somebody has this transaction already."),
  "client-unknown": approve(400, "There is no such client for this."),
  "direct-request-unknown": approve(404, "There is no such request for this client."),
  "direct-request-used": approve(409, "This request was redeemed."),
  "direct-request-expired": approve(409, "This request is over."),

  "template-not-found": row(404, "There is no such template.", "ERR0033", requestInvalid, [400, "INVALID_REQUEST"]),
  "template-exists": row(409, "A template of this name exists.", "ERR0039", requestInvalid, [400, "INVALID_REQUEST"]),
  "operation-not-found": row(404, "There is no such operation.", "ERR0034", requestInvalid, [400, "INVALID_OPERATION"]),
  "operation-state": row(409, "The operation is not pending.", "ERR0036", requestInvalid, [400, "INVALID_OPERATION"]),
  "operation-not-approvable": row(409, "The operation cannot be approved.", "ERR0037", requestInvalid, [400, "INVALID_OPERATION"]),
  "operation-not-rejectable": row(409, "The operation cannot be rejected.", "ERR0038", requestInvalid, [400, "INVALID_OPERATION"]),
  "operation-flag": row(409, "The operation needs an activation flag.", "ERR0037", requestInvalid, [400, "OPERATION_REQUIRES_ACTIVATION_FLAG"]),
  "operation-failed": row(401, "The operation was not approved.", "ERR0037", signatureInvalid, [401, "OPERATION_FAILED"]),
  "operation-canceled": row(409, "The operation was canceled.", "ERR0036", requestInvalid, [400, "OPERATION_ALREADY_CANCELED"]),
  "operation-finished": row(409, "The operation was decided already.", "ERR0036", requestInvalid, [400, "OPERATION_ALREADY_FINISHED"]),
  "operation-out-of-tries": row(409, "The operation failed.", "ERR0036", requestInvalid, [400, "OPERATION_ALREADY_FAILED"]),
  "operation-expired": row(409, "The operation is expired.", "ERR0036", requestInvalid, [400, "OPERATION_EXPIRED"]),
  "sink-not-found": row(404, "There is no such webhook.", "ERR0024", requestInvalid, [400, "INVALID_REQUEST"]),
  "not-decided": row(409, "The operation is not decided.", "ERR0036", requestInvalid, [400, "INVALID_OPERATION"]),
  "operation-not-offline": row(409, "The operation cannot be approved by a retyped code.", "ERR0037", requestInvalid, [400, "INVALID_OPERATION"]),
  "offline-qr-missing": row(409, "No QR code of this operation was made for this activation.", "ERR0037", requestInvalid, [400, "INVALID_OPERATION"]),
  "offline-code-wrong": row(400, "The code is wrong.", "ERR0012", signatureInvalid, authenticationFailed),
  "push-registration": row(400, "This push registration is not valid.", "ERR0024", requestInvalid, [400, "PUSH_REGISTRATION_FAILED"]),
  "push-gateway-not-found": row(404, "There is no such push gateway.", "ERR0024", requestInvalid, [400, "PUSH_REGISTRATION_FAILED"]),
  "inbox-message-not-found": row(404, "There is no such message.", "ERR0024", requestInvalid, [400, "INBOX_FAILED"]),
  "idempotency-conflict": row(409, "This idempotency key was used with another request.", "ERR0024", requestInvalid, [400, "INVALID_REQUEST"]),
} satisfies Record<string, Row>;

export type RefusalCode = keyof typeof refusals;

/** An expected "no". `detail` may name a field or a rule; it holds no value from the request. */
export interface Refusal {
  readonly refused: RefusalCode;
  readonly detail?: string;
}

export function refuse(refused: RefusalCode, detail?: string): Refusal {
  return detail === undefined ? { refused } : { refused, detail };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}

/** Carries a refusal from inside a route to the error handler of its surface. */
export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.refused);
    this.refusal = refusal;
  }
}

/** The value of a verb, or the refusal as an exception for the surface's error handler. */
export function orRefuse<T>(value: T | Refusal): T {
  if (isRefusal(value)) throw new RefusedError(value);
  return value;
}

function row(
  status: number,
  text: string,
  backOffice: string,
  powerAuth: readonly [number, string, string],
  mobileToken: readonly [number, string, string?],
): Row {
  return { status, text, backOffice, powerAuth, mobileToken: [mobileToken[0], mobileToken[1]] };
}

/** A reason that only the Approve surface and our own API meet. */
function approve(status: number, text: string): Row {
  return row(status, text, "ERR0024", requestInvalid, [400, "INVALID_REQUEST"]);
}
