import assert from "node:assert/strict";
import { test } from "node:test";
import { MobileTokenError, PowerAuthError } from "@countersign/client/mobile-token";
import { failureOf, failureText } from "../../src/authenticator/shell/failure.ts";
import { en } from "../../src/authenticator/texts/en.ts";

test("failures of both SDKs are told apart by their stable codes, and each has words", () => {
  const refused = (code: string) => ({ responseError: { code, message: "" }, httpStatusCode: 401 });
  const approve = (name: string, ...parameters: string[]) => Object.assign(new Error("?"), { name, parameters });
  const rows = [
    [new MobileTokenError("network_timeOut", "?"), "network"],
    [new MobileTokenError("operations_authExpired", "?"), "expired"],
    [new MobileTokenError("restApiError", "?", refused("POWERAUTH_AUTH_FAIL")), "secret-wrong"],
    [new MobileTokenError("restApiError", "?", refused("SOMETHING")), "server"],
    [new PowerAuthError("AUTHENTICATION_ERROR", "?"), "secret-wrong"],
    [new PowerAuthError("BIOMETRY_CANCEL", "?"), "passkey"],
    [approve("AuthenticationException"), "secret-wrong"],
    [approve("ServerOperationFailedException", "number-wrong"), "number-wrong"],
    [approve("ServerOperationFailedException", "operation-finished"), "finished"],
    [approve("RemoteException", "network"), "network"],
    [new TypeError("?"), "unexpected"],
    [undefined, "unexpected"],
  ] as const;
  for (const [error, kind] of rows) {
    assert.equal(failureOf(error), kind);
    assert.ok(failureText(error, en).length > 5);
  }
  const [, , , unknown] = rows;
  assert.match(failureText(unknown[0], en), /SOMETHING/);
});
