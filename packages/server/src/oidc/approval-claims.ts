/**
 * What an ID token says of an approval, so that the relying party can check it without asking again: the decision, the
 * operation, the digest of what was signed, the device's key and, where it is asymmetric, the device's own signature.
 */
import { hash } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import type { ReceiptDecision } from "@countersign/protocol/receipt";
import { applicationsOf } from "../operations/operation.ts";
import type { OperationRow } from "../store/store.ts";

/** Claims of scope `openid`; their names are those of the specifications where there is one. */
export const approvalClaimNames = [
  "urn:openid:params:jwt:claim:auth_req_id",
  "txn",
  "approval",
  "authorization_details",
] as const;

/** Claims of scope `hid-tx-sign`, for back ends that know them. */
export const compatibleClaimNames = ["approvalstatus", "JWS", "PUK", "deviceid", "domain"] as const;
export const compatibleScope = "hid-tx-sign";

export async function approvalClaims(
  operation: OperationRow,
  decision: ReceiptDecision,
  authReqId?: string,
): Promise<Record<string, unknown>> {
  const { evidence, shown, decision: said } = decision;
  const { authorizationDetails } = JSON.parse(operation.approval ?? "{}") as { authorizationDetails?: object[] };
  const jkt = evidence.deviceKey === undefined ? undefined : await calculateJwkThumbprint(evidence.deviceKey);
  return {
    ...(authReqId !== undefined && { "urn:openid:params:jwt:claim:auth_req_id": authReqId }),
    txn: operation.id,
    approval: {
      decision: said,
      type: operation.operation_type,
      at: Math.floor(decision.at / 1000),
      data_sha256: hash("sha256", operation.data, "base64url"),
      shown_sha256: shown.sha256,
      evidence: evidence.kind,
      factors: evidence.factors,
      ...(evidence.activationId !== undefined && { device: evidence.activationId }),
      ...(jkt !== undefined && { jkt }),
      ...(evidence.keyFingerprint !== undefined && { key_fingerprint: evidence.keyFingerprint }),
      ...(evidence.signedSha256 !== undefined && { signed_sha256: evidence.signedSha256 }),
      ...(evidence.signature !== undefined && { signature: evidence.signature }),
      ...(evidence.deviceKey !== undefined && { device_key: evidence.deviceKey }),
      ...(evidence.transaction !== undefined && { transaction: evidence.transaction }),
    },
    ...(authorizationDetails !== undefined && { authorization_details: authorizationDetails }),
    ...compatible(decision, operation),
  };
}

function compatible({ evidence, decision: said }: ReceiptDecision, operation: OperationRow): Record<string, unknown> {
  const { answer = said } = JSON.parse(operation.additional_data) as { readonly answer?: string };
  return {
    approvalstatus: answer,
    ...(evidence.signature !== undefined && { JWS: evidence.signature }),
    ...(evidence.deviceKey !== undefined && { PUK: evidence.deviceKey }),
    deviceid: evidence.activationId ?? applicationsOf(operation)[0],
    domain: operation.tenant,
  };
}
