/** `/v1/users/{id}/user-code`: the word a user agreed on, which relying parties ask for before a device rings. */
import { Type } from "typebox";
import type { Deps } from "../../../deps.ts";
import { orRefuse } from "../../../errors.ts";
import { removeUserCode, setUserCode } from "../../../oidc/user-code/code.ts";
import { name, text } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { requireUnlimited } from "../api-clients.ts";
import { closed, noQuery } from "../members.ts";

const params = closed({ id: name });
const body = closed({ userCode: text(64, 4) });
const config = { permission: "operate" } as const;
const response = { 204: Type.Null() };

export function userCodeRoutes(app: Api, deps: Deps): void {
  app.put(
    "/v1/users/:id/user-code",
    { config, schema: { params, body, querystring: noQuery, response } },
    async ({ params: { id: userId }, body: { userCode }, apiClient }, reply) => {
      requireUnlimited(apiClient);
      await setUserCode(deps, { userId, userCode, by: apiClient.id });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    "/v1/users/:id/user-code",
    { config, schema: { params, querystring: noQuery, response } },
    async ({ params: { id: userId }, apiClient }, reply) => {
      requireUnlimited(apiClient);
      orRefuse(await removeUserCode(deps, { userId, by: apiClient.id }));
      return reply.code(204).send(null);
    },
  );
}
