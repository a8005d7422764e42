import type { PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { AccountRecord, MobileTokenAccount } from "../accounts/account.ts";
import { mobileTokenAccounts, openedMobileToken } from "../accounts/accounts.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { isOnline, noteReach } from "../shell/network.ts";
import { go } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { lockingAccounts, unlock } from "./lock.ts";

/**
 * What stands before everything else, also before the SDK is there: what is entered waits for it. Without a connection it
 * leads to what works without one.
 */
export function LockPage() {
  const t = texts.value;
  const chosen = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const hasPasskey = useSignal(false);
  const id = (lockingAccounts.value.find((one) => one.id === chosen.value) ?? lockingAccounts.value[0])?.id;
  const opened = mobileTokenAccounts.value.find((one) => one.id === id);
  useEffect(() => {
    void opened?.powerAuth.isAuthenticationWithBiometricsAvailable().then((has) => (hasPasskey.value = has));
  }, [opened]);
  if (id === undefined) return null;

  const attempt = async (run: (account: MobileTokenAccount) => Promise<void>) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    let account: MobileTokenAccount | undefined;
    try {
      account = await openedMobileToken(id);
      // One that cannot be opened is no longer asked for.
      if (account !== undefined) {
        await run(account);
        unlock();
      }
    } catch (error) {
      const kind = failureOf(error);
      if (kind === "network") noteReach(false);
      else if (kind === "secret-wrong" && account !== undefined) pinError.value = await wrongPinText(account, t);
      else failure.value = failureText(error, t);
    }
    busy.value = false;
  };
  const byPin = (pin: PowerAuthPassword) =>
    attempt(async ({ powerAuth }) => {
      await powerAuth.validatePassword(pin);
      noteReach(true);
    }).finally(() => void pin.release());
  const byPasskey = () =>
    attempt(async (account) => {
      const { provePresence } = await import("../accounts/mobile-token.ts");
      await provePresence(account, t.biometry.prompt);
    });
  return (
    <Page>
      <section class="stack stack-middle">
        <Heading>{t.lock.title}</Heading>
        <p class="soft">{isOnline.value ? t.lock.text : t.lock.offline}</p>
        {failure.value !== undefined && (
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
        )}
        {lockingAccounts.value.length > 1 && <ChooseAccount chosen={id} onChoose={(one) => (chosen.value = one)} />}
        {!isOnline.value && (
          <Button wide onClick={() => go({ at: "scan" })}>
            <Icon name="scan" /> {t.lock.toOffline}
          </Button>
        )}
        <PinPad key={id} onPin={(pin) => void byPin(pin)} busy={busy.value} error={pinError.value} />
        {hasPasskey.value && (
          <Button look="second" disabled={busy.value} onClick={() => void byPasskey()}>
            <Icon name="fingerprint" /> {t.pin.passkey}
          </Button>
        )}
      </section>
    </Page>
  );
}

interface ChooseAccountProps {
  readonly chosen: AccountRecord["id"];
  readonly onChoose: (id: AccountRecord["id"]) => void;
}

function ChooseAccount({ chosen, onChoose }: ChooseAccountProps) {
  return (
    <label class="field">
      <span>{texts.value.operation.from}</span>
      <select class="field-input" value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
        {lockingAccounts.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
