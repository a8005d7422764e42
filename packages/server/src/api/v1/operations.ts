/** `/v1/operations`: a relying party creates an operation, finds it again, waits for its decision, fetches the receipt. */
import { utf8, toBase64Url } from "@countersign/protocol/bytes";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import { canonicalJson } from "@countersign/protocol/canonical-json";
import { matchNumberOf } from "../../approve/transactions/approval.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { createOperation, type NewOperation } from "../../operations/create.ts";
import { cancelOperation } from "../../operations/decide-in-back-office.ts";
import { findOperation, operationHistory, refuseState, seenBy, waitForDecision } from "../../operations/detail.ts";
import type { IdempotencyKey } from "../../operations/idempotency.ts";
import { searchOperations } from "../../operations/list.ts";
import { proximityOtpOf } from "../../operations/proximity.ts";
import { signReceipt } from "../../operations/sign-receipt.ts";
import type { OperationRow } from "../../store/store.ts";
import { epochMs, id, instant, jsonObject, name, notify, notifyOf, parameters, plainObject, text } from "../members.ts";
import { listedOperation, relyingPartyOperation } from "../operation-json.ts";
import type { Api } from "../surfaces.ts";
import { approvalDetails, detailsOf } from "./approve/approval-members.ts";
import { applicationsFor as applicationsSeen } from "./activations.ts";
import {
  closed,
  listOf,
  noQuery,
  oneOrMany,
  pageJson,
  pageOf,
  pageSchema,
  paging,
  queryInstant,
  queryMs,
  utcSchema,
} from "./members.ts";

export const creation = {
  template: name,
  userId: Type.Optional(name),
  applications: Type.Optional(Type.Array(name, { minItems: 1, maxItems: 100 })),
  activationId: Type.Optional(id),
  activationFlag: Type.Optional(name),
  externalId: Type.Optional(name),
  expiresAt: Type.Optional(instant),
  parameters: Type.Optional(parameters),
  additionalData: Type.Optional(jsonObject),
  proximityCheck: Type.Optional(
    Type.Boolean({ description: "Asks for the one-time password of a screen; the template decides when absent" }),
  ),
  notify: Type.Optional(notify),
  ...approvalDetails,
};
const createBody = closed(creation);
export type Creation = Static<typeof createBody>;

const cancelBody = Type.Optional(Type.Union([closed({ reason: Type.Optional(text(32)) }), Type.Null()]));
const params = Type.Object({ id: Type.String() });
const query = closed({
  waitSeconds: Type.Optional(
    Type.String({ pattern: "^([0-9]|[12][0-9]|30)$", description: "Waits so long for the decision; 30 at most" }),
  ),
});

const status = Type.Enum(["PENDING", "APPROVED", "REJECTED", "CANCELED", "EXPIRED", "FAILED"]);
const listQuery = closed({
  userId: Type.Optional(name),
  externalId: Type.Optional(name),
  status: Type.Optional(oneOrMany(status)),
  applicationId: Type.Optional(oneOrMany(name)),
  template: Type.Optional(name),
  createdFrom: Type.Optional(queryInstant),
  createdTo: Type.Optional(queryInstant),
  ...paging,
});

const listedMembers = {
  id: Type.String(),
  status,
  statusReason: Type.Optional(Type.String()),
  template: Type.String(),
  operationType: Type.String(),
  userId: Type.Optional(Type.String()),
  applications: Type.Array(Type.String()),
  activationId: Type.Optional(Type.String()),
  activationFlag: Type.Optional(Type.String()),
  externalId: Type.Optional(Type.String()),
  data: Type.String({ description: "What is signed" }),
  parameters: Type.Record(Type.String(), Type.String()),
  additionalData: jsonObject,
  signatureTypes: Type.Array(Type.String(), { description: "Factor combinations that may approve" }),
  riskFlags: Type.Optional(Type.String()),
  proximityCheck: Type.Boolean(),
  failureCount: Type.Integer(),
  maxFailureCount: Type.Integer(),
  createdAt: utcSchema,
  expiresAt: utcSchema,
  finalizedAt: Type.Optional(utcSchema),
};
export const operationSchema = closed({
  ...listedMembers,
  proximityOtp: Type.Optional(
    Type.String({ description: "For the screen, good for 30 to 60 seconds; read again for the next one" }),
  ),
  matchNumber: Type.Optional(
    Type.String({ description: "Six digits for the screen where it all began, while the operation is pending" }),
  ),
  attempts: Type.Array(
    closed({
      action: Type.Enum(["approve", "reject", "fail"]),
      outcome: Type.String({ description: "`decided`, or what stood in the way" }),
      activationId: Type.Optional(Type.String()),
      at: utcSchema,
    }),
  ),
  decisions: Type.Optional(Type.Array(jsonObject, { description: "As in the receipt" })),
});
const receiptSchema = closed({
  receipt: Type.String({ description: "Compact JWS, `countersign-receipt+jwt`" }),
  claims: Type.Record(Type.String(), Type.Unknown(), { description: "What it says, to look at; the JWS is the proof" }),
});

const config = { permission: "relying-party" } as const;
const readers = { permission: ["relying-party", "operate"] } as const;

export function operationRoutes(app: Api, deps: Deps): void {
  app.addHook("preClose", async () => deps.operationWatch.close());

  const created = { body: createBody, querystring: noQuery, response: { 201: operationSchema } };
  app.post("/v1/operations", { config, schema: created }, async (request, reply) => {
    const { apiClient } = request;
    const { operation, repeated } = orRefuse(
      await createOperation(deps, await newOperationOf(deps, request, request.body)),
    );
    return reply
      .code(201)
      .header("location", `/v1/operations/${operation.id}`)
      .send(await shown(deps, apiClient, repeated ? await current(deps, operation) : operation));
  });

  const listed = { querystring: listQuery, response: { 200: pageSchema(closed(listedMembers)) } };
  app.get("/v1/operations", { config: readers, schema: listed }, async ({ query: asked, apiClient }) => {
    const { status: statuses, applicationId, createdFrom, createdTo, limit, cursor, ...more } = asked;
    const found = await searchOperations(deps, {
      ...more,
      statuses: listOf(statuses),
      applications: applicationsSeen(apiClient, listOf(applicationId)),
      from: queryMs(createdFrom, "createdFrom"),
      to: queryMs(createdTo, "createdTo"),
      ...pageOf({ ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) }),
    });
    return pageJson(found, listedOperation);
  });

  const read = { params, querystring: query, response: { 200: operationSchema } };
  app.get("/v1/operations/:id", { config: readers, schema: read }, async (request, reply) => {
    const sees = seenBy(request.apiClient);
    const wait = Number(request.query.waitSeconds ?? 0);
    const found =
      wait === 0
        ? await findOperation(deps, request.params.id, sees)
        : await waitForDecision(deps, request.params.id, sees, endOfWait(reply, wait));
    // A server that stops waits for its connections: this one must not be kept for the caller's next request.
    if (deps.operationWatch.closed) void reply.header("connection", "close");
    return shown(deps, request.apiClient, orRefuse(found));
  });

  const receipt = { params, querystring: noQuery, response: { 200: receiptSchema } };
  app.get("/v1/operations/:id/receipt", { config, schema: receipt }, async (request) => {
    const operation = orRefuse(await findOperation(deps, request.params.id, seenBy(request.apiClient)));
    const signed = orRefuse(await signReceipt(deps, operation.id));
    return { receipt: signed.receipt, claims: { ...signed.claims } };
  });

  const cancelSchema = { params, body: cancelBody, querystring: noQuery, response: { 200: operationSchema } };
  app.post("/v1/operations/:id/cancel", { config, schema: cancelSchema }, async (request) => {
    const decided = orRefuse(
      await cancelOperation(deps, {
        operationId: request.params.id,
        clientId: request.apiClient.id,
        reason: request.body?.reason,
        sees: seenBy(request.apiClient),
      }),
    );
    if (decided.kind === "decided") return shown(deps, request.apiClient, decided.operation);
    throw new RefusedError(decided.kind === "final" ? refuseState(decided.operation) : refuse("operation-not-found"));
  });
}

export async function newOperationOf(
  deps: Pick<Deps, "store" | "crypto">,
  request: FastifyRequest,
  body: Creation,
): Promise<NewOperation> {
  const { apiClient } = request;
  return {
    clientId: apiClient.id,
    template: body.template,
    userId: body.userId,
    applications: await applicationsFor(deps, body, apiClient),
    activationId: body.activationId,
    activationFlag: body.activationFlag,
    externalId: body.externalId,
    expiresAt: body.expiresAt === undefined ? undefined : epochMs(body.expiresAt, "expiresAt"),
    parameters: body.parameters ?? {},
    additionalData: plainObject(body.additionalData, "additionalData"),
    proximityCheck: body.proximityCheck,
    approval: detailsOf(body, apiClient.id),
    everyPlace: true,
    idempotency: idempotencyOf(deps, request, apiClient),
    notify: notifyOf(body.notify),
  };
}

/** Who only operates is not given what proves that a device is near a screen. */
export async function shown(
  deps: Pick<Deps, "store" | "secrets" | "crypto">,
  client: ApiClient,
  operation: OperationRow,
) {
  const [history, now] = await Promise.all([operationHistory(deps, operation.id), deps.store.now()]);
  const isParty = client.permissions.has("relying-party");
  const otp = isParty ? proximityOtpOf(deps, operation, now) : undefined;
  const number = isParty && operation.status === "PENDING" ? matchNumberOf(deps, operation) : undefined;
  return { ...relyingPartyOperation(operation, history, otp), ...(number !== undefined && { matchNumber: number }) };
}

/** A repeated request may find its operation expired. */
export async function current(deps: Pick<Deps, "store">, operation: OperationRow): Promise<OperationRow> {
  return orRefuse(await findOperation(deps, operation.id, () => true));
}

/** Those named; or the one of the activation named; or all that the client is limited to. */
async function applicationsFor(
  deps: Pick<Deps, "store">,
  body: Creation,
  client: ApiClient,
): Promise<readonly string[]> {
  const { activationId } = body;
  const activation = activationId === undefined ? undefined : await deps.store.findActivation(activationId);
  const ofActivation = activation !== undefined && mayUse(client, activation.application_id);
  const named = body.applications ?? (ofActivation ? [activation.application_id] : [...(client.applications ?? [])]);
  if (named.length === 0) throw new RefusedError(refuse("invalid-request", "applications - required"));
  if (!named.every((one) => mayUse(client, one))) throw new RefusedError(refuse("application-not-found"));
  return named;
}

/** 1 to 255 visible ASCII characters, compared as they are; the digest covers the whole body. */
function idempotencyOf(
  deps: Pick<Deps, "crypto">,
  request: FastifyRequest,
  client: ApiClient,
): IdempotencyKey | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new RefusedError(refuse("invalid-request", "Idempotency-Key - 1 to 255 visible characters"));
  }
  const requestDigest = toBase64Url(deps.crypto.sha256(utf8(canonicalJson(request.body))));
  return { clientId: client.id, key, requestDigest };
}

/** Aborts when the time is over or the caller has gone. */
function endOfWait(reply: FastifyReply, seconds: number): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return AbortSignal.any([gone.signal, AbortSignal.timeout(seconds * 1000)]);
}
