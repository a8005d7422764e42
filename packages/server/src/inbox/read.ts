/** Marks messages as read. A message is read by its user: all devices see it. */
import type { Deps } from "../deps.ts";
import { isRefusal, type Refusal } from "../errors.ts";
import type { InboxMessageTable } from "../store/schema.ts";
import { findInboxMessage } from "./list.ts";
import type { Mailbox } from "./message.ts";

/** Refuses with `inbox-message-not-found`. Writes `inbox.message.read` the first time. */
export async function markRead(
  deps: Pick<Deps, "store">,
  id: string,
  mailbox: Mailbox,
): Promise<InboxMessageTable | Refusal> {
  const message = await findInboxMessage(deps, id, mailbox);
  if (isRefusal(message) || message.read_at !== null) return message;
  return deps.store.transaction(async ({ db, now, record }) => {
    const { numUpdatedRows } = await db
      .updateTable("inbox_message")
      .set({ read_at: now })
      .where("tenant", "=", deps.store.tenant)
      .where("id", "=", id)
      .where("read_at", "is", null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 1n) {
      const { applications = [] } = mailbox;
      record({ type: "inbox.message.read", subject: id, applications, data: { userId: message.user_id } });
    }
    return { ...message, read_at: now };
  });
}

/** All that the mailbox shows. Returns how many were unread. Writes one `inbox.message.read` for each. */
export async function markAllRead(
  deps: Pick<Deps, "store">,
  { userId, applications }: { readonly userId: string; readonly applications: readonly string[] },
): Promise<number> {
  return deps.store.transaction(async ({ db, now, record }) => {
    const { tenant } = deps.store;
    const read = await db
      .updateTable("inbox_message")
      .set({ read_at: now })
      .where("tenant", "=", tenant)
      .where("user_id", "=", userId)
      .where("read_at", "is", null)
      .where("id", "in", (of) =>
        of
          .selectFrom("inbox_message_application")
          .select("message_id")
          .where("inbox_message_application.tenant", "=", tenant)
          .where("application_id", "in", [...applications])
          .whereRef("message_id", "=", "inbox_message.id"),
      )
      .returning("id")
      .execute();
    for (const { id } of read) record({ type: "inbox.message.read", subject: id, applications, data: { userId } });
    return read.length;
  });
}
