/**
 * What the relying party signed itself (Approve protocol §8): a device that has pinned its keys checks the request, and
 * that the server told the device the same.
 */
import { compactVerify, importJWK, type JWK } from "jose";
import { canonicalJson } from "../canonical-json.ts";
import type { JsonObject } from "../json.ts";
import { listOf, shaped, text } from "./claims.ts";
import { isShown } from "./shown.ts";
import { readStrictJsonObject } from "./strict-json.ts";
import type { TransactionClaims } from "./transaction.ts";

/** A relying party that signs all its requests, and the keys it signs with. */
export interface PinnedParty {
  readonly id: string;
  /** Public JWKs. */
  readonly keys: readonly JsonObject[];
}

const isPublicKey = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !("d" in value) && !("k" in value) && "kty" in value;

export const isPinnedParty = shaped({
  required: { id: text(255), keys: listOf(isPublicKey, 16, 1) },
  open: true,
});

const algorithms = ["ES256", "PS256", "Ed25519", "EdDSA"];
/** How far the clocks of relying party and server may be apart, seconds. */
const skew = 60;

export type RequestDefect =
  /** It signs every request, and this one has none (APV-RP-2). */
  | "request-missing"
  /** Signature, issuer, audience or time are wrong. */
  | "request-wrong"
  /** The server said something else than the relying party. */
  | "request-differs"
  /** Something that the relying party signed is not to be seen. */
  | "request-hidden";

/** `verified`: the request says what the transaction says. `unpinned`: the server alone says who asks. */
export async function checkRequest(
  parties: readonly PinnedParty[],
  claims: TransactionClaims,
): Promise<"verified" | "unpinned" | RequestDefect> {
  const party = parties.find(({ id }) => id === claims.client.id);
  if (party === undefined) return "unpinned";
  if (claims.request === undefined) return "request-missing";
  const request = await verified(party, claims, claims.request);
  if (request === undefined) return "request-wrong";
  if (!saysTheSame(request, claims)) return "request-differs";
  const shown = leavesOf(detailsOf(request)).every((leaf) => isShown(claims.display.form, leaf));
  return shown ? "verified" : "request-hidden";
}

async function verified(
  { id, keys }: PinnedParty,
  transaction: TransactionClaims,
  request: string,
): Promise<JsonObject | undefined> {
  for (const key of keys) {
    const claims = await signedBy(key, request);
    if (claims !== undefined) return isFor(claims, id, transaction) ? claims : undefined;
  }
  return undefined;
}

async function signedBy(jwk: JsonObject, request: string): Promise<JsonObject | undefined> {
  try {
    const { payload } = await compactVerify(request, ({ alg }) => importJWK(jwk as JWK, alg), { algorithms });
    return readStrictJsonObject(payload);
  } catch {
    return undefined;
  }
}

/** By the time of the transaction: the device's own clock may be wrong, and the person takes a while. */
function isFor({ iss, aud, exp, nbf = 0 }: JsonObject, id: string, transaction: TransactionClaims): boolean {
  const { iss: server, iat: now } = transaction;
  const timely = typeof exp === "number" && exp + skew > now && typeof nbf === "number" && nbf - skew <= now;
  const audiences = [aud ?? []].flat() as unknown[];
  return timely && iss === id && audiences.some((one) => typeof one === "string" && one.startsWith(`${server}/`));
}

function saysTheSame(request: JsonObject, claims: TransactionClaims): boolean {
  const { bindingMessage, authorizationDetails, user } = claims;
  const { login_hint: hint } = request;
  if (hint !== undefined && hint !== user) return false;
  if (request.binding_message !== bindingMessage) return false;
  return canonicalJson(detailsOf(request)) === canonicalJson(authorizationDetails ?? []);
}

/** As JSON, or as the text that a form would carry. */
function detailsOf({ authorization_details: details }: JsonObject): readonly unknown[] {
  if (Array.isArray(details)) return details as unknown[];
  if (typeof details !== "string") return [];
  try {
    const read: unknown = JSON.parse(details);
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/** Every text, number and truth value in the details; their type is the server's word for what to show. */
function leavesOf(details: readonly unknown[]): readonly string[] {
  return details.flatMap((detail) => {
    const { type: _, ...rest } = detail as JsonObject;
    return scalars(rest);
  });
}

function scalars(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(scalars);
  return value === null ? [] : [`${value as string | number | boolean}`];
}
