import { PowerAuthAuthentication, type PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { Account, MobileTokenAccount } from "../accounts/account.ts";
import { forgetAccount } from "../accounts/accounts.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { go } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

interface RemoveAccountProps {
  readonly account: Account;
  readonly onBack: () => void;
}

const leave = async (id: string) => {
  await forgetAccount(id);
  go({ at: "approvals" }, { replace: true });
};

/** Asked first; then the server is told, and the keys are forgotten. */
export function RemoveAccount({ account, onBack }: RemoveAccountProps) {
  const t = texts.value;
  const isSure = useSignal(false);
  const remove = async () => {
    if (account.kind === "mobile-token") return void (isSure.value = true);
    // Gone here at once; the SDK tells the server as soon as it can.
    await account.device.deleteContainer(account.id);
    await leave(account.id);
  };
  if (isSure.value && account.kind === "mobile-token") return <ByPin account={account} onBack={onBack} />;
  return (
    <Page onBack={onBack} label={account.name}>
      <section class="stack">
        <Heading>{t.settings.removeTitle}</Heading>
        <p class="soft">{t.settings.removeText}</p>
        <div class="actions">
          <Button wide look="danger" onClick={() => void remove()}>
            {t.settings.removeConfirm}
          </Button>
          <Button wide look="second" onClick={onBack}>
            {t.app.cancel}
          </Button>
        </div>
      </section>
    </Page>
  );
}

/** Without the PIN, or without the server, it can still be forgotten here. */
function ByPin({ account, onBack }: { readonly account: MobileTokenAccount; readonly onBack: () => void }) {
  const t = texts.value;
  const { powerAuth, id } = account;
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const remove = async (pin: PowerAuthPassword) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      await powerAuth.removeActivationWithAuthentication(PowerAuthAuthentication.password(pin));
      await leave(id);
    } catch (error) {
      if (failureOf(error) === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else failure.value = failureOf(error) === "network" ? t.settings.removeUnheard : failureText(error, t);
    }
    await pin.release();
    busy.value = false;
  };
  const removeLocally = async () => {
    await powerAuth.removeActivationLocal();
    await leave(id);
  };
  return (
    <Page onBack={onBack} label={account.name}>
      <section class="stack stack-middle">
        <Heading>{t.pin.title}</Heading>
        {failure.value !== undefined && (
          <Notice tone="warning" live>
            {failure.value}
          </Notice>
        )}
        <PinPad
          onPin={(pin) => void remove(pin)}
          busy={busy.value}
          error={pinError.value}
          action={t.settings.removeConfirm}
        />
        {(failure.value !== undefined || pinError.value !== undefined) && (
          <Button look="danger-plain" onClick={() => void removeLocally()}>
            {t.settings.removeLocal}
          </Button>
        )}
      </section>
    </Page>
  );
}
