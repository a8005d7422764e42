/** `/v1/authorization-types`: kinds of `authorization_details`, and the operations they make (RFC 9396). */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { orRefuse } from "../../../errors.ts";
import { setAuthorizationType } from "../../../oidc/details/set.ts";
import {
  findAuthorizationType,
  listAuthorizationTypes,
  removeAuthorizationType,
  type StoredType,
} from "../../../oidc/details/stored.ts";
import { jsonObject, name, plainObject, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, itemsSchema, noQuery, utc, utcSchema } from "../members.ts";

const type = Type.String({ pattern: "^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,255}$", description: "As requests name it" });
const params = Type.Object({ type });
const content = {
  template: Type.String({ ...name, description: "Of the operations" }),
  schema: Type.Record(Type.String(), Type.Unknown(), {
    description: "JSON Schema of the details: every object closed, no `$ref`",
  }),
  parameters: Type.Record(
    text(255),
    Type.String({ pattern: "^(?:/(?:[^~/\\u0000\\ud800-\\udfff]|~[01])*)+$", maxLength: 255 }),
    { maxProperties: 32, description: "Parameter of the template → JSON pointer into the details" },
  ),
};
const body = closed(content);
const typeSchema = closed({
  type: Type.String(),
  template: Type.String(),
  schema: jsonObject,
  parameters: Type.Record(Type.String(), Type.String()),
  updatedAt: utcSchema,
});

const config = { permission: "integrate" } as const;

export function authorizationTypeRoutes(app: Api, deps: Pick<Deps, "store">): void {
  const path = "/v1/authorization-types/:type";
  const one = { 200: typeSchema };

  app.get(
    "/v1/authorization-types",
    { config, schema: { querystring: noQuery, response: { 200: itemsSchema(typeSchema) } } },
    async () => ({ items: (await listAuthorizationTypes(deps)).map(typeJson) }),
  );

  app.get(path, { config, schema: { params, querystring: noQuery, response: one } }, async (request) =>
    typeJson(orRefuse(await findAuthorizationType(deps, request.params.type))),
  );

  const set = { params, querystring: noQuery, body, response: one };
  app.put(path, { config, schema: set }, async ({ params: { type: named }, body: given, apiClient }) => {
    plainObject(given.schema, "schema");
    return typeJson(orRefuse(await setAuthorizationType(deps, { type: named, ...given, clientId: apiClient.id })));
  });

  const removed = { params, querystring: noQuery, response: { 204: Type.Null() } };
  app.delete(path, { config, schema: removed }, async ({ params: { type: named }, apiClient }, reply) => {
    orRefuse(await removeAuthorizationType(deps, { type: named, clientId: apiClient.id }));
    return reply.code(204).send(null);
  });
}

function typeJson({ updatedAt, schema, parameters, ...members }: StoredType) {
  return { ...members, schema: { ...schema }, parameters: { ...parameters }, updatedAt: utc(updatedAt) };
}
