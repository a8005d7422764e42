/** The Mobile Token API of the in-test peer: lists, claims and decides the operations a test put there. */
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import { ok, refused, requestObject, shown, unauthorized, type Answer } from "./peer-answers.ts";
import { hasToken } from "./peer-proofs.ts";
import type { PeerActivation, PeerRequest } from "./peer-state.ts";
import type { Peer } from "./peer.ts";

export interface PeerOperation {
  readonly id: string;
  readonly data: string;
  status: string;
  /** Nobody's yet: to be claimed. */
  unclaimed?: boolean;
  /** Members to show instead of the usual ones. */
  readonly shown?: Record<string, unknown>;
  authorizedWith?: unknown;
  rejectedWith?: unknown;
}

export type Signed = (
  uriId: string,
  allowed: readonly FactorCombination[],
  run: (signer: PeerActivation) => Answer,
) => Answer;

const base = "/api/auth/token/app/operation";
export const twoFactors: readonly FactorCombination[] = ["possession_knowledge", "possession_biometry"];
export const anyFactors: readonly FactorCombination[] = ["possession", ...twoFactors];

/** Undefined for a path that is none of this API's. */
export function answerOperation(peer: Peer, request: PeerRequest, signed: Signed): Answer | undefined {
  const mine = () => [...peer.operations.values()].filter((operation) => operation.unclaimed !== true).map(shown);
  const named = () => peer.operations.get(String(requestObject(request).id));
  switch (request.path) {
    case `${base}/list`:
      return hasToken(peer, request) ? timed(peer, mine()) : unauthorized();
    case `${base}/detail`:
    case `${base}/detail/claim`: {
      if (!hasToken(peer, request)) return unauthorized();
      const operation = named();
      const isClaim = request.path.endsWith("claim");
      if (operation === undefined || (isClaim && operation.unclaimed !== true))
        return refused(400, "INVALID_OPERATION");
      operation.unclaimed = false;
      return timed(peer, shown(operation));
    }
    case `${base}/history`:
      return signed("/operation/history", twoFactors, () => ok(mine()));
    case `${base}/authorize`:
      return signed("/operation/authorize", anyFactors, () => decide(named(), request, "APPROVED"));
    case `${base}/cancel`:
      return signed("/operation/cancel", ["possession"], () => decide(named(), request, "REJECTED"));
    default:
      return undefined;
  }
}

function decide(operation: PeerOperation | undefined, request: PeerRequest, status: string): Answer {
  const object = requestObject(request);
  if (operation === undefined) return refused(400, "INVALID_OPERATION");
  if (operation.status !== "PENDING") return refused(400, "OPERATION_ALREADY_FINISHED");
  if (status === "APPROVED" && object.data !== operation.data) return refused(401, "OPERATION_FAILED");
  operation.status = status;
  if (status === "APPROVED") operation.authorizedWith = object;
  else operation.rejectedWith = object;
  return { status: 200, body: { status: "OK" } };
}

function timed(peer: Peer, responseObject: unknown): Answer {
  const now = new Date(peer.now()).toISOString().replace(/\.\d+Z$/, "+0000");
  return { status: 200, body: { status: "OK", responseObject, currentTimestamp: now } };
}
