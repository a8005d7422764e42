/** Proof of possession for each call of the device API (Approve protocol §6): RFC 9449 with the body under the signature. */
import { toBase64Url, type Bytes } from "../bytes.ts";
import { failure, isFailure, type Failure } from "../errors.ts";
import { digest, matches, seconds, text, unique, url, uuid } from "./claims.ts";
import { readCompact, signCompact, type Signer, type Unverified, verifyCompact, type Verifier } from "./jws.ts";
import { sameJwk, type PublicJwk } from "./keys.ts";

export interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  /** URL without query and fragment. */
  readonly htu: string;
  readonly iat: number;
  readonly nonce?: string;
  readonly cid: string;
  /** SHA-256 of the body's bytes. */
  readonly bsh: string;
}

const shape = {
  required: { jti: unique, htm: text(16), htu: url, iat: seconds, cid: uuid, bsh: digest },
  optional: { nonce: text(256) },
};

export interface ReadProof {
  readonly claims: ProofClaims;
  readonly jwk: PublicJwk;
  readonly message: Unverified;
}

export function signProof(claims: ProofClaims, jwk: PublicJwk, signer: Signer): Promise<string> {
  return signCompact("dpop+jwt", { jwk }, claims, signer);
}

export function bodyHash(sha256: (data: Bytes) => Bytes, body: Bytes): string {
  return toBase64Url(sha256(body));
}

export function readProof(header: string): ReadProof | Failure {
  const message = readCompact(header, "dpop+jwt");
  if (isFailure(message)) return message;
  if (message.jwk === undefined) return failure("message-header-wrong");
  if (!matches(message.claims, shape)) return failure("message-claims-wrong");
  return { message, jwk: message.jwk, claims: message.claims as unknown as ProofClaims };
}

/** By the registered key, never by the one in the header alone (APV-POP-2). */
export async function verifyProof({ message, jwk }: ReadProof, registered: Verifier): Promise<boolean> {
  return sameJwk(jwk, registered.jwk) && (await verifyCompact(message, registered));
}
