import type { PowerAuthPassword, PowerAuthPasswordChangeData } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { ChoosePin } from "../pin/ChoosePin.tsx";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

interface ChangePinProps {
  readonly account: MobileTokenAccount;
  readonly onDone: (said?: string) => void;
}

/** The server says whether the present PIN is right; the new one is never known to it. */
export function ChangePin({ account, onDone }: ChangePinProps) {
  const t = texts.value;
  const begun = useRef<PowerAuthPasswordChangeData>(undefined);
  const isBegun = useSignal(false);
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  useEffect(() => () => void begun.current?.release(), []);

  const attempt = async (run: () => Promise<void>) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      await run();
    } catch (error) {
      if (failureOf(error) === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else failure.value = failureText(error, t);
    }
    busy.value = false;
  };
  const begin = (pin: PowerAuthPassword) =>
    attempt(async () => {
      begun.current = await account.powerAuth.beginPasswordChange(pin).finally(() => void pin.release());
      isBegun.value = true;
    });
  const finish = (pin: PowerAuthPassword) =>
    attempt(async () => {
      if (begun.current === undefined) return;
      await account.powerAuth.finishPasswordChange(pin, begun.current).finally(() => void pin.release());
      onDone(t.settings.pinChanged);
    });
  return (
    <Page onBack={() => onDone()} label={account.name}>
      {failure.value !== undefined && (
        <Notice tone="danger" live>
          {failure.value}
        </Notice>
      )}
      {isBegun.value ? (
        <ChoosePin onPin={(pin) => void finish(pin)} busy={busy.value} />
      ) : (
        <section class="stack stack-middle">
          <Heading>{t.settings.oldPin}</Heading>
          <PinPad onPin={(pin) => void begin(pin)} busy={busy.value} error={pinError.value} />
        </section>
      )}
    </Page>
  );
}
