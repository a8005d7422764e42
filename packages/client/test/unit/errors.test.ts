/** The error tables: engine to PowerAuth, PowerAuth to Mobile Token. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EngineError, type EngineErrorCode } from "../../src/engine/errors.ts";
import { MobileTokenError, PowerAuthError, PowerAuthErrorCode, StorageError } from "../../src/mobile-token/index.ts";
import { asMobileTokenError, errorOf } from "../../src/mobile-token/MobileTokenError.ts";
import { asPowerAuthError } from "../../src/mobile-token/PowerAuthError.ts";

const table: Record<EngineErrorCode, [PowerAuthErrorCode, MobileTokenError["reason"]]> = {
  network: ["NETWORK_ERROR", "network_generic"],
  timeout: ["NETWORK_ERROR", "network_timeOut"],
  cancelled: ["OPERATION_CANCELED", "canceled"],
  "insecure-url": ["NETWORK_ERROR", "invalidConfiguration"],
  "response-too-large": ["NETWORK_ERROR", "network_badServerResponse"],
  unauthorized: ["AUTHENTICATION_ERROR", "network_errorStatusCode"],
  refused: ["RESPONSE_ERROR", "network_errorStatusCode"],
  "response-malformed": ["RESPONSE_ERROR", "network_invalidResponseObject"],
  "time-unknown": ["TIME_SYNCHRONIZATION", "network_signError"],
  "activation-missing": ["MISSING_ACTIVATION", "missingActivation"],
  "activation-pending": ["PENDING_ACTIVATION", "network_signError"],
  "activation-exists": ["INVALID_ACTIVATION_STATE", "network_signError"],
  "activation-not-pending": ["INVALID_ACTIVATION_STATE", "network_signError"],
  "activation-data-invalid": ["INVALID_ACTIVATION_DATA", "network_signError"],
  "activation-data-newer": ["UPGRADE_SDK", "network_signError"],
  "activation-code-invalid": ["INVALID_ACTIVATION_CODE", "network_signError"],
  "activation-code-signature-invalid": ["SIGNATURE_ERROR", "network_signError"],
  "recovery-code-invalid": ["INVALID_RECOVERY_CODE", "network_signError"],
  "password-too-short": ["SIGNATURE_ERROR", "network_signError"],
  "new-password-too-short": ["INVALID_ACTIVATION_STATE", "network_signError"],
  "password-changed-meanwhile": ["INVALID_ACTIVATION_STATE", "network_signError"],
  "parameter-invalid": ["WRONG_PARAMETER", "network_signError"],
  "biometry-not-configured": ["BIOMETRY_NOT_CONFIGURED", "network_signError"],
  "biometry-not-supported": ["BIOMETRY_NOT_SUPPORTED", "network_signError"],
  "biometry-not-available": ["BIOMETRY_NOT_AVAILABLE", "network_signError"],
  "biometry-not-enrolled": ["BIOMETRY_NOT_ENROLLED", "network_signError"],
  "biometry-not-recognized": ["BIOMETRY_NOT_RECOGNIZED", "network_signError"],
  "biometry-lockout": ["BIOMETRY_LOCKOUT", "network_signError"],
  "biometry-cancelled": ["BIOMETRY_CANCEL", "network_signError"],
  "biometry-fallback": ["BIOMETRY_FALLBACK", "network_signError"],
  "biometry-failed": ["BIOMETRY_FAILED", "network_signError"],
  "token-unknown": ["LOCAL_TOKEN_NOT_AVAILABLE", "network_signError"],
  "token-factors-differ": ["WRONG_PARAMETER", "network_signError"],
  "token-of-other-activation": ["CANNOT_GENERATE_TOKEN", "network_signError"],
  "encryption-failed": ["ENCRYPTION_ERROR", "network_signError"],
  "vault-invalid": ["INVALID_ACTIVATION_DATA", "network_signError"],
  storage: ["UNKNOWN_ERROR", "network_signError"],
};

describe("errors", () => {
  for (const [code, [powerAuthCode, reason]] of Object.entries(table) as [
    EngineErrorCode,
    (typeof table)["network"],
  ][]) {
    test(`${code} is ${powerAuthCode}, and ${reason} for a Mobile Token`, () => {
      const engineError = new EngineError(code, "text");
      const error = asPowerAuthError(engineError);
      assert.equal(error.code, powerAuthCode);
      assert.equal(error.originalException, engineError);
      assert.equal(error.cause, engineError);
      assert.equal(error.message, "text");
      const mobileToken = asMobileTokenError(error);
      assert.equal(mobileToken.reason, reason);
      assert.equal(mobileToken.powerAuthErrorCode, powerAuthCode);
      assert.equal(mobileToken.description, "text");
      assert.equal(asMobileTokenError(engineError).reason, reason);
    });
  }

  test("what the server said is kept on both levels, to the code", () => {
    const details = { currentRecoveryPukIndex: 2 };
    const refusal = { status: 401, body: "{…}", code: "POWERAUTH_AUTH_FAIL", message: "no", details };
    const error = asPowerAuthError(new EngineError("unauthorized", "text", { refusal }));
    assert.deepEqual(error.errorData, {
      httpStatusCode: 401,
      responseBody: "{…}",
      serverResponseCode: "POWERAUTH_AUTH_FAIL",
      serverResponseMessage: "no",
      currentRecoveryPukIndex: 2,
    });
    assert.equal(error.print(), "AUTHENTICATION_ERROR · text · HTTP 401 · POWERAUTH_AUTH_FAIL");
    const mobileToken = asMobileTokenError(error);
    assert.equal(mobileToken.reason, "restApiError");
    assert.equal(mobileToken.httpStatusCode, 401);
    assert.deepEqual(mobileToken.responseError, { code: "POWERAUTH_AUTH_FAIL", message: "no" });
  });

  test("a storage's refusal keeps its own code, anything unknown is UNKNOWN_ERROR with its cause", () => {
    const cause = new StorageError("STORAGE_LOCKED", "busy");
    assert.equal(
      asPowerAuthError(new EngineError("storage", "busy", { cause })).errorData?.storageCode,
      "STORAGE_LOCKED",
    );
    const bug = new RangeError("bug");
    assert.equal(asPowerAuthError(bug).code, "UNKNOWN_ERROR");
    assert.equal(asPowerAuthError(bug).originalException, bug);
    assert.equal(asMobileTokenError(bug).reason, "unknown");
  });

  test("an error that has its form already is left alone, and all are instances of Error", () => {
    const error = new PowerAuthError("WRONG_PARAMETER", "text");
    assert.equal(asPowerAuthError(error), error);
    assert.ok(error instanceof Error);
    const mobileToken = new MobileTokenError("canceled", "text");
    assert.equal(asMobileTokenError(mobileToken), mobileToken);
    assert.equal(PowerAuthErrorCode.MISSING_ACTIVATION, "MISSING_ACTIVATION");
  });

  const envelope = (status: string, responseObject?: unknown) => ({ status, responseObject });
  const rows: readonly (readonly [string, number, unknown, MobileTokenError["reason"] | undefined])[] = [
    ["an OK envelope with 200", 200, envelope("OK"), undefined],
    ["an error envelope with 400", 400, envelope("ERROR", { code: "OPERATION_EXPIRED" }), "operations_expired"],
    ["an error envelope with 200", 200, envelope("ERROR", { code: "OPERATION_EXPIRED" }), "operations_expired"],
    ["an error envelope without a code", 500, envelope("ERROR"), "network_errorStatusCode"],
    ["an OK envelope with 500", 500, envelope("OK"), "network_errorStatusCode"],
    ["no JSON with 502", 502, undefined, "network_errorStatusCode"],
    ["no JSON with 200", 200, undefined, "network_invalidResponseObject"],
    ["a bare list", 200, [], "network_invalidResponseObject"],
  ];
  for (const [what, status, json, reason] of rows) {
    test(`Mobile Token: ${what} is ${reason ?? "no error"}`, () => {
      const error = errorOf({ status, body: "", json });
      assert.equal(error?.reason, reason);
      if (error !== undefined) assert.equal(error.httpStatusCode, status);
      if (reason === "operations_expired") assert.equal(error?.responseError?.code, "OPERATION_EXPIRED");
    });
  }
});
