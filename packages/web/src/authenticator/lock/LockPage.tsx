import { PowerAuthAuthentication, type PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { mobileTokenAccounts } from "../accounts/accounts.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { isOnline, noteReach } from "../shell/network.ts";
import { go } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { unlock } from "./lock.ts";

/** What stands before everything else. Without a connection it leads to what works without one. */
export function LockPage() {
  const t = texts.value;
  const [first] = mobileTokenAccounts.value;
  const chosen = useSignal<MobileTokenAccount | undefined>(first);
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const hasPasskey = useSignal(false);
  const account = chosen.value;
  useEffect(() => {
    void account?.powerAuth.isAuthenticationWithBiometricsAvailable().then((has) => (hasPasskey.value = has));
  }, [account]);
  if (account === undefined) return null;

  const attempt = async (run: () => Promise<void>) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      await run();
      unlock();
    } catch (error) {
      const kind = failureOf(error);
      if (kind === "network") noteReach(false);
      else if (kind === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else failure.value = failureText(error, t);
    }
    busy.value = false;
  };
  const byPin = (pin: PowerAuthPassword) =>
    attempt(async () => {
      await account.powerAuth.validatePassword(pin).finally(() => void pin.release());
      noteReach(true);
    });
  const byPasskey = () =>
    attempt(() => {
      const authentication = PowerAuthAuthentication.biometry({ promptMessage: t.biometry.prompt });
      return account.powerAuth.groupedBiometricAuthentication(authentication, async () => undefined);
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
        {mobileTokenAccounts.value.length > 1 && (
          <ChooseAccount chosen={account} onChoose={(one) => (chosen.value = one)} />
        )}
        {!isOnline.value && (
          <Button wide onClick={() => go({ at: "scan" })}>
            <Icon name="scan" /> {t.lock.toOffline}
          </Button>
        )}
        <PinPad key={account.id} onPin={(pin) => void byPin(pin)} busy={busy.value} error={pinError.value} />
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
  readonly chosen: MobileTokenAccount;
  readonly onChoose: (account: MobileTokenAccount) => void;
}

function ChooseAccount({ chosen, onChoose }: ChooseAccountProps) {
  return (
    <label class="field">
      <span>{texts.value.operation.from}</span>
      <select
        class="field-input"
        value={chosen.id}
        onChange={(event) => {
          const found = mobileTokenAccounts.value.find(({ id }) => id === event.currentTarget.value);
          if (found !== undefined) onChoose(found);
        }}
      >
        {mobileTokenAccounts.value.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
