import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { type Account, hostOf } from "../accounts/account.ts";
import { findAccount, keepAccount } from "../accounts/accounts.ts";
import { shownDate } from "../operations/countdown.ts";
import { Heading } from "../shell/Heading.tsx";
import { go } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { Biometry } from "./Biometry.tsx";
import { ChangePassword } from "./ChangePassword.tsx";
import { ChangePin } from "./ChangePin.tsx";
import { RemoveAccount } from "./RemoveAccount.tsx";
import "../operations/form/form.css";
import "./settings.css";

type View = "overview" | "secret" | "remove";

const toSettings = () => go({ at: "settings" }, { replace: true });

/** What can be seen and changed of one account. */
export function AccountPage({ id }: { readonly id: string }) {
  const view = useSignal<View>("overview");
  const said = useSignal<string | undefined>(undefined);
  const account = findAccount(id);
  const toOverview = (text?: string) => {
    said.value = text;
    view.value = "overview";
  };
  if (account === undefined) return <Missing />;
  if (view.value === "remove") return <RemoveAccount account={account} onBack={() => toOverview()} />;
  if (view.value === "secret") {
    return account.kind === "mobile-token" ? (
      <ChangePin account={account} onDone={toOverview} />
    ) : (
      <ChangePassword account={account} onDone={toOverview} />
    );
  }
  return <Overview account={account} said={said.value} onView={(next) => (view.value = next)} />;
}

function Missing() {
  return (
    <Page onBack={toSettings}>
      <p>{texts.value.app.notFound}</p>
    </Page>
  );
}

interface OverviewProps {
  readonly account: Account;
  readonly said: string | undefined;
  readonly onView: (view: View) => void;
}

function Overview({ account, said, onView }: OverviewProps) {
  const t = texts.value;
  const hasSecret = account.kind === "mobile-token" || account.container.protectionPolicy.type !== "DEVICE";
  return (
    <Page onBack={toSettings} label={t.settings.title}>
      <section class="stack">
        <Heading>{account.name}</Heading>
        {said !== undefined && (
          <Notice tone="good" live>
            {said}
          </Notice>
        )}
        <Facts account={account} />
        <Rename account={account} />
        <Biometry account={account} />
        <div class="actions">
          {hasSecret && (
            <Button wide look="second" onClick={() => onView("secret")}>
              {account.kind === "mobile-token" ? t.settings.changePin : t.settings.changePassword}
            </Button>
          )}
          <Button wide look="danger-plain" onClick={() => onView("remove")}>
            {t.settings.remove}
          </Button>
        </div>
      </section>
    </Page>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const t = texts.value;
  const fingerprint = useSignal("");
  useEffect(() => {
    if (account.kind === "approve") fingerprint.value = account.container.transcriptCode;
    else void account.powerAuth.getActivationFingerprint().then((digits) => (fingerprint.value = digits ?? ""));
  }, []);
  const rows = [
    [t.settings.server, hostOf(account)],
    [t.settings.kind, t.settings.kinds[account.kind]],
    [t.settings.connected, shownDate(new Date(account.createdAt))],
    [t.settings.fingerprint, fingerprint.value],
  ] as const;
  return (
    <div class="card form-rows">
      {rows.map(([label, value]) => (
        <dl key={label} class="form-row">
          <dt>{label}</dt>
          <dd>{value}</dd>
        </dl>
      ))}
    </div>
  );
}

/** On this device only. */
function Rename({ account }: { readonly account: Account }) {
  const t = texts.value;
  const name = useSignal(account.name);
  const save = async (event: Event) => {
    event.preventDefault();
    const { kind, id, server, createdAt } = account;
    const changed = name.value.trim();
    if (changed === "") return;
    await keepAccount(
      kind === "mobile-token"
        ? { kind, id, server, createdAt, name: changed, configuration: account.configuration }
        : { kind, id, server, createdAt, name: changed },
    );
  };
  return (
    <form class="stack stack-tight" onSubmit={(event) => void save(event)}>
      <Field label={t.settings.rename} value={name.value} onValue={(text) => (name.value = text)} maxLength={64} />
      {name.value.trim() !== account.name && (
        <Button look="second" type="submit">
          {t.settings.save}
        </Button>
      )}
    </form>
  );
}
