/** Takes a message back, read or not. */
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";

/** Refuses with `inbox-message-not-found`, also when it is for other applications as well. Writes `inbox.message.removed`. */
export async function removeInboxMessage(
  deps: Pick<Deps, "store">,
  input: { readonly id: string; readonly clientId: string; readonly sees: (applicationId: string) => boolean },
): Promise<Refusal | undefined> {
  const { id, clientId, sees } = input;
  const { tenant } = deps.store;
  return deps.store.transaction(async ({ db, record }) => {
    const places = await db
      .selectFrom("inbox_message_application")
      .select("application_id")
      .where("tenant", "=", tenant)
      .where("message_id", "=", id)
      .execute();
    const applications = places.map((place) => place.application_id);
    if (applications.length === 0 || !applications.every(sees)) return refuse("inbox-message-not-found");
    const row = await db
      .deleteFrom("inbox_message")
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .returning("user_id")
      .executeTakeFirst();
    if (row === undefined) return refuse("inbox-message-not-found");
    const { user_id: userId } = row;
    record({ type: "inbox.message.removed", subject: id, applications, data: { userId, clientId } });
    return undefined;
  });
}
