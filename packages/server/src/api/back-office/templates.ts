/** `/rest/v3/operation/template/*` */
import { type Static, Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { isRefusal } from "../../errors.ts";
import { createTemplate } from "../../templates/create.ts";
import { templateDetail } from "../../templates/detail.ts";
import { listTemplates } from "../../templates/list.ts";
import { removeTemplate } from "../../templates/remove.ts";
import { signatureTypes, type Template, type TemplateContent } from "../../templates/template.ts";
import { updateTemplate } from "../../templates/update.ts";
import { name, orNull, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { bareCall, call } from "./call.ts";

const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

const content = {
  operationType: name,
  dataTemplate: name,
  signatureType: Type.Array(Type.Enum([...signatureTypes]), {
    minItems: 1,
    uniqueItems: true,
  }),
  maxFailureCount: Type.Integer({ minimum: 1 }),
  expiration: Type.Integer({ minimum: 1 }),
  riskFlags: orNull(text(255, 0)),
  proximityCheckEnabled: orNull(Type.Boolean()),
};

const contentSchema = Type.Object(content);

export function templateRoutes(app: Api, deps: Pick<Deps, "store">): void {
  const path = "/operation/template";

  call(app, `${path}/create`, "integrate", Type.Object({ templateName: name, ...content }), async (input, client) =>
    answered(await createTemplate(deps, { name: input.templateName, content: contentOf(input), clientId: client.id })),
  );

  bareCall(app, `${path}/list`, "integrate", async () => (await listTemplates(deps)).map(templateObject));

  call(app, `${path}/detail`, "integrate", Type.Object({ id }), async (input) =>
    answered(await templateDetail(deps, { id: input.id })),
  );

  call(app, `${path}/update`, "integrate", Type.Object({ id, ...content }), async (input, client) =>
    answered(await updateTemplate(deps, { id: input.id, content: contentOf(input), clientId: client.id })),
  );

  call(app, `${path}/remove`, "integrate", Type.Object({ id }), async (input, client) => {
    const removed = await removeTemplate(deps, { id: input.id, clientId: client.id });
    return isRefusal(removed) ? removed : undefined;
  });
}

function contentOf(input: Static<typeof contentSchema>): TemplateContent {
  return {
    operationType: input.operationType,
    dataTemplate: input.dataTemplate,
    signatureTypes: input.signatureType,
    maxFailureCount: input.maxFailureCount,
    expirationSeconds: input.expiration,
    riskFlags: input.riskFlags ?? null,
    proximityCheck: input.proximityCheckEnabled ?? false,
  };
}

function answered<R extends object>(result: Template | R) {
  return isRefusal(result) ? result : templateObject(result as Template);
}

function templateObject(template: Template) {
  return {
    id: template.id,
    templateName: template.name,
    operationType: template.operationType,
    dataTemplate: template.dataTemplate,
    signatureType: template.signatureTypes,
    maxFailureCount: template.maxFailureCount,
    expiration: template.expirationSeconds,
    riskFlags: template.riskFlags,
    proximityCheckEnabled: template.proximityCheck,
  };
}
