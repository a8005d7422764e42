/** `/api/inbox/*`: a person reads what the application wrote to them. Authenticated by a token. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Deps } from "../../deps.ts";
import { orRefuse } from "../../errors.ts";
import { countUnread, findInboxMessage, listInbox } from "../../inbox/list.ts";
import { type Mailbox, readMessage } from "../../inbox/message.ts";
import { markAllRead, markRead } from "../../inbox/read.ts";
import { compactDate, id, orNull } from "../members.ts";
import { type Api, callerOf, okEnvelope } from "../surfaces.ts";
import { tokenHolder } from "./token-holder.ts";

const base = "/api/inbox";

const listBody = Type.Object({
  requestObject: Type.Object({
    page: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    size: Type.Integer({ minimum: 1, maximum: 500 }),
    onlyUnread: orNull(Type.Boolean()),
  }),
});
const byId = Type.Object({ requestObject: Type.Object({ id }) });

export function inboxRoutes(app: Api, deps: Deps): void {
  app.post(`${base}/count`, async (request) =>
    okEnvelope({ countUnread: await countUnread(deps, await mailboxOf(deps, request)) }),
  );

  app.post(`${base}/message/list`, { schema: { body: listBody } }, async (request) => {
    const mailbox = await mailboxOf(deps, request);
    const { page, size, onlyUnread } = request.body.requestObject;
    const rows = await listInbox(deps, mailbox, { page, size, onlyUnread: onlyUnread === true });
    const { language } = callerOf(request);
    const shown = rows.map((row) => {
      const message = readMessage(row, language);
      return { ...heading(message), subject: message.subject, summary: message.summary };
    });
    return { ...okEnvelope(shown), page, size };
  });

  app.post(`${base}/message/detail`, { schema: { body: byId } }, async (request) => {
    const mailbox = await mailboxOf(deps, request);
    const row = orRefuse(await findInboxMessage(deps, request.body.requestObject.id, mailbox));
    const message = readMessage(row, callerOf(request).language);
    const { subject, summary, body } = message;
    return okEnvelope({ ...heading(message), subject, summary, body });
  });

  app.post(`${base}/message/read`, { schema: { body: byId } }, async (request) => {
    const mailbox = await mailboxOf(deps, request);
    orRefuse(await markRead(deps, request.body.requestObject.id, mailbox));
    return okEnvelope();
  });

  app.post(`${base}/message/read-all`, async (request) => {
    await markAllRead(deps, await mailboxOf(deps, request));
    return okEnvelope();
  });
}

async function mailboxOf(deps: Deps, request: FastifyRequest) {
  const { viewer } = await tokenHolder(deps, request);
  return { userId: viewer.user_id, applications: [viewer.application_id] } satisfies Mailbox;
}

function heading({ id: messageId, type, read, createdAt }: ReturnType<typeof readMessage>) {
  return { id: messageId, type, read, timestampCreated: compactDate(createdAt) };
}
