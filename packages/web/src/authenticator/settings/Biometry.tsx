import type { PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { Switch } from "../../design/components/Switch.tsx";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { texts } from "../texts/texts.ts";

/** The passkey of an account: turned on with the PIN, off at once. */
export function Biometry({ account }: { readonly account: MobileTokenAccount }) {
  const t = texts.value;
  const { powerAuth } = account;
  const state = useSignal<"on" | "off" | "none" | undefined>(undefined);
  const isAsking = useSignal(false);
  const busy = useSignal(false);
  const pinError = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);

  const look = async () => {
    const { systemStatus, isBiometricFactorConfigured } = await powerAuth.getBiometricStatus();
    state.value = isBiometricFactorConfigured ? "on" : systemStatus === "OK" ? "off" : "none";
  };
  useEffect(() => void look(), []);

  const turnOn = async (pin: PowerAuthPassword) => {
    busy.value = true;
    pinError.value = failure.value = undefined;
    try {
      await powerAuth.addBiometryFactor(pin, { promptMessage: t.biometry.prompt });
      isAsking.value = false;
    } catch (error) {
      if (failureOf(error) === "secret-wrong") pinError.value = await wrongPinText(account, t);
      else {
        failure.value = failureOf(error) === "passkey" ? t.biometry.failed : failureText(error, t);
        isAsking.value = false;
      }
    }
    await pin.release();
    await look();
    busy.value = false;
  };
  const turnOff = async () => {
    await powerAuth.removeBiometryFactor().catch(() => undefined);
    await look();
  };
  return (
    <div class="card">
      <Switch
        label={t.settings.biometry}
        hint={state.value === "none" ? t.settings.biometryNone : t.settings.biometryText}
        isOn={state.value === "on"}
        disabled={state.value === undefined || state.value === "none"}
        onChange={(isOn) => {
          if (isOn) isAsking.value = true;
          else void turnOff();
        }}
      />
      {failure.value !== undefined && (
        <Notice tone="warning" live>
          {failure.value}
        </Notice>
      )}
      {isAsking.value && (
        <Sheet title={t.pin.title} onClose={() => (isAsking.value = false)}>
          <PinPad onPin={(pin) => void turnOn(pin)} busy={busy.value} error={pinError.value} />
        </Sheet>
      )}
    </div>
  );
}
