/**
 * A device starts by itself (Approve protocol §9): the person signs a message, and the server keeps the decision as an
 * operation that was created and decided in one commit. The client that the message names redeems it once.
 */
import { toBase64Url } from "@countersign/protocol/bytes";
import { isFailure } from "@countersign/protocol/errors";
import { factorsOfMethod } from "@countersign/protocol/approve/policy";
import { answerSeconds, direct, type DirectClaims, isTimely } from "@countersign/protocol/approve/response";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import type { AllowedStatus } from "@countersign/protocol/approve/transaction";
import { composeOperationData } from "@countersign/protocol/operation/data";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { newId, userBucket } from "../../ids.ts";
import { backchannelId } from "../../keys/record-id.ts";
import { fillsEveryPlace, inherited } from "../../operations/create.ts";
import { decide } from "../../operations/decide.ts";
import { decisionOf } from "../../operations/receipt.ts";
import type { ActivationRow, HotRows, OperationRow, Outcome } from "../../store/store.ts";
import { templateDetail } from "../../templates/detail.ts";
import type { Template } from "../../templates/template.ts";
import type { DeviceType } from "../device-types/device-type.ts";
import { findDeviceType } from "../device-types/device-types.ts";
import { isServerNonce } from "../nonce.ts";
import { once } from "../prove.ts";
import { redeemerOf } from "./redeemer.ts";
import { findUserApproval, isSuspended } from "../countermeasures/suspension.ts";
import {
  activeContainer,
  actorOf,
  addressDefect,
  answerData,
  countedFailure,
  digestOf,
  evidenceOf,
  moved,
  readSigned,
  refusedBy,
  sequenceDefect,
  type Signed,
  type SignedCall,
  verificationDefect,
} from "../transactions/accept.ts";
import { allowedStatuses, approvalText } from "../transactions/approval.ts";

type DirectDeps = Pick<Deps, "store" | "random" | "secrets" | "crypto" | "publicUrl">;

export interface DirectSigned {
  readonly requestId: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** How long the client has to redeem it, ms. */
const redeemMs = 300_000;

/**
 * The same again gets the same id (APV-RES-9). Refuses `feature-off`, `client-unknown`, `user-suspended`, and what refuses an
 * answer to a transaction. A wrong signature counts against the container. Writes `operation.approved` or
 * `operation.rejected`.
 */
export async function signDirectly(deps: DirectDeps, call: SignedCall): Promise<DirectSigned | Refusal> {
  const { activation, row } = call.container;
  const type = await findDeviceType(deps, row.device_type);
  if (isRefusal(type)) throw new Error("A container has no device type");
  if (!type.features.direct) return refuse("feature-off");
  const template = await templateOfType(deps, type);
  if (isRefusal(template)) return template;
  const signed = await readSigned(deps, direct, call);
  if (isRefusal(signed)) return signed;
  const command = { activationId: activation.id, claims: [call.claim] };
  if (!signed.isRight) {
    return deps.store.commit<Refusal>({
      ...command,
      evaluate: (rows, now) => countedFailure(deps, signed, rows, now),
    });
  }
  const earlier = await earlierRequest(deps, signed.digest);
  if (earlier !== undefined) return once(deps, call.claim, earlier);
  const redeemer = await redeemerOf(deps, signed.claims.azp, activation.application_id);
  if (redeemer === undefined) return refuse("client-unknown");
  if (isSuspended(await findUserApproval(deps, activation.user_id), await deps.store.now())) {
    return refuse("user-suspended");
  }
  const requestId = toBase64Url(deps.random(16));
  const operationId = newId(deps.random, userBucket(deps.store.tenant, activation.user_id));
  const attempt = { signed, template, requestId, operationId, redeemer };
  return deps.store.commit<DirectSigned | Refusal>({
    ...command,
    evaluate: (rows, now) => evaluate(deps, attempt, rows, now),
  });
}

interface Attempt {
  readonly signed: Signed<DirectClaims>;
  readonly template: Template;
  readonly requestId: string;
  readonly operationId: string;
  readonly redeemer: "api" | "oidc";
}

function evaluate(deps: DirectDeps, attempt: Attempt, rows: HotRows, now: number): Outcome<DirectSigned | Refusal> {
  const { signed, template, requestId } = attempt;
  const { claims, digest } = signed;
  const activation = activeContainer(rows);
  if (isRefusal(activation)) return { result: activation };
  const status = allowedStatuses(template.approval ?? {}).find((one) => one.status === claims.status);
  const defect = defectOf(deps, signed, status, activation, now);
  if (defect !== undefined) return refusedBy(signed, activation, defect);
  const pending = operationRow(deps, attempt, activation, now);
  if (isRefusal(pending)) return { result: pending };
  const approves = status?.effect === "approve";
  const decision = decide(
    pending,
    {
      action: approves ? "approve" : "reject",
      actor: actorOf(activation, factorsOfMethod[claims.uv.method]),
      data: pending.data,
      ...(!approves && { reason: claims.status }),
      additionalData: { ...answerData(signed, activation), direct: true },
    },
    now,
  );
  if (decision.result.kind !== "decided") {
    const held = decision.result.kind === "device-held";
    return { result: refuse(held ? "container-blocked" : "verification-required") };
  }
  const { operation } = decision.result;
  const expiresAt = now + redeemMs;
  return {
    result: { requestId, expiresAt },
    writes: {
      activation: moved(signed, activation, now),
      newOperation: operation,
      events: decision.writes.events ?? [],
      decision: decisionOf(
        {
          issuer: deps.publicUrl,
          operation,
          evidence: evidenceOf(signed),
          shown: { sha256: claims.shown_sha256, language: "und", template: operation.operation_type, by: "device" },
          ...(!approves && { reason: claims.status }),
        },
        now,
      ),
      directRequest: {
        tenant: operation.tenant,
        id: requestId,
        operation_id: operation.id,
        client_id: claims.azp,
        message_digest: digest,
        expires_at: expiresAt,
        redeemed_at: null,
      },
    },
  };
}

function defectOf(
  deps: DirectDeps,
  signed: Signed<DirectClaims>,
  status: AllowedStatus | undefined,
  activation: ActivationRow,
  now: number,
): Refusal | undefined {
  const { claims } = signed;
  const elsewhere = addressDefect(deps, signed, activation);
  if (elsewhere !== undefined) return elsewhere;
  if (!isServerNonce(deps, claims.nonce, now)) return refuse("use_dpop_nonce");
  if (isUnsafe(claims.message)) return refuse("invalid-request", "message");
  if (claims.shown_sha256 !== digestOf(deps, claims.message)) return refuse("invalid-request", "shown_sha256");
  if (status === undefined || status.effect === "report") return refuse("status-not-allowed");
  const unverified = verificationDefect(signed, status);
  if (unverified !== undefined) return unverified;
  if (!isTimely(claims, Math.floor(now / 1000), answerSeconds.direct)) return refuse("invalid-request", "iat or exp");
  return sequenceDefect(signed, activation);
}

/** As it would have been created; nobody ever sees it pending. */
function operationRow(
  { store, secrets }: DirectDeps,
  { signed: { claims }, template, operationId, requestId, redeemer }: Attempt,
  activation: ActivationRow,
  now: number,
): OperationRow | Refusal {
  const parameters = { message: claims.message };
  const data = composeOperationData(template.dataTemplate, parameters);
  if (isFailure(data)) return refuse("invalid-request", "message");
  const { match: _, ...policy } = template.approval ?? {};
  const { authorizationDetails } = claims;
  return {
    tenant: store.tenant,
    id: operationId,
    user_id: activation.user_id,
    external_id: null,
    activation_id: activation.id,
    activation_flag: null,
    applications: JSON.stringify([activation.application_id]),
    data,
    parameters: JSON.stringify(parameters),
    additional_data: "{}",
    created_at: now,
    expires_at: now + redeemMs,
    ...inherited(template),
    status: "PENDING",
    status_reason: null,
    failure_count: 0,
    finalized_at: null,
    proximity_seed_sealed: null,
    approval: approvalText(policy, authorizationDetails && { authorizationDetails }),
    backchannel_id: redeemer === "oidc" ? backchannelId(secrets, requestId) : null,
    backchannel_sink: null,
  };
}

/** Where the device type names no template: the message, approved with a second factor. */
const plain: Template = {
  id: 0,
  name: "direct",
  operationType: "direct_signing",
  dataTemplate: "A1*N${message}",
  signatureTypes: ["POSSESSION_KNOWLEDGE", "POSSESSION_BIOMETRY"],
  maxFailureCount: 1,
  expirationSeconds: redeemMs / 1000,
  riskFlags: null,
  proximityCheck: false,
  approval: null,
};

/** `feature-off` for a template that is gone, or that needs more than the message. */
async function templateOfType(deps: Pick<Deps, "store">, { features }: DeviceType): Promise<Template | Refusal> {
  if (features.directTemplate === undefined) return plain;
  const template = await templateDetail(deps, { name: features.directTemplate });
  const usable = !isRefusal(template) && fillsEveryPlace(template.dataTemplate, { message: "" });
  return usable ? template : refuse("feature-off", "directTemplate");
}

async function earlierRequest({ store }: Pick<Deps, "store">, digest: string): Promise<DirectSigned | undefined> {
  const row = await store.read
    .selectFrom("direct_request")
    .select(["id", "expires_at"])
    .where("tenant", "=", store.tenant)
    .where("message_digest", "=", digest)
    .executeTakeFirst();
  return row && { requestId: row.id, expiresAt: row.expires_at };
}
