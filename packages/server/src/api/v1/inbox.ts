/** `/v1/inbox/messages`: the back office writes to a user, sees what it wrote, and takes it back. */
import { Type } from "typebox";
import { mayUse } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse, RefusedError, refuse } from "../../errors.ts";
import { createInboxMessage } from "../../inbox/create.ts";
import { searchInbox } from "../../inbox/list.ts";
import type { InboxMessage } from "../../inbox/message.ts";
import { removeInboxMessage } from "../../inbox/remove.ts";
import { id, name, notify, notifyOf, text } from "../members.ts";
import type { Api } from "../surfaces.ts";
import { closed, noQuery, pageJson, pageOf, pageSchema, paging, utc, utcSchema } from "./members.ts";

export const inboxText = { subject: text(255), summary: text(1000), body: text(100_000) };

const texts = Type.Record(Type.String({ pattern: "^[a-z]{2,3}$" }), closed(inboxText), {
  minProperties: 1,
  maxProperties: 100,
  additionalProperties: false,
  description: "By language subtag. Who asks for another language gets `en`, or any",
});
const type = Type.Enum(["text", "html"]);
const createBody = closed({
  userId: name,
  type,
  applications: Type.Array(name, { minItems: 1, maxItems: 100 }),
  texts,
  notify: Type.Optional(notify),
});
const messageSchema = closed({
  id: Type.String(),
  userId: Type.String(),
  type,
  applications: Type.Array(Type.String()),
  texts,
  read: Type.Boolean(),
  createdAt: utcSchema,
});
const config = { permission: ["integrate", "relying-party"] } as const;

export function inboxRoutes(app: Api, deps: Pick<Deps, "store" | "random">): void {
  const path = "/v1/inbox/messages";

  app.post(
    path,
    { config, schema: { body: createBody, querystring: noQuery, response: { 201: messageSchema } } },
    async ({ body, apiClient }, reply) => {
      if (!body.applications.every((one) => mayUse(apiClient, one))) {
        throw new RefusedError(refuse("application-not-found"));
      }
      const { notify: call, ...message } = body;
      const input = { ...message, notify: notifyOf(call), clientId: apiClient.id };
      return reply.code(201).send(messageJson(orRefuse(await createInboxMessage(deps, input))));
    },
  );

  const listQuery = closed({ userId: name, ...paging });
  app.get(
    path,
    { config, schema: { querystring: listQuery, response: { 200: pageSchema(messageSchema) } } },
    async ({ query, apiClient }) => {
      const which = { userId: query.userId, applications: apiClient.applications && [...apiClient.applications] };
      return pageJson(await searchInbox(deps, which, pageOf(query)), messageJson);
    },
  );

  app.delete(
    `${path}/:id`,
    { config, schema: { params: Type.Object({ id }), querystring: noQuery, response: { 204: Type.Null() } } },
    async ({ params, apiClient }, reply) => {
      const sees = (applicationId: string) => mayUse(apiClient, applicationId);
      orRefuse((await removeInboxMessage(deps, { id: params.id, clientId: apiClient.id, sees })) ?? null);
      return reply.code(204).send(null);
    },
  );
}

function messageJson({ createdAt, ...message }: InboxMessage) {
  return { ...message, applications: [...message.applications], createdAt: utc(createdAt) };
}
