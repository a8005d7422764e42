/**
 * `/v1/push-*`: the push gateways of an application, what their messages say, and the registered devices of a user.
 * Secrets are written and never shown; one that is left out stays as it was.
 */
import { type TSchema, Type } from "typebox";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { findGateway, findPushSetting, putGateway, putPushSetting, removeGateway } from "../../push/configure.ts";
import type { PushPlatform } from "../../push/device.ts";
import type { GatewayChange } from "../../push/gateway.ts";
import { listDevices } from "../../push/list.ts";
import { removeDevice } from "../../push/remove.ts";
import { id, name, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { closed, itemsSchema, noQuery, utc, utcSchema } from "./members.ts";

const address = Type.String({ pattern: "^https?://[^\\s?#]+[^\\s?#/]$", maxLength: 500 });
const secret = Type.Optional(Type.String({ ...text(10_000), description: "Never shown; as it was when absent" }));
const urls = { url: Type.Optional(address), tokenUrl: Type.Optional(address) };
const apns = {
  keyId: Type.String({ pattern: "^[A-Za-z0-9]{1,50}$" }),
  teamId: Type.String({ pattern: "^[A-Za-z0-9]{1,50}$" }),
  topic: Type.String({ pattern: "^[A-Za-z0-9.-]{1,255}$", description: "Bundle id of the app" }),
  host: Type.Optional(Type.String({ ...text(255), description: "`host` or `host:port` in place of Apple's" })),
};

// As it comes from the console of Firebase, with members that are not needed here.
const serviceAccount = Type.Object({ project_id: name, client_email: name, private_key: text(10_000) });

const changes = {
  apns: closed({ ...apns, key: secret }),
  fcm: closed({ serviceAccount: Type.Optional(serviceAccount), ...urls }),
  hms: closed({ clientId: name, clientSecret: secret, ...urls }),
  web: closed({ subject: text(500), privateKey: secret }),
} as const satisfies Record<PushPlatform, TSchema>;

const place = { applicationId: Type.String(), platform: Type.Enum(["apns", "fcm", "hms", "web"]) };
const shownGateway = {
  apns: closed({ ...place, ...apns }),
  fcm: closed({ ...place, projectId: Type.String(), clientEmail: Type.String(), ...urls }),
  hms: closed({ ...place, clientId: Type.String(), ...urls }),
  web: closed({
    ...place,
    publicKey: Type.String({ description: "VAPID; the `applicationServerKey` of a subscription" }),
    subject: Type.String(),
  }),
} as const satisfies Record<PushPlatform, TSchema>;

const byLanguage = Type.Optional(
  Type.Record(Type.String({ pattern: "^[a-z]{2,3}$" }), closed({ title: text(200), body: text(1000) }), {
    additionalProperties: false,
    maxProperties: 100,
  }),
);
const setting = closed({
  texts: closed({
    operationCreated: byLanguage,
    operationFinished: byLanguage,
    inboxMessage: byLanguage,
    enrolmentOffer: byLanguage,
  }),
  finished: Type.Boolean({ description: "Whether devices hear of finished operations as well" }),
});

const deviceSchema = closed({
  activationId: Type.String(),
  applicationId: Type.String(),
  userId: Type.String(),
  platform: place.platform,
  environment: Type.Union([Type.Enum(["development", "production"]), Type.Null()]),
  language: Type.String(),
  registeredAt: utcSchema,
});

const params = Type.Object({ applicationId: name });
const admin = { permission: "admin" } as const;

type PushDeps = Pick<Deps, "store" | "secrets" | "random">;

export function pushRoutes(app: Api, deps: PushDeps): void {
  gatewayRoutes(app, deps, "apns");
  gatewayRoutes(app, deps, "fcm");
  gatewayRoutes(app, deps, "hms");
  gatewayRoutes(app, deps, "web");
  settingRoutes(app, deps);
  deviceRoutes(app, deps);
}

function gatewayRoutes<P extends PushPlatform>(app: Api, deps: PushDeps, platform: P): void {
  const path = `/v1/push-gateways/:applicationId/${platform}`;
  const change: TSchema = changes[platform];
  const shown: TSchema = shownGateway[platform];
  const schema = { params, querystring: noQuery, response: { 200: shown } };

  app.put(
    path,
    { config: admin, schema: { ...schema, body: change } },
    async ({ params: { applicationId }, body, apiClient }) => {
      requireApplication(apiClient, applicationId);
      const input = { applicationId, platform, settings: body as GatewayChange[P], clientId: apiClient.id };
      return { applicationId, platform, ...orRefuse(await putGateway(deps, input)) };
    },
  );

  app.get(path, { config: admin, schema }, async ({ params: { applicationId }, apiClient }) => {
    requireApplication(apiClient, applicationId);
    return { applicationId, platform, ...orRefuse(await findGateway(deps, { applicationId, platform })) };
  });

  app.delete(
    path,
    { config: admin, schema: { ...schema, response: { 204: Type.Null() } } },
    async ({ params: { applicationId }, apiClient }, reply) => {
      requireApplication(apiClient, applicationId);
      const removed = await removeGateway(deps, { applicationId, platform, clientId: apiClient.id });
      if (!removed) throw new RefusedError(refuse("push-gateway-not-found"));
      return reply.code(204).send(null);
    },
  );
}

function settingRoutes(app: Api, deps: PushDeps): void {
  const path = "/v1/push-settings/:applicationId";
  const schema = { params, querystring: noQuery, response: { 200: setting } };

  app.get(path, { config: admin, schema }, async ({ params: { applicationId }, apiClient }) => {
    requireApplication(apiClient, applicationId);
    return findPushSetting(deps, applicationId);
  });

  app.put(
    path,
    { config: admin, schema: { ...schema, body: setting } },
    async ({ params: { applicationId }, body, apiClient }) => {
      requireApplication(apiClient, applicationId);
      const input = { ...body, applicationId, clientId: apiClient.id };
      return orRefuse(await putPushSetting(deps, input));
    },
  );
}

function deviceRoutes(app: Api, deps: PushDeps): void {
  const config = { permission: ["integrate", "operate"] } as const;

  app.get(
    "/v1/push-devices",
    { config, schema: { querystring: closed({ userId: name }), response: { 200: itemsSchema(deviceSchema) } } },
    async ({ query: { userId }, apiClient: { applications } }) => {
      const found = await listDevices(deps, { userId, applications: applications && [...applications] });
      return { items: found.map(({ registeredAt, ...device }) => ({ ...device, registeredAt: utc(registeredAt) })) };
    },
  );

  const which = Type.Object({ applicationId: name, activationId: id });
  app.delete(
    "/v1/push-devices/:applicationId/:activationId",
    { config, schema: { params: which, querystring: noQuery, response: { 204: Type.Null() } } },
    async (request, reply) => {
      requireApplication(request.apiClient, request.params.applicationId);
      if (!(await removeDevice(deps, request.params, "back-office"))) {
        throw new RefusedError(refuse("activation-not-found"));
      }
      return reply.code(204).send(null);
    },
  );
}

/** Applications that the client may not use do not exist for it. */
function requireApplication(client: ApiClient, applicationId: string): void {
  if (!mayUse(client, applicationId)) throw new RefusedError(refuse("application-not-found"));
}
