/** `/v1/users/{id}/approvals`: whether a user gets transactions at present, and how to let them get some again. */
import { Type } from "typebox";
import { type ApprovalState, approvalState, unblockUser } from "../../../approve/countermeasures/unblock.ts";
import type { Deps } from "../../../deps.ts";
import { orRefuse } from "../../../errors.ts";
import { name } from "../../members.ts";
import type { Api } from "../../surfaces.ts";
import { closed, noQuery, utc, utcSchema } from "../members.ts";

const params = closed({ id: name });
const schema = closed({
  userId: Type.String(),
  suspended: Type.Boolean(),
  until: Type.Optional(utcSchema),
  cause: Type.Optional(Type.Enum(["report", "unanswered", "denied"])),
  suspensions: Type.Integer({ description: "In a row, without an approval in between" }),
});

export function userRoutes(app: Api, deps: Pick<Deps, "store">): void {
  const config = { permission: "operate" } as const;
  const route = { config, schema: { params, querystring: noQuery, response: { 200: schema } } };

  app.get("/v1/users/:id/approvals", route, async ({ params: { id }, apiClient }) =>
    stateJson(orRefuse(await approvalState(deps, id, apiClient))),
  );

  app.post("/v1/users/:id/approvals/unblock", route, async ({ params: { id }, apiClient }) =>
    stateJson(orRefuse(await unblockUser(deps, id, apiClient))),
  );
}

function stateJson({ until, ...members }: ApprovalState) {
  return { ...members, ...(until !== undefined && { until: utc(until) }) };
}
