/**
 * Verifying an approval from its ID token alone, without asking anybody: the signature by keys that were pinned or cached
 * beforehand, that it is meant for this client and this request, that it speaks of what was asked, and, where the device
 * has an asymmetric key, the device's own signature.
 */
import { canonicalJson } from "@countersign/protocol/canonical-json";
import { fromBase64Url, fromUtf8 } from "@countersign/protocol/bytes";
import { isJsonObject, type JsonObject } from "@countersign/protocol/json";
import { compactVerify, importJWK } from "jose";
import type { Jwks } from "../receipt.ts";
import { type ApprovalClaim, answerDefect, type Told } from "./device-answer.ts";
import { digestOf, tokenHash } from "./digest.ts";
import { OpenIdError, type OpenIdErrorCode } from "./errors.ts";

export { OpenIdError, type OpenIdErrorCode } from "./errors.ts";
export type { ApprovalClaim } from "./device-answer.ts";

/** What the caller knows already. Each member that is given must match. */
export interface ExpectedApproval {
  /** Issuer of the provider, exactly. */
  readonly issuer: string;
  readonly clientId: string;
  /** The CIBA request it answers; undefined for a token of another flow. */
  readonly authReqId?: string | undefined;
  readonly user?: string | undefined;
  /** The `authorization_details` that were asked for. */
  readonly details?: readonly object[] | undefined;
  /** The exact data the person was to sign, `A1*…`. */
  readonly data?: string | undefined;
  /** The message that a device of its own accord signed for this client; then there is no transaction behind it. */
  readonly message?: string | undefined;
  /** Any of these authentication context classes will do. */
  readonly acrValues?: readonly string[] | undefined;
  /** The access token that came with it. */
  readonly accessToken?: string | undefined;
  /** RFC 7638 thumbprint of the one device key that will do. */
  readonly deviceKey?: string | undefined;
  /** Refuse an approval without a signature of the device's own. Default: false. */
  readonly deviceSignature?: boolean | undefined;
}

export interface VerifiedApproval {
  readonly user: string;
  /** Id of the operation; the same in receipts and webhooks. */
  readonly operationId: string;
  /** What it rests on: `approve-jws` comes with the device's signature, which was verified. */
  readonly evidence: string;
  readonly factors: readonly string[];
  readonly device: string | undefined;
  /** RFC 7638 thumbprint of the device's key, where it has an asymmetric one. */
  readonly deviceKey: string | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** Epoch milliseconds. */
  readonly decidedAt: number;
  readonly details: readonly object[] | undefined;
  /** Everything that was signed. */
  readonly claims: JsonObject;
}

/** How far the two clocks may be apart, seconds. */
export const clockToleranceSeconds = 60;

const requestClaim = "urn:openid:params:jwt:claim:auth_req_id";

/** `now` in epoch ms. Throws `OpenIdError` for all but an authentic approval of what was asked. */
export async function verifyApproval(
  idToken: string,
  keys: Jwks,
  expected: ExpectedApproval,
  now: number,
): Promise<VerifiedApproval> {
  const claims = await signedClaims(idToken, keys);
  checkAddress(claims, expected, now / 1000);
  const { approval, sub, txn, acr, amr, authorization_details: told } = claims;
  if (!isApproval(approval) || typeof sub !== "string" || typeof txn !== "string") {
    throw new OpenIdError("token-malformed", "The token says nothing of an approval");
  }
  const details = Array.isArray(told) ? (told as object[]) : undefined;
  if (approval.decision !== "approve") throw new OpenIdError("not-approved", "The person did not approve");
  demand("wrong-user", expected.user === undefined || expected.user === sub, "of another user");
  const { details: asked } = expected;
  const same = asked === undefined || canonicalJson(details ?? null) === canonicalJson(asked);
  demand("wrong-details", same, "of other authorization details");
  const { data } = expected;
  demand("wrong-data", data === undefined || (await digestOf(data)) === approval.data_sha256, "of other data");
  const { acrValues = [] } = expected;
  demand("wrong-acr", acrValues.length === 0 || acrValues.includes(acr as string), "weaker than what was asked for");
  await checkDevice(approval, { sub, txn, clientId: expected.clientId, details, message: expected.message }, expected);
  return {
    user: sub,
    operationId: txn,
    evidence: approval.evidence,
    factors: approval.factors,
    device: approval.device,
    deviceKey: approval.jkt,
    acr: typeof acr === "string" ? acr : undefined,
    amr: Array.isArray(amr) ? (amr as string[]) : [],
    decidedAt: approval.at * 1000,
    details,
    claims,
  };
}

/** That a token belongs to the access token beside it (OpenID Connect Core §3.1.3.8; CIBA §10.3.1). */
export async function checkAccessToken({ claims }: VerifiedApproval, accessToken: string): Promise<void> {
  const { at_hash: hash } = claims;
  demand("wrong-access-token", hash === (await tokenHash(accessToken)), "of another access token");
}

async function checkDevice(
  approval: ApprovalClaim,
  told: Omit<Told, "approval">,
  { deviceKey, deviceSignature = false }: ExpectedApproval,
): Promise<void> {
  const isSigned = approval.evidence === "approve-jws" || approval.signature !== undefined;
  if (!isSigned && (deviceSignature || deviceKey !== undefined || told.message !== undefined)) {
    throw new OpenIdError("no-device-signature", "There is no signature of the device's own");
  }
  if (!isSigned) return;
  const defect = await answerDefect({ approval, ...told });
  if (defect !== undefined) throw new OpenIdError("wrong-device-signature", `The device's answer: ${defect}`);
  demand("wrong-device-signature", deviceKey === undefined || deviceKey === approval.jkt, "of another device");
}

function checkAddress(claims: JsonObject, expected: ExpectedApproval, now: number): void {
  const { iss, aud, azp, exp, iat } = claims;
  demand("wrong-issuer", iss === expected.issuer, "of another issuer");
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const mine = audience.includes(expected.clientId) && (audience.length === 1 || azp === expected.clientId);
  demand("wrong-audience", mine && (azp === undefined || azp === expected.clientId), "for another client");
  if (typeof exp !== "number" || typeof iat !== "number") {
    throw new OpenIdError("token-malformed", "The token has no exp or iat");
  }
  demand("token-expired", exp > now - clockToleranceSeconds, "over");
  demand("token-too-new", iat <= now + clockToleranceSeconds, "made in the future");
  const { authReqId } = expected;
  demand("wrong-request", authReqId === undefined || claims[requestClaim] === authReqId, "of another request");
}

async function signedClaims(idToken: string, keys: Jwks): Promise<JsonObject> {
  const { kid } = readHeader(idToken);
  const matching = keys.keys.filter((key) => key.kid === kid);
  const [key] = matching;
  if (key === undefined || matching.length > 1) throw new OpenIdError("unknown-key", "No known key has its key id");
  const { kty, crv, x, y } = key;
  let payload: Uint8Array;
  try {
    // Only the public members of a P-256 key: whatever else the set holds has no say.
    const verifier = await importJWK({ kty, crv: crv ?? "", x: x ?? "", y: y ?? "" }, "ES256");
    ({ payload } = await compactVerify(idToken, verifier, { algorithms: ["ES256"] }));
  } catch (cause) {
    throw new OpenIdError("wrong-signature", "The signature does not belong to this token and key", { cause });
  }
  const claims = parsed(payload);
  if (claims === undefined) throw new OpenIdError("token-malformed", "The signed claims are no JSON object");
  return claims;
}

const knownHeaders: ReadonlySet<string> = new Set(["alg", "kid", "typ"]);

function readHeader(idToken: string): { readonly kid: string } {
  const parts = typeof idToken === "string" ? idToken.split(".") : [];
  const bytes = parts.map((part) => (part === "" ? undefined : fromBase64Url(part)));
  const header = parts.length === 3 && bytes.every((one) => one !== undefined) ? parsed(bytes[0]) : undefined;
  if (header === undefined) throw new OpenIdError("token-malformed", "This is not a compact JWS");
  const { alg, kid, typ } = header;
  const plain = Object.keys(header).every((name) => knownHeaders.has(name));
  demand(
    "token-header",
    plain && alg === "ES256" && (typ === undefined || typ === "JWT"),
    "signed in a way not allowed",
  );
  if (typeof kid !== "string") throw new OpenIdError("unknown-key", "The token names no key");
  return { kid };
}

function isApproval(value: unknown): value is ApprovalClaim {
  if (!isJsonObject(value)) return false;
  const { decision, at, factors } = value;
  const texts = ["type", "data_sha256", "shown_sha256", "evidence"].every((name) => typeof value[name] === "string");
  const optional = ["device", "jkt", "signature", "transaction"].every(
    (name) => value[name] === undefined || typeof value[name] === "string",
  );
  const isList = Array.isArray(factors) && factors.every((factor) => typeof factor === "string");
  return texts && optional && isList && Number.isSafeInteger(at) && (decision === "approve" || decision === "reject");
}

function demand(code: OpenIdErrorCode, holds: boolean, words: string): void {
  if (!holds) throw new OpenIdError(code, `The token is ${words}`);
}

function parsed(bytes: Uint8Array | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes ?? new Uint8Array()) ?? "");
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
