/** How the in-test peer checks what a request proves: a signature, with its counter and failures, or a token. */
import { equalBytes, toBase64, utf8 } from "@countersign/protocol/bytes";
import { nodeCrypto as crypto } from "@countersign/protocol/crypto-node";
import { isFailure } from "@countersign/protocol/errors";
import { activationStates } from "@countersign/protocol/powerauth/activation-status";
import { nextCounter } from "@countersign/protocol/powerauth/counter";
import { readSignatureHeader, readTokenHeader } from "@countersign/protocol/powerauth/headers";
import {
  factorKeys,
  findComponent,
  matchesAt,
  parseOnline,
  signatureBase,
  signedData,
  type FactorCombination,
} from "@countersign/protocol/powerauth/signature";
import { tokenDigest } from "@countersign/protocol/powerauth/token";
import type { Peer } from "./peer.ts";
import type { PeerActivation, PeerRequest } from "./peer-state.ts";

/** The one who signed, with the counter moved; undefined when it does not verify, with the failure counted. */
export function verifySignature(
  peer: Peer,
  request: PeerRequest,
  uriId: string,
  allowed: readonly FactorCombination[],
  note: (signature: NonNullable<PeerRequest["signature"]>) => void,
): PeerActivation | undefined {
  const header = readSignatureHeader(request.headers.get("X-PowerAuth-Authorization") ?? "");
  if (isFailure(header) || !allowed.includes(header.signatureType)) return undefined;
  const activation = peer.activations.get(header.activationId);
  if (activation?.keys === undefined || activation.state !== activationStates.active) return undefined;
  const keys = factorKeys(activation.keys, header.signatureType);
  const components = parseOnline(header.version, header.signature, keys.length);
  if (components === undefined) return undefined;
  const base = signatureBase("POST", uriId, header.nonce, utf8(request.body));
  const data = signedData(base, toBase64(peer.applicationSecret));
  const found = findComponent(
    crypto,
    header.version,
    keys[0]!,
    activation.ctrData,
    peer.lookAhead,
    data,
    components[0]!,
  );
  if (found === undefined) return undefined;
  activation.ctrData = nextCounter(crypto, found.ctr);
  activation.ctr += found.offset + 1;
  if (!matchesAt(crypto, header.version, keys, found.ctr, data, components)) {
    if (++activation.failed >= peer.maxFailed) activation.state = activationStates.blocked;
    return undefined;
  }
  if (header.signatureType !== "possession") activation.failed = 0;
  note({ factors: header.signatureType, offset: found.offset });
  return activation;
}

/** Whether the request proves a token of the peer within a minute. */
export function hasToken(peer: Peer, request: PeerRequest): boolean {
  const header = readTokenHeader(request.headers.get("X-PowerAuth-Token") ?? "");
  const token = isFailure(header) ? undefined : peer.tokens.get(header.tokenId);
  if (isFailure(header) || token === undefined) return false;
  if (Math.abs(Number(header.timestamp) - peer.now()) > 60_000) return false;
  const digest = tokenDigest(crypto, header.version, crypto.secretKey(token.secret), header.nonce, header.timestamp);
  return equalBytes(digest, header.tokenDigest);
}
