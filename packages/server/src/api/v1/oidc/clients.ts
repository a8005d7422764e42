/** `/v1/oidc-clients`: relying parties that speak OpenID. Only an admin of every application may make or end one. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { orRefuse } from "../../../errors.ts";
import { changeOidcClient, rotateOidcSecret } from "../../../oidc/clients/change.ts";
import { clientSettings } from "../../../oidc/clients/client.ts";
import { createOidcClient } from "../../../oidc/clients/create.ts";
import { listOidcClients, oidcClientDetail } from "../../../oidc/clients/list.ts";
import { removeOidcClient } from "../../../oidc/clients/remove.ts";
import { id, jsonObject, name, plainObject } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { requireUnlimited } from "../api-clients.ts";
import { closed, itemsSchema, noQuery } from "../members.ts";

const config = { permission: "admin" } as const;

/** OpenID client metadata that the provider checks; names as in the registry of OAuth parameters. */
const metadata = {
  client_name: name,
  countersign: clientSettings,
  grant_types: Type.Optional(Type.Array(name, { maxItems: 8 })),
  response_types: Type.Optional(Type.Array(name, { maxItems: 8 })),
  redirect_uris: Type.Optional(Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 32 })),
  scope: Type.Optional(Type.String({ maxLength: 1024 })),
  token_endpoint_auth_method: Type.Optional(name),
  token_endpoint_auth_signing_alg: Type.Optional(name),
  id_token_signed_response_alg: Type.Optional(name),
  jwks: Type.Optional(jsonObject),
  jwks_uri: Type.Optional(Type.String({ maxLength: 2048 })),
  request_object_signing_alg: Type.Optional(name),
  require_signed_request_object: Type.Optional(Type.Boolean()),
  require_pushed_authorization_requests: Type.Optional(Type.Boolean()),
  backchannel_token_delivery_mode: Type.Optional(Type.Enum(["poll", "ping", "push"])),
  backchannel_client_notification_endpoint: Type.Optional(Type.String({ maxLength: 2048 })),
  backchannel_user_code_parameter: Type.Optional(Type.Boolean()),
  backchannel_authentication_request_signing_alg: Type.Optional(name),
  authorization_details_types: Type.Optional(Type.Array(name, { maxItems: 64 })),
  dpop_bound_access_tokens: Type.Optional(Type.Boolean()),
  tls_client_certificate_bound_access_tokens: Type.Optional(Type.Boolean()),
  tls_client_auth_subject_dn: Type.Optional(Type.String({ maxLength: 1024 })),
  tls_client_auth_san_dns: Type.Optional(Type.String({ maxLength: 255 })),
  tls_client_auth_san_uri: Type.Optional(Type.String({ maxLength: 1024 })),
};
const metadataBody = closed(metadata);
const clientSchema = closed({ client_id: Type.String(), ...metadata });
const shownOnce = Type.String({ description: "Shown this once" });
const withSecret = closed({ client_id: Type.String(), client_secret: Type.Optional(shownOnce), ...metadata });
const secretSchema = closed({ client_id: Type.String(), client_secret: shownOnce });
const params = closed({ id });

export function oidcClientRoutes(app: Api, deps: Deps): void {
  app.post(
    "/v1/oidc-clients",
    { config, schema: { body: metadataBody, querystring: noQuery, response: { 201: withSecret } } },
    async ({ body, apiClient }, reply) => {
      requireUnlimited(apiClient);
      plainObject(body.jwks, "jwks");
      return reply
        .code(201)
        .send(orRefuse(await createOidcClient(deps, { metadata: body, by: apiClient.id })) as never);
    },
  );

  app.get(
    "/v1/oidc-clients",
    { config, schema: { querystring: noQuery, response: { 200: itemsSchema(clientSchema) } } },
    async ({ apiClient }) => {
      requireUnlimited(apiClient);
      return { items: (await listOidcClients(deps)) as never };
    },
  );

  app.get(
    "/v1/oidc-clients/:id",
    { config, schema: { params, querystring: noQuery, response: { 200: clientSchema } } },
    async ({ params: { id: clientId }, apiClient }) => {
      requireUnlimited(apiClient);
      return orRefuse(await oidcClientDetail(deps, clientId)) as never;
    },
  );

  app.put(
    "/v1/oidc-clients/:id",
    { config, schema: { params, body: metadataBody, querystring: noQuery, response: { 200: withSecret } } },
    async ({ params: { id: clientId }, body, apiClient }) => {
      requireUnlimited(apiClient);
      plainObject(body.jwks, "jwks");
      const change = { id: clientId, metadata: body, by: apiClient.id };
      return orRefuse(await changeOidcClient(deps, change)) as never;
    },
  );

  app.post(
    "/v1/oidc-clients/:id/rotate-secret",
    { config, schema: { params, querystring: noQuery, response: { 200: secretSchema } } },
    async ({ params: { id: clientId }, apiClient }) => {
      requireUnlimited(apiClient);
      return orRefuse(await rotateOidcSecret(deps, { id: clientId, by: apiClient.id }));
    },
  );

  app.delete(
    "/v1/oidc-clients/:id",
    { config, schema: { params, querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params: { id: clientId }, apiClient }, reply) => {
      requireUnlimited(apiClient);
      orRefuse(await removeOidcClient(deps, { id: clientId, by: apiClient.id }));
      return reply.code(204).send(null);
    },
  );
}
