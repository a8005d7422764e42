/** Signs the receipt of a decision when somebody asks for it. What it says was fixed when the decision was made. */
import { type ReceiptClaims, receiptType } from "@countersign/protocol/receipt";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { decisionClaims } from "./detail.ts";

export interface SignedReceipt {
  /** Compact JWS, ES256, by a key of the server's JWKS. */
  readonly receipt: string;
  readonly claims: ReceiptClaims;
}

/** Refuses with `not-decided`: nobody approved or rejected the operation. */
export async function signReceipt(
  deps: Pick<Deps, "store" | "signingKeys">,
  operationId: string,
): Promise<SignedReceipt | Refusal> {
  const claims = await decisionClaims(deps, operationId);
  if (claims === undefined) return refuse("not-decided");
  return { receipt: await deps.signingKeys.sign("receipt", receiptType, claims), claims };
}
