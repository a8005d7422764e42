/** Why a command did not do what was asked, in the four things its user needs: exit code, stable code, sentence, hint. */
import { ReceiptError } from "@countersign/relying-party/receipt";
import { RelyingPartyError } from "@countersign/relying-party/errors";
import { exitCodes, type ExitName } from "./exit-codes.ts";
import { styled, type Terminal, visible } from "./terminal.ts";

export class Failure extends Error {
  override readonly name = "Failure";
  readonly exit: ExitName;
  /** For programs; the server's own code where it refused. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(
    exit: ExitName,
    code: string,
    message: string,
    more: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.exit = exit;
    this.code = code;
    this.hint = more.hint;
  }
}

export function usageFailure(message: string, hint?: string): Failure {
  return new Failure("usage", "usage", message, hint === undefined ? {} : { hint });
}

/** Turns whatever was thrown into a failure. What nobody foresaw keeps its message: there is no server log to look at. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof RelyingPartyError) return relyingPartyFailure(error);
  if (error instanceof ReceiptError) return new Failure("notVerified", error.code, error.message, { cause: error });
  const { name, code, message } = shapeOf(error);
  if (name === "StoreError") return storeFailure(code, message, error);
  if (name === "StorageError")
    return new Failure(code === "STORAGE_LOCKED" ? "inUse" : "failed", code, message, { cause: error });
  if (name === "PowerAuthError" || name === "MobileTokenError") return deviceFailure(error as DeviceError);
  if (name === "ServeError") return new Failure("usage", "settings", message, { cause: error });
  if (code === "EADDRINUSE") {
    return new Failure("failed", code, message, {
      hint: "choose another --port or --private-port; 0 takes any",
      cause: error,
    });
  }
  if (name === "AbortError") return new Failure("interrupted", "interrupted", "Stopped.", { cause: error });
  return new Failure("failed", code, message, { cause: error });
}

function relyingPartyFailure(error: RelyingPartyError): Failure {
  const { code, status, detail } = error;
  const message = detail === undefined ? error.message : `${error.message} (${detail})`;
  if (code === "cancelled") return new Failure("interrupted", code, "Stopped.", { cause: error });
  const isPassing = code === "unreachable" || code === "timeout" || (status !== undefined && status >= 500);
  const hint =
    code === "unauthenticated" ? "check --bootstrap, or --client-id and COUNTERSIGN_CLIENT_SECRET" : undefined;
  return new Failure(isPassing ? "unavailable" : "failed", code, message, { cause: error, ...(hint && { hint }) });
}

function storeFailure(code: string, message: string, cause: unknown): Failure {
  if (code === "STORE_IN_USE") {
    const hint = "stop it, choose another --data, or talk to it over HTTP";
    return new Failure("inUse", code, message, { hint, cause });
  }
  if (code === "MASTER_KEY_INVALID") {
    const hint =
      "export COUNTERSIGN_MASTER_KEY=$(head -c 32 /dev/urandom | base64), once and for all nodes, and keep it safe";
    return new Failure("failed", code, message, { hint, cause });
  }
  const isPassing = code === "STORE_UNAVAILABLE" || code === "STORE_BUSY" || code === "OUTCOME_UNKNOWN";
  return new Failure(isPassing ? "unavailable" : "failed", code, message, { cause });
}

/** What the two exceptions of the client SDK have in common, and each on its own. */
interface DeviceError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly powerAuthErrorCode?: string;
  readonly responseError?: { readonly code: string };
  readonly errorData?: { readonly serverResponseCode?: string; readonly storageCode?: string };
  readonly originalException?: unknown;
}

const unreachableReasons = new Set(["NETWORK_ERROR", "network_generic", "network_timeOut", "network_errorStatusCode"]);

/** The server's own code where it refused; else what the SDK made of it. */
function deviceFailure(error: DeviceError): Failure {
  const { message, reason, errorData } = error;
  const server = error.responseError?.code ?? errorData?.serverResponseCode;
  const code = server ?? error.code ?? error.powerAuthErrorCode ?? reason ?? "unexpected";
  if (errorData?.storageCode === "STORAGE_LOCKED") return new Failure("inUse", code, message, { cause: error });
  const isUnreachable = server === undefined && [code, reason].some((one) => unreachableReasons.has(one ?? ""));
  const hint = deviceHints[code];
  return new Failure(isUnreachable ? "unavailable" : "failed", code, message, { cause: error, ...(hint && { hint }) });
}

const deviceHints: Readonly<Record<string, string>> = {
  POWERAUTH_AUTH_FAIL: "`countersign device status` tells whether this device is blocked or not yet committed",
  ERR_AUTHENTICATION: "a wrong PIN, or `countersign device status` tells more",
  ERR_TEMPORARY_KEY: "`countersign device status` tells whether the bank has committed this device",
  ERR_ACTIVATION: "the code may be used up, expired, or of another app",
  MISSING_ACTIVATION: "activate it with `countersign device activate`",
};

/** By shape: the classes of the server and the client are only loaded by commands that use them. */
function shapeOf(error: unknown): { name: string; code: string; message: string } {
  const { name, code, message } = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  return {
    name: typeof name === "string" ? name : "Error",
    code: typeof code === "string" ? code : "unexpected",
    message: typeof message === "string" && message !== "" ? message : String(error),
  };
}

/** Sentence and hint on standard error; with `--json`, one document on standard output besides. Returns the exit code. */
export function printFailure({ stdout, stderr }: Terminal, failure: Failure, asJson: boolean): number {
  const { code, message, hint } = failure;
  stderr.write(`${styled(stderr, "red", "countersign:")} ${visible(message)}\n`);
  if (hint !== undefined) stderr.write(`  hint: ${visible(hint)}\n`);
  if (asJson) stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
  return exitCodes[failure.exit].code;
}
