/**
 * Temporary encryption keys (PowerAuth 3.3, temporary keys): the device asks with a MAC, the server answers with a
 * signature. Both halves in protocol order. Keeping keys and letting them expire is the server's business.
 */
import { concat, equalBytes, fromBase64, fromBase64Url, toBase64, toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { readPublicKey, type CryptoProvider, type PrivateKey, type PublicKey, type SecretKey } from "../crypto.ts";
import { failure, isFailure, type Failure, type ProtocolErrorCode } from "../errors.ts";
import { isAbsent, readJsonObject, type JsonObject } from "../json.ts";
import { isUuid } from "./headers.ts";
import { deriveInternal } from "./keys.ts";

export interface TemporaryKeyClaims {
  /** Base64 text, as in headers. */
  readonly applicationKey: string;
  /** Activation scope only. */
  readonly activationId?: string | undefined;
  /** Opaque to the server, 18 random bytes in Base64 from the known clients. */
  readonly challenge: string;
}

/** Claims nobody has vouched for yet, to look up the key that `verifyTemporaryKeyRequest` needs. */
export interface UnverifiedTemporaryKeyRequest {
  readonly claims: TemporaryKeyClaims;
  readonly signingInput: Bytes;
  readonly mac: Bytes;
}

export interface TemporaryKey {
  readonly temporaryKeyId: string;
  readonly publicKey: PublicKey;
  /** Server's time in milliseconds; a device corrects its clock by it. */
  readonly issuedAt: number;
  /** In the server's time; a key is used until ten seconds before. */
  readonly expiresAt: number;
}

const requestHeader = toBase64Url(utf8('{"alg":"HS256","typ":"JWT"}'));
const responseHeader = toBase64Url(utf8('{"alg":"ES256","typ":"JWT"}'));

/**
 * Key of the request's MAC: the application secret, bound to the transport key in activation scope. Here the secret
 * counts as its 16 bytes, unlike in signatures and envelopes. Throws when it is not Base64 of 16 bytes.
 */
export function temporaryKeyMac(
  crypto: CryptoProvider,
  transportKey: SecretKey | undefined,
  applicationSecret: string,
): SecretKey {
  const secret = fromBase64(applicationSecret);
  if (secret?.length !== 16) throw new TypeError("An application secret is Base64 of 16 bytes");
  return crypto.secretKey(transportKey === undefined ? secret : deriveInternal(crypto, transportKey, secret));
}

/** Client, step 1. The JWT to post. */
export function createTemporaryKeyRequest(
  crypto: CryptoProvider,
  claims: TemporaryKeyClaims,
  macKey: SecretKey,
): string {
  const payload = {
    applicationKey: claims.applicationKey,
    ...(claims.activationId !== undefined && { activationId: claims.activationId }),
    challenge: claims.challenge,
  };
  const signingInput = `${requestHeader}.${toBase64Url(utf8(JSON.stringify(payload)))}`;
  return `${signingInput}.${toBase64Url(crypto.hmacSha256(macKey, utf8(signingInput)))}`;
}

/** Server, step 2: `temporary-key-malformed` unless it is an HS256 JWT with the claims. Nothing is verified. */
export function readTemporaryKeyRequest(jwt: string): UnverifiedTemporaryKeyRequest | Failure {
  const parts = splitJwt(jwt);
  if (parts === undefined || parts.header.alg !== "HS256") return failure("temporary-key-malformed");
  const { applicationKey, activationId, challenge } = parts.claims;
  if (typeof applicationKey !== "string" || typeof challenge !== "string") return failure("temporary-key-malformed");
  if (challenge === "" || fromBase64(applicationKey)?.length !== 16) return failure("temporary-key-malformed");
  if (!isAbsent(activationId) && typeof activationId !== "string") return failure("temporary-key-malformed");
  const claims = { applicationKey, ...(typeof activationId === "string" && { activationId }), challenge };
  return { claims, signingInput: parts.signingInput, mac: parts.signature };
}

/** Server, step 3. The claims, once the MAC is right. */
export function verifyTemporaryKeyRequest(
  crypto: CryptoProvider,
  request: UnverifiedTemporaryKeyRequest,
  macKey: SecretKey,
): TemporaryKeyClaims | Failure {
  const mac = crypto.hmacSha256(macKey, request.signingInput);
  return equalBytes(mac, request.mac) ? request.claims : failure("temporary-key-signature-invalid");
}

/** Server, step 4. Signed with the application's master key, or the activation's server key in activation scope. */
export function createTemporaryKeyResponse(
  crypto: CryptoProvider,
  signingKey: PrivateKey,
  request: TemporaryKeyClaims,
  key: TemporaryKey,
): string {
  const payload = {
    sub: key.temporaryKeyId,
    applicationKey: request.applicationKey,
    ...(request.activationId !== undefined && { activationId: request.activationId }),
    challenge: request.challenge,
    publicKey: toBase64(crypto.exportPublicKey(key.publicKey, "uncompressed")),
    iat: Math.floor(key.issuedAt / 1000),
    exp: Math.floor(key.expiresAt / 1000),
    iat_ms: key.issuedAt,
    exp_ms: key.expiresAt,
  };
  const signingInput = `${responseHeader}.${toBase64Url(utf8(JSON.stringify(payload)))}`;
  return `${signingInput}.${toBase64Url(crypto.sign(signingKey, utf8(signingInput), "jose"))}`;
}

/**
 * Client, step 5. Checks header, signature, and that the answer belongs to `request`; no clock is consulted. Fails with
 * `temporary-key-malformed`, `temporary-key-signature-invalid`, `temporary-key-mismatch` or `public-key-invalid`.
 */
export function processTemporaryKeyResponse(
  crypto: CryptoProvider,
  verificationKey: PublicKey,
  jwt: string,
  request: TemporaryKeyClaims,
): TemporaryKey | Failure {
  const parts = splitJwt(jwt);
  if (parts === undefined || parts.header.typ !== "JWT" || parts.header.alg !== "ES256") {
    return failure("temporary-key-malformed");
  }
  if (!crypto.verify(verificationKey, parts.signingInput, parts.signature, "jose")) {
    return failure("temporary-key-signature-invalid");
  }
  const { claims } = parts;
  const mismatch = mismatchOf(claims, request);
  if (mismatch !== undefined) return failure(mismatch);
  const { sub, publicKey, iat_ms: issuedAt, exp_ms: expiresAt } = claims;
  if (typeof sub !== "string" || !isUuid(sub) || typeof publicKey !== "string")
    return failure("temporary-key-malformed");
  if (!isTime(issuedAt) || !isTime(expiresAt)) return failure("temporary-key-malformed");
  const key = readPublicKey(crypto, publicKey);
  return isFailure(key) ? key : { temporaryKeyId: sub, publicKey: key, issuedAt, expiresAt };
}

function mismatchOf(claims: JsonObject, request: TemporaryKeyClaims): ProtocolErrorCode | undefined {
  const same =
    claims.challenge === request.challenge &&
    claims.applicationKey === request.applicationKey &&
    (request.activationId === undefined || claims.activationId === request.activationId);
  return same ? undefined : "temporary-key-mismatch";
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

interface JwtParts {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signingInput: Bytes;
  readonly signature: Bytes;
}

function splitJwt(jwt: string): JwtParts | undefined {
  const parts = jwt.split(".", 4);
  if (parts.length !== 3 || parts.includes("")) return undefined;
  const [headerText, claimsText, signatureText] = parts as [string, string, string];
  const [headerBytes, claimsBytes, signature] = [headerText, claimsText, signatureText].map(fromBase64Url);
  const header = headerBytes && readJsonObject(headerBytes);
  const claims = claimsBytes && readJsonObject(claimsBytes);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  return { header, claims, signingInput: concat(utf8(headerText), utf8("."), utf8(claimsText)), signature };
}
