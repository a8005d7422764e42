/** Approves by the code that a person retyped from the device: verified and decided in one commit. */
import { authorizeBody, offlineUriId, regroupOfflineCode } from "@countersign/protocol/operation/offline-qr";
import { signatureBase } from "@countersign/protocol/powerauth/signature";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { authenticateOffline } from "../../signatures/authenticate-offline.ts";
import type { ActivationRow, OperationRow } from "../../store/store.ts";
import type { Decided } from "../decide.ts";
import { type DecideDeps, decisionBy } from "../decide-on-device.ts";
import { findOperation, isEntitledViewer, refuseState, type Sees } from "../detail.ts";
import { proximitySeedOf } from "../proximity.ts";
import { offlineCombinations, offlineProximity } from "./qr.ts";

export interface OfflineDecision {
  readonly operationId: string;
  /** As it was typed: two times eight digits, with any spaces and dashes. */
  readonly code: string;
  /** Of the activations that were shown the QR code, the one that answers; all of them are tried when absent. */
  readonly activationId?: string | undefined;
  /** What the app signs for; the usual one when absent. */
  readonly uriId?: string | undefined;
  readonly sees: Sees;
  readonly seesActivation: (activation: ActivationRow) => boolean;
}

type OfflineDeps = DecideDeps & Pick<Deps, "secrets">;

/** Devices that were shown the code of one operation; a person has few. */
const mostActivations = 20;
const digits = 8;

/**
 * The approved operation. A code of a proven device with another wrong part costs one try of the activation and of the
 * operation; a code that proves no device costs nothing.
 *
 * Refuses with `invalid-request` for what is no code, `offline-code-wrong`, `operation-not-found`, the state that the
 * operation is in, `offline-qr-missing`, `operation-flag`, `activation-state` for a device that may not decide now,
 * `activation-busy`.
 */
export async function decideOffline(deps: OfflineDeps, input: OfflineDecision): Promise<OperationRow | Refusal> {
  const code = regroupOfflineCode(input.code, 2, digits);
  if (code === undefined) return refuse("invalid-request", `code - not ${2 * digits} digits`);
  const operation = await findOperation(deps, input.operationId, input.sees);
  if (isRefusal(operation)) return operation;
  if (operation.status !== "PENDING") return refuseState(operation);
  const challenges = await challengesOf(deps, operation, input);
  if (challenges.length === 0) return refuse("offline-qr-missing");

  let held = false;
  for (const challenge of challenges) {
    const outcome = await redeem(deps, operation, challenge, code, input.uriId);
    if (outcome === "other-device") continue;
    if (outcome === "held") held = true;
    else return outcome;
  }
  return refuse(held ? "activation-state" : "offline-code-wrong");
}

interface Challenge {
  readonly activation: ActivationRow;
  readonly nonce: string;
  readonly language: string;
}

async function challengesOf(
  { store }: Pick<Deps, "store">,
  operation: OperationRow,
  { activationId, seesActivation }: OfflineDecision,
): Promise<readonly Challenge[]> {
  let query = store.read
    .selectFrom("offline_challenge")
    .select(["activation_id", "nonce", "language"])
    .where("tenant", "=", store.tenant)
    .where("operation_id", "=", operation.id);
  if (activationId !== undefined) query = query.where("activation_id", "=", activationId);
  const rows = await query.orderBy("created_at", "desc").limit(mostActivations).execute();
  const found = await Promise.all(
    rows.map(async ({ activation_id, ...row }) => ({ ...row, activation: await store.findActivation(activation_id) })),
  );
  return found.filter((one): one is Challenge => {
    const { activation } = one;
    return activation !== undefined && seesActivation(activation) && isEntitledViewer(operation, activation);
  });
}

async function redeem(
  deps: OfflineDeps,
  operation: OperationRow,
  { activation, nonce, language }: Challenge,
  code: string,
  uriId: string = offlineUriId,
): Promise<OperationRow | Refusal | "other-device" | "held"> {
  const combinations = offlineCombinations(operation);
  const [claimed] = combinations;
  if (claimed === undefined) return refuse("operation-not-offline");
  const { id: operationId, data } = operation;
  const seed = proximitySeedOf(deps, operation);
  const templates = await deps.displayTemplates.current();
  const authentication = await authenticateOffline<Decided>(
    deps,
    {
      activationId: activation.id,
      code,
      length: digits,
      base: signatureBase("POST", uriId, nonce, authorizeBody(operationId, data)),
      combinations,
      proximity: seed && { seed, ...offlineProximity },
    },
    decisionBy(deps, templates, { action: "approve", operationId, data, language, proximity: "signed" }, claimed),
  );
  if (authentication.valid) return answerTo(authentication.result);
  switch (authentication.reason) {
    case "unproven":
      return "other-device";
    case "busy":
      return refuse("activation-busy");
    case "wrong-factor":
      return wrongFactor(authentication.note as Decided | undefined);
    default:
      return "held";
  }
}

/** The operation may have been decided, or have run out of tries, while the code was on its way. */
function wrongFactor(decided: Decided | undefined): Refusal {
  return decided?.kind === "final" ? refuseState(decided.operation) : refuse("offline-code-wrong");
}

function answerTo(decided: Decided): OperationRow | Refusal {
  switch (decided.kind) {
    case "decided":
      return decided.operation;
    case "final":
      return refuseState(decided.operation);
    case "flag-missing":
      return refuse("operation-flag");
    case "device-held":
      return refuse("activation-state");
    case "attempt-failed":
      return refuse("offline-code-wrong");
    case "not-found":
    case "not-entitled":
      return refuse("operation-not-found");
  }
}
