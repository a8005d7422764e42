/** `/v1/activations`: apps on devices of users, from their code to their end. */
import { type Static, Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import { flagsOf } from "../../activations/activation.ts";
import { blockActivation, unblockActivation } from "../../activations/block.ts";
import { commitActivation } from "../../activations/commit.ts";
import { setFlags } from "../../activations/flags.ts";
import { initActivation } from "../../activations/init.ts";
import { activationHistory, searchActivations } from "../../activations/list.ts";
import { removeActivation } from "../../activations/remove.ts";
import { renameActivation } from "../../activations/rename.ts";
import { type ActivationDetail, activationDetail } from "../../activations/status.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import type { ActivationRow } from "../../store/store.ts";
import { epochMs, id, instant, jsonObject, name, plainObject, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { requireApplication } from "./applications.ts";
import {
  closed,
  given,
  listOf,
  noQuery,
  oneOrMany,
  pageJson,
  pageOf,
  pageSchema,
  paging,
  queryInstant,
  queryMs,
  utc,
  utcSchema,
} from "./members.ts";

const status = Type.Enum(["CREATED", "PENDING_COMMIT", "ACTIVE", "BLOCKED", "REMOVED"]);
const phase = Type.Enum(["ON_COMMIT", "ON_KEY_EXCHANGE"]);
const flags = Type.Array(name, { maxItems: 100 });
const params = Type.Object({ id });
/** Whom the bank names as the one who asked, for the history. */
const by = Type.Optional(Type.String({ ...name, description: "Who asks, for the history" }));

const createBody = closed({
  applicationId: name,
  userId: name,
  expiresAt: Type.Optional(instant),
  maxFailedAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
  commitPhase: Type.Optional(phase),
  otp: Type.Optional(text(255)),
  flags: Type.Optional(flags),
  additionalData: Type.Optional(jsonObject),
});

const activationMembers = {
  id: Type.String(),
  status,
  blockedReason: Type.Optional(Type.String()),
  userId: Type.String(),
  applicationId: Type.String(),
  name: Type.Optional(Type.String()),
  platform: Type.Optional(Type.String()),
  deviceInfo: Type.Optional(Type.String()),
  externalId: Type.Optional(Type.String()),
  flags,
  failedAttempts: Type.Integer(),
  maxFailedAttempts: Type.Integer(),
  createdAt: utcSchema,
  changedAt: utcSchema,
  lastUsedAt: utcSchema,
};
const listedSchema = closed(activationMembers);
const activationSchema = closed({
  ...activationMembers,
  commitPhase: phase,
  additionalData: Type.Optional(jsonObject),
  fingerprint: Type.Optional(Type.String({ description: "Eight digits that both sides can compare" })),
  activationCode: Type.Optional(Type.String({ description: "While CREATED" })),
  activationSignature: Type.Optional(Type.String()),
});
const startedSchema = closed({
  id: Type.String(),
  userId: Type.String(),
  applicationId: Type.String(),
  activationCode: Type.String({ description: "For the device; the scanned form is `code#signature`" }),
  activationSignature: Type.String(),
});
const historySchema = closed({
  items: Type.Array(
    closed({
      id: Type.String(),
      status,
      reason: Type.Optional(Type.String()),
      by: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
      at: utcSchema,
    }),
  ),
});

const either = { permission: ["integrate", "operate"] } as const;
const integrate = { permission: "integrate" } as const;

export function activationRoutes(app: Api, deps: Deps): void {
  const shown = async (activationId: string) =>
    activationJson(orRefuse(await activationDetail(deps, { activationId })));

  app.post(
    "/v1/activations",
    {
      config: integrate,
      schema: { body: createBody, querystring: noQuery, response: { 201: startedSchema } },
    },
    async ({ body, apiClient }, reply) => {
      requireApplication(apiClient, body.applicationId);
      const { expiresAt, additionalData, ...more } = body;
      const { activationId, ...started } = orRefuse(
        await initActivation(deps, {
          ...more,
          expiresAt: expiresAt === undefined ? undefined : epochMs(expiresAt, "expiresAt"),
          additionalData: plainObject(additionalData, "additionalData"),
          clientId: apiClient.id,
        }),
      );
      return reply
        .code(201)
        .header("location", `/v1/activations/${activationId}`)
        .send({ id: activationId, ...started });
    },
  );

  const listQuery = closed({
    userId: Type.Optional(name),
    applicationId: Type.Optional(oneOrMany(name)),
    status: Type.Optional(oneOrMany(status)),
    ...paging,
  });
  app.get(
    "/v1/activations",
    { config: either, schema: { querystring: listQuery, response: { 200: pageSchema(listedSchema) } } },
    async ({ query: { userId, applicationId, status: statuses, ...page }, apiClient }) => {
      const found = await searchActivations(deps, {
        userId,
        applications: applicationsFor(apiClient, listOf(applicationId)),
        statuses: listOf(statuses),
        ...pageOf(page),
      });
      return pageJson(found, listedJson);
    },
  );

  app.get(
    "/v1/activations/:id",
    { config: either, schema: { params, querystring: noQuery, response: { 200: activationSchema } } },
    async (request) => {
      await requireActivation(deps, request.apiClient, request.params.id);
      return shown(request.params.id);
    },
  );

  const historyQuery = closed({ from: Type.Optional(queryInstant), to: Type.Optional(queryInstant) });
  app.get(
    "/v1/activations/:id/history",
    { config: either, schema: { params, querystring: historyQuery, response: { 200: historySchema } } },
    async ({ params: { id: activationId }, query: { from, to }, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      const range = { from: queryMs(from, "from"), to: queryMs(to, "to") };
      const items = await activationHistory(deps, { activationId, ...range });
      return {
        items: items.map((one) => ({
          id: one.id,
          status: one.status,
          ...given("reason", one.reason),
          ...given("by", one.externalUserId),
          ...given("name", one.name),
          at: utc(one.at),
        })),
      };
    },
  );

  changeRoutes(app, deps, shown);
}

type Shown = (activationId: string) => Promise<Static<typeof activationSchema>>;

function changeRoutes(app: Api, deps: Deps, shown: Shown): void {
  const response = { 200: activationSchema };
  const empty = Type.Optional(Type.Union([closed({ by }), Type.Null()]));

  const commitBody = Type.Optional(Type.Union([closed({ otp: Type.Optional(text(255)), by }), Type.Null()]));
  app.post(
    "/v1/activations/:id/commit",
    { config: integrate, schema: { params, body: commitBody, querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      const asked = { activationId, externalUserId: body?.by, clientId: apiClient.id };
      orRefuse(await commitActivation(deps, { ...asked, otp: body?.otp }));
      return shown(activationId);
    },
  );

  const blockBody = Type.Optional(Type.Union([closed({ reason: Type.Optional(name), by }), Type.Null()]));
  app.post(
    "/v1/activations/:id/block",
    { config: either, schema: { params, body: blockBody, querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      const asked = { activationId, externalUserId: body?.by, clientId: apiClient.id };
      orRefuse(await blockActivation(deps, { ...asked, reason: body?.reason }));
      return shown(activationId);
    },
  );

  app.post(
    "/v1/activations/:id/unblock",
    { config: either, schema: { params, body: empty, querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      orRefuse(await unblockActivation(deps, { activationId, externalUserId: body?.by, clientId: apiClient.id }));
      return shown(activationId);
    },
  );

  app.delete(
    "/v1/activations/:id",
    { config: either, schema: { params, querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params: { id: activationId }, apiClient }, reply) => {
      await requireActivation(deps, apiClient, activationId);
      orRefuse(await removeActivation(deps, { activationId, clientId: apiClient.id }));
      return reply.code(204).send(null);
    },
  );

  app.put(
    "/v1/activations/:id/name",
    { config: either, schema: { params, body: closed({ name, by }), querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      const asked = { activationId, externalUserId: body.by, clientId: apiClient.id };
      orRefuse(await renameActivation(deps, { ...asked, name: body.name }));
      return shown(activationId);
    },
  );

  app.put(
    "/v1/activations/:id/flags",
    { config: integrate, schema: { params, body: closed({ flags }), querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await requireActivation(deps, apiClient, activationId);
      orRefuse(await setFlags(deps, { activationId, flags: body.flags, clientId: apiClient.id }));
      return shown(activationId);
    },
  );
}

/** Those named, or all that the client is limited to. Throws `application-not-found` for one it may not use. */
export function applicationsFor(
  client: ApiClient,
  named: readonly string[] | undefined,
): readonly string[] | undefined {
  for (const one of named ?? []) requireApplication(client, one);
  return named ?? (client.applications === undefined ? undefined : [...client.applications]);
}

/** Throws `activation-not-found`, also for one of an application that the client may not use. */
async function requireActivation(deps: Pick<Deps, "store">, client: ApiClient, activationId: string): Promise<void> {
  const found = await deps.store.findActivation(activationId);
  if (found === undefined || !mayUse(client, found.application_id)) {
    throw new RefusedError(refuse("activation-not-found"));
  }
}

function listedJson(row: ActivationRow): Static<typeof listedSchema> {
  return {
    id: row.id,
    status: row.status,
    ...given("blockedReason", row.blocked_reason),
    userId: row.user_id,
    applicationId: row.application_id,
    ...given("name", row.name),
    ...given("platform", row.platform),
    ...given("deviceInfo", row.device_info),
    ...given("externalId", row.external_id),
    flags: [...flagsOf(row)],
    failedAttempts: row.failed_attempts,
    maxFailedAttempts: row.max_failed_attempts,
    createdAt: utc(row.created_at),
    changedAt: utc(row.changed_at),
    lastUsedAt: utc(row.last_used_at),
  };
}

function activationJson(detail: ActivationDetail): Static<typeof activationSchema> {
  return {
    id: detail.activationId,
    status: detail.activationStatus,
    ...given("blockedReason", detail.blockedReason),
    userId: detail.userId,
    applicationId: detail.applicationId ?? "",
    ...given("name", detail.activationName),
    ...given("platform", detail.platform),
    ...given("deviceInfo", detail.deviceInfo),
    ...given("externalId", detail.externalId),
    flags: [...detail.activationFlags],
    failedAttempts: detail.failedAttempts,
    maxFailedAttempts: detail.maxFailedAttempts,
    createdAt: utc(detail.timestampCreated),
    changedAt: utc(detail.timestampLastChange),
    lastUsedAt: utc(detail.timestampLastUsed),
    commitPhase: detail.commitPhase,
    ...given("additionalData", detail.additionalData),
    ...given("fingerprint", detail.devicePublicKeyFingerprint),
    ...given("activationCode", detail.activationCode),
    ...given("activationSignature", detail.activationSignature),
  };
}
