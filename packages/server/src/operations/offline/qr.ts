/** The QR code by which a device without a network is shown an operation, and what belongs to it until it is answered. */
import { findPowerAuth } from "../../activations/activation.ts";
import { toBase64, utf8 } from "@countersign/protocol/bytes";
import { composeOfflineData } from "@countersign/protocol/operation/offline-qr";
import { textDefect } from "@countersign/protocol/operation/plain-text";
import type { FactorCombination } from "@countersign/protocol/powerauth/signature";
import type { Deps } from "../../deps.ts";
import type { DisplayTemplates } from "../../display/cache.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { personalizedPayload } from "../../signatures/offline-payload.ts";
import type { ActivationRow, OperationRow } from "../../store/store.ts";
import { findOperation, isEntitledViewer, pendingForDevice, type Sees } from "../detail.ts";
import { signatureTypesOf } from "../operation.ts";
import { proximitySeedOf } from "../proximity.ts";

export interface OfflineQrInput {
  readonly operationId: string;
  /** For whom: it must be ACTIVE and entitled to the operation. */
  readonly activationId: string;
  /** Of title and message. */
  readonly language: string;
  readonly sees: Sees;
  readonly seesActivation: (activation: ActivationRow) => boolean;
}

type QrDeps = Pick<Deps, "store" | "crypto" | "random" | "secrets" | "displayTemplates">;

/**
 * Text of the QR code. Asked for again it has the same nonce, so that an answer to an earlier code still fits; only the
 * one-time password of a proximity check is new.
 *
 * Refuses with `operation-not-found`, the state that the operation is in, `operation-flag`, `operation-not-offline`,
 * `activation-not-found` (also for one that is not entitled) and `activation-state`.
 */
export async function offlineQr(deps: QrDeps, input: OfflineQrInput): Promise<{ readonly qr: string } | Refusal> {
  const operation = await findOperation(deps, input.operationId, input.sees);
  if (isRefusal(operation)) return operation;
  const activation = await findPowerAuth(deps, input.activationId);
  if (activation === undefined || !input.seesActivation(activation) || !isEntitledViewer(operation, activation)) {
    return refuse("activation-not-found");
  }
  const pending = pendingForDevice(operation, activation);
  if (isRefusal(pending)) return pending;
  if (activation.status !== "ACTIVE") return refuse("activation-state");
  const data = linesOf(pending, await deps.displayTemplates.current(), input.language);
  if (data === undefined) return refuse("operation-not-offline");
  const seed = proximitySeedOf(deps, pending);
  const payload = await personalizedPayload(deps, {
    activation,
    data,
    nonce: await challengeOf(deps, pending, activation, input.language),
    proximity: seed && { seed, step: offlineProximity.step },
  });
  if (isRefusal(payload)) return payload;
  const fits = utf8(payload.offlineData).length <= mostBytes;
  return fits ? { qr: payload.offlineData } : refuse("operation-not-offline");
}

/** In the largest QR code (version 40, level L). */
const mostBytes = 2953;

/** A code takes its time: it is scanned, confirmed with a PIN and retyped. */
export const offlineProximity = { step: 30, backward: 4 } as const;

/** Two-factor combinations that the operation allows: a code has always two. */
export function offlineCombinations(operation: OperationRow): readonly FactorCombination[] {
  const allowed = signatureTypesOf(operation);
  const combinations = ["possession_knowledge", "possession_biometry"] as const;
  return combinations.filter((combination) => allowed.includes(combination.toUpperCase()));
}

/** Undefined where the operation allows no two factors, or has texts that a line of the code cannot carry. */
function linesOf(operation: OperationRow, templates: DisplayTemplates, language: string): string | undefined {
  const combinations = offlineCombinations(operation);
  if (combinations.length === 0) return undefined;
  const { title, message } = templates.show(operation, language).formData;
  const isPlain = [title, message].every((text) => textDefect(text, { lineFeed: true }) === undefined);
  if (!isPlain || textDefect(operation.data, { lineFeed: false }) !== undefined) return undefined;
  const risk = operation.risk_flags ?? "";
  return composeOfflineData({
    operationId: operation.id,
    title,
    message,
    operationData: operation.data,
    flags: {
      biometryAllowed: combinations.includes("possession_biometry"),
      flipButtons: risk.includes("X"),
      fraudWarning: risk.includes("F"),
      blockWhenOnCall: risk.includes("C"),
    },
  });
}

/** The nonce that answers of this activation to this operation are computed with, Base64. Made once, whoever asks first. */
async function challengeOf(
  { store, random }: Pick<Deps, "store" | "random">,
  operation: OperationRow,
  activation: ActivationRow,
  language: string,
): Promise<string> {
  const key = { tenant: store.tenant, operation_id: operation.id, activation_id: activation.id };
  return store.transaction(async ({ db, now }) => {
    const { nonce } = await db
      .insertInto("offline_challenge")
      .values({ ...key, nonce: toBase64(random(16)), language, created_at: now })
      .onConflict((conflict) => conflict.columns(["tenant", "operation_id", "activation_id"]).doUpdateSet({ language }))
      .returning("nonce")
      .executeTakeFirstOrThrow();
    return nonce;
  });
}
