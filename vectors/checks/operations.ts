/** Checks of offline payloads and proximity passwords (PowerAuth 3.x, offline signatures and proximity check). */
import { fromUtf8, toBase64, utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import {
  parseOfflinePayload,
  signOfflinePayload,
  verifyOfflinePayload,
} from "@countersign/protocol/operation/offline-qr";
import { proximityOtp, verifyProximityOtp } from "@countersign/protocol/operation/proximity";
import type { RowCheck } from "../row.ts";
import { checkSignature, decoded, importPublic } from "./keys.ts";

export const checkOfflineQr: RowCheck = (crypto, { input, output }, expect) => {
  const privateKey = input.bytes("privateKey");
  const publicKey = importPublic(crypto, input.bytes("publicKey"));
  const signedText = input.text("signedText");
  expect.equal("data", fromUtf8(input.bytes("data")), signedText);
  const offlineData = output.text("offlineData");
  checkSignature(crypto, privateKey, utf8(signedText), output.bytes("signature"), expect);

  const payload = parseOfflinePayload(offlineData);
  if (isFailure(payload)) return expect.equal("parsed", payload.error, "a payload");
  expect.equal("signedText", payload.signedText, signedText);
  expect.equal("signature", payload.signature, output.bytes("signature"));
  expect.that("the payload verifies", verifyOfflinePayload(crypto, publicKey, payload));
  const lines = signedText.split("\n");
  const own = signOfflinePayload(
    crypto,
    crypto.importPrivateKey(privateKey)!,
    payload.keyIndicator,
    lines.slice(0, 5).join("\n"),
    decoded(payload.nonce),
    payload.totp,
  );
  expect.equal("signed text of our own", own.slice(0, signedText.length), signedText);
  expect.equal("nonce", payload.nonce, toBase64(decoded(lines.at(-2))));
};

/** `time` is in seconds, a step has 30. */
export const checkTotp: RowCheck = (crypto, { input, output }, expect) => {
  const seed = input.bytes("key");
  const digits = input.number("digits");
  const now = input.number("time") * 1000;
  const otp = output.text("otp");
  expect.equal("otp", proximityOtp(crypto, seed, now, { digits }), otp);
  expect.that("the password verifies one step later", verifyProximityOtp(crypto, seed, otp, now + 30_000, { digits }));
};
