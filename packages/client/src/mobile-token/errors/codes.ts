/** Codes that servers are known to send, and which of them have a reason of their own. */

const knownCodes = [
  "ERROR_GENERIC",
  "ERROR_NOT_FOUND",
  "ERR_AUTHENTICATION",
  "ERR_ACTIVATION",
  "ERR_SECURE_VAULT",
  "ERR_ENCRYPTION",
  "ERR_TEMPORARY_KEY",
  "ERR_CONFIG",
  "INVALID_REQUEST",
  "INVALID_ACTIVATION",
  "INVALID_APPLICATION",
  "INVALID_OPERATION",
  "POWERAUTH_AUTH_FAIL",
  "OPERATION_ALREADY_FINISHED",
  "OPERATION_ALREADY_FAILED",
  "OPERATION_ALREADY_CANCELED",
  "OPERATION_EXPIRED",
  "OPERATION_FAILED",
  "OPERATION_REQUIRES_ACTIVATION_FLAG",
  "PUSH_REGISTRATION_FAILED",
  "INBOX_FAILED",
  "APPLICATION_CONFIGURATION_ERROR",
  "ACTIVATION_CODE_FAILED",
  "REMOTE_COMMUNICATION_ERROR",
  "TOO_MANY_REQUESTS",
  "ONBOARDING_FAILED",
  "ONBOARDING_PROCESS_LIMIT_REACHED",
  "TOO_MANY_ONBOARDING_PROCESSES",
  "ONBOARDING_OTP_FAILED",
  "INVALID_DOCUMENT",
  "DOCUMENT_SUBMIT_FAILED",
  "IDENTITY_VERIFICATION_FAILED",
  "IDENTITY_VERIFICATION_LIMIT_REACHED",
  "DOCUMENT_VERIFICATION_FAILED",
  "PRESENCE_CHECK_FAILED",
  "PRESENCE_CHECK_NOT_ENABLED",
  "PRESENCE_CHECK_LIMIT_REACHED",
] as const;

export type KnownRestApiError = (typeof knownCodes)[number];

/** Codes to compare `responseError.code` with. */
export const KnownRestApiError = Object.fromEntries(knownCodes.map((code) => [code, code])) as {
  readonly [Code in KnownRestApiError]: Code;
};

/** What was being done: an operation that expired says so differently. */
export type DecisionAction = "authorize" | "reject";

export type OperationReason =
  | "operations_invalidActivation"
  | "operations_alreadyFinished"
  | "operations_alreadyFailed"
  | "operations_alreadyCanceled"
  | "operations_expired"
  | "operations_authExpired"
  | "operations_rejectExpired"
  /** A try was used up: a wrong password, other data, a proximity check that failed. */
  | "operations_failed";

/** `restApiError` for every code without a reason of its own. */
export function reasonOfCode(code: string, action?: DecisionAction): OperationReason | "restApiError" {
  if (code === "OPERATION_EXPIRED" && action !== undefined) {
    return action === "authorize" ? "operations_authExpired" : "operations_rejectExpired";
  }
  return reasons.get(code) ?? "restApiError";
}

const reasons: ReadonlyMap<string, OperationReason> = new Map([
  ["INVALID_ACTIVATION", "operations_invalidActivation"],
  ["OPERATION_ALREADY_FINISHED", "operations_alreadyFinished"],
  ["OPERATION_ALREADY_FAILED", "operations_alreadyFailed"],
  ["OPERATION_ALREADY_CANCELED", "operations_alreadyCanceled"],
  ["OPERATION_EXPIRED", "operations_expired"],
  ["OPERATION_FAILED", "operations_failed"],
]);
