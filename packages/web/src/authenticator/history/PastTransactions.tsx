import type { PastTransaction } from "@countersign/client/approve";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { ApproveAccount } from "../accounts/account.ts";
import { PasswordForm } from "../operations/decide/AskPassword.tsx";
import { readText } from "../operations/transaction-text.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";
import { HistoryRow } from "./HistoryRow.tsx";

/** Where what is to be decided is under a password, what was decided is as well. */
export function PastTransactions({ account }: { readonly account: ApproveAccount }) {
  const t = texts.value;
  const list = useSignal<readonly PastTransaction[] | undefined>(undefined);
  const next = useSignal<string | null>(null);
  const isSealed = useSignal(false);
  const busy = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const load = async (password?: Uint8Array) => {
    const after = next.value ?? undefined;
    const page = await account.container.retrieveHistory(password && Uint8Array.from(password), { after });
    list.value = [...(list.value ?? []), ...page.transactions];
    next.value = page.next;
    isSealed.value = false;
  };
  const attempt = async () => {
    busy.value = true;
    failure.value = undefined;
    try {
      await load();
    } catch (error) {
      const kind = failureOf(error);
      if (kind === "secret-wrong" || kind === "passkey") isSealed.value = true;
      else failure.value = failureText(error, t);
    }
    busy.value = false;
  };
  useEffect(() => void attempt(), []);

  const known = list.value;
  return (
    <section class="stack">
      <Heading>{t.history.title}</Heading>
      {failure.value !== undefined && (
        <Notice tone="danger" live>
          {failure.value}
        </Notice>
      )}
      {isSealed.value && (
        <>
          <p class="soft">{t.history.sealed}</p>
          <PasswordForm onPassword={load} />
        </>
      )}
      {known?.length === 0 && next.value === null && <p class="soft">{t.history.empty}</p>}
      {known !== undefined && known.length > 0 && (
        <ul class="history card">
          {known.map(({ uniqueIdentifier, text, date, status }) => {
            const { title, rows } = readText(text);
            const values = rows.map(({ value }) => value).join(" · ");
            return <HistoryRow key={uniqueIdentifier} title={title} text={values} date={date} status={status} />;
          })}
        </ul>
      )}
      {!isSealed.value && (next.value !== null || failure.value !== undefined) && (
        <Button wide look="second" busy={busy.value} onClick={() => void attempt()}>
          {failure.value === undefined ? t.history.more : t.app.retry}
        </Button>
      )}
      {known === undefined && busy.value && (
        <p role="status" class="soft">
          {t.app.loading}
        </p>
      )}
    </section>
  );
}
