/** `/v1/webhooks`: who is told what happens to an application's operations and activations, and what became of it. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { createSink, removeSink, rotateSigningSecret, updateSink } from "../../notifications/change-sink.ts";
import { listDeliveries } from "../../notifications/deliveries.ts";
import { replayOutbox } from "../../notifications/delivery/queue.ts";
import { callbackTypes, findSink, listSinks, type Sink, webhookTypes } from "../../notifications/sink.ts";
import type { SinkType } from "../../store/schema.ts";
import { name, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { closed, itemsSchema, noQuery, pageSchema, paging, utc, utcSchema } from "./members.ts";

const url = text(2000);
const params = Type.Object({ id: Type.String() });

const form = Type.Optional(
  Type.Enum(["secevent"], {
    description: "Countermeasures alone, as security event tokens (RFC 8417, 8935); absent for all events as they are",
  }),
);
const createBody = closed({ applicationId: name, name, url, form });
const updateBody = closed({
  name: Type.Optional(name),
  url: Type.Optional(url),
  enabled: Type.Optional(Type.Boolean()),
});
const day = 86_400;
const rotateBody = Type.Optional(
  Type.Union([closed({ overlapSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 7 * day })) }), Type.Null()]),
);
const deliveryId = text(100);
const replayBody = Type.Optional(
  Type.Union([
    closed({
      state: Type.Optional(Type.Enum(["DEAD", "DONE"])),
      deliveries: Type.Optional(Type.Array(deliveryId, { minItems: 1, maxItems: 500 })),
    }),
    Type.Null(),
  ]),
);
const deliveriesQuery = closed({
  state: Type.Optional(Type.Enum(["PENDING", "DONE", "DEAD"])),
  /** `nextCursor` of the page before: the id of its last delivery. */
  cursor: Type.Optional(deliveryId),
  limit: paging.limit,
});

const webhookMembers = {
  id: Type.String(),
  applicationId: Type.String(),
  name: Type.String(),
  url: Type.String(),
  form,
  enabled: Type.Boolean(),
  createdAt: utcSchema,
};
const webhookSchema = closed(webhookMembers);
const callbackSchema = closed({
  ...webhookMembers,
  type: Type.String({ description: "`ACTIVATION_STATUS_CHANGE` or `OPERATION_STATUS_CHANGE`" }),
});
const withSecret = closed({
  ...webhookMembers,
  signingSecret: Type.String({ description: "Shown this once; signs what is sent" }),
});
const deliverySchema = closed({
  id: Type.String(),
  state: Type.Enum(["PENDING", "DONE", "DEAD"]),
  attempts: Type.Integer(),
  event: closed({ id: Type.String(), type: Type.String(), subject: Type.String(), at: utcSchema }),
  lastFailure: Type.Optional(Type.String()),
  dueAt: Type.Optional(utcSchema),
  settledAt: Type.Optional(utcSchema),
});

const typeOf = { event: "WEBHOOK", secevent: "SECURITY_EVENTS" } as const;

const admin = { permission: "admin" } as const;
const operate = { permission: "operate" } as const;
const path = "/v1/webhooks";

export function webhookRoutes(app: Api, deps: Pick<Deps, "store" | "random" | "secrets">): void {
  app.post(
    path,
    { config: admin, schema: { body: createBody, querystring: noQuery, response: { 201: withSecret } } },
    async (request, reply) => {
      const { body, apiClient } = request;
      const { form: chosen, ...asked } = body;
      if (!mayUse(apiClient, body.applicationId)) throw new RefusedError(refuse("application-not-found"));
      const { sink, signingSecret } = orRefuse(
        await createSink(deps, { ...asked, type: typeOf[chosen ?? "event"], clientId: apiClient.id }),
      );
      return reply
        .code(201)
        .header("location", `${path}/${sink.id}`)
        .send({ ...shown(sink), signingSecret });
    },
  );

  app.get(
    path,
    { config: operate, schema: { querystring: noQuery, response: { 200: itemsSchema(webhookSchema) } } },
    async ({ apiClient }) => {
      const { applications } = apiClient;
      const sinks = await listSinks(deps, { types: webhookTypes, applications: applications && [...applications] });
      return { items: sinks.map(shown) };
    },
  );

  app.get(
    `${path}/:id`,
    { config: operate, schema: { params, querystring: noQuery, response: { 200: webhookSchema } } },
    async (request) => shown(await visible(deps, request)),
  );

  const updateSchema = { params, body: updateBody, querystring: noQuery, response: { 200: webhookSchema } };
  app.patch(`${path}/:id`, { config: admin, schema: updateSchema }, async (request) => {
    const { id } = await visible(deps, request);
    return shown(orRefuse(await updateSink(deps, { id, ...request.body, clientId: request.apiClient.id })));
  });

  app.delete(
    `${path}/:id`,
    { config: admin, schema: { params, querystring: noQuery, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { id } = await visible(deps, request);
      await removeSink(deps, { id, clientId: request.apiClient.id });
      return reply.code(204).send(null);
    },
  );

  const rotateSchema = { params, body: rotateBody, querystring: noQuery, response: { 200: withSecret } };
  app.post(`${path}/:id/rotate-secret`, { config: admin, schema: rotateSchema }, async (request) => {
    const { id } = await visible(deps, request);
    const overlapSeconds = request.body?.overlapSeconds ?? day;
    const rotation = { id, overlapSeconds, clientId: request.apiClient.id };
    const { sink, signingSecret } = orRefuse(await rotateSigningSecret(deps, rotation));
    return { ...shown(sink), signingSecret };
  });

  deliveryRoutes(app, deps, path, webhookTypes);
}

/** `/v1/callbacks`: those in PowerAuth form, which `/rest/v3` sets up. Here is what became of them. */
export function callbackRoutes(app: Api, deps: Pick<Deps, "store">): void {
  app.get(
    "/v1/callbacks",
    { config: operate, schema: { querystring: noQuery, response: { 200: itemsSchema(callbackSchema) } } },
    async ({ apiClient }) => {
      const { applications } = apiClient;
      const sinks = await listSinks(deps, { types: callbackTypes, applications: applications && [...applications] });
      return { items: sinks.map((sink) => ({ ...shown(sink), type: sink.type })) };
    },
  );
  deliveryRoutes(app, deps, "/v1/callbacks", callbackTypes);
}

function deliveryRoutes(app: Api, deps: Pick<Deps, "store">, at: string, types: readonly SinkType[]): void {
  const listSchema = { params, querystring: deliveriesQuery, response: { 200: pageSchema(deliverySchema) } };
  app.get(`${at}/:id/deliveries`, { config: operate, schema: listSchema }, async (request) => {
    const { id } = await visible(deps, request, types);
    const { state, cursor: after, limit: most = "50" } = request.query;
    const limit = Number(most);
    const found = await listDeliveries(deps, id, { state, after, limit });
    const nextCursor = found.length === limit ? found.at(-1)?.id : undefined;
    return {
      items: found.map(({ event, lastFailure, dueAt, settledAt, ...rest }) => ({
        ...rest,
        event: { ...event, at: utc(event.at) },
        ...(lastFailure !== null && { lastFailure }),
        ...(dueAt !== null && { dueAt: utc(dueAt) }),
        ...(settledAt !== null && { settledAt: utc(settledAt) }),
      })),
      ...(nextCursor !== undefined && { nextCursor }),
    };
  });

  const replaySchema = {
    params,
    body: replayBody,
    querystring: noQuery,
    response: { 200: closed({ replayed: Type.Integer() }) },
  };
  app.post(`${at}/:id/replay`, { config: operate, schema: replaySchema }, async (request) => {
    const { id: sinkId } = await visible(deps, request, types);
    const { state = "DEAD", deliveries: ids } = request.body ?? {};
    return { replayed: await replayOutbox(deps.store, { sinkId, state, ids }) };
  });
}

/** Webhooks of other applications than its own do not exist for a client. */
async function visible(
  deps: Pick<Deps, "store">,
  request: FastifyRequest<{ Params: { id: string } }>,
  types: readonly SinkType[] = webhookTypes,
): Promise<Sink> {
  const sink = await findSink(deps, request.params.id, types);
  if (sink !== undefined && mayUse(request.apiClient, sink.application_id)) return sink;
  throw new RefusedError(refuse("sink-not-found"));
}

function shown(sink: Sink) {
  return {
    id: sink.id,
    applicationId: sink.application_id,
    name: sink.name,
    url: sink.url,
    ...(sink.type === "SECURITY_EVENTS" && { form: "secevent" as const }),
    enabled: sink.enabled === 1,
    createdAt: utc(sink.created_at),
  };
}
