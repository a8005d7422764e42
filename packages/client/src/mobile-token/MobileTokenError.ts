/**
 * The one exception of the Mobile Token face. The server's own code is always kept as it was sent.
 */
import type { OfflineQrReason } from "@countersign/protocol/operation/offline-qr";
import type { PacReason } from "@countersign/protocol/operation/pac";
import { EngineError } from "../engine/errors.ts";
import { isRecord, refusalOf, type Answer } from "../engine/transport.ts";
import { asPowerAuthError, PowerAuthError, type PowerAuthErrorCode } from "./PowerAuthError.ts";

/**
 * `restApiError`: the server answered with an error envelope, see `responseError`. `network_errorStatusCode`: it refused
 * without one. `network_invalidResponseObject`: it accepted, and its answer cannot be understood. `network_signError`: the
 * request could not be signed, see `powerAuthErrorCode`; nothing was sent. The four that begin with `operations_` were
 * found on the device, see `detail`; nothing was signed or sent.
 */
export type MobileTokenErrorReason =
  | "restApiError"
  | "network_errorStatusCode"
  | "network_invalidResponseObject"
  | "network_invalidRequestObject"
  | "network_signError"
  | "network_timeOut"
  | "network_generic"
  | "missingActivation"
  | "canceled"
  /** A scanned code is no offline operation. */
  | "operations_QRFailed"
  /** A link or code is no proximity code. */
  | "operations_PACFailed"
  | "operations_factorsNotAllowed"
  | "operations_proximityCheckInvalid"
  | "unknown";

/** What is wrong in particular, found on the device. */
export type MobileTokenErrorDetail =
  | OfflineQrReason
  | PacReason
  | "two-factors-required"
  | "biometrics-not-allowed"
  | "timestamp-received-invalid"
  | "received-after-sent";

export interface ResponseError {
  /** As received; `KnownRestApiError` has those that servers are known to send. */
  readonly code: string;
  readonly message: string;
}

export class MobileTokenError extends Error {
  override readonly name = "MobileTokenError";
  readonly reason: MobileTokenErrorReason;
  readonly responseError: ResponseError | undefined;
  readonly httpStatusCode: number | undefined;
  readonly powerAuthErrorCode: PowerAuthErrorCode | undefined;
  readonly detail: MobileTokenErrorDetail | undefined;
  readonly originalException: unknown;

  constructor(
    reason: MobileTokenErrorReason,
    message: string,
    details: {
      readonly responseError?: ResponseError | undefined;
      readonly httpStatusCode?: number | undefined;
      readonly powerAuthErrorCode?: PowerAuthErrorCode | undefined;
      readonly detail?: MobileTokenErrorDetail | undefined;
      readonly originalException?: unknown;
    } = {},
  ) {
    super(message, details.originalException === undefined ? undefined : { cause: details.originalException });
    this.reason = reason;
    this.responseError = details.responseError;
    this.httpStatusCode = details.httpStatusCode;
    this.powerAuthErrorCode = details.powerAuthErrorCode;
    this.detail = details.detail;
    this.originalException = details.originalException;
  }

  /** The same as `message`. */
  get description(): string {
    return this.message;
  }
}

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
] as const;

export type KnownRestApiError = (typeof knownCodes)[number];

/** Codes to compare `responseError.code` with. */
export const KnownRestApiError = Object.fromEntries(knownCodes.map((code) => [code, code])) as {
  readonly [Code in KnownRestApiError]: Code;
};

/** The error that an answer is, or undefined when it is a success with an envelope. The body decides before the status. */
export function errorOf(answer: Answer): MobileTokenError | undefined {
  const { status: httpStatusCode, json } = answer;
  const { code, message = "" } = refusalOf(answer);
  if (isRecord(json) && json.status === "ERROR" && code !== undefined) {
    return new MobileTokenError("restApiError", `The server answered ${code}`, {
      httpStatusCode,
      responseError: { code, message },
    });
  }
  if (httpStatusCode < 200 || httpStatusCode > 299) {
    return new MobileTokenError("network_errorStatusCode", `The server answered ${httpStatusCode}`, { httpStatusCode });
  }
  if (isRecord(json) && json.status === "OK") return undefined;
  const text = "The server's answer is not an envelope";
  return new MobileTokenError("network_invalidResponseObject", text, { httpStatusCode });
}

/** Any exception as a `MobileTokenError`; one that is one already stays. */
export function asMobileTokenError(error: unknown): MobileTokenError {
  if (error instanceof MobileTokenError) return error;
  if (error instanceof EngineError) return asMobileTokenError(asPowerAuthError(error));
  if (!(error instanceof PowerAuthError)) {
    return new MobileTokenError("unknown", "Unexpected failure", { originalException: error });
  }
  const { httpStatusCode, serverResponseCode: code, serverResponseMessage: message = "" } = error.errorData ?? {};
  return new MobileTokenError(reasonOf(error), error.message, {
    httpStatusCode,
    responseError: code === undefined ? undefined : { code, message },
    powerAuthErrorCode: error.code,
    originalException: error,
  });
}

function reasonOf(error: PowerAuthError): MobileTokenErrorReason {
  const below = error.originalException instanceof EngineError ? error.originalException.code : undefined;
  if (below === "timeout") return "network_timeOut";
  switch (error.code) {
    case "MISSING_ACTIVATION":
      return "missingActivation";
    case "OPERATION_CANCELED":
      return "canceled";
    case "NETWORK_ERROR":
      return "network_generic";
    case "AUTHENTICATION_ERROR":
    case "RESPONSE_ERROR":
      if (error.errorData?.serverResponseCode !== undefined) return "restApiError";
      return below === "response-malformed" ? "network_invalidResponseObject" : "network_errorStatusCode";
    default:
      return "network_signError";
  }
}
