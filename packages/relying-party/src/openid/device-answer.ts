/**
 * The device's own signature, as an ID token carries it: the key is the enrolled one, the answer covers the transaction
 * as the server stated it, and the transaction speaks of what the token speaks of.
 */
import { canonicalJson } from "@countersign/protocol/canonical-json";
import { isPublicJwk, type PublicJwk } from "@countersign/protocol/approve/keys";
import { importVerifier } from "@countersign/protocol/approve/jws";
import { readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { direct, response, type ResponseClaims } from "@countersign/protocol/approve/response";
import { transaction, type TransactionClaims } from "@countersign/protocol/approve/transaction";
import { isFailure } from "@countersign/protocol/errors";
import { calculateJwkThumbprint } from "jose";
import { digestOf } from "./digest.ts";

/** Claim `approval`, as far as it is looked at. */
export interface ApprovalClaim {
  readonly decision: "approve" | "reject";
  readonly type: string;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly data_sha256: string;
  readonly shown_sha256: string;
  readonly evidence: string;
  readonly factors: readonly string[];
  readonly device?: string;
  readonly jkt?: string;
  readonly signature?: string;
  readonly device_key?: PublicJwk;
  readonly transaction?: string;
}

export interface Told {
  readonly approval: ApprovalClaim;
  readonly sub: string;
  readonly txn: string;
  readonly clientId: string;
  readonly details: readonly object[] | undefined;
  /** What the device is known to have signed by itself, where nobody had asked it. */
  readonly message?: string | undefined;
}

/** Why the device's answer does not prove what the token says, in words; undefined when it does. */
export async function answerDefect(told: Told): Promise<string | undefined> {
  const { approval, message } = told;
  const { signature, device_key: key, transaction: stated } = approval;
  const byItself = message !== undefined;
  if (signature === undefined || !isPublicJwk(key) || (stated === undefined) !== byItself) return "a part is missing";
  if ((await calculateJwkThumbprint({ ...key })) !== approval.jkt) return "another key";
  const verifier = await importVerifier(key);
  if (stated === undefined) return directDefect(told, signature, verifier);
  const answer = readMessage(response, signature);
  if (isFailure(verifier) || isFailure(answer)) return "not an answer of a device";
  if (isFailure(await verifyMessage(answer, verifier))) return "not signed by this key";
  const asked = readMessage(transaction, stated);
  if (isFailure(asked)) return "not a transaction";
  const digests = {
    transaction: await digestOf(stated),
    data: await digestOf(asked.claims.details.data),
    text: await digestOf(asked.claims.display.text),
  };
  return pairDefect(answer.claims, asked.claims, digests) ?? tokenDefect(told, answer.claims, asked.claims, digests);
}

/**
 * Without a transaction the device signed a message of the app's (§9). Which of its words means yes is the template's:
 * that is the issuer's word.
 */
async function directDefect(
  { approval, clientId, details, message }: Told,
  signature: string,
  verifier: Awaited<ReturnType<typeof importVerifier>>,
): Promise<string | undefined> {
  const answer = readMessage(direct, signature);
  if (isFailure(verifier) || isFailure(answer)) return "not an answer of a device";
  if (isFailure(await verifyMessage(answer, verifier))) return "not signed by this key";
  const { claims } = answer;
  if (claims.azp !== clientId) return "for another client";
  if (claims.iss !== approval.device) return "another device";
  const shown = await digestOf(claims.message);
  if (claims.message !== message || [claims.shown_sha256, approval.shown_sha256].some((one) => one !== shown)) {
    return "other data";
  }
  const same = canonicalJson(claims.authorizationDetails ?? null) === canonicalJson(details ?? null);
  return same ? undefined : "other details";
}

interface Digests {
  readonly transaction: string;
  readonly data: string;
  readonly text: string;
}

function pairDefect(answer: ResponseClaims, asked: TransactionClaims, digests: Digests): string | undefined {
  if (answer.tx_sha256 !== digests.transaction) return "an answer to another transaction";
  const same = answer.tid === asked.tid && answer.nonce === asked.nonce && answer.iss === asked.aud;
  if (!same || answer.shown_sha256 !== digests.text) return "an answer to another transaction";
  const status = asked.allowed.find((one) => one.status === answer.status);
  return status?.effect === "approve" ? undefined : "not an approval";
}

function tokenDefect(
  { approval, sub, txn, clientId, details }: Told,
  answer: ResponseClaims,
  asked: TransactionClaims,
  digests: Digests,
): string | undefined {
  if (asked.tid !== txn || asked.user !== sub || asked.client.id !== clientId) return "a transaction of somebody else";
  if (answer.iss !== approval.device) return "another device";
  if (approval.data_sha256 !== digests.data || approval.shown_sha256 !== digests.text) return "other data";
  const same = canonicalJson(asked.authorizationDetails ?? null) === canonicalJson(details ?? null);
  return same ? undefined : "other details";
}
