import {
  PowerAuthAuthentication,
  type PowerAuthPassword,
  type UserOperation,
  attributeText,
} from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { Account, MobileTokenAccount } from "../accounts/account.ts";
import { accounts } from "../accounts/accounts.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";
import { HistoryRow } from "./HistoryRow.tsx";
import { PastTransactions } from "./PastTransactions.tsx";

/** What was decided, account by account. A Mobile Token server gives it to a person only, so a PIN is asked for. */
export function HistoryPage() {
  const t = texts.value;
  const known = accounts.value ?? [];
  const chosen = useSignal<Account | undefined>(known.length === 1 ? known[0] : undefined);
  if (known.length === 0) {
    return (
      <section class="stack">
        <Heading>{t.history.title}</Heading>
        <p class="soft">{t.history.none}</p>
      </section>
    );
  }
  if (chosen.value?.kind === "approve") return <PastTransactions account={chosen.value} />;
  if (chosen.value !== undefined) return <HistoryOf account={chosen.value} />;
  return (
    <section class="stack">
      <Heading>{t.history.title}</Heading>
      <p class="soft">{t.history.choose}</p>
      <div class="actions">
        {known.map((account) => (
          <Button key={account.id} wide look="second" onClick={() => (chosen.value = account)}>
            {account.name}
          </Button>
        ))}
      </div>
    </section>
  );
}

function HistoryOf({ account }: { readonly account: MobileTokenAccount }) {
  const t = texts.value;
  const list = useSignal<readonly UserOperation[] | undefined>(undefined);
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const load = async (pin: PowerAuthPassword) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      list.value = await account.services.operations.getHistory(PowerAuthAuthentication.password(pin));
    } catch (error) {
      if (failureOf(error) === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else failure.value = failureText(error, t);
    }
    await pin.release();
    busy.value = false;
  };
  if (list.value === undefined) {
    return (
      <section class="stack stack-middle">
        <Heading>{t.history.title}</Heading>
        <p class="soft">{t.history.text}</p>
        {failure.value !== undefined && (
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
        )}
        <PinPad onPin={(pin) => void load(pin)} busy={busy.value} error={pinError.value} action={t.history.open} />
      </section>
    );
  }
  return (
    <section class="stack">
      <Heading key="list">{t.history.title}</Heading>
      {list.value.length === 0 && <p class="soft">{t.history.empty}</p>}
      <ul class="history card">
        {list.value.map((operation) => (
          <Decided key={operation.id} operation={operation} />
        ))}
      </ul>
    </section>
  );
}

function Decided({ operation }: { readonly operation: UserOperation }) {
  const { status, formData, name, operationCreated } = operation;
  const amount = formData.attributes.find(({ type }) => type === "AMOUNT");
  return (
    <HistoryRow
      title={formData.title || name}
      date={operationCreated}
      amount={amount && attributeText(amount)}
      status={status}
    />
  );
}
