/** `/v1/templates`: what every operation made from one inherits, by its name. */
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { createTemplate } from "../../templates/create.ts";
import { templateDetail } from "../../templates/detail.ts";
import { listTemplates } from "../../templates/list.ts";
import { removeTemplate } from "../../templates/remove.ts";
import { signatureTypes, type Template, type TemplateContent } from "../../templates/template.ts";
import { updateTemplate } from "../../templates/update.ts";
import { name, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { approvalPolicy, policyJson } from "./approve/approval-members.ts";
import { closed, itemsSchema, noQuery } from "./members.ts";

const content = {
  operationType: name,
  dataTemplate: Type.String({ ...name, description: "Signed data with `${parameter}` places" }),
  signatureTypes: Type.Array(Type.Enum([...signatureTypes]), { minItems: 1, maxItems: 6, uniqueItems: true }),
  maxFailureCount: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: "Failed tries until an operation fails",
  }),
  expirationSeconds: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  riskFlags: Type.Optional(text(255, 0)),
  proximityCheck: Type.Optional(Type.Boolean()),
  approval: Type.Optional(approvalPolicy),
};
const contentSchema = closed(content);
const createBody = closed({ name, ...content });
const params = Type.Object({ name });

const templateSchema = closed({
  id: Type.Integer(),
  name: Type.String(),
  operationType: Type.String(),
  dataTemplate: Type.String(),
  signatureTypes: Type.Array(Type.String()),
  maxFailureCount: Type.Integer(),
  expirationSeconds: Type.Integer(),
  riskFlags: Type.Optional(Type.String()),
  proximityCheck: Type.Boolean(),
  approval: Type.Optional(approvalPolicy),
});

const config = { permission: "integrate" } as const;

export function templateRoutes(app: Api, deps: Pick<Deps, "store">): void {
  const byName = (templateName: string) => templateDetail(deps, { name: templateName });

  app.post(
    "/v1/templates",
    { config, schema: { body: createBody, querystring: noQuery, response: { 201: templateSchema } } },
    async ({ body, apiClient }, reply) => {
      const input = { name: body.name, content: contentOf(body), clientId: apiClient.id };
      const template = orRefuse(await createTemplate(deps, input));
      const location = `/v1/templates/${encodeURIComponent(template.name)}`;
      return reply.code(201).header("location", location).send(templateJson(template));
    },
  );

  app.get(
    "/v1/templates",
    { config, schema: { querystring: noQuery, response: { 200: itemsSchema(templateSchema) } } },
    async () => ({ items: (await listTemplates(deps)).map(templateJson) }),
  );

  app.get(
    "/v1/templates/:name",
    { config, schema: { params, querystring: noQuery, response: { 200: templateSchema } } },
    async (request) => templateJson(orRefuse(await byName(request.params.name))),
  );

  app.put(
    "/v1/templates/:name",
    { config, schema: { params, body: contentSchema, querystring: noQuery, response: { 200: templateSchema } } },
    async ({ params: { name: templateName }, body, apiClient }) => {
      const { id } = orRefuse(await byName(templateName));
      return templateJson(
        orRefuse(await updateTemplate(deps, { id, content: contentOf(body), clientId: apiClient.id })),
      );
    },
  );

  app.delete(
    "/v1/templates/:name",
    { config, schema: { params, querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params: { name: templateName }, apiClient }, reply) => {
      const { id } = orRefuse(await byName(templateName));
      orRefuse(await removeTemplate(deps, { id, clientId: apiClient.id }));
      return reply.code(204).send(null);
    },
  );
}

function contentOf(body: Static<typeof contentSchema>): TemplateContent {
  const { operationType, dataTemplate, maxFailureCount, expirationSeconds, riskFlags, proximityCheck } = body;
  return {
    operationType,
    dataTemplate,
    signatureTypes: body.signatureTypes,
    maxFailureCount,
    expirationSeconds,
    riskFlags: riskFlags ?? null,
    proximityCheck: proximityCheck ?? false,
    approval: body.approval ?? null,
  };
}

function templateJson({ riskFlags, signatureTypes: types, approval, ...members }: Template) {
  return {
    ...members,
    signatureTypes: [...types],
    ...(riskFlags !== null && { riskFlags }),
    ...(approval !== null && { approval: policyJson(approval) }),
  };
}
