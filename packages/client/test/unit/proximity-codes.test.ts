/** Proximity codes through the public face; the grammar itself is the protocol's and tested there. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MobileTokenError, PacUtils, type PacReason } from "../../src/mobile-token/index.ts";

const oid = "5b753d0d-d59a-49b7-bec4-eae258566dbb";
const potp = "12345678";
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = `${encode({ type: "JWT", alg: "none" })}.${encode({ oid, potp })}`;

const refuses = (reason: PacReason) => (error: unknown) => {
  assert.ok(error instanceof MobileTokenError);
  assert.deepEqual([error.reason, error.detail], ["operations_PACFailed", reason]);
  assert.equal(error.description, error.message);
  return true;
};

describe("PacUtils", () => {
  test("reads both documented deep links, and the same as QR code, and the token alone", () => {
    for (const code of [`scheme://code=${token}`, `scheme://operation?oid=${oid}&potp=${potp}`]) {
      assert.deepEqual(PacUtils.parseDeeplink(code), { oid, potp });
      assert.deepEqual(PacUtils.parseQRCode(code), { oid, potp });
    }
    assert.deepEqual(PacUtils.parseQRCode(token), { oid, potp });
    assert.deepEqual(PacUtils.parseQRCode(`operation?oid=${oid}`), { oid });
  });

  test("throws for everything else, with the reason and nothing of the code in the message", () => {
    assert.throws(() => PacUtils.parseDeeplink(token), refuses("scheme-missing"));
    assert.throws(() => PacUtils.parseDeeplink("scheme://an-invalid-url.com"), refuses("parameters-missing"));
    assert.throws(() => PacUtils.parseQRCode(""), refuses("empty"));
    assert.throws(() => PacUtils.parseQRCode(undefined as unknown as string), refuses("token-malformed"));
    assert.throws(() => PacUtils.parseQRCode("x?oid=a&potp=1&totp=2"), refuses("otp-ambiguous"));
    assert.throws(
      () => PacUtils.parseQRCode("secret"),
      (error: Error) => !error.message.includes("secret"),
    );
  });
});
