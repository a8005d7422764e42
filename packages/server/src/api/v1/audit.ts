/** `/v1/audit`: what was recorded, and the erasure of a person from it. */
import { type Static, Type } from "typebox";
import { eraseFromAudit } from "../../audit/erase.ts";
import { type AuditEntry, searchAudit } from "../../audit/search.ts";
import type { Deps } from "../../deps.ts";
import { jsonObject, name } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { requireUnlimited } from "./api-clients.ts";
import {
  closed,
  noQuery,
  pageJson,
  pageOf,
  pageSchema,
  paging,
  queryInstant,
  queryMs,
  utc,
  utcSchema,
} from "./members.ts";

const query = closed({
  subject: Type.Optional(Type.String({ ...name, description: "Id of the operation, activation, application, …" })),
  type: Type.Optional(Type.String({ ...name, description: "Such as `operation.approved`" })),
  from: Type.Optional(queryInstant),
  to: Type.Optional(queryInstant),
  ...paging,
});

const entrySchema = closed({
  id: Type.String(),
  type: Type.String(),
  subject: Type.String(),
  at: utcSchema,
  lane: Type.String(),
  seq: Type.Integer({ description: "Position in its lane" }),
  hash: Type.String({ description: "What the next entry of the lane is tied to" }),
  integrity: Type.Enum(["intact", "erased", "changed"], {
    description: "Whether the entry is what its hash was made from; `countersign audit verify` checks the whole chain",
  }),
  covered: Type.Boolean({ description: "Whether a signed checkpoint vouches for it already" }),
  data: Type.Optional(jsonObject),
});

const eraseBody = closed({ userId: name });

export function auditRoutes(app: Api, deps: Pick<Deps, "store">): void {
  app.get(
    "/v1/audit",
    {
      config: { permission: ["operate", "admin"] },
      schema: { querystring: query, response: { 200: pageSchema(entrySchema) } },
    },
    async ({ query: { subject, type, from, to, ...page }, apiClient }) => {
      const found = await searchAudit(deps, {
        subject,
        type,
        from: queryMs(from, "from"),
        to: queryMs(to, "to"),
        ...pageOf(page),
        client: apiClient,
      });
      return pageJson(found, entryJson);
    },
  );

  app.post(
    "/v1/audit/erase",
    {
      config: { permission: "admin" },
      schema: {
        body: eraseBody,
        querystring: noQuery,
        response: { 200: closed({ erased: Type.Integer({ description: "Events whose payload is gone now" }) }) },
      },
    },
    async ({ body, apiClient }) => {
      requireUnlimited(apiClient);
      return eraseFromAudit(deps, { userId: body.userId, clientId: apiClient.id });
    },
  );
}

function entryJson({ at, data, ...entry }: AuditEntry): Static<typeof entrySchema> {
  return { ...entry, at: utc(at), ...(data !== undefined && { data: { ...data } }) };
}
