/** Messages of a user: how many are unread, a page of them, one of them. Foreign ones do not exist. */
import { sql } from "kysely";
import type { Deps } from "../deps.ts";
import { type Refusal, refuse } from "../errors.ts";
import { isOneOf, newestPage, type Page, type Place } from "../lists/newest-page.ts";
import type { InboxMessageTable } from "../store/schema.ts";
import { headOf, type InboxMessage, type InboxTexts, type Mailbox } from "./message.ts";

export interface InboxPage {
  /** From 0. */
  readonly page: number;
  readonly size: number;
  readonly onlyUnread: boolean;
}

/** Newest first. */
export function listInbox(
  deps: Pick<Deps, "store">,
  mailbox: Mailbox,
  { page, size, onlyUnread }: InboxPage,
): Promise<InboxMessageTable[]> {
  return messagesOf(deps, mailbox)
    .$if(onlyUnread, (query) => query.where("read_at", "is", null))
    .selectAll("inbox_message")
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(size)
    .offset(page * size)
    .execute();
}

export async function countUnread(deps: Pick<Deps, "store">, mailbox: Mailbox): Promise<number> {
  const { count } = await messagesOf(deps, mailbox)
    .where("read_at", "is", null)
    .select((e) => e.fn.countAll<number | string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** For the back office, which goes from page to page by place. `applications` undefined stands for all of them. */
export async function searchInbox(
  deps: Pick<Deps, "store">,
  which: { readonly userId: string; readonly applications: readonly string[] | undefined },
  page: { readonly after: Place | undefined; readonly limit: number },
): Promise<Page<InboxMessage>> {
  const { userId, applications } = which;
  const { rows, ...more } = await newestPage(deps.store, "inbox_message", {
    indexed: [sql`user_id = ${userId}`],
    filtered: [
      applications &&
        sql`exists (select 1 from inbox_message_application a where a.tenant = r.tenant and a.message_id = r.id
          and ${isOneOf("a.application_id", applications)})`,
    ],
    ...page,
  });
  return { rows: await withApplications(deps, rows), ...more };
}

/** Refuses with `inbox-message-not-found`. */
export async function findInboxMessage(
  deps: Pick<Deps, "store">,
  id: string,
  mailbox: Mailbox,
): Promise<InboxMessageTable | Refusal> {
  const row = await messagesOf(deps, mailbox)
    .selectAll("inbox_message")
    .where("inbox_message.id", "=", id)
    .executeTakeFirst();
  return row ?? refuse("inbox-message-not-found");
}

function messagesOf({ store }: Pick<Deps, "store">, { userId, applications }: Mailbox) {
  return store.read
    .selectFrom("inbox_message")
    .where("inbox_message.tenant", "=", store.tenant)
    .$if(userId !== undefined, (query) => query.where("user_id", "=", userId ?? ""))
    .$if(applications !== undefined, (query) =>
      query.where((where) =>
        where.exists(
          where
            .selectFrom("inbox_message_application as its")
            .select("its.message_id")
            .whereRef("its.tenant", "=", "inbox_message.tenant")
            .whereRef("its.message_id", "=", "inbox_message.id")
            .where("its.application_id", "in", [...(applications ?? []), nowhere]),
        ),
      ),
    );
}

/** No application's id; an empty list is none that SQL knows. */
const nowhere = "";

/** With all its texts, as the back office has it. */
export async function withApplications(
  { store }: Pick<Deps, "store">,
  rows: readonly InboxMessageTable[],
): Promise<InboxMessage[]> {
  if (rows.length === 0) return [];
  const places = await store.read
    .selectFrom("inbox_message_application")
    .select(["message_id", "application_id"])
    .where("tenant", "=", store.tenant)
    .where(
      "message_id",
      "in",
      rows.map(({ id }) => id),
    )
    .orderBy("application_id")
    .execute();
  const byMessage = Map.groupBy(places, (place) => place.message_id);
  return rows.map((row) => ({
    ...headOf(row),
    texts: JSON.parse(row.texts) as InboxTexts,
    applications: (byMessage.get(row.id) ?? []).map((place) => place.application_id),
  }));
}
