/** "Not now" or "not me" (Approve protocol §9): by the key that never asks the person, so that reporting is easy. */
import { isFailure } from "@countersign/protocol/errors";
import { readMessage, verifyMessage } from "@countersign/protocol/approve/message";
import { cancel, type CancelClaims, clockSkew } from "@countersign/protocol/approve/response";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { decide } from "../../operations/decide.ts";
import { refuseState } from "../../operations/detail.ts";
import type { HotCommand, HotRows, OperationRow, Outcome } from "../../store/store.ts";
import { activeKey, isOver } from "../container.ts";
import { withCountermeasures } from "../countermeasures/report.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { once } from "../prove.ts";
import { activeContainer, actorOf, digestOf, type SignedCall } from "./accept.ts";
import { approvalOf } from "./approval.ts";

type CancelDeps = Pick<Deps, "store" | "crypto" | "publicUrl">;

export interface CancelInput extends SignedCall {
  readonly operationId: string;
}

export interface Canceled {
  readonly status: "CANCELED";
}

/**
 * The same bytes again get the same answer. Refuses `invalid-request`, `key-expired`, `feature-off`,
 * `transaction-unknown`, and the state that stands in the way. `NOTIFY_SUSPICIOUS` brings the countermeasures. Writes
 * `operation.canceled` with the person's words.
 */
export async function cancelTransaction(deps: CancelDeps, input: CancelInput): Promise<Canceled | Refusal> {
  const { container, operationId, text, claim } = input;
  const claims = await readCancel(deps, input);
  if (isRefusal(claims)) return claims;
  const type = await findDeviceType(deps, container.row.device_type);
  if (isRefusal(type)) throw new Error("A container has no device type");
  if (!type.features.cancel) return refuse("feature-off");
  const digest = digestOf(deps, text);
  if (await wasAccepted(deps, operationId, container.activation.id, digest)) {
    return once<Canceled>(deps, claim, { status: "CANCELED" });
  }
  const command: HotCommand<Canceled | Refusal> = {
    activationId: container.activation.id,
    operationId,
    claims: [claim],
    evaluate: (rows, now) => evaluate(claims, digest, rows, now),
  };
  if (claims.reason === "NOTIFY_SUSPICIOUS") return withCountermeasures(deps, container, command);
  return deps.store.commit(command);
}

async function readCancel(
  deps: CancelDeps,
  { container, operationId, text }: CancelInput,
): Promise<CancelClaims | Refusal> {
  const read = readMessage(cancel, text);
  if (isFailure(read)) return refuse("invalid-request", "cancel - malformed");
  const { claims, kid } = read;
  const key = activeKey(container, kid, ["pop"]);
  if (key === undefined) return refuse("invalid-request", "cancel - kid");
  const now = await deps.store.now();
  if (isOver(key, now)) return refuse("key-expired");
  if (isFailure(await verifyMessage(read, key.verifier))) return refuse("invalid-request", "cancel - signature");
  if (claims.aud !== deps.publicUrl || claims.iss !== container.activation.id) {
    return refuse("invalid-request", "aud or iss");
  }
  if (claims.tid !== operationId) return refuse("transaction-unknown");
  if (Math.abs(claims.iat * 1000 - now) > clockSkew * 1000) return refuse("invalid-request", "iat");
  return isUnsafe(claims.message) ? refuse("invalid-request", "message") : claims;
}

function evaluate(claims: CancelClaims, digest: string, rows: HotRows, now: number): Outcome<Canceled | Refusal> {
  const activation = activeContainer(rows);
  if (isRefusal(activation)) return { result: activation };
  const { operation } = rows;
  // One that nobody has claimed is nobody's to cancel.
  if (operation === undefined || operation.user_id !== activation.user_id) {
    return { result: refuse("transaction-unknown") };
  }
  if (!isCancelable(operation)) return { result: refuse("feature-off") };
  const { reason, message } = claims;
  const actor = actorOf(activation, "possession");
  const { result, writes } = decide(operation, { action: "cancel", actor, reason }, now);
  if (result.kind === "final") return { result: refuseState(result.operation), writes };
  if (result.kind !== "decided") {
    return { result: refuse(result.kind === "device-held" ? "container-blocked" : "transaction-unknown") };
  }
  const events = (writes.events ?? []).map((event) => ({ ...event, data: { ...event.data, message } }));
  const answer = {
    tenant: operation.tenant,
    operation_id: operation.id,
    activation_id: activation.id,
    message_digest: digest,
    outcome: JSON.stringify({ status: "CANCELED" } satisfies Canceled),
    at: now,
  };
  return { result: { status: "CANCELED" }, writes: { ...writes, events, answer } };
}

/** What the template says; whether the device type allows it at all comes before. */
export function isCancelable(operation: Pick<OperationRow, "approval">): boolean {
  return approvalOf(operation).cancelable ?? true;
}

async function wasAccepted(
  deps: Pick<Deps, "store">,
  operationId: string,
  activationId: string,
  digest: string,
): Promise<boolean> {
  const row = await deps.store.read
    .selectFrom("answered_transaction")
    .select("at")
    .where("tenant", "=", deps.store.tenant)
    .where("operation_id", "=", operationId)
    .where("message_digest", "=", digest)
    .where("activation_id", "=", activationId)
    .executeTakeFirst();
  return row !== undefined;
}
