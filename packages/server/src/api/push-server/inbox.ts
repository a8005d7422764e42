/** `/inbox/messages/*`: the inbox of a user in the form of a PowerAuth push server, with one text for each message. */
import { Type } from "typebox";
import type { ApiClient } from "../../accounts/api-client.ts";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { createInboxMessage } from "../../inbox/create.ts";
import { countUnread, findInboxMessage, listInbox, withApplications } from "../../inbox/list.ts";
import { markAllRead, markRead } from "../../inbox/read.ts";
import type { InboxMessage } from "../../inbox/message.ts";
import { inLanguage } from "../../display/languages.ts";
import type { InboxMessageTable } from "../../store/schema.ts";
import { requireApplications } from "../back-office/call.ts";
import { id, isoDate, name, notify, notifyOf, orNull } from "../members.ts";
import { type Api, okEnvelope } from "../surfaces.ts";
import { inboxText } from "../v1/inbox.ts";

const config = { permission: "integrate" } as const;
const base = "/inbox/messages";

const createBody = Type.Object({
  requestObject: Type.Object({
    ...inboxText,
    userId: name,
    type: Type.Enum(["text", "html"]),
    applications: Type.Array(name, { minItems: 1, maxItems: 100 }),
    /** Ours: posting alone calls nobody, as in other push servers. */
    notify: orNull(notify),
  }),
});
/** Text, because nothing is coerced; repeated, or with commas between. */
const listQuery = Type.Object({
  userId: name,
  applications: Type.Union([Type.String(), Type.Array(Type.String())]),
  onlyUnread: Type.Optional(Type.Enum(["true", "false"])),
  page: Type.Optional(Type.String({ pattern: "^[0-9]{1,6}$" })),
  size: Type.Optional(Type.String({ pattern: "^([1-9][0-9]?|[1-4][0-9][0-9]|500)$" })),
});
const ofUser = Type.Object({ userId: name, appId: name });
const detailQuery = Type.Object({ id });
const readBody = Type.Object({ requestObject: Type.Object({ id }) });
const readAllBody = Type.Object({ requestObject: ofUser });

/** The language of a text that came without one. */
const unnamed = "en";

export function inboxRoutes(app: Api, deps: Pick<Deps, "store" | "random">): void {
  app.post(base, { config, schema: { body: createBody } }, async (request) => {
    const { userId, type, applications, subject, summary, body, notify: call } = request.body.requestObject;
    requireApplications(request.apiClient, ...applications);
    const message = await createInboxMessage(deps, {
      userId,
      type,
      applications,
      texts: { [unnamed]: { subject, summary, body } },
      notify: notifyOf(call),
      clientId: request.apiClient.id,
    });
    return okEnvelope(shown(orRefuse(message)));
  });

  app.get(`${base}/list`, { config, schema: { querystring: listQuery } }, async (request) => {
    const { userId, onlyUnread, page = "0", size = "100" } = request.query;
    const applications = [request.query.applications].flat().flatMap((named) => named.split(","));
    requireApplications(request.apiClient, ...applications);
    const rows = await listInbox(
      deps,
      { userId, applications },
      { page: Number(page), size: Number(size), onlyUnread: onlyUnread === "true" },
    );
    const messages = (await withApplications(deps, rows)).map(shown).map(({ body: _, ...head }) => head);
    return { ...okEnvelope(messages), page: Number(page), size: Number(size) };
  });

  app.get(`${base}/count`, { config, schema: { querystring: ofUser } }, async (request) => {
    const { userId, appId } = request.query;
    requireApplications(request.apiClient, appId);
    return okEnvelope({ countUnread: await countUnread(deps, { userId, applications: [appId] }) });
  });

  app.get(`${base}/detail`, { config, schema: { querystring: detailQuery } }, async (request) =>
    one(orRefuse(await findInboxMessage(deps, request.query.id, seenBy(request.apiClient)))),
  );

  app.route({
    method: ["POST", "PUT"],
    url: `${base}/read`,
    config,
    schema: { body: readBody },
    handler: async (request) =>
      one(orRefuse(await markRead(deps, request.body.requestObject.id, seenBy(request.apiClient)))),
  });

  app.route({
    method: ["POST", "PUT"],
    url: `${base}/read-all`,
    config,
    schema: { body: readAllBody },
    async handler(request) {
      const { userId, appId } = request.body.requestObject;
      requireApplications(request.apiClient, appId);
      await markAllRead(deps, { userId, applications: [appId] });
      return okEnvelope();
    },
  });

  async function one(row: InboxMessageTable) {
    return okEnvelope((await withApplications(deps, [row])).map(shown)[0]);
  }
}

/** Of whichever user. */
function seenBy({ applications }: ApiClient) {
  return { userId: undefined, applications: applications && [...applications] };
}

function shown({ texts, createdAt, ...message }: InboxMessage) {
  return { ...message, ...inLanguage(texts, unnamed), timestampCreated: isoDate(createdAt) };
}
