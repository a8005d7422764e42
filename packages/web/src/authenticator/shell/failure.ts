/** What went wrong, in words for a person. The SDKs' exceptions are told apart by their stable codes. */
import type { Texts } from "../texts/texts.ts";

/** What the exceptions of both faces have, as far as it is used here: loaded or not, none of their classes is needed. */
interface Known {
  readonly name?: string;
  readonly reason?: string;
  readonly code?: unknown;
  readonly responseError?: { readonly code: string };
  readonly httpStatusCode?: number;
  readonly powerAuthErrorCode?: string;
  readonly originalException?: unknown;
}

export type FailureKind =
  | "network"
  | "expired"
  | "finished"
  | "tries"
  | "failed"
  | "factors"
  | "passkey"
  | "secret-wrong"
  | "number-wrong"
  | "secret-refused"
  | "blocked"
  | "other-account"
  | "storage"
  | "server"
  | "unexpected";

/** Of Mobile Token, by reason. */
const reasons: Readonly<Record<string, FailureKind>> = {
  operations_expired: "expired",
  operations_authExpired: "expired",
  operations_rejectExpired: "expired",
  operations_alreadyFinished: "finished",
  operations_alreadyCanceled: "finished",
  operations_alreadyFailed: "tries",
  operations_failed: "failed",
  operations_factorsNotAllowed: "factors",
  operations_invalidActivation: "blocked",
  network_timeOut: "network",
  network_noInternetConnection: "network",
  network_sslError: "network",
  network_generic: "network",
};

/** Of Approve and of PowerAuth, by name or code. */
const names: Readonly<Record<string, FailureKind>> = {
  RemoteException: "network",
  TransactionExpiredException: "expired",
  TransactionCanceledException: "finished",
  AuthenticationException: "secret-wrong",
  PasswordRequiredException: "secret-wrong",
  InvalidPasswordException: "secret-refused",
  ServerAuthenticationException: "blocked",
  InvalidContainerException: "other-account",
  FingerprintAuthenticationRequiredException: "passkey",
  FingerprintNotEnrolledException: "passkey",
  LostCredentialsException: "blocked",
  NETWORK_ERROR: "network",
  AUTHENTICATION_ERROR: "secret-wrong",
  BIOMETRY_CANCEL: "passkey",
  BIOMETRY_FAILED: "passkey",
  BIOMETRY_FALLBACK: "passkey",
  BIOMETRY_NOT_RECOGNIZED: "passkey",
  BIOMETRY_NOT_AVAILABLE: "passkey",
  BIOMETRY_NOT_CONFIGURED: "passkey",
  BIOMETRY_NOT_SUPPORTED: "passkey",
};

export function failureOf(error: unknown): FailureKind {
  const known = (error ?? {}) as Known;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  if (known.name === "StorageError") return "storage";
  const [inner] = innerCodes(error);
  if (inner === "number-wrong") return "number-wrong";
  if (inner === "operation-finished") return "finished";
  if (inner === "operation-out-of-tries") return "tries";
  if (known.responseError?.code === "POWERAUTH_AUTH_FAIL") return "secret-wrong";
  return (
    reasons[text(known.reason)] ??
    names[text(known.name)] ??
    names[text(known.code)] ??
    names[text(known.powerAuthErrorCode)] ??
    (known.responseError !== undefined || known.httpStatusCode !== undefined ? "server" : "unexpected")
  );
}

/** An exception of Approve says the server's code as its parameter. */
function innerCodes(error: unknown): readonly string[] {
  const { parameters } = (error ?? {}) as { readonly parameters?: unknown };
  return Array.isArray(parameters) ? parameters.filter((one): one is string => typeof one === "string") : [];
}

export function failureText(error: unknown, t: Texts): string {
  const kind = failureOf(error);
  switch (kind) {
    case "secret-wrong":
      return t.pin.wrong;
    case "secret-refused":
      return t.password.refused;
    case "blocked":
      return t.pin.blocked;
    case "other-account":
      return t.scan.otherUser;
    case "number-wrong":
      return t.number.wrong;
    case "server":
      return t.errors.server((error as Known).responseError?.code ?? String((error as Known).httpStatusCode ?? ""));
    default:
      return t.errors[kind];
  }
}
