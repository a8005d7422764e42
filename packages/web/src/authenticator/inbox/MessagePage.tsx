import type { InboxMessageDetail } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { findAccount } from "../accounts/accounts.ts";
import { shownDate } from "../operations/countdown.ts";
import { failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { goBack } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { readable } from "./readable.ts";
import { countUnread } from "./unread.ts";
import "./inbox.css";

/** One message, which is read by being shown. */
export function MessagePage({ account: accountId, id }: { readonly account: string; readonly id: string }) {
  const t = texts.value;
  const message = useSignal<InboxMessageDetail | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const account = findAccount(accountId);
  useEffect(() => {
    if (account?.kind !== "mobile-token") return;
    const { inbox } = account.services;
    const load = async () => {
      message.value = await inbox.getMessageDetail(id);
      if (message.value.read) return;
      await inbox.markRead(id);
      await countUnread(account);
    };
    load().catch((error: unknown) => (failure.value = failureText(error, t)));
  }, []);
  return (
    <Page onBack={goBack} label={account?.name ?? ""}>
      {failure.value !== undefined && (
        <Notice tone="warning" live>
          {failure.value}
        </Notice>
      )}
      {message.value !== undefined && (
        <article class="stack">
          <div class="stack stack-tight">
            <Heading>{message.value.subject}</Heading>
            <p class="small soft">{shownDate(message.value.timestampCreated)}</p>
          </div>
          <div class="card inbox-body">{readable(message.value)}</div>
        </article>
      )}
    </Page>
  );
}
