import type { InboxMessage } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { mobileTokenAccounts } from "../accounts/accounts.ts";
import { shownDate } from "../operations/countdown.ts";
import { failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { addressOf } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { countUnread, unreadCount } from "./unread.ts";
import "./inbox.css";

interface Entry {
  readonly account: MobileTokenAccount;
  readonly message: InboxMessage;
}

/** Messages of all accounts, newest first. Loaded again when a count changes. */
export function InboxPage() {
  const t = texts.value;
  const entries = useSignal<readonly Entry[] | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const unread = unreadCount.value;

  const load = async () => {
    try {
      const lists = await Promise.all(mobileTokenAccounts.value.map(messagesOf));
      entries.value = lists.flat().toSorted(byTime);
      failure.value = undefined;
    } catch (error) {
      failure.value = failureText(error, t);
    }
  };
  useEffect(() => void load(), [unread]);

  const readAll = async () => {
    for (const account of mobileTokenAccounts.value) {
      await account.services.inbox.markAllRead().catch(() => undefined);
      await countUnread(account);
    }
    await load();
  };
  return (
    <section class="stack">
      <Heading>{t.inbox.title}</Heading>
      {failure.value !== undefined && (
        <Notice tone="warning" live>
          {failure.value}
        </Notice>
      )}
      {entries.value?.length === 0 && <p class="soft">{t.inbox.empty}</p>}
      {unread > 0 && (
        <Button look="plain" onClick={() => void readAll()}>
          {t.inbox.readAll}
        </Button>
      )}
      <ul class="inbox">
        {entries.value?.map(({ account, message }) => (
          <li key={message.id}>
            <a
              class={`inbox-message card${message.read ? "" : " inbox-message-unread"}`}
              href={addressOf({ at: "message", account: account.id, id: message.id })}
            >
              <span class="inbox-head">
                <strong>{message.subject}</strong>
                {!message.read && <span class="mark mark-info">{t.inbox.unread}</span>}
              </span>
              <span class="soft">{message.summary}</span>
              <span class="small soft">{shownDate(message.timestampCreated)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

async function messagesOf(account: MobileTokenAccount): Promise<readonly Entry[]> {
  const messages = await account.services.inbox.getMessageList(0, 100, false);
  return messages.map((message) => ({ account, message }));
}

function byTime(a: Entry, b: Entry): number {
  return (b.message.timestampCreated?.getTime() ?? 0) - (a.message.timestampCreated?.getTime() ?? 0);
}
