/**
 * Signed messages (Approve protocol §1): compact JWS with ES256, read strictly before anything is verified.
 *
 * Signing is split from the key, which may live in hardware or wait for a person: `prepareCompact` gives what is signed,
 * `finishCompact` signs it. Verification is jose's, with the algorithm of the key.
 */
import { compactVerify, type CryptoKey, importJWK } from "jose";
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { failure, isFailure, type Failure } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { matches, type Shape, text as textOf } from "./claims.ts";
import { isPublicJwk, type PublicJwk } from "./keys.ts";
import { readStrictJsonObject } from "./strict-json.ts";

export type CompactType =
  | "apv-offer+jwt"
  | "apv-enrol+jwt"
  | "apv-ref+jwt"
  | "apv-tx+jwt"
  | "apv-history+jwt"
  | "apv-res+jwt"
  | "apv-dcs+jwt"
  | "apv-cancel+jwt"
  | "apv-renew+jwt"
  | "apv-renew-ack+jwt"
  | "apv-keys+jwt"
  | "dpop+jwt";

/** A private key that signs with ES256, wherever it lives. */
export interface Signer {
  /** Resolves to 64 bytes, r ‖ s. Rejects where the key does not answer: locked, refused, gone. */
  sign(data: Bytes): Promise<Bytes>;
}

export interface NamedSigner extends Signer {
  readonly kid: string;
}

/** A public key, ready to verify. */
export interface Verifier {
  readonly jwk: PublicJwk;
  readonly key: CryptoKey;
}

export interface Unverified {
  readonly text: string;
  readonly kid?: string;
  readonly jwk?: PublicJwk;
  readonly claims: JsonObject;
}

export const shortest = 2 * 1024;
/** Most characters of a message, by type (APV-OBJ-5). */
export const limits: Partial<Record<CompactType, number>> = { "apv-offer+jwt": shortest, "apv-ref+jwt": shortest };
export const longest = 64 * 1024;

/** `public-key-invalid` for a point that is not on the curve. */
export async function importVerifier({ kty, crv, x, y }: PublicJwk): Promise<Verifier | Failure> {
  const jwk = { kty, crv, x, y };
  try {
    const key = await importJWK(jwk, "ES256");
    return key instanceof Uint8Array ? failure("public-key-invalid") : { jwk, key };
  } catch {
    return failure("public-key-invalid");
  }
}

type Named = { readonly kid: string } | { readonly jwk: PublicJwk };

export async function signCompact(typ: CompactType, named: Named, claims: object, signer: Signer): Promise<string> {
  return finishCompact(prepareCompact(typ, named, claims), signer);
}

/** The signing input of RFC 7515 §5.1: header and payload. */
export function prepareCompact(typ: CompactType, named: Named, claims: object): string {
  const header = toBase64Url(utf8(JSON.stringify({ alg: "ES256", typ, ...named })));
  return `${header}.${toBase64Url(utf8(JSON.stringify(claims)))}`;
}

export async function finishCompact(input: string, signer: Signer): Promise<string> {
  return `${input}.${toBase64Url(await signer.sign(utf8(input)))}`;
}

/** Form only: type, algorithm, header, encoding, JSON. Says nothing of the signature. */
export function readCompact(text: string, typ: CompactType): Unverified | Failure {
  if (text.length > (limits[typ] ?? longest)) return failure("message-too-long");
  const parts = text.split(".");
  const [header, payload, signature] = parts.map((part) => fromBase64Url(part));
  if (parts.length !== 3 || header === undefined || payload === undefined || signature?.length !== 64) {
    return failure("message-malformed");
  }
  const read = readHeader(header, typ);
  if (isFailure(read)) return read;
  const claims = readStrictJsonObject(payload);
  return claims === undefined ? failure("message-malformed") : { text, ...read, claims };
}

/** A message of this type by this key; its claims are still to be checked. */
export async function verifyCompact(message: Unverified, { key }: Verifier): Promise<boolean> {
  try {
    await compactVerify(message.text, key, { algorithms: ["ES256"] });
    return true;
  } catch {
    return false;
  }
}

/** Header of one signature, in either serialisation. `jwk` only where the place allows a key to prove itself. */
export function readHeader(bytes: Bytes, typ: string): { readonly kid?: string; readonly jwk?: PublicJwk } | Failure {
  const header = readStrictJsonObject(bytes);
  if (header === undefined) return failure("message-malformed");
  if (header.typ !== typ) return failure("message-type-wrong");
  if (header.alg !== "ES256") return failure("message-algorithm-wrong");
  const named = namedBy[typ] ?? "kid";
  if (named !== "jwk" && matches(header, withKid)) return { kid: header.kid as string };
  if (named !== "kid" && matches(header, withJwk)) return { jwk: header.jwk as PublicJwk };
  return failure("message-header-wrong");
}

const isText = textOf(64);
const withKid: Shape = { required: { alg: isText, typ: isText, kid: isText } };
const withJwk: Shape = { required: { alg: isText, typ: isText, jwk: isPublicJwk } };

/** Where a key proves itself, the header holds the key (APV-OBJ-3). */
const namedBy: Readonly<Record<string, "jwk" | "either" | undefined>> = {
  "dpop+jwt": "jwk",
  "apv-enrol+jws": "jwk",
  "apv-renew+jws": "either",
};

/** Bytes under a signature of a JSON serialisation. */
export function signingInput(header: string, payload: string): Bytes {
  return concat(utf8(header), utf8("."), utf8(payload));
}
