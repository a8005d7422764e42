/** `/v1/display-templates`: how operations of a type are shown in a language. */
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { findDisplayTemplate, listDisplayTemplates } from "../../display/list.ts";
import { removeDisplayTemplate } from "../../display/remove.ts";
import { setDisplayTemplate } from "../../display/set.ts";
import type { StoredTemplate } from "../../display/template.ts";
import { orRefuse } from "../../errors.ts";
import { name, plainObject } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { displayTemplateBody, displayTemplateMembers } from "./display-template-body.ts";
import { closed, itemsSchema, noQuery, utc, utcSchema } from "./members.ts";

const language = Type.String({ pattern: "^[a-z]{2,3}$", description: "Language subtag" });
const params = Type.Object({ operationType: name, language });
const query = closed({ operationType: Type.Optional(name) });
const templateSchema = closed({
  operationType: Type.String(),
  language: Type.String(),
  ...displayTemplateMembers,
  updatedAt: utcSchema,
});

const config = { permission: "integrate" } as const;

export function displayTemplateRoutes(app: Api, deps: Pick<Deps, "store">): void {
  const path = "/v1/display-templates/:operationType/:language";
  const one = { 200: templateSchema };

  app.get(
    "/v1/display-templates",
    { config, schema: { querystring: query, response: { 200: itemsSchema(templateSchema) } } },
    async (request) => ({
      items: (await listDisplayTemplates(deps, request.query.operationType)).map(templateJson),
    }),
  );

  app.get(path, { config, schema: { params, querystring: noQuery, response: one } }, async (request) =>
    templateJson(orRefuse(await findDisplayTemplate(deps, request.params))),
  );

  const set = { params, querystring: noQuery, body: displayTemplateBody, response: one };
  app.put(path, { config, schema: set }, async (request) => {
    const content = request.body;
    plainObject(content.ui, "ui");
    const template = { ...request.params, content, clientId: request.apiClient.id };
    return templateJson(orRefuse(await setDisplayTemplate(deps, template)));
  });

  const removed = { params, querystring: noQuery, response: { 204: Type.Null() } };
  app.delete(path, { config, schema: removed }, async (request, reply) => {
    orRefuse(await removeDisplayTemplate(deps, { ...request.params, clientId: request.apiClient.id }));
    return reply.code(204).send(null);
  });
}

/** What is stored passed this schema when it came in. */
function templateJson({ updatedAt, ...template }: StoredTemplate) {
  return { ...template, updatedAt: utc(updatedAt) } as Static<typeof templateSchema>;
}
