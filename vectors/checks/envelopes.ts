/** Checks of encrypted requests and of temporary keys (PowerAuth 3.x, ECIES and temporary keys). */
import { concat, fromBase64Url, fromUtf8, toBase64, utf8, type Bytes } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { isFailure } from "@countersign/protocol/errors";
import {
  encryptorIds,
  openRequest,
  openResponse,
  readEncryptedRequest,
  readEncryptedResponse,
  sealResponse,
  type Encryptor,
  type EnvelopeContext,
} from "@countersign/protocol/powerauth/ecies";
import {
  envelopeIv,
  type EnvelopeKeys,
  sealBytes,
  sharedInfo2,
  sharedInfo2Base,
} from "@countersign/protocol/powerauth/envelope";
import {
  createTemporaryKeyRequest,
  createTemporaryKeyResponse,
  processTemporaryKeyResponse,
  readTemporaryKeyRequest,
  temporaryKeyMac,
  verifyTemporaryKeyRequest,
  type TemporaryKeyClaims,
} from "@countersign/protocol/powerauth/temporary-key";
import type { Members, RowCheck } from "../row.ts";
import { decoded, importPrivate, importPublic } from "./keys.ts";
import { namedVersion } from "./requests.ts";

/** The encryptors in the words of the vectors' generator. */
const encryptors: Readonly<Record<string, Encryptor>> = {
  APPLICATION_SCOPE_GENERIC: encryptorIds.applicationGeneric,
  ACTIVATION_SCOPE_GENERIC: encryptorIds.activationGeneric,
  ACTIVATION_LAYER_2: encryptorIds.activationLayer2,
  UPGRADE: encryptorIds.upgrade,
  VAULT_UNLOCK: encryptorIds.vaultUnlock,
  CREATE_TOKEN: encryptorIds.tokenCreate,
  CONFIRM_RECOVERY_CODE: encryptorIds.recoveryConfirm,
};

export const checkEciesOf =
  (version: string): RowCheck =>
  (crypto, { input, output }, expect) => {
    const context = contextOf(crypto, input, version);
    const isBound = context.encryptor.scope === "activation";
    expect.equal("has an activation", context.activationId !== undefined, isBound);
    expect.equal("has a transport key", context.transportKey !== undefined, isBound);
    expect.equal("has a temporary key", context.temporaryKeyId !== undefined, context.version.temporaryKeys);
    const privateKey = importPrivate(crypto, input.bytes("privateKey"));
    const publicKey = crypto.exportPublicKey(crypto.publicKeyOf(privateKey), "uncompressed");
    expect.equal("publicKey", publicKey, input.bytes("publicKey"));
    expect.equal("sharedInfo2Base", sharedInfo2Base(crypto, context), output.bytes("sharedInfo2Base"));
    const requestData = input.bytes("requestData");
    const responseData = input.bytes("responseData");
    expect.equal("requestPlain", requestData, output.bytes("requestPlain"));
    expect.equal("responsePlain", responseData, output.bytes("responsePlain"));

    // As the server: open the request.
    const request = readEncryptedRequest(output.object("request"));
    const response = readEncryptedResponse(output.object("response"));
    if (isFailure(request) || isFailure(response)) throw new Error("request or response is not an envelope");
    const opened = openRequest(crypto, context, privateKey, request);
    if (isFailure(opened)) return expect.equal("request", opened.error, "a plaintext");
    const { exchange } = opened;
    expect.equal("request plaintext", opened.plaintext, requestData);
    expect.equal("envelopeKey", bytesOfKeys(crypto, exchange.keys), output.bytes("envelopeKey"));

    // As the client: the same request again, from the envelope key on, and the response opened.
    const iv = envelopeIv(crypto, exchange.keys, exchange.requestNonce);
    const info2 = sharedInfo2(
      exchange.binding,
      exchange.requestNonce,
      request.timestamp ?? undefined,
      exchange.ephemeralKey,
    );
    const sealed = sealBytes(crypto, exchange.keys, iv, info2, requestData);
    const requestAgain = {
      temporaryKeyId: context.temporaryKeyId,
      ephemeralPublicKey: toBase64(exchange.ephemeralKey),
      encryptedData: toBase64(sealed.encryptedData),
      mac: toBase64(sealed.mac),
      nonce: request.nonce,
      timestamp: request.timestamp,
    };
    expect.equal("request", JSON.stringify(requestAgain), JSON.stringify(output.object("request")));
    const plaintext = openResponse(crypto, exchange, response);
    expect.equal("response plaintext", isFailure(plaintext) ? plaintext.error : plaintext, responseData);

    // As the server: the same response again.
    const random = () => decoded(response.nonce);
    const again = sealResponse(crypto, random, exchange, responseData, response.timestamp ?? 0);
    expect.equal("response", JSON.stringify(again), JSON.stringify(output.object("response")));
  };

function contextOf(crypto: CryptoProvider, input: Members, version: string): EnvelopeContext {
  const encryptor = encryptors[input.text("encryptorId")];
  if (encryptor === undefined) throw new Error("an unknown encryptor");
  const transportKey = input.bytesOrNull("transportKey");
  return {
    version: namedVersion(input, version),
    encryptor,
    applicationKey: input.text("applicationKey"),
    applicationSecret: input.text("applicationSecret"),
    activationId: input.textOrNull("activationId") ?? undefined,
    temporaryKeyId: input.textOrNull("temporaryKeyId") ?? undefined,
    transportKey: transportKey === null ? undefined : crypto.secretKey(transportKey),
  };
}

function bytesOfKeys(crypto: CryptoProvider, keys: EnvelopeKeys): Bytes {
  return concat(crypto.secretBytes(keys.encryption), crypto.secretBytes(keys.mac), crypto.secretBytes(keys.iv));
}

export const checkTemporaryKeyRequest: RowCheck = (crypto, { input, output }, expect) => {
  const transportKey = input.bytesOrNull("transportKey");
  expect.equal("scope", input.text("scope"), transportKey === null ? "application" : "activation");
  const transport = transportKey === null ? undefined : crypto.secretKey(transportKey);
  const macKey = temporaryKeyMac(crypto, transport, input.text("applicationSecret"));
  expect.equal("key", crypto.secretBytes(macKey), input.bytes("key"));
  const claims = input.object("payload") as unknown as TemporaryKeyClaims;
  const jwt = output.text("jwt");
  expect.equal("jwt", createTemporaryKeyRequest(crypto, claims, macKey), jwt);

  const read = readTemporaryKeyRequest(jwt);
  if (isFailure(read)) return expect.equal("read", read.error, "claims");
  expect.equal("signingInput", read.signingInput, utf8(input.text("signingInput")));
  expect.equal("data", read.signingInput, input.bytes("data"));
  expect.equal("mac", read.mac, output.bytes("mac"));
  const verified = verifyTemporaryKeyRequest(crypto, read, macKey);
  expect.equal("claims", JSON.stringify(verified), JSON.stringify(claims));
};

export const checkTemporaryKeyResponse: RowCheck = (crypto, { input, output }, expect) => {
  const privateKey = importPrivate(crypto, input.bytes("privateKey"));
  const verificationKey = importPublic(crypto, input.bytes("publicKey"));
  const payload = input.object("payload") as unknown as TemporaryKeyClaims & Record<string, unknown>;
  const signingInput = input.text("signingInput");
  const jwt = output.text("jwt");
  expect.equal("data", utf8(signingInput), input.bytes("data"));
  expect.equal("signing input", jwt.slice(0, jwt.lastIndexOf(".")), signingInput);
  const claims = fromBase64Url(signingInput.slice(signingInput.indexOf(".") + 1));
  expect.equal("payload", claims && fromUtf8(claims), JSON.stringify(payload));
  // The row has the same signature as DER.
  expect.that(
    "the DER signature verifies",
    crypto.verify(verificationKey, utf8(signingInput), output.bytes("signature"), "der"),
  );

  const key = processTemporaryKeyResponse(crypto, verificationKey, jwt, payload);
  if (isFailure(key)) return expect.equal("processed", key.error, "a key");
  expect.equal("temporary key id", key.temporaryKeyId, payload.sub as string);
  expect.equal("issued at", key.issuedAt, payload.iat_ms as number);
  expect.equal("expires at", key.expiresAt, payload.exp_ms as number);
  expect.equal(
    "public key",
    toBase64(crypto.exportPublicKey(key.publicKey, "uncompressed")),
    payload.publicKey as string,
  );

  // The signature is randomised; what is signed is not.
  const own = createTemporaryKeyResponse(crypto, privateKey, payload, key);
  expect.equal("signing input of our own", own.slice(0, own.lastIndexOf(".")), signingInput);
  expect.that(
    "a response of our own is accepted",
    !isFailure(processTemporaryKeyResponse(crypto, verificationKey, own, payload)),
  );
};
