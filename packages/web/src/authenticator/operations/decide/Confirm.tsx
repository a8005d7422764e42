import { PowerAuthAuthentication, type PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../../design/components/Button.tsx";
import { Icon } from "../../../design/components/Icon.tsx";
import { Notice } from "../../../design/components/Notice.tsx";
import type { MobileTokenAccount } from "../../accounts/account.ts";
import { PinPad } from "../../pin/PinPad.tsx";
import { failureOf, failureText } from "../../shell/failure.ts";
import { Heading } from "../../shell/Heading.tsx";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";
import { wrongPinText } from "../../pin/wrong-pin.ts";

interface ConfirmProps {
  readonly account: MobileTokenAccount;
  /** Otherwise the device alone will do, and there is only a button. */
  readonly needsPerson: boolean;
  readonly allowsPasskey: boolean;
  /** What is being confirmed. */
  readonly title: string;
  readonly onConfirm: (authentication: PowerAuthAuthentication) => Promise<void>;
  readonly onBack: () => void;
}

/** The person shows who they are: by PIN or passkey. What `onConfirm` throws is said here. */
export function Confirm({ account, needsPerson, allowsPasskey, title, onConfirm, onBack }: ConfirmProps) {
  const t = texts.value;
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const hasPasskey = useSignal(false);

  const run = async (authentication: PowerAuthAuthentication) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      await onConfirm(authentication);
    } catch (error) {
      const kind = failureOf(error);
      if (kind === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else failure.value = kind === "network" ? t.result.uncertain : failureText(error, t);
    }
    busy.value = false;
  };
  const byPin = async (pin: PowerAuthPassword) => {
    await run(PowerAuthAuthentication.password(pin));
    await pin.release();
  };
  const byPasskey = () => run(PowerAuthAuthentication.biometry({ promptMessage: t.biometry.prompt }));

  useEffect(() => {
    if (!needsPerson) void run(PowerAuthAuthentication.possession());
    else if (allowsPasskey) {
      void account.powerAuth.isAuthenticationWithBiometricsAvailable().then((has) => (hasPasskey.value = has));
    }
  }, []);

  return (
    <Page onBack={onBack} label={account.name}>
      <section class="stack stack-middle">
        <Heading>{needsPerson ? t.pin.title : title}</Heading>
        {needsPerson && <p class="soft">{title}</p>}
        {failure.value !== undefined && (
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
        )}
        {needsPerson ? (
          <>
            <PinPad
              onPin={(pin) => void byPin(pin)}
              busy={busy.value}
              error={pinError.value}
              action={t.operation.approve}
            />
            {hasPasskey.value && (
              <Button look="second" disabled={busy.value} onClick={() => void byPasskey()}>
                <Icon name="fingerprint" /> {t.pin.passkey}
              </Button>
            )}
          </>
        ) : (
          <p role="status" class="soft">
            {busy.value && t.app.loading}
          </p>
        )}
      </section>
    </Page>
  );
}
