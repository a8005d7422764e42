/** Creates an operation from a template: checks who it is for, composes what will be signed, stores it once. */
import { isFailure } from "@countersign/protocol/errors";
import { composeOperationData } from "@countersign/protocol/operation/data";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { applicationBucket, newId, userBucket } from "../ids.ts";
import { type Notify, requestForOperation } from "../push/request.ts";
import type { OperationRow } from "../store/store.ts";
import { templateDetail } from "../templates/detail.ts";
import type { Template } from "../templates/template.ts";
import { operationEvent } from "./decide.ts";
import { claimOf, type IdempotencyKey, operationOfKey } from "./idempotency.ts";
import { newProximitySeed } from "./proximity.ts";

export interface NewOperation {
  /** API client that asks. */
  readonly clientId: string;
  readonly template: string;
  /** Whoever claims it first, when absent and no activation is given. */
  readonly userId?: string | undefined;
  /** Whose devices may see it; at least one. */
  readonly applications: readonly string[];
  /** Only this activation may decide. */
  readonly activationId?: string | undefined;
  /** Only activations with this flag may decide. */
  readonly activationFlag?: string | undefined;
  readonly externalId?: string | undefined;
  /** Epoch ms; the template's validity counts from now when absent. */
  readonly expiresAt?: number | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly additionalData?: Readonly<Record<string, unknown>> | undefined;
  /** Refuse when a place of the data template has no parameter, instead of leaving it as it is. */
  readonly everyPlace?: boolean | undefined;
  /** Overrides the template. */
  readonly proximityCheck?: boolean | undefined;
  readonly idempotency?: IdempotencyKey | undefined;
  /** Calls the user's devices to it, in the same commit. */
  readonly notify?: Notify | undefined;
}

export interface Created {
  readonly operation: OperationRow;
  /** Whether an earlier request with the same idempotency key made it. */
  readonly repeated: boolean;
}

type CreateDeps = Pick<Deps, "store" | "random" | "config" | "secrets">;

const tries = 3;

/**
 * Refuses with `template-not-found`, `application-not-found`, `invalid-request` or `idempotency-conflict`. Writes
 * `operation.created` and, with `notify`, `push.requested`.
 */
export async function createOperation(deps: CreateDeps, input: NewOperation): Promise<Created | Refusal> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const earlier = await earlierOf(deps, input);
    if (earlier !== undefined) return earlier;
    const row = await rowOf(deps, input);
    if (isRefusal(row)) return row;
    const operation = await store(deps, row, input);
    if (operation !== undefined) return { operation, repeated: false };
  }
  // The key was claimed and ran out again, thrice in a row.
  return refuse("unavailable");
}

async function earlierOf(deps: CreateDeps, { idempotency }: NewOperation): Promise<Created | Refusal | undefined> {
  if (idempotency === undefined) return undefined;
  const id = await operationOfKey(deps, idempotency);
  if (id === undefined || isRefusal(id)) return id;
  const operation = await deps.store.findOperation(id);
  if (operation === undefined) throw new Error("An idempotency key names an operation that does not exist");
  return { operation, repeated: true };
}

/** Undefined when somebody else holds the idempotency key. */
async function store(deps: CreateDeps, row: OperationRow, input: NewOperation): Promise<OperationRow | undefined> {
  const claim = input.idempotency && claimOf(deps, input.idempotency, row.id, row.created_at);
  return deps.store.commit<OperationRow | undefined>({
    ...(claim !== undefined && { claims: [claim] }),
    evaluate(rows, now) {
      if (!rows.claimed) return { result: undefined };
      const operation = {
        ...row,
        created_at: now,
        expires_at: input.expiresAt ?? now + (row.expires_at - row.created_at),
      };
      const event = operationEvent("operation.created", operation, {
        actor: { kind: "system", clientId: input.clientId },
      });
      const events = [event, ...requestForOperation(operation, input.notify)];
      return { result: operation, writes: { newOperation: operation, events } };
    },
  });
}

async function rowOf(deps: CreateDeps, input: NewOperation): Promise<OperationRow | Refusal> {
  const template = await templateDetail(deps, { name: input.template });
  if (isRefusal(template)) return template;
  const applications = await existing(deps, [...new Set(input.applications)]);
  if (isRefusal(applications)) return applications;
  const userId = await userOf(deps, input, applications);
  if (isRefusal(userId)) return userId;
  const data = composeOperationData(template.dataTemplate, input.parameters);
  if (isFailure(data)) return refuse("invalid-request", "parameters - control character");
  if (input.everyPlace === true && !fillsEveryPlace(template.dataTemplate, input.parameters)) {
    return refuse("invalid-request", "parameters - the template needs more");
  }
  const now = await deps.store.now();
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    return refuse("invalid-request", "timestampExpires - not in the future");
  }
  const { tenant } = deps.store;
  const bucket = userId === undefined ? applicationBucket(tenant, applications[0]) : userBucket(tenant, userId);
  const id = newId(deps.random, bucket);
  return {
    tenant,
    id,
    user_id: userId ?? null,
    external_id: input.externalId ?? null,
    activation_id: input.activationId ?? null,
    activation_flag: input.activationFlag ?? null,
    applications: JSON.stringify(applications),
    data,
    parameters: JSON.stringify(input.parameters),
    additional_data: JSON.stringify(input.additionalData ?? {}),
    created_at: now,
    expires_at: input.expiresAt ?? now + template.expirationSeconds * 1000,
    ...inherited(template),
    status: "PENDING",
    status_reason: null,
    failure_count: 0,
    finalized_at: null,
    proximity_seed_sealed: (input.proximityCheck ?? template.proximityCheck) ? newProximitySeed(deps, id) : null,
    approval: null,
  };
}

function inherited(template: Template) {
  return {
    template_name: template.name,
    operation_type: template.operationType,
    signature_types: JSON.stringify(template.signatureTypes),
    max_failure_count: template.maxFailureCount,
    risk_flags: template.riskFlags,
  };
}

async function existing(deps: CreateDeps, ids: readonly string[]): Promise<readonly [string, ...string[]] | Refusal> {
  const [first, ...rest] = ids;
  if (first === undefined) return refuse("invalid-request", "applications - empty");
  const found = await deps.store.read
    .selectFrom("application")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("id", "in", ids)
    .execute();
  return found.length === ids.length ? [first, ...rest] : refuse("application-not-found");
}

/** An operation bound to an activation belongs to its user, and must be for its application or nobody could decide it. */
async function userOf(
  deps: CreateDeps,
  { userId, activationId }: NewOperation,
  applications: readonly string[],
): Promise<string | undefined | Refusal> {
  if (activationId === undefined) return userId;
  const activation = await deps.store.findActivation(activationId);
  if (activation === undefined || !applications.includes(activation.application_id)) {
    return refuse("invalid-request", "activationId - not an activation of these applications");
  }
  if (userId !== undefined && userId !== activation.user_id) {
    return refuse("invalid-request", "activationId - not an activation of this user");
  }
  return activation.user_id;
}

/** An unfilled place would be signed as the text that names it. */
function fillsEveryPlace(dataTemplate: string, parameters: Readonly<Record<string, string>>): boolean {
  return [...dataTemplate.matchAll(/\$\{([^${}]*)\}/g)].every(([, name]) => Object.hasOwn(parameters, name as string));
}
