/**
 * Verifying a receipt without asking anybody: the signature by keys that were pinned beforehand, the shape of the
 * claims, and that they speak of what the caller means.
 *
 * A receipt that merely carries or points to a key proves nothing, so such headers are refused before anything else is
 * looked at. There is one algorithm and one type; the receipt does not choose (RFC 8725 §3.1, §3.11).
 */
import { fromBase64Url, fromUtf8 } from "@countersign/protocol/bytes";
import { readReceiptClaims, receiptType, type ReceiptClaims } from "@countersign/protocol/receipt";
import { compactVerify, importJWK } from "jose";
import { RelyingPartyError } from "./errors.ts";

export type { ReceiptClaims } from "@countersign/protocol/receipt";

export type ReceiptErrorCode =
  /** Not a compact JWS: parts, alphabet, or a header that is no JSON object. */
  | "malformed"
  /** The header names another algorithm than ES256. */
  | "wrong-algorithm"
  /** A signed statement of another kind, for example a token. */
  | "wrong-type"
  /** The header brings or points to a key. */
  | "embedded-key"
  /** The header has a member whose meaning this version does not know, `crit` above all. */
  | "unknown-header"
  /** No pinned key has the receipt's key id. */
  | "unknown-key"
  /** The pinned set is no JWKS, or the key in question is no public P-256 key for ES256, or its id is there twice. */
  | "unusable-keys"
  /** Changed after it was signed, or signed by another key of the same id. */
  | "wrong-signature"
  /** Truly signed, but not the claims of a receipt of a version this library knows. */
  | "malformed-claims"
  | "wrong-issuer"
  | "wrong-tenant"
  | "wrong-operation"
  | "wrong-data"
  | "wrong-status";

export class ReceiptError extends Error {
  override readonly name = "ReceiptError";
  readonly code: ReceiptErrorCode;

  constructor(code: ReceiptErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** RFC 7517 §5; members of keys that do not matter here are left alone. */
export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

export interface PublicJwk {
  readonly kty: string;
  readonly kid?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly use?: string;
  readonly alg?: string;
}

/** What the caller knows already. Each member that is given must match. */
export interface ExpectedReceipt {
  /** Public URL of the server. */
  readonly issuer?: string;
  readonly tenant?: string;
  readonly operationId?: string;
  /** The exact data the person was to sign, `A1*…`. */
  readonly expectedData?: string;
  /** A receipt proves rejections as well: give `APPROVED`, or look at `operation.status` in the result. */
  readonly status?: "APPROVED" | "REJECTED";
}

/**
 * Resolves with the claims of an authentic receipt and throws `ReceiptError` for anything else.
 *
 * `keys` must come from where the caller's trust comes from: a file, a secret store, or `fetchJwks` at set-up.
 */
export async function verifyReceipt(
  receipt: string,
  keys: Jwks,
  expected: ExpectedReceipt = {},
): Promise<ReceiptClaims> {
  const { kid } = readHeader(receipt);
  const key = await pinnedKey(keys, kid);
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(receipt, key, { algorithms: ["ES256"] }));
  } catch (cause) {
    throw new ReceiptError("wrong-signature", "The signature does not belong to this receipt and key", { cause });
  }
  const claims = readReceiptClaims(parseJson(payload));
  if (claims === undefined) throw new ReceiptError("malformed-claims", "The signed claims are not those of a receipt");
  compare("wrong-issuer", "issuer", claims.iss, expected.issuer);
  compare("wrong-tenant", "tenant", claims.tenant, expected.tenant);
  compare("wrong-operation", "operation", claims.sub, expected.operationId);
  compare("wrong-data", "signed data", claims.operation.data, expected.expectedData);
  compare("wrong-status", "decision", claims.operation.status, expected.status);
  return claims;
}

/**
 * Reads the published keys of a server, retired ones included, to be stored and pinned. Who controls the connection
 * controls the keys: `https:` only, but for this machine itself.
 *
 * Throws `RelyingPartyError` (`unreachable`, `response-malformed`, …) and `ReceiptError` `unusable-keys`.
 */
export async function fetchJwks(
  url: string,
  options: { readonly fetch?: typeof fetch; readonly signal?: AbortSignal } = {},
): Promise<Jwks> {
  if (!isTrustworthy(url)) throw new ReceiptError("unusable-keys", "Keys are fetched by https: only");
  let response: Response;
  try {
    const signal = options.signal ?? AbortSignal.timeout(10_000);
    response = await (options.fetch ?? globalThis.fetch)(url, { redirect: "error", signal });
  } catch (cause) {
    throw new RelyingPartyError("unreachable", "The keys could not be fetched", { cause });
  }
  if (!response.ok) {
    const { status } = response;
    throw new RelyingPartyError("response-malformed", `There are no keys at this address (${status})`, { status });
  }
  return readJwks(await response.json().catch(() => undefined));
}

/** Checks that parsed JSON is a key set. Throws `unusable-keys`. */
export function readJwks(value: unknown): Jwks {
  const keys = isRecord(value) ? value.keys : undefined;
  const isSet = Array.isArray(keys) && keys.every((key) => isRecord(key) && typeof key.kty === "string");
  if (!isSet) throw new ReceiptError("unusable-keys", "This is not a JSON Web Key Set");
  return { keys: keys as PublicJwk[] };
}

const headersWithKeys = ["jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"];
const knownHeaders = new Set(["alg", "typ", "kid"]);

function readHeader(receipt: string): { readonly kid: string } {
  const parts = typeof receipt === "string" ? receipt.split(".") : [];
  // Each part in its one spelling: spare bits and padding would give one receipt many texts.
  const [header] = parts.map((part) => (part === "" ? undefined : fromBase64Url(part)));
  const isCompact = parts.length === 3 && parts.every((part) => part !== "" && fromBase64Url(part) !== undefined);
  const fields = isCompact && header !== undefined ? parseJson(header) : undefined;
  if (!isRecord(fields)) throw new ReceiptError("malformed", "This is not a compact JWS");
  if (headersWithKeys.some((name) => Object.hasOwn(fields, name))) {
    throw new ReceiptError("embedded-key", "The receipt brings a key of its own");
  }
  if (fields.alg !== "ES256") throw new ReceiptError("wrong-algorithm", "The receipt is not signed with ES256");
  if (fields.typ !== receiptType) throw new ReceiptError("wrong-type", "This is a signed statement of another kind");
  if (Object.keys(fields).some((name) => !knownHeaders.has(name))) {
    throw new ReceiptError("unknown-header", "The receipt's header has a member that is not understood");
  }
  if (typeof fields.kid !== "string") throw new ReceiptError("unknown-key", "The receipt names no key");
  return { kid: fields.kid };
}

async function pinnedKey(keys: Jwks, kid: string): Promise<Parameters<typeof compactVerify>[1]> {
  const matching = readJwks(keys).keys.filter((key) => key.kid === kid);
  const [key] = matching;
  if (key === undefined) throw new ReceiptError("unknown-key", "None of the pinned keys has the receipt's key id");
  const { kty, crv, x, y } = key;
  const isForSigning = (key.use ?? "sig") === "sig" && (key.alg ?? "ES256") === "ES256";
  if (matching.length > 1 || kty !== "EC" || crv !== "P-256" || x === undefined || y === undefined || !isForSigning) {
    throw new ReceiptError("unusable-keys", "The pinned key is not one public P-256 key for ES256");
  }
  try {
    // Only the public members: whatever else the set holds has no say.
    return await importJWK({ kty, crv, x, y }, "ES256");
  } catch (cause) {
    throw new ReceiptError("unusable-keys", "The pinned key is not a point of P-256", { cause });
  }
}

function compare(code: ReceiptErrorCode, what: string, actual: string, expected: string | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new ReceiptError(code, `The receipt is authentic but has another ${what} than expected`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTrustworthy(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}
