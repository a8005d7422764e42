/**
 * Several keys prove themselves over one payload (Approve protocol §4 and §11): General JSON JWS, one signature for each
 * new key and, in a renewal, one of the key that vouches for them.
 */
import { flattenedVerify } from "jose";
import { fromBase64Url, fromUtf8, toBase64Url, utf8, type Bytes } from "../bytes.ts";
import { failure, isFailure, type Failure } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { listOf, matches, text } from "./claims.ts";
import {
  importVerifier,
  longest,
  readHeader,
  signingInput,
  type NamedSigner,
  type Signer,
  type Verifier,
} from "./jws.ts";
import type { PublicJwk } from "./keys.ts";
import { readStrictJsonObject } from "./strict-json.ts";

export type KeyProofType = "apv-enrol+jws" | "apv-renew+jws";

export interface ProvingKey extends Signer {
  readonly jwk: PublicJwk;
}

export interface UnverifiedKeyProof {
  readonly payload: JsonObject;
  /** In the order they came: by key, or by the name of a key that is known already. */
  readonly signatures: readonly {
    readonly jwk?: PublicJwk;
    readonly kid?: string;
    readonly protected: string;
    readonly signature: string;
  }[];
  readonly encodedPayload: string;
}

/** The exact bytes to send; keep them, and send the same again after a crash (APV-ENR-9). */
export async function makeKeyProof(
  typ: KeyProofType,
  payload: object,
  keys: readonly ProvingKey[],
  vouchedBy?: NamedSigner,
): Promise<Bytes> {
  const encoded = toBase64Url(utf8(JSON.stringify(payload)));
  const sign = async (named: object, signer: Signer) => {
    const header = toBase64Url(utf8(JSON.stringify({ alg: "ES256", typ, ...named })));
    return { protected: header, signature: toBase64Url(await signer.sign(signingInput(header, encoded))) };
  };
  const signatures = [];
  for (const key of keys) signatures.push(await sign({ jwk: key.jwk }, key));
  if (vouchedBy !== undefined) signatures.push(await sign({ kid: vouchedBy.kid }, vouchedBy));
  return utf8(JSON.stringify({ payload: encoded, signatures }));
}

const oneSignature = { required: { protected: text(longest), signature: text(128) } };
const whole = {
  required: { payload: text(longest), signatures: listOf((value) => matches(value, oneSignature), 8, 1) },
};

export function readKeyProof(bytes: Bytes, typ: KeyProofType): UnverifiedKeyProof | Failure {
  if (bytes.length > longest) return failure("message-too-long");
  const body = readStrictJsonObject(bytes);
  if (body === undefined || !matches(body, whole)) return failure("message-malformed");
  const encodedPayload = body.payload as string;
  const payload = decoded(encodedPayload);
  if (payload === undefined) return failure("message-malformed");
  const signatures = [];
  for (const one of body.signatures as { protected: string; signature: string }[]) {
    const header = fromBase64Url(one.protected);
    if (header === undefined || fromBase64Url(one.signature)?.length !== 64) return failure("message-malformed");
    const named = readHeader(header, typ);
    if (isFailure(named)) return named;
    signatures.push({ ...named, ...one });
  }
  return { payload, signatures, encodedPayload };
}

/** Whether each signature verifies: by the key in its header, or by the one that `known` has for its name. */
export async function verifyKeyProof(
  proof: UnverifiedKeyProof,
  known: (kid: string) => Verifier | undefined = () => undefined,
): Promise<boolean> {
  for (const { jwk, kid, protected: header, signature } of proof.signatures) {
    const verifier = jwk !== undefined ? await importVerifier(jwk) : kid === undefined ? undefined : known(kid);
    if (verifier === undefined || isFailure(verifier)) return false;
    try {
      const jws = { protected: header, payload: proof.encodedPayload, signature };
      await flattenedVerify(jws, verifier.key, { algorithms: ["ES256"] });
    } catch {
      return false;
    }
  }
  return true;
}

function decoded(payload: string): JsonObject | undefined {
  const bytes = fromBase64Url(payload);
  return bytes === undefined || fromUtf8(bytes) === undefined ? undefined : readStrictJsonObject(bytes);
}
