/** Opens what a device encrypted, and shapes the encrypted answer. */
import { utf8 } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import type { EncryptedResponse, Encryptor } from "@countersign/protocol/powerauth/ecies";
import {
  type EncryptionHeader,
  encryptionHeaderName,
  readEncryptionHeader,
  signatureHeaderName,
} from "@countersign/protocol/powerauth/headers";
import type { FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { type EnvelopeDeps, type OpenedEnvelope, openEnvelope } from "../encryption/envelope.ts";
import { isRefusal, RefusedError, refuse } from "../errors.ts";
import { countUnproven, signatureHeaderOf } from "./device-request.ts";

/**
 * Application key, activation and version of an encrypted request. A signature header says it all and wins over an
 * encryption header. Throws `header-wrong`, `signature-type` or `decryption-failed`.
 */
export function encryptionHeaderOf(request: FastifyRequest, scope: Encryptor["scope"]): EncryptionHeader {
  if (request.headers[signatureHeaderName.toLowerCase()] !== undefined) {
    const { applicationKey, activationId, version } = signatureHeaderOf(request);
    return { applicationKey, version, ...(scope === "activation" && { activationId }) };
  }
  const value = request.headers[encryptionHeaderName.toLowerCase()];
  const header = typeof value === "string" ? readEncryptionHeader(value, scope) : undefined;
  if (header === undefined || isFailure(header)) throw new RefusedError(refuse("decryption-failed"));
  return header;
}

/**
 * The body of the request, opened. Whatever is wrong with it proves nothing, so the address pays for it, and is one
 * answer: `decryption-failed`, or `incomplete` for a member that is missing or malformed.
 */
export async function openedOrRefused(
  deps: EnvelopeDeps & Pick<Deps, "throttle">,
  request: FastifyRequest,
  encryptor: Encryptor,
  incomplete: "invalid-request" | "decryption-failed" = "decryption-failed",
): Promise<OpenedEnvelope> {
  const opened = await openEnvelope(deps, encryptor, encryptionHeaderOf(request, encryptor.scope), request.body);
  if (!isRefusal(opened)) return opened;
  await countUnproven(deps, request);
  throw new RefusedError(refuse(opened.refused === "invalid-request" ? incomplete : "decryption-failed"));
}

/** JSON, encrypted as the answer to an opened request. The HTTP body is this object, without an envelope of its own. */
export function sealedJson(opened: OpenedEnvelope, answer: object, now: number): EncryptedResponse {
  return opened.seal(utf8(JSON.stringify(answer)), now);
}

/** `requestObject` of a body nobody has checked. Undefined unless it is an object. */
export function requestObjectOf(request: FastifyRequest): Readonly<Record<string, unknown>> | undefined {
  const { requestObject } = (request.body ?? {}) as { requestObject?: unknown };
  return typeof requestObject === "object" && requestObject !== null
    ? (requestObject as Record<string, unknown>)
    : undefined;
}
