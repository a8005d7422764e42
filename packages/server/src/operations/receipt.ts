/** The receipt of a decision: claims fixed in the decision's commit, signed when somebody asks for them. */
import { toBase64Url, utf8 } from "@countersign/protocol/bytes";
import type { CryptoProvider } from "@countersign/protocol/crypto";
import { canonicalDisplay } from "@countersign/protocol/operation/display";
import type { Evidence, ReceiptClaims, Shown } from "@countersign/protocol/receipt";
import type { DisplayTemplates } from "../display/cache.ts";
import type { DecisionTable } from "../store/schema.ts";
import type { AuditPlace, OperationRow } from "../store/store.ts";

export interface ReceiptInput {
  readonly issuer: string;
  readonly operation: OperationRow;
  readonly evidence: Evidence;
  readonly shown: Shown;
  readonly reason?: string | undefined;
}

/** The decision row for `Writes.decision`: built once the audit place is known. `operation` is the decided row. */
export function decisionOf(input: ReceiptInput, now: number): (place: AuditPlace) => DecisionTable {
  const { operation } = input;
  return (place) => ({
    tenant: operation.tenant,
    operation_id: operation.id,
    claims: JSON.stringify(claims(input, place, now)),
    at: now,
  });
}

function claims(
  { issuer, operation, evidence, shown, reason }: ReceiptInput,
  place: AuditPlace,
  now: number,
): ReceiptClaims {
  if (operation.status !== "APPROVED" && operation.status !== "REJECTED")
    throw new Error("Only decisions have receipts");
  return {
    iss: issuer,
    sub: operation.id,
    jti: `${operation.id}:${place.seq}`,
    iat: Math.floor(now / 1000),
    ver: 1,
    tenant: operation.tenant,
    operation: {
      id: operation.id,
      type: operation.operation_type,
      status: operation.status,
      ...(operation.external_id !== null && { externalId: operation.external_id }),
      data: operation.data,
      createdAt: operation.created_at,
    },
    decisions: [
      {
        decision: operation.status === "APPROVED" ? "approve" : "reject",
        at: now,
        ...(operation.user_id !== null && { userId: operation.user_id }),
        ...(reason !== undefined && { reason }),
        evidence,
        shown,
      },
    ],
    audit: { lane: place.lane, seq: place.seq, hash: place.hash },
  };
}

/**
 * What the server shows of this operation to who asks in this language. The device signs the data, not what is shown.
 * `template` is the operation type, by which display templates are found; the language `und` says there was none.
 */
export function shownBy(
  crypto: CryptoProvider,
  templates: DisplayTemplates,
  operation: OperationRow,
  language: string,
): Shown {
  const display = templates.show(operation, language);
  return {
    sha256: toBase64Url(crypto.sha256(utf8(canonicalDisplay(display)))),
    language: display.language,
    template: operation.operation_type,
    by: "server",
  };
}
