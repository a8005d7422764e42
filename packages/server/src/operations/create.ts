/** Creates an operation from a template: checks who it is for, composes what will be signed, stores it once. */
import { isFailure } from "@countersign/protocol/errors";
import { isUnsafe } from "@countersign/protocol/approve/shown";
import { composeOperationData } from "@countersign/protocol/operation/data";
import { admit, type Candidate, confirm } from "../approve/countermeasures/admit.ts";
import { strictest } from "../approve/countermeasures/limits.ts";
import type { Countermeasures } from "../approve/device-types/device-type.ts";
import { type ApprovalDetails, approvalOf, approvalText, unsafeMember } from "../approve/transactions/approval.ts";
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { builtForEach } from "../lists/built-once.ts";
import { applicationBucket, newId, userBucket } from "../ids.ts";
import { type Notify, requestForOperation } from "../push/request.ts";
import type { OidcRecordTable } from "../store/schema.ts";
import type { OperationRow } from "../store/store.ts";
import { templateDetail } from "../templates/detail.ts";
import type { Template } from "../templates/template.ts";
import { operationEvent } from "./decide.ts";
import { claimOf, type IdempotencyKey, operationOfKey } from "./idempotency.ts";
import { newProximitySeed } from "./proximity.ts";

export interface NewOperation {
  /** API client that asks. */
  readonly clientId: string;
  /** Its name, or itself where it was read for this request already. */
  readonly template: string | Template;
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
  /** What Approve devices are told beside the form. */
  readonly approval?: ApprovalDetails | undefined;
  /** The user's Approve device that was used last, or any of them; refused where there is none. */
  readonly device?: "last" | "all" | undefined;
  /** Combinations of factors, of those the template allows, that are good enough for whoever asks. */
  readonly signatureTypes?: readonly string[] | undefined;
  /** The CIBA request that the decision resolves. */
  readonly backchannel?:
    | { readonly id: string; readonly sink: string | null; readonly record?: OidcRecordTable }
    | undefined;
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
 * Refuses with `template-not-found`, `application-not-found`, `invalid-request`, `idempotency-conflict`, and, while its user
 * is to be left alone, `user-suspended` or `too-many-pending`. Writes `operation.created` and, with
 * `notify`, `push.requested`.
 */
export async function createOperation(deps: CreateDeps, input: NewOperation): Promise<Created | Refusal> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const earlier = await earlierOf(deps, input);
    if (earlier !== undefined) return earlier;
    const made = await rowOf(deps, input);
    if (isRefusal(made)) return made;
    const operation = await store(deps, made.row, input);
    if (operation === undefined) continue;
    const withdrawn = made.candidate && (await confirm(deps, operation, made.candidate));
    return withdrawn ?? { operation, repeated: false };
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
        expires_at: input.expiresAt === undefined ? now + (row.expires_at - row.created_at) : row.expires_at,
      };
      const event = operationEvent("operation.created", operation, {
        actor: { kind: "system", clientId: input.clientId },
      });
      const events = [event, ...requestForOperation(operation, notified(operation, input))];
      const { record } = input.backchannel ?? {};
      const newRecords = record === undefined ? [] : [record];
      return { result: operation, writes: { newOperation: operation, newRecords, events } };
    },
  });
}

/** Where too much waits unanswered, no device makes a sound. */
function notified(operation: OperationRow, { notify }: NewOperation): Notify | undefined {
  return notify && { silent: notify.silent || approvalOf(operation).quiet === true };
}

interface Made {
  readonly row: OperationRow;
  /** Where the operation has a user. */
  readonly candidate: Candidate | undefined;
}

async function rowOf(deps: CreateDeps, input: NewOperation): Promise<Made | Refusal> {
  const template =
    typeof input.template === "string" ? await templateDetail(deps, { name: input.template }) : input.template;
  if (isRefusal(template)) return template;
  const unsafe = input.approval && unsafeMember(input.approval);
  if (unsafe !== undefined) return refuse("invalid-request", `${unsafe} - characters that nobody can be shown`);
  const addressed = await addresseeOf(deps, input);
  const userId = isRefusal(addressed) ? undefined : addressed.userId;
  const found = await existing(deps, [...new Set(input.applications)], userId);
  if (isRefusal(found)) return found;
  if (isRefusal(addressed)) return addressed;
  const { applications, candidate } = found;
  if (found.hasDeviceType && Object.entries(input.parameters).flat().some(isUnsafe)) {
    return refuse("invalid-request", "parameters - characters that nobody can be shown");
  }
  const data = composeOperationData(template.dataTemplate, input.parameters);
  if (isFailure(data)) return refuse("invalid-request", "parameters - control character");
  if (input.everyPlace === true && !fillsEveryPlace(template.dataTemplate, input.parameters)) {
    return refuse("invalid-request", "parameters - the template needs more");
  }
  const now = await deps.store.now();
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    return refuse("invalid-request", "timestampExpires - not in the future");
  }
  const admitted = candidate === undefined ? "loud" : await admit(deps, candidate);
  if (isRefusal(admitted)) return admitted;
  const { tenant } = deps.store;
  const bucket = userId === undefined ? applicationBucket(tenant, applications[0]) : userBucket(tenant, userId);
  const id = newId(deps.random, bucket);
  const row: OperationRow = {
    tenant,
    id,
    user_id: userId ?? null,
    external_id: input.externalId ?? null,
    activation_id: addressed.activationId ?? null,
    activation_flag: input.activationFlag ?? null,
    applications: JSON.stringify(applications),
    data,
    parameters: JSON.stringify(input.parameters),
    additional_data: JSON.stringify(input.additionalData ?? {}),
    created_at: now,
    expires_at: endOf(input.expiresAt, template, found.timeout, now),
    ...inherited(template),
    ...(input.signatureTypes !== undefined && { signature_types: JSON.stringify(input.signatureTypes) }),
    status: "PENDING",
    status_reason: null,
    failure_count: 0,
    finalized_at: null,
    proximity_seed_sealed: (input.proximityCheck ?? template.proximityCheck) ? newProximitySeed(deps, id) : null,
    approval: approvalText(template.approval, input.approval, admitted === "quiet" ? { quiet: true } : undefined),
    backchannel_id: input.backchannel?.id ?? null,
    backchannel_sink: input.backchannel?.sink ?? null,
  };
  return { row, candidate };
}

/** Epoch ms. Approve devices have a limit of their own in seconds, -1 for none, also for what names its end itself. */
function endOf(wanted: number | undefined, { expirationSeconds }: Template, timeout: number, now: number): number {
  const end = wanted ?? now + expirationSeconds * 1000;
  return timeout > 0 ? Math.min(end, now + timeout * 1000) : end;
}

export function inherited(template: Template) {
  return {
    template_name: template.name,
    operation_type: template.operationType,
    signature_types: JSON.stringify(template.signatureTypes),
    max_failure_count: template.maxFailureCount,
    risk_flags: template.riskFlags,
  };
}

interface Existing {
  readonly applications: readonly [string, ...string[]];
  readonly candidate: Candidate | undefined;
  /** Seconds an Approve device has for an answer, -1 for any. */
  readonly timeout: number;
  /** Whether an Approve device may be shown it. */
  readonly hasDeviceType: boolean;
}

/** One read says whether the applications exist, whether they have Approve devices, and what is known of the user. */
async function existing(
  deps: CreateDeps,
  ids: readonly string[],
  userId: string | undefined,
): Promise<Existing | Refusal> {
  const [first, ...rest] = ids;
  if (first === undefined) return refuse("invalid-request", "applications - empty");
  const { tenant } = deps.store;
  const rows = await existingQuery(deps.store, { tenant, userId: userId ?? null }, ids);
  if (new Set(rows.map(({ id }) => id)).size !== ids.length) return refuse("application-not-found");
  const limits = strictest(
    rows.flatMap(({ countermeasures }) =>
      countermeasures === null ? [] : [JSON.parse(countermeasures) as Countermeasures],
    ),
  );
  const [row] = rows;
  const { suspended_until = null, suspensions, changed_at } = row ?? {};
  const known = suspensions == null || changed_at == null ? undefined : { suspended_until, suspensions, changed_at };
  const withDevices = rows.filter(({ countermeasures }) => countermeasures !== null).map(({ id }) => id);
  return {
    applications: [first, ...rest],
    candidate: userId === undefined ? undefined : { whose: { userId, applications: withDevices }, limits, known },
    timeout: limits?.challengeTimeoutPeriod ?? -1,
    hasDeviceType: limits !== undefined,
  };
}

const existingQuery = builtForEach<
  { readonly tenant: string; readonly userId: string | null },
  { id: string; countermeasures: string | null } & Partial<NonNullable<Candidate["known"]>>
>(
  (db, mark, ids) =>
    db
      .selectFrom("application as a")
      .leftJoin("device_type as d", (join) =>
        join.onRef("d.tenant", "=", "a.tenant").onRef("d.application_id", "=", "a.id"),
      )
      .leftJoin("user_approval as u", (join) =>
        join.onRef("u.tenant", "=", "a.tenant").on("u.user_id", "=", mark("userId")),
      )
      .select(["a.id", "d.countermeasures", "u.suspended_until", "u.suspensions", "u.changed_at"])
      .where("a.tenant", "=", mark("tenant"))
      .where("a.id", "in", ids) as never,
);

interface Addressee {
  readonly userId?: string | undefined;
  readonly activationId?: string | undefined;
}

/** An operation bound to an activation belongs to its user, and must be for its application or nobody could decide it. */
async function addresseeOf(deps: CreateDeps, input: NewOperation): Promise<Addressee | Refusal> {
  const { userId, activationId, applications, device } = input;
  if (device !== undefined) {
    if (activationId !== undefined) return refuse("invalid-request", "device - an activation is named");
    const last = await lastDeviceOf(deps, userId, applications);
    return isRefusal(last) || device === "last" ? last : { userId };
  }
  if (activationId === undefined) return { userId };
  const activation = await deps.store.findActivation(activationId);
  if (activation === undefined || !applications.includes(activation.application_id)) {
    return refuse("invalid-request", "activationId - not an activation of these applications");
  }
  if (userId !== undefined && userId !== activation.user_id) {
    return refuse("invalid-request", "activationId - not an activation of this user");
  }
  if (activation.protocol === "approve" && activation.status !== "ACTIVE") {
    return refuse("invalid-request", "activationId - not active");
  }
  return { userId: activation.user_id, activationId };
}

async function lastDeviceOf(
  deps: CreateDeps,
  userId: string | undefined,
  applications: readonly string[],
): Promise<Addressee | Refusal> {
  if (userId === undefined) return refuse("invalid-request", "device - of no user");
  const row = await deps.store.read
    .selectFrom("activation")
    .select("id")
    .where("tenant", "=", deps.store.tenant)
    .where("user_id", "=", userId)
    .where("application_id", "in", applications)
    .where("protocol", "=", "approve")
    .where("status", "=", "ACTIVE")
    .orderBy("last_used_at", "desc")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return refuse("invalid-request", "device - the user has none");
  return { userId, activationId: row.id };
}

/** An unfilled place would be signed as the text that names it. */
export function fillsEveryPlace(dataTemplate: string, parameters: Readonly<Record<string, string>>): boolean {
  return [...dataTemplate.matchAll(/\$\{([^${}]*)\}/g)].every(([, name]) => Object.hasOwn(parameters, name as string));
}
