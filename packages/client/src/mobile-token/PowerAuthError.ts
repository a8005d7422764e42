/**
 * The one exception of the PowerAuth face: a code out of a closed set, and what the server said.
 */
import { EngineError, type EngineErrorCode, type Refusal } from "../engine/errors.ts";
import { StorageError } from "../storage/port.ts";

const codes = [
  "SUCCEED",
  "NETWORK_ERROR",
  "SIGNATURE_ERROR",
  "INVALID_ACTIVATION_STATE",
  "INVALID_ACTIVATION_DATA",
  "MISSING_ACTIVATION",
  "PENDING_ACTIVATION",
  "OPERATION_CANCELED",
  "INVALID_ACTIVATION_CODE",
  "INVALID_RECOVERY_CODE",
  "INVALID_CHARACTER",
  "INVALID_ACTIVATION_OBJECT",
  "INVALID_TOKEN",
  "LOCAL_TOKEN_NOT_AVAILABLE",
  "CANNOT_GENERATE_TOKEN",
  "INVALID_ENCRYPTOR",
  "ENCRYPTION_ERROR",
  "WRONG_PARAMETER",
  "PROTOCOL_UPGRADE",
  "PENDING_PROTOCOL_UPGRADE",
  "BIOMETRY_CANCEL",
  "BIOMETRY_FALLBACK",
  "BIOMETRY_NOT_SUPPORTED",
  "BIOMETRY_NOT_AVAILABLE",
  "BIOMETRY_NOT_ENROLLED",
  "BIOMETRY_NOT_CONFIGURED",
  "BIOMETRY_NOT_RECOGNIZED",
  "BIOMETRY_LOCKOUT",
  "BIOMETRY_FAILED",
  "INSUFFICIENT_KEYCHAIN_PROTECTION",
  "EXTERNAL_PENDING_OPERATION",
  "WATCH_CONNECTIVITY",
  "INSTANCE_NOT_CONFIGURED",
  "INVALID_NATIVE_OBJECT",
  "TIME_SYNCHRONIZATION",
  "AUTHENTICATION_ERROR",
  "RESPONSE_ERROR",
  "PASSWORD_NOT_SET",
  "REACT_NATIVE_ERROR",
  "UNKNOWN_ERROR",
  "WRONG_SIGNATURE",
  "UPGRADE_SDK",
  "INVALID_LOG_LEVEL",
  "OTHER",
] as const;

export type PowerAuthErrorCode = (typeof codes)[number];

/** Each code under its own name, for `PowerAuthErrorCode.MISSING_ACTIVATION`. */
export const PowerAuthErrorCode = Object.fromEntries(codes.map((code) => [code, code])) as {
  readonly [Code in PowerAuthErrorCode]: Code;
};

/** Members are there as far as the failure has them. */
export interface PowerAuthErrorData {
  readonly httpStatusCode?: number;
  readonly responseBody?: string;
  /** Code and message of the server's error envelope, as received. */
  readonly serverResponseCode?: string;
  readonly serverResponseMessage?: string;
  readonly currentRecoveryPukIndex?: number;
  /** Code of the `StorageError` when the storage refused. */
  readonly storageCode?: string;
}

export class PowerAuthError extends Error {
  override readonly name = "PowerAuthError";
  readonly code: PowerAuthErrorCode;
  /** What went wrong below, where something did. The same as `cause`. */
  readonly originalException: unknown;
  readonly errorData: PowerAuthErrorData | undefined;

  constructor(
    code: PowerAuthErrorCode,
    message: string,
    details: { readonly originalException?: unknown; readonly errorData?: PowerAuthErrorData | undefined } = {},
  ) {
    super(message, details.originalException === undefined ? undefined : { cause: details.originalException });
    this.code = code;
    this.originalException = details.originalException;
    this.errorData = details.errorData;
  }

  /** One line without secrets, for a log of the application's own. */
  print(): string {
    const status = this.errorData?.httpStatusCode;
    const server = this.errorData?.serverResponseCode;
    return [this.code, this.message, status && `HTTP ${status}`, server].filter(Boolean).join(" · ");
  }
}

/** Engine codes that stand for another code in one method than elsewhere. */
export type ErrorCodeOverrides = Partial<Record<EngineErrorCode, PowerAuthErrorCode>>;

const translations: Readonly<Record<EngineErrorCode, PowerAuthErrorCode>> = {
  network: "NETWORK_ERROR",
  timeout: "NETWORK_ERROR",
  cancelled: "OPERATION_CANCELED",
  "insecure-url": "NETWORK_ERROR",
  "response-too-large": "NETWORK_ERROR",
  unauthorized: "AUTHENTICATION_ERROR",
  refused: "RESPONSE_ERROR",
  "response-malformed": "RESPONSE_ERROR",
  "time-unknown": "TIME_SYNCHRONIZATION",
  "activation-missing": "MISSING_ACTIVATION",
  "activation-pending": "PENDING_ACTIVATION",
  "activation-exists": "INVALID_ACTIVATION_STATE",
  "activation-not-pending": "INVALID_ACTIVATION_STATE",
  "activation-data-invalid": "INVALID_ACTIVATION_DATA",
  "activation-data-newer": "UPGRADE_SDK",
  "activation-code-invalid": "INVALID_ACTIVATION_CODE",
  "activation-code-signature-invalid": "SIGNATURE_ERROR",
  "recovery-code-invalid": "INVALID_RECOVERY_CODE",
  "password-too-short": "SIGNATURE_ERROR",
  "new-password-too-short": "INVALID_ACTIVATION_STATE",
  "password-changed-meanwhile": "INVALID_ACTIVATION_STATE",
  "parameter-invalid": "WRONG_PARAMETER",
  "biometry-not-configured": "BIOMETRY_NOT_CONFIGURED",
  "biometry-not-supported": "BIOMETRY_NOT_SUPPORTED",
  "biometry-not-available": "BIOMETRY_NOT_AVAILABLE",
  "biometry-not-enrolled": "BIOMETRY_NOT_ENROLLED",
  "biometry-not-recognized": "BIOMETRY_NOT_RECOGNIZED",
  "biometry-lockout": "BIOMETRY_LOCKOUT",
  "biometry-cancelled": "BIOMETRY_CANCEL",
  "biometry-fallback": "BIOMETRY_FALLBACK",
  "biometry-failed": "BIOMETRY_FAILED",
  "token-unknown": "LOCAL_TOKEN_NOT_AVAILABLE",
  "token-factors-differ": "WRONG_PARAMETER",
  "token-of-other-activation": "CANNOT_GENERATE_TOKEN",
  "encryption-failed": "ENCRYPTION_ERROR",
  "vault-invalid": "INVALID_ACTIVATION_DATA",
  storage: "UNKNOWN_ERROR",
};

/** Any exception as a `PowerAuthError`; one that is one already stays. */
export function asPowerAuthError(error: unknown, overrides: ErrorCodeOverrides = {}): PowerAuthError {
  if (error instanceof PowerAuthError) return error;
  if (!(error instanceof EngineError)) {
    return new PowerAuthError("UNKNOWN_ERROR", "Unexpected failure", { originalException: error });
  }
  const code = overrides[error.code] ?? translations[error.code];
  return new PowerAuthError(code, error.message, { originalException: error, errorData: errorDataOf(error) });
}

function errorDataOf(error: EngineError): PowerAuthErrorData | undefined {
  if (error.refusal !== undefined) return refusalData(error.refusal);
  return error.cause instanceof StorageError ? { storageCode: error.cause.code } : undefined;
}

function refusalData({ status, body, code, message, details }: Refusal): PowerAuthErrorData {
  const pukIndex = details?.currentRecoveryPukIndex;
  return {
    httpStatusCode: status,
    responseBody: body,
    ...(code !== undefined && { serverResponseCode: code }),
    ...(message !== undefined && { serverResponseMessage: message }),
    ...(typeof pukIndex === "number" && { currentRecoveryPukIndex: pukIndex }),
  };
}
