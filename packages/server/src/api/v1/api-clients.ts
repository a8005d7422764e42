/** `/v1/api-clients`: programs that use the private API. Only an admin of every application may make or end one. */
import { Type } from "typebox";
import { type ApiClient, permissions } from "../../accounts/api-client.ts";
import { createApiClient } from "../../accounts/create.ts";
import { listApiClients } from "../../accounts/list.ts";
import { removeApiClient } from "../../accounts/remove.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { id, name } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { closed, itemsSchema, noQuery, utc, utcSchema } from "./members.ts";

const permission = Type.Enum([...permissions]);
const createBody = closed({
  name,
  permissions: Type.Array(permission, { minItems: 1, maxItems: permissions.length, uniqueItems: true }),
  applications: Type.Optional(
    Type.Array(name, { maxItems: 1000, uniqueItems: true, description: "Every application when absent" }),
  ),
});

const clientSchema = closed({
  id: Type.String(),
  name: Type.String(),
  permissions: Type.Array(permission, { description: "With everything that `admin` implies" }),
  applications: Type.Optional(Type.Array(Type.String())),
  createdAt: utcSchema,
});
const credentialsSchema = closed({
  clientId: Type.String(),
  clientSecret: Type.String({ description: "Shown this once" }),
  name: Type.String(),
});

const config = { permission: "admin" } as const;

export function apiClientRoutes(app: Api, deps: Pick<Deps, "store" | "secrets" | "random">): void {
  app.post(
    "/v1/api-clients",
    { config, schema: { body: createBody, querystring: noQuery, response: { 201: credentialsSchema } } },
    async ({ body, apiClient }, reply) => {
      requireUnlimited(apiClient);
      const made = orRefuse(await createApiClient(deps, { ...body, clientId: apiClient.id }));
      const { clientId, clientSecret } = made;
      return reply.code(201).send({ clientId, clientSecret, name: made.name });
    },
  );

  app.get(
    "/v1/api-clients",
    { config, schema: { querystring: noQuery, response: { 200: itemsSchema(clientSchema) } } },
    async ({ apiClient }) => {
      requireUnlimited(apiClient);
      return { items: (await listApiClients(deps)).map(clientJson) };
    },
  );

  app.delete(
    "/v1/api-clients/:id",
    { config, schema: { params: Type.Object({ id }), querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params, apiClient }, reply) => {
      requireUnlimited(apiClient);
      orRefuse(await removeApiClient(deps, { id: params.id, clientId: apiClient.id }));
      return reply.code(204).send(null);
    },
  );
}

/** A client that is limited to some applications could otherwise make itself one that is not. */
export function requireUnlimited(client: ApiClient): void {
  if (client.applications !== undefined) throw new RefusedError(refuse("forbidden"));
}

function clientJson(client: ApiClient & { readonly createdAt: number }) {
  return {
    id: client.id,
    name: client.name,
    permissions: permissions.filter((one) => client.permissions.has(one)),
    ...(client.applications !== undefined && { applications: [...client.applications] }),
    createdAt: utc(client.createdAt),
  };
}
