/** `/v1/containers`: Approve devices of users, from their enrolment to their end. */
import { type Static, Type } from "typebox";
import { type ApiClient, mayUse } from "../../../accounts/api-client.ts";
import { blockActivation, unblockActivation } from "../../../activations/block.ts";
import {
  containerDetail,
  type ContainerDetail,
  forgiveOtpFailures,
  searchContainers,
} from "../../../approve/containers/list.ts";
import { removeContainer } from "../../../approve/containers/remove.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../../errors.ts";
import type { ActivationRow } from "../../../store/store.ts";
import { id, jsonObject, name } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { applicationsFor } from "../activations.ts";
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
  utc,
  utcSchema,
} from "../members.ts";

const status = Type.Enum(["ACTIVE", "BLOCKED", "REMOVED"]);
const params = Type.Object({ id });
const by = Type.Optional(Type.String({ ...name, description: "Who asks, for the history" }));

const members = {
  id: Type.String(),
  status: Type.String(),
  blockedReason: Type.Optional(Type.String()),
  userId: Type.String(),
  applicationId: Type.String(),
  name: Type.Optional(Type.String()),
  platform: Type.Optional(Type.String()),
  failedAttempts: Type.Integer(),
  createdAt: utcSchema,
  lastUsedAt: utcSchema,
};
const listed = closed(members);
const keySchema = closed({
  use: Type.Enum(["auth", "tx", "enc", "pop"]),
  kid: Type.String(),
  jwk: jsonObject,
  policy: Type.String(),
  state: Type.Enum(["PENDING", "ACTIVE", "RETIRED"]),
  createdAt: utcSchema,
  expiresAt: Type.Optional(utcSchema),
});
const shown = closed({
  ...members,
  deviceType: Type.String(),
  device: jsonObject,
  policies: jsonObject,
  keys: Type.Array(keySchema),
  lastSequence: Type.Integer({ description: "Of the last answer that was accepted" }),
  renewBefore: Type.Optional(utcSchema),
  deletionReason: Type.Optional(Type.String()),
});

const config = { permission: ["integrate", "operate"] } as const;

export function containerAdminRoutes(app: Api, deps: Deps): void {
  const response = { 200: shown };

  const query = closed({
    userId: Type.Optional(name),
    applicationId: Type.Optional(oneOrMany(name)),
    status: Type.Optional(oneOrMany(status)),
    ...paging,
  });
  app.get(
    "/v1/containers",
    { config, schema: { querystring: query, response: { 200: pageSchema(listed) } } },
    async ({ query: { userId, applicationId, status: statuses, ...page }, apiClient }) => {
      const applications = applicationsFor(apiClient, listOf(applicationId));
      const found = { userId, applications, statuses: listOf(statuses), ...pageOf(page) };
      return pageJson(await searchContainers(deps, found), listedJson);
    },
  );

  app.get("/v1/containers/:id", { config, schema: { params, querystring: noQuery, response } }, async (request) =>
    containerJson(await required(deps, request.apiClient, request.params.id)),
  );

  const blockBody = Type.Optional(Type.Union([closed({ reason: Type.Optional(name), by }), Type.Null()]));
  app.post(
    "/v1/containers/:id/block",
    { config, schema: { params, body: blockBody, querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await required(deps, apiClient, activationId);
      const asked = { activationId, externalUserId: body?.by, clientId: apiClient.id, reason: body?.reason };
      orRefuse(await blockActivation(deps, asked));
      return containerJson(await required(deps, apiClient, activationId));
    },
  );

  const unblockBody = Type.Optional(Type.Union([closed({ by }), Type.Null()]));
  app.post(
    "/v1/containers/:id/unblock",
    { config, schema: { params, body: unblockBody, querystring: noQuery, response } },
    async ({ params: { id: activationId }, body, apiClient }) => {
      await required(deps, apiClient, activationId);
      orRefuse(await unblockActivation(deps, { activationId, externalUserId: body?.by, clientId: apiClient.id }));
      await forgiveOtpFailures(deps, activationId);
      return containerJson(await required(deps, apiClient, activationId));
    },
  );

  const removal = Type.Optional(Type.Union([closed({ reason: Type.Optional(name), by }), Type.Null()]));
  app.delete(
    "/v1/containers/:id",
    { config, schema: { params, body: removal, querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params: { id: containerId }, body, apiClient }, reply) => {
      await required(deps, apiClient, containerId);
      const reason = body?.reason ?? "NOT_SPECIFIED";
      await removeContainer(deps, { id: containerId, reason, by: body?.by, clientId: apiClient.id });
      return reply.code(204).send(null);
    },
  );
}

/** Throws `container-not-found`, also for one of an application that the client may not use. */
async function required(deps: Pick<Deps, "store">, client: ApiClient, containerId: string): Promise<ContainerDetail> {
  const found = await containerDetail(deps, containerId);
  if (found === undefined || !mayUse(client, found.activation.application_id)) {
    throw new RefusedError(refuse("container-not-found"));
  }
  return found;
}

function listedJson(row: ActivationRow): Static<typeof listed> {
  return {
    id: row.id,
    status: row.status,
    ...given("blockedReason", row.blocked_reason),
    userId: row.user_id,
    applicationId: row.application_id,
    ...given("name", row.name),
    ...given("platform", row.platform),
    failedAttempts: row.failed_attempts,
    createdAt: utc(row.created_at),
    lastUsedAt: utc(row.last_used_at),
  };
}

function containerJson({ activation, row, device, keys }: ContainerDetail): Static<typeof shown> {
  return {
    ...listedJson(activation),
    deviceType: row.device_type,
    device: { ...device },
    policies: JSON.parse(row.policies) as Record<string, unknown>,
    keys: keys.map((key) => ({
      use: key.use,
      kid: key.kid,
      jwk: JSON.parse(key.public_jwk) as Record<string, unknown>,
      policy: key.policy,
      state: key.state,
      createdAt: utc(key.created_at),
      ...given("expiresAt", key.expires_at === null ? null : utc(key.expires_at)),
    })),
    lastSequence: activation.counter,
    ...given("renewBefore", row.renew_before === null ? null : utc(row.renew_before)),
    ...given("deletionReason", row.deletion_reason),
  };
}
