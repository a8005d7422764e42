/** `/rest/v3/operation/*`: create, read, claim and decide as a back office in PowerAuth form does. */
import { type Static, Type } from "typebox";
import type { ApiClient } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { claimOperation } from "../../operations/claim.ts";
import { createOperation } from "../../operations/create.ts";
import type { Decided } from "../../operations/decide.ts";
import { cancelOperation, decideInBackOffice, failInBackOffice } from "../../operations/decide-in-back-office.ts";
import { findOperation, seenBy } from "../../operations/detail.ts";
import { listForBackOffice } from "../../operations/list.ts";
import { proximityOtpOf } from "../../operations/proximity.ts";
import type { OperationRow } from "../../store/store.ts";
import { signatureTypes } from "../../templates/template.ts";
import {
  epochMs,
  id,
  instant,
  jsonObject,
  name,
  notify,
  notifyOf,
  orNull,
  parameters,
  plainObject,
  text,
} from "../members.ts";
import { backOfficeOperation } from "../operation-json.ts";
import type { Api } from "../surfaces.ts";
import { call, requireApplications } from "./call.ts";

const applications = Type.Array(name, { minItems: 1, maxItems: 100 });

const createRequest = Type.Object({
  templateName: name,
  userId: orNull(name),
  applications,
  activationFlag: orNull(name),
  activationId: orNull(id),
  externalId: orNull(name),
  timestampExpires: orNull(instant),
  parameters: orNull(parameters),
  additionalData: orNull(jsonObject),
  proximityCheckEnabled: orNull(Type.Boolean()),
  /** Ours: other PowerAuth servers leave it to the caller to tell the devices. */
  notify: orNull(notify),
});

const paging = {
  pageNumber: orNull(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  pageSize: orNull(Type.Integer({ minimum: 1, maximum: 1000 })),
};
const userList = Type.Object({ userId: name, applications, activationId: orNull(id), ...paging });
const externalList = Type.Object({ externalId: name, applications, ...paging });

const decision = { operationId: id, userId: name, applicationId: name, additionalData: orNull(jsonObject) };
const approveRequest = Type.Object({
  ...decision,
  data: Type.String(),
  signatureType: Type.Enum([...signatureTypes]),
});
const report = { operationId: id, additionalData: orNull(jsonObject) };

type OperationDeps = Pick<
  Deps,
  "store" | "random" | "config" | "crypto" | "secrets" | "publicUrl" | "displayTemplates"
>;

export function operationRoutes(app: Api, deps: OperationDeps): void {
  call(app, "/operation/create", "integrate", createRequest, async (input, client) => {
    requireApplications(client, ...input.applications);
    const created = await createOperation(deps, newOperation(input, client));
    return isRefusal(created) ? created : shown(deps, created.operation);
  });

  const detailRequest = Type.Object({ operationId: id, userId: orNull(name) });
  call(app, "/operation/detail", "integrate", detailRequest, async ({ operationId, userId }, client) =>
    shown(
      deps,
      typeof userId === "string"
        ? await claim(deps, operationId, userId, client)
        : await findOperation(deps, operationId, seenBy(client)),
    ),
  );

  const claimRequest = Type.Object({ operationId: id, userId: name });
  call(app, "/operation/claim", "integrate", claimRequest, async ({ operationId, userId }, client) =>
    shown(deps, await claim(deps, operationId, userId, client)),
  );

  call(app, "/operation/list", ["integrate", "operate"], userList, (input, client) => list(deps, input, false, client));
  call(app, "/operation/list/pending", ["integrate", "operate"], userList, (input, client) =>
    list(deps, input, true, client),
  );
  call(app, "/operation/list/external", ["integrate", "operate"], externalList, (input, client) =>
    list(deps, input, false, client),
  );

  call(app, "/operation/approve", "decide", approveRequest, async (input, client) => {
    requireApplications(client, input.applicationId);
    const additionalData = plainObject(input.additionalData, "additionalData");
    const otp = additionalData?.proximity_otp;
    const decided = await decideInBackOffice(deps, {
      action: "approve",
      operationId: input.operationId,
      actor: { ...actor(input, client, additionalData), factors: input.signatureType.toLowerCase() },
      data: input.data,
      proximityOtp: typeof otp === "string" ? otp : undefined,
      additionalData,
      sees: seenBy(client),
    });
    return userAction(deps, input.operationId, decided, answers.approve, client);
  });

  call(app, "/operation/reject", "decide", Type.Object(decision), async (input, client) => {
    requireApplications(client, input.applicationId);
    const additionalData = plainObject(input.additionalData, "additionalData");
    const reason = additionalData?.rejectReason;
    const decided = await decideInBackOffice(deps, {
      action: "reject",
      operationId: input.operationId,
      actor: actor(input, client, additionalData),
      reason: typeof reason === "string" ? reason : undefined,
      additionalData,
      sees: seenBy(client),
    });
    return userAction(deps, input.operationId, decided, answers.reject, client);
  });

  call(app, "/operation/approve/fail", "decide", Type.Object(report), async (input, client) => {
    const additionalData = plainObject(input.additionalData, "additionalData");
    const { operationId } = input;
    const decided = await failInBackOffice(deps, {
      operationId,
      clientId: client.id,
      additionalData,
      sees: seenBy(client),
    });
    return userAction(deps, operationId, decided, answers.other, client);
  });

  const cancelRequest = Type.Object({ ...report, statusReason: orNull(text(32)) });
  call(app, "/operation/cancel", "integrate", cancelRequest, async (input, client) => {
    const decided = await cancelOperation(deps, {
      operationId: input.operationId,
      clientId: client.id,
      reason: input.statusReason ?? undefined,
      additionalData: plainObject(input.additionalData, "additionalData"),
      sees: seenBy(client),
    });
    if (isRefusal(decided)) return decided;
    if (decided.kind === "decided") return backOfficeOperation(decided.operation);
    return refuse(decided.kind === "final" ? answers.other.final : answers.other.missing);
  });
}

function newOperation(input: Static<typeof createRequest>, client: ApiClient) {
  const expires = input.timestampExpires ?? undefined;
  return {
    clientId: client.id,
    template: input.templateName,
    userId: input.userId ?? undefined,
    applications: input.applications,
    activationId: input.activationId ?? undefined,
    activationFlag: input.activationFlag ?? undefined,
    externalId: input.externalId ?? undefined,
    expiresAt: expires === undefined ? undefined : epochMs(expires, "timestampExpires"),
    parameters: input.parameters ?? {},
    additionalData: plainObject(input.additionalData, "additionalData"),
    proximityCheck: input.proximityCheckEnabled ?? undefined,
    notify: notifyOf(input.notify),
  };
}

function claim(deps: Pick<Deps, "store">, operationId: string, userId: string, client: ApiClient) {
  const by = { kind: "system", clientId: client.id } as const;
  return claimOperation(deps, { operationId, userId, by, sees: seenBy(client) });
}

async function list(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  input: Static<typeof userList> | Static<typeof externalList>,
  pendingOnly: boolean,
  client: ApiClient,
) {
  requireApplications(client, ...input.applications);
  const rows = await listForBackOffice(deps, {
    ...("userId" in input
      ? { userId: input.userId, activationId: input.activationId ?? undefined }
      : { externalId: input.externalId }),
    applications: input.applications,
    pendingOnly,
    page: input.pageNumber ?? 0,
    size: input.pageSize ?? 500,
  });
  if (isRefusal(rows)) return rows;
  // Who only operates is not given what proves that a device is near a screen.
  const withOtp = pendingOnly && client.permissions.has("integrate");
  const now = await deps.store.now();
  return rows.map((row) => backOfficeOperation(row, withOtp ? proximityOtpOf(deps, row, now) : undefined));
}

/** The activation stands where the reference puts it: among the additional data. */
function actor(
  input: { readonly userId: string; readonly applicationId: string },
  client: ApiClient,
  additionalData: Readonly<Record<string, unknown>> | undefined,
) {
  const activationId = additionalData?.activationId;
  return {
    kind: "back-office",
    clientId: client.id,
    userId: input.userId,
    applicationId: input.applicationId,
    ...(typeof activationId === "string" && { activationId }),
  } as const;
}

/** Errors for an operation that is not there or not pending, and the result for one that is not this user's. */
const answers = {
  approve: { missing: "operation-not-approvable", final: "operation-not-approvable", foreign: "APPROVAL_FAILED" },
  reject: { missing: "operation-not-rejectable", final: "operation-not-rejectable", foreign: "REJECT_FAILED" },
  other: { missing: "operation-not-found", final: "operation-state", foreign: "OPERATION_FAILED" },
} as const;

/** What came of it is HTTP 200 with a result, also when the answer is no; only a call that makes no sense is an error. */
async function userAction(
  deps: Pick<Deps, "store">,
  operationId: string,
  decided: Decided | Refusal,
  answer: (typeof answers)[keyof typeof answers],
  client: ApiClient,
) {
  if (isRefusal(decided)) return decided;
  switch (decided.kind) {
    case "decided":
      return { result: decided.operation.status, operation: backOfficeOperation(decided.operation) };
    case "attempt-failed": {
      const result = decided.operation.status === "FAILED" ? "OPERATION_FAILED" : "APPROVAL_FAILED";
      return { result, operation: backOfficeOperation(decided.operation) };
    }
    case "not-entitled": {
      const operation = await findOperation(deps, operationId, seenBy(client));
      return isRefusal(operation) ? operation : { result: answer.foreign, operation: backOfficeOperation(operation) };
    }
    case "final":
      return refuse(answer.final);
    case "not-found":
      return refuse(answer.missing);
    case "flag-missing":
    case "device-held":
      throw new Error("Only devices are asked for flags");
  }
}

async function shown(deps: Pick<Deps, "store" | "secrets" | "crypto">, operation: OperationRow | Refusal) {
  if (isRefusal(operation)) return operation;
  return backOfficeOperation(operation, proximityOtpOf(deps, operation, await deps.store.now()));
}
