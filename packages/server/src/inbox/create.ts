/** Puts a message into the inbox of a user, and has the devices told where that is asked for. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { newUuid7 } from "../ids.ts";
import { type Notify, pushRequest } from "../push/request.ts";
import type { InboxMessage, InboxTexts } from "./message.ts";

export interface NewInboxMessage {
  readonly userId: string;
  readonly type: "text" | "html";
  readonly texts: InboxTexts;
  /** At least one. */
  readonly applications: readonly string[];
  readonly notify?: Notify | undefined;
  readonly clientId: string;
}

/** Refuses with `application-not-found`. Writes `inbox.message.created` and, with `notify`, `push.requested`. */
export async function createInboxMessage(
  deps: Pick<Deps, "store" | "random">,
  input: NewInboxMessage,
): Promise<InboxMessage | Refusal> {
  const { userId, type, texts, notify, clientId } = input;
  const applications = [...new Set(input.applications)];
  const { tenant } = deps.store;
  return deps.store.transaction(async ({ db, now, record }) => {
    const found = await db
      .selectFrom("application")
      .select("id")
      .where("tenant", "=", tenant)
      .where("id", "in", applications)
      .execute();
    if (found.length !== applications.length) return refuse("application-not-found");
    const id = newUuid7(deps.random, now);
    await db
      .insertInto("inbox_message")
      .values({ tenant, id, user_id: userId, type, texts: JSON.stringify(texts), created_at: now, read_at: null })
      .execute();
    await db
      .insertInto("inbox_message_application")
      .values(applications.map((application_id) => ({ tenant, application_id, message_id: id })))
      .execute();
    record({ type: "inbox.message.created", subject: id, applications, data: { userId, type, clientId } });
    if (notify !== undefined) {
      record(pushRequest(id, applications, { about: "inbox", userId, silent: notify.silent }));
    }
    return { id, userId, type, texts, applications, read: false, createdAt: now };
  });
}
