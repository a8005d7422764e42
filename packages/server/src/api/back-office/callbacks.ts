/** `/rest/v3/application/callback/*`: who wants to hear of an application's activations or operations. */
import { type Static, Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { createSink, removeSink, rotateSigningSecret, updateSink } from "../../notifications/change-sink.ts";
import { listDeliveries } from "../../notifications/deliveries.ts";
import { replayOutbox } from "../../notifications/delivery/queue.ts";
import { callbackTypes, findSink, listSinks, type Sink } from "../../notifications/sink.ts";
import { authenticationOf, shownAuthentication } from "../../notifications/webhook/authentication.ts";
import { id, isoDate, name, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { call, requireApplications } from "./call.ts";
import { duration, durationMs, durationText } from "./duration.ts";

const flag = Type.Optional(Type.Boolean());
const secret = orNull(text(4096, 0));
const content = orNull(text(200_000, 0));

const authentication = orNull(
  Type.Object({
    certificate: orNull(
      Type.Object({
        enabled: flag,
        useCustomKeyStore: flag,
        keyStoreLocation: secret,
        keyStoreContent: content,
        keyStorePassword: secret,
        keyAlias: secret,
        keyPassword: secret,
        useCustomTrustStore: flag,
        trustStoreLocation: secret,
        trustStoreContent: content,
        trustStorePassword: secret,
      }),
    ),
    httpBasic: orNull(Type.Object({ enabled: flag, username: secret, password: secret })),
    oAuth2: orNull(
      Type.Object({ enabled: flag, clientId: secret, clientSecret: secret, tokenUri: secret, scope: secret }),
    ),
  }),
);

const settings = {
  attributes: orNull(Type.Array(name, { maxItems: 100 })),
  authentication,
  maxAttempts: orNull(Type.Integer({ minimum: 1, maximum: 1000 })),
  initialBackoff: orNull(duration),
  retentionPeriod: orNull(duration),
};
const type = Type.Enum([...callbackTypes]);
const createRequest = Type.Object({ applicationId: name, name, callbackUrl: text(2000), type, ...settings });
const updateRequest = Type.Object({
  id,
  applicationId: orNull(name),
  name: orNull(name),
  callbackUrl: orNull(text(2000)),
  type: orNull(type),
  ...settings,
});

const state = Type.Enum(["PENDING", "DONE", "DEAD"]);
const eventId = text(100);
const mostEvents = 500;
const day = 86_400;

export function callbackRoutes(app: Api, deps: Pick<Deps, "store" | "random" | "secrets">): void {
  const path = "/application/callback";

  call(app, `${path}/create`, "admin", createRequest, async (input, client) => {
    requireApplications(client, input.applicationId);
    const { applicationId, name: label, callbackUrl: url, type: kind } = input;
    const given = { applicationId, name: label, url, type: kind, clientId: client.id };
    const created = await createSink(deps, { ...given, ...settingsOf(input) });
    if (isRefusal(created)) return created;
    return { ...callbackObject(deps, created.sink), signingSecret: created.signingSecret };
  });

  call(app, `${path}/update`, "admin", updateRequest, async (input, client) => {
    const sink = await visible(deps, client, input.id);
    if (isRefusal(sink)) return sink;
    const other = input.applicationId !== null && input.applicationId !== undefined;
    if (other && input.applicationId !== sink.application_id) {
      return refuse("invalid-request", "applicationId - cannot be changed");
    }
    const updated = await updateSink(deps, {
      id: sink.id,
      name: input.name ?? undefined,
      url: input.callbackUrl ?? undefined,
      type: input.type ?? undefined,
      clientId: client.id,
      ...settingsOf(input),
    });
    return isRefusal(updated) ? updated : callbackObject(deps, updated);
  });

  call(app, `${path}/list`, "admin", Type.Object({ applicationId: name }), async (input, client) => {
    requireApplications(client, input.applicationId);
    const sinks = await listSinks(deps, { types: callbackTypes, applications: [input.applicationId] });
    return { callbackUrlList: sinks.map((sink) => callbackObject(deps, sink)) };
  });

  call(app, `${path}/remove`, "admin", Type.Object({ id }), async (input, client) => {
    const sink = await visible(deps, client, input.id);
    const removed = !isRefusal(sink) && (await removeSink(deps, { id: input.id, clientId: client.id }));
    return { id: input.id, removed };
  });

  // From here on ours: a new signing secret, and what became of events.
  const rotateRequest = Type.Object({ id, overlapSeconds: orNull(Type.Integer({ minimum: 0, maximum: 7 * day })) });
  call(app, `${path}/secret/rotate`, "admin", rotateRequest, async (input, client) => {
    const sink = await visible(deps, client, input.id);
    if (isRefusal(sink)) return sink;
    const overlapSeconds = input.overlapSeconds ?? day;
    const rotated = await rotateSigningSecret(deps, { id: sink.id, overlapSeconds, clientId: client.id });
    return isRefusal(rotated) ? rotated : { id: sink.id, signingSecret: rotated.signingSecret };
  });

  const eventsRequest = Type.Object({ id, state: orNull(state), after: orNull(eventId) });
  call(app, `${path}/event/list`, "operate", eventsRequest, async (input, client) => {
    const sink = await visible(deps, client, input.id);
    if (isRefusal(sink)) return sink;
    const events = await listDeliveries(deps, sink.id, {
      state: input.state ?? undefined,
      after: input.after ?? undefined,
      limit: mostEvents,
    });
    return {
      events: events.map(({ id: one, event, dueAt, settledAt, ...rest }) => ({
        id: one,
        eventType: event.type,
        subjectId: event.subject,
        timestampCreated: isoDate(event.at),
        timestampNextCall: dueAt === null ? null : isoDate(dueAt),
        timestampSettled: settledAt === null ? null : isoDate(settledAt),
        ...rest,
      })),
    };
  });

  const replayRequest = Type.Object({
    id,
    state: orNull(Type.Enum(["DEAD", "DONE"])),
    eventIds: orNull(Type.Array(eventId, { minItems: 1, maxItems: mostEvents })),
  });
  call(app, `${path}/event/replay`, "operate", replayRequest, async (input, client) => {
    const sink = await visible(deps, client, input.id);
    if (isRefusal(sink)) return sink;
    const ids = input.eventIds ?? undefined;
    return { replayed: await replayOutbox(deps.store, { sinkId: sink.id, state: input.state ?? "DEAD", ids }) };
  });
}

/** Callbacks of other applications than its own do not exist for a client. */
async function visible(deps: Pick<Deps, "store">, client: ApiClient, sinkId: string): Promise<Sink | Refusal> {
  const sink = await findSink(deps, sinkId, callbackTypes);
  return sink !== undefined && mayUse(client, sink.application_id) ? sink : refuse("sink-not-found");
}

function settingsOf(input: Pick<Static<typeof createRequest>, keyof typeof settings>) {
  const { attributes, initialBackoff: backoff, retentionPeriod: retention } = input;
  return {
    attributes: attributes ?? undefined,
    authentication: input.authentication ?? undefined,
    maxAttempts: input.maxAttempts ?? undefined,
    initialBackoffMs:
      backoff == null ? undefined : durationMs(backoff, "initialBackoff", { least: 10, most: day * 1000 }),
    retentionSeconds:
      retention == null
        ? undefined
        : Math.ceil(durationMs(retention, "retentionPeriod", { least: 1000, most: 3650 * day * 1000 }) / 1000),
  };
}

function callbackObject(deps: Pick<Deps, "secrets">, sink: Sink) {
  return {
    id: sink.id,
    applicationId: sink.application_id,
    name: sink.name,
    callbackUrl: sink.url,
    type: sink.type,
    attributes: JSON.parse(sink.attributes) as string[],
    authentication: shownAuthentication(authenticationOf(deps, sink)),
    maxAttempts: sink.max_attempts,
    initialBackoff: sink.initial_backoff_ms === null ? null : durationText(sink.initial_backoff_ms),
    retentionPeriod: sink.retention_seconds === null ? null : durationText(sink.retention_seconds * 1000),
  };
}
