/**
 * The one exception of the Mobile Token face. The server's own code is always kept as it was sent.
 */
import type { OfflineQrReason } from "@countersign/protocol/operation/offline-qr";
import type { PacReason } from "@countersign/protocol/operation/pac";
import { EngineError } from "../engine/errors.ts";
import { isRecord, refusalOf, type Answer } from "../engine/transport.ts";
import { reasonOfCode, type DecisionAction, type OperationReason } from "./errors/codes.ts";
import { networkCause } from "./errors/network-cause.ts";
import { asPowerAuthError, PowerAuthError, type PowerAuthErrorCode } from "./PowerAuthError.ts";

/**
 * `restApiError` and the `operations_…` of `OperationReason`: the server answered with an error envelope, see
 * `responseError`. `network_errorStatusCode`: it refused without one. `network_invalidResponseObject`: it accepted, and
 * its answer cannot be understood. `network_signError`: the request could not be signed, see `powerAuthErrorCode`;
 * nothing was sent.
 */
export type MobileTokenErrorReason =
  | "restApiError"
  | OperationReason
  | "network_errorStatusCode"
  | "network_invalidResponseObject"
  /** The request cannot be written, see `detail`; nothing was signed or sent. */
  | "network_invalidRequestObject"
  | "network_signError"
  | "network_timeOut"
  /** The device has no network, where the platform tells. */
  | "network_noInternetConnection"
  /** An answer over the limit of size. */
  | "network_badServerResponse"
  /** The server's certificate is not trusted, where the platform tells; elsewhere it is `network_generic`. */
  | "network_sslError"
  | "network_generic"
  | "missingActivation"
  | "canceled"
  /** The instance is not configured, or an address is none. */
  | "invalidConfiguration"
  /** These four were found on the device, see `detail`; nothing was signed or sent. A scanned code is no operation. */
  | "operations_QRFailed"
  /** A link or code is no proximity code. */
  | "operations_PACFailed"
  | "operations_factorsNotAllowed"
  | "operations_proximityCheckInvalid"
  /** A registration for push runs already. */
  | "push_alreadyRegistering"
  /** What came back from the browser is no answer to this request, see `detail`. */
  | "oidc_callbackInvalid"
  | "unknown";

/** What is wrong in particular, found on the device. */
export type MobileTokenErrorDetail =
  | OfflineQrReason
  | PacReason
  | "two-factors-required"
  | "password-not-allowed"
  | "biometrics-not-allowed"
  | "timestamp-received-invalid"
  | "received-after-sent"
  | "mobile-token-data-no-object"
  | "mobile-token-data-no-json"
  | "callback-malformed"
  | "code-missing"
  | "state-missing"
  | "state-mismatch";

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

/** The error that an answer is, or undefined when it is a success with an envelope. The body decides before the status. */
export function errorOf(answer: Answer, action?: DecisionAction): MobileTokenError | undefined {
  const { status: httpStatusCode, json } = answer;
  const { code, message = "" } = refusalOf(answer);
  if (isRecord(json) && json.status === "ERROR" && code !== undefined) {
    return new MobileTokenError(reasonOfCode(code, action), `The server answered ${code}`, {
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
  const below = error.originalException instanceof EngineError ? error.originalException : undefined;
  switch (error.code) {
    case "MISSING_ACTIVATION":
      return "missingActivation";
    case "OPERATION_CANCELED":
      return "canceled";
    case "INSTANCE_NOT_CONFIGURED":
      return "invalidConfiguration";
    case "NETWORK_ERROR":
      if (below?.code === "timeout") return "network_timeOut";
      if (below?.code === "insecure-url") return "invalidConfiguration";
      if (below?.code === "response-too-large") return "network_badServerResponse";
      return networkReasons[networkCause(below) ?? "untold"];
    case "AUTHENTICATION_ERROR":
    case "RESPONSE_ERROR": {
      const code = error.errorData?.serverResponseCode;
      if (code !== undefined) return reasonOfCode(code);
      return below?.code === "response-malformed" ? "network_invalidResponseObject" : "network_errorStatusCode";
    }
    default:
      return "network_signError";
  }
}

const networkReasons = {
  tls: "network_sslError",
  offline: "network_noInternetConnection",
  untold: "network_generic",
} as const;
