import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Switch } from "../../design/components/Switch.tsx";
import { language, type Language, languages } from "../../texts/language.ts";
import { hostOf } from "../accounts/account.ts";
import { accounts } from "../accounts/accounts.ts";
import { canLock, isLockOn, setLock } from "../lock/lock.ts";
import { Heading } from "../shell/Heading.tsx";
import { addressOf, go } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { Notifications } from "../push/Notifications.tsx";
import { chooseLanguageOf } from "./language-choice.ts";
import "./settings.css";

const languageNames: Readonly<Record<Language, string>> = { en: "English", cs: "Čeština" };

export function SettingsPage() {
  const t = texts.value;
  return (
    <section class="stack">
      <Heading>{t.settings.title}</Heading>
      <div class="stack stack-tight">
        <h2>{t.settings.accounts}</h2>
        <ul class="settings card">
          {accounts.value?.map((account) => (
            <li key={account.id}>
              <a class="settings-row" href={addressOf({ at: "account", account: account.id })}>
                <span>
                  <strong>{account.name}</strong>
                  <span class="small soft settings-more">
                    {hostOf(account)} · {t.settings.kinds[account.kind]}
                  </span>
                </span>
                <Icon name="forward" size={20} />
              </a>
            </li>
          ))}
        </ul>
        <Button wide look="second" onClick={() => go({ at: "add", by: "choice" })}>
          <Icon name="plus" /> {t.settings.add}
        </Button>
      </div>
      <div class="stack stack-tight">
        <h2>{t.settings.security}</h2>
        <div class="settings card">
          {canLock.value && (
            <Switch
              label={t.settings.lock}
              hint={t.settings.lockText}
              isOn={isLockOn.value}
              onChange={(isOn) => void setLock(isOn)}
            />
          )}
          <Notifications />
        </div>
      </div>
      <LanguageChoice />
    </section>
  );
}

function LanguageChoice() {
  const t = texts.value;
  const busy = useSignal(false);
  return (
    <fieldset class="stack stack-tight" disabled={busy.value}>
      <legend class="settings-legend">{t.settings.language}</legend>
      <div class="settings card">
        {languages.map((one) => (
          <label key={one} class="settings-row" lang={one}>
            <span>{languageNames[one]}</span>
            <input
              type="radio"
              name="language"
              checked={language.value === one}
              onChange={() => void chooseLanguageOf(one)}
            />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
