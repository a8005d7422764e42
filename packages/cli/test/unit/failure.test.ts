import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MobileTokenError, PowerAuthError } from "@countersign/client/mobile-token";
import { RelyingPartyError } from "@countersign/relying-party/errors";
import { ReceiptError } from "@countersign/relying-party/receipt";
import { exitCodes, exitCodesHelp } from "../../src/exit-codes.ts";
import { Failure, failureOf } from "../../src/failure.ts";

function ending(error: unknown): [exit: string, code: string] {
  const { exit, code } = failureOf(error);
  return [exit, code];
}

function named(name: string, code: string): Error {
  return Object.assign(new Error(code), { name, code });
}

describe("a failure", () => {
  test("keeps the server's code and tells refusals from a server that is away", () => {
    assert.deepEqual(ending(new RelyingPartyError("operation-not-found", "", { status: 404 })), [
      "failed",
      "operation-not-found",
    ]);
    assert.deepEqual(ending(new RelyingPartyError("unavailable", "", { status: 503 })), ["unavailable", "unavailable"]);
    assert.deepEqual(ending(new RelyingPartyError("unreachable", "")), ["unavailable", "unreachable"]);
    const refused = new MobileTokenError("restApiError", "", {
      httpStatusCode: 400,
      responseError: { code: "OPERATION_EXPIRED", message: "" },
    });
    assert.deepEqual(ending(refused), ["failed", "OPERATION_EXPIRED"]);
    assert.deepEqual(ending(new MobileTokenError("network_timeOut", "")), ["unavailable", "network_timeOut"]);
    assert.deepEqual(ending(new PowerAuthError("NETWORK_ERROR", "")), ["unavailable", "NETWORK_ERROR"]);
    assert.deepEqual(ending(new PowerAuthError("MISSING_ACTIVATION", "")), ["failed", "MISSING_ACTIVATION"]);
  });

  test("of a verification has a code of its own, whatever was wrong", () => {
    assert.deepEqual(ending(new ReceiptError("wrong-issuer", "")), ["notVerified", "wrong-issuer"]);
  });

  test("says that somebody else uses the data or the profile", () => {
    assert.deepEqual(ending(named("StoreError", "STORE_IN_USE")), ["inUse", "STORE_IN_USE"]);
    assert.deepEqual(ending(named("StorageError", "STORAGE_LOCKED")), ["inUse", "STORAGE_LOCKED"]);
    assert.deepEqual(
      ending(new PowerAuthError("UNKNOWN_ERROR", "", { errorData: { storageCode: "STORAGE_LOCKED" } })),
      ["inUse", "UNKNOWN_ERROR"],
    );
  });

  test("that nobody foresaw is still one, with a message", () => {
    for (const thrown of [new Error("x"), "x", null, undefined, {}, 7]) {
      const failure = failureOf(thrown);
      assert.ok(failure instanceof Failure);
      assert.equal(failure.exit, "failed");
      assert.notEqual(failure.message, "");
    }
  });
});

describe("exit codes", () => {
  test("are all different and all explained", () => {
    const codes = Object.values(exitCodes).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
    for (const { code, meaning } of Object.values(exitCodes))
      assert.match(exitCodesHelp(), new RegExp(`^  ${code} +${meaning}$`, "m"));
  });
});
