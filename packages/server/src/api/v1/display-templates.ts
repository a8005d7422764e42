/** `/v1/display-templates`: how operations of a type are shown in a language. */
import { display, type DisplayTemplate } from "@countersign/protocol/operation/display";
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { findDisplayTemplate, listDisplayTemplates } from "../../display/list.ts";
import { removeDisplayTemplate } from "../../display/remove.ts";
import { setDisplayTemplate } from "../../display/set.ts";
import { checkContent, type StoredTemplate } from "../../display/template.ts";
import { orRefuse, RefusedError } from "../../errors.ts";
import { jsonObject, name, parameters, plainObject, text } from "../members.ts";
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

const previewBody = closed({
  content: Type.Optional(displayTemplateBody),
  parameters: Type.Optional(parameters),
  riskFlags: Type.Optional(text(255, 0)),
  proximityCheck: Type.Optional(Type.Boolean()),
});
const previewSchema = closed({
  formData: Type.Record(Type.String(), Type.Unknown(), { description: "As a device gets it with an operation" }),
  ui: Type.Optional(jsonObject),
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

  app.post(
    "/v1/display-templates/:operationType/:language/preview",
    { config, schema: { params, querystring: noQuery, body: previewBody, response: { 200: previewSchema } } },
    async ({ params: key, body: { content, parameters: filled, riskFlags = "", proximityCheck = false } }) => {
      plainObject(content?.ui, "ui");
      const template = content === undefined ? await findDisplayTemplate(deps, key) : { ...key, ...content };
      const refusal = content === undefined ? undefined : checkContent(content);
      if (refusal !== undefined) throw new RefusedError(refusal);
      const operation = { operationType: key.operationType, parameters: filled ?? {}, riskFlags, proximityCheck };
      const { formData, ui } = display(operation, orRefuse(template) as DisplayTemplate);
      return { formData: { ...formData }, ...(ui !== undefined && { ui: { ...ui } }) };
    },
  );

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
