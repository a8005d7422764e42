/** `/v1/oidc-clients/initial-access-tokens`: what a relying party needs to register itself, and what it will be. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { orRefuse } from "../../../errors.ts";
import { clientSettings } from "../../../oidc/clients/client.ts";
import { oidcPath } from "../../../oidc/path.ts";
import type { Api } from "../../surfaces.ts";
import { requireUnlimited } from "../api-clients.ts";
import { closed, noQuery } from "../members.ts";

const body = closed({
  countersign: clientSettings,
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 2_592_000, default: 86_400 })),
});
const response = {
  201: closed({
    initialAccessToken: Type.String({ description: "Shown this once" }),
    registrationEndpoint: Type.String(),
    expiresInSeconds: Type.Integer(),
  }),
};

const day = 86_400;

export function initialAccessTokenRoutes(app: Api, deps: Deps): void {
  app.post(
    "/v1/oidc-clients/initial-access-tokens",
    { config: { permission: "admin" } as const, schema: { body, querystring: noQuery, response } },
    async ({ body: { countersign, expiresInSeconds = day }, apiClient }, reply) => {
      requireUnlimited(apiClient);
      const invitation = { settings: countersign, seconds: expiresInSeconds, by: apiClient.id };
      const { token } = orRefuse(await deps.oidc.invite(invitation));
      return reply.code(201).send({
        initialAccessToken: token,
        registrationEndpoint: `${deps.publicUrl}${oidcPath}/clients`,
        expiresInSeconds,
      });
    },
  );
}
