/** The decision behind a result, and what it says of the person: read once, said in every form of answer. */
import type { ReceiptDecision } from "@countersign/protocol/receipt";
import type { Deps } from "../deps.ts";
import { decisionClaims } from "../operations/detail.ts";
import { amrOf, reachedAcr } from "./acr.ts";

/** Undefined where nobody approved or rejected. */
export async function findDecision(
  deps: Pick<Deps, "store">,
  operationId: string,
): Promise<ReceiptDecision | undefined> {
  return (await decisionClaims(deps, operationId))?.decisions[0];
}

/** Of an operation that was approved or rejected. */
export async function decisionOn(deps: Pick<Deps, "store">, operationId: string): Promise<ReceiptDecision> {
  return made(await findDecision(deps, operationId));
}

/** An operation is not approved or rejected without one. */
export function made(decision: ReceiptDecision | undefined): ReceiptDecision {
  if (decision === undefined) throw new Error("A decided operation has no decision");
  return decision;
}

/** How and when the person proved who they are. `wanted` are the classes that the client asked for. */
export function authenticationBy({ evidence, at }: ReceiptDecision, wanted: readonly string[]) {
  const acr = reachedAcr(wanted, evidence.factors);
  return { ...(acr !== undefined && { acr }), amr: amrOf(evidence.factors), authTime: Math.floor(at / 1000) };
}
