/** `/v1/applications`: apps of the bank, the versions their builds are made with, and their roles. */
import type { ProtocolVersion } from "@countersign/protocol/powerauth/versions";
import { Type } from "typebox";
import { createApplication } from "../../applications/create.ts";
import {
  type ApplicationDetail,
  type ApplicationVersionDetail,
  applicationDetail,
  listApplications,
} from "../../applications/detail.ts";
import { setRoles } from "../../applications/roles.ts";
import { createVersion, setVersionSupported } from "../../applications/versions.ts";
import { type ApiClient, mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { name } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { closed, itemsSchema, noQuery, utc, utcSchema } from "./members.ts";

const protocolVersions: ProtocolVersion[] = ["3.0", "3.1", "3.2", "3.3"];
const roles = Type.Array(name, { maxItems: 100 });
const createBody = closed({
  id: name,
  roles: Type.Optional(roles),
  minVersion: Type.Optional(
    Type.Enum(protocolVersions, { description: "Lowest protocol version of its activations; 3.1 by default" }),
  ),
});
const params = Type.Object({ id: name });
const versionParams = Type.Object({ id: name, versionId: name });

const versionSchema = closed({
  id: Type.String(),
  applicationKey: Type.String({ description: "16 bytes, Base64" }),
  applicationSecret: Type.String({ description: "16 bytes, Base64" }),
  sdkConfiguration: Type.String({ description: "What an app build is configured with, in one text" }),
  supported: Type.Boolean(),
});
const applicationSchema = closed({
  id: Type.String(),
  roles: Type.Array(Type.String()),
  masterPublicKey: Type.String({ description: "P-256, 65 bytes uncompressed, Base64" }),
  minVersion: Type.String(),
  createdAt: utcSchema,
  versions: Type.Array(versionSchema),
});
const listedSchema = closed({ id: Type.String(), roles: Type.Array(Type.String()) });

const config = { permission: "admin" } as const;

export function applicationRoutes(app: Api, deps: Deps): void {
  app.post(
    "/v1/applications",
    { config, schema: { body: createBody, querystring: noQuery, response: { 201: applicationSchema } } },
    async ({ body: { id, ...more }, apiClient }, reply) => {
      requireApplication(apiClient, id);
      const made = orRefuse(await createApplication(deps, { applicationId: id, ...more, clientId: apiClient.id }));
      return reply
        .code(201)
        .header("location", `/v1/applications/${encodeURIComponent(id)}`)
        .send(applicationJson(made));
    },
  );

  app.get(
    "/v1/applications",
    {
      config: { permission: ["admin", "operate"] },
      schema: { querystring: noQuery, response: { 200: itemsSchema(listedSchema) } },
    },
    async ({ apiClient }) => ({
      items: (await listApplications(deps, apiClient.applications)).map((one) => ({
        id: one.applicationId,
        roles: [...one.roles],
      })),
    }),
  );

  app.get(
    "/v1/applications/:id",
    { config, schema: { params, querystring: noQuery, response: { 200: applicationSchema } } },
    async ({ params: { id }, apiClient }) => {
      requireApplication(apiClient, id);
      return applicationJson(orRefuse(await applicationDetail(deps, id)));
    },
  );

  app.put(
    "/v1/applications/:id/roles",
    {
      config,
      schema: { params, body: closed({ roles }), querystring: noQuery, response: { 200: closed({ roles }) } },
    },
    async ({ params: { id }, body, apiClient }) => {
      requireApplication(apiClient, id);
      const input = { applicationId: id, roles: body.roles, clientId: apiClient.id };
      return { roles: [...orRefuse(await setRoles(deps, input))] };
    },
  );

  versionRoutes(app, deps);
}

function versionRoutes(app: Api, deps: Deps): void {
  const response = { 200: versionSchema };
  app.post(
    "/v1/applications/:id/versions",
    {
      config,
      schema: { params, body: closed({ id: name }), querystring: noQuery, response: { 201: versionSchema } },
    },
    async ({ params: { id: applicationId }, body, apiClient }, reply) => {
      requireApplication(apiClient, applicationId);
      const input = { applicationId, versionId: body.id, clientId: apiClient.id };
      return reply.code(201).send(versionJson(orRefuse(await createVersion(deps, input))));
    },
  );

  for (const supported of [true, false]) {
    app.post(
      `/v1/applications/:id/versions/:versionId/${supported ? "support" : "unsupport"}`,
      { config, schema: { params: versionParams, querystring: noQuery, response } },
      async ({ params: { id: applicationId, versionId }, apiClient }) => {
        requireApplication(apiClient, applicationId);
        const input = { applicationId, versionId, supported, clientId: apiClient.id };
        return versionJson(orRefuse(await setVersionSupported(deps, input)));
      },
    );
  }
}

/** Throws `application-not-found` unless the client may use it: others do not exist for it. */
export function requireApplication(client: ApiClient, id: string): void {
  if (!mayUse(client, id)) throw new RefusedError(refuse("application-not-found"));
}

function applicationJson(detail: ApplicationDetail) {
  return {
    id: detail.applicationId,
    roles: [...detail.roles],
    masterPublicKey: detail.masterPublicKey,
    minVersion: detail.minVersion,
    createdAt: utc(detail.createdAt),
    versions: detail.versions.map(versionJson),
  };
}

function versionJson(version: ApplicationVersionDetail) {
  return {
    id: version.versionId,
    applicationKey: version.applicationKey,
    applicationSecret: version.applicationSecret,
    sdkConfiguration: version.mobileSdkConfig,
    supported: version.supported,
  };
}
