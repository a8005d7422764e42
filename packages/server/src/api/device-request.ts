/** Reads what a device proves about a request: its signature header, or its token header. */
import { isFailure } from "@countersign/protocol/errors";
import {
  readSignatureHeader,
  readTokenHeader,
  type SignatureHeader,
  signatureHeaderName,
  type TokenHeader,
  tokenHeaderName,
} from "@countersign/protocol/powerauth/headers";
import { type FactorCombination, signatureBase } from "@countersign/protocol/powerauth/signature";
import type { FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { RefusedError, refuse } from "../errors.ts";
import type { Authentication, SignedRequest } from "../signatures/authenticate.ts";
import { callerOf } from "./surfaces.ts";

/** The signature header of a request. Throws `header-missing`, `header-wrong` or `signature-type`. */
export function signatureHeaderOf(request: FastifyRequest): SignatureHeader {
  const value = request.headers[signatureHeaderName.toLowerCase()];
  if (typeof value !== "string") throw new RefusedError(refuse("header-missing"));
  const header = readSignatureHeader(value);
  if (!isFailure(header)) return header;
  throw new RefusedError(refuse(header.error === "signature-type-invalid" ? "signature-type" : "header-wrong"));
}

/** The token header of a request. Throws `header-missing` or `header-wrong`. */
export function tokenHeaderOf(request: FastifyRequest): TokenHeader {
  const value = request.headers[tokenHeaderName.toLowerCase()];
  if (typeof value !== "string") throw new RefusedError(refuse("header-missing"));
  const header = readTokenHeader(value);
  if (isFailure(header)) throw new RefusedError(refuse("header-wrong"));
  return header;
}

/** What the device signed: method, agreed resource id, nonce and the given body, which is the exact bytes of the request. */
export function signedRequestOf(
  request: FastifyRequest,
  header: SignatureHeader,
  uriId: string,
  allowed: readonly FactorCombination[],
  body: Uint8Array = request.rawBody,
): SignedRequest {
  if (!allowed.includes(header.signatureType)) throw new RefusedError(refuse("signature-type"));
  return {
    activationId: header.activationId.toLowerCase(),
    applicationKey: header.applicationKey,
    factors: header.signatureType,
    version: header.version,
    signature: header.signature,
    base: signatureBase(request.method, uriId, header.nonce, body),
  };
}

/** Result of a right signature. A wrong one is `signature-wrong`; a stranger without budget is `throttled`. */
export async function acceptedOrRefused<T>(
  deps: Pick<Deps, "throttle" | "store">,
  request: FastifyRequest,
  authentication: Authentication<T>,
): Promise<Extract<Authentication<T>, { valid: true }>> {
  if (authentication.valid) return authentication;
  if (!authentication.proven) await countUnproven(deps, request);
  throw new RefusedError(refuse(authentication.reason === "busy" ? "activation-busy" : "signature-wrong"));
}

/** Counts a request that proved nothing against its client address. */
export async function countUnproven(deps: Pick<Deps, "throttle" | "store">, request: FastifyRequest): Promise<void> {
  if (!deps.throttle.allow(callerOf(request).ipAddress)) throw new RefusedError(refuse("throttled"));
}
