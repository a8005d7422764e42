import type { PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Notice } from "../../design/components/Notice.tsx";
import { Sheet } from "../../design/components/Sheet.tsx";
import { Switch } from "../../design/components/Switch.tsx";
import type { Account, MobileTokenAccount } from "../accounts/account.ts";
import { passkeyPolicy } from "../accounts/approve.ts";
import { PasswordForm } from "../operations/decide/AskPassword.tsx";
import { PinPad } from "../pin/PinPad.tsx";
import { wrongPinText } from "../pin/wrong-pin.ts";
import { failureOf, failureText } from "../shell/failure.ts";
import { texts } from "../texts/texts.ts";

/** The passkey of an account, where it may have one: turned on with the PIN or the password, off at once. */
export function Biometry({ account }: { readonly account: Account }) {
  const t = texts.value;
  const state = useSignal<"on" | "off" | "none" | undefined>(undefined);
  const isAsking = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const passkey = passkeyOf(account);
  const look = async () => void (state.value = await passkey?.look());
  useEffect(() => void look(), []);
  if (passkey === undefined) return null;

  const done = async (problem?: string) => {
    failure.value = problem;
    isAsking.value = false;
    await look();
  };
  const turnOff = async () => {
    await passkey.turnOff().catch(() => undefined);
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
          failure.value = undefined;
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
        <Sheet title={passkey.kind === "pin" ? t.pin.title : t.password.title} onClose={() => (isAsking.value = false)}>
          {passkey.kind === "pin" ? (
            <TurnOnByPin account={passkey.account} onDone={done} />
          ) : (
            <PasswordForm
              onPassword={async (password) => {
                await passkey.turnOn(password);
                await done();
              }}
            />
          )}
        </Sheet>
      )}
    </div>
  );
}

interface TurnOnByPinProps {
  readonly account: MobileTokenAccount;
  /** With what went wrong, if anything did. */
  readonly onDone: (problem?: string) => Promise<void>;
}

function TurnOnByPin({ account, onDone }: TurnOnByPinProps) {
  const t = texts.value;
  const busy = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const turnOn = async (pin: PowerAuthPassword) => {
    busy.value = true;
    error.value = undefined;
    try {
      await account.powerAuth.addBiometryFactor(pin, { promptMessage: t.biometry.prompt });
      await onDone();
    } catch (problem) {
      const kind = failureOf(problem);
      if (kind === "secret-wrong") error.value = await wrongPinText(account, t);
      else await onDone(kind === "passkey" ? t.biometry.failed : failureText(problem, t));
    }
    await pin.release();
    busy.value = false;
  };
  return <PinPad onPin={(pin) => void turnOn(pin)} busy={busy.value} error={error.value} />;
}

/** What can be asked of an account's passkey; undefined where the server's policy knows none. */
function passkeyOf(account: Account) {
  if (account.kind === "mobile-token") {
    const { powerAuth } = account;
    const look = async () => {
      const { systemStatus, isBiometricFactorConfigured } = await powerAuth.getBiometricStatus();
      return isBiometricFactorConfigured ? "on" : systemStatus === "OK" ? "off" : "none";
    };
    return { kind: "pin", account, look, turnOff: () => powerAuth.removeBiometryFactor() } as const;
  }
  const policy = passkeyPolicy(account.container.protectionPolicy);
  if (policy === undefined) return undefined;
  return {
    kind: "password",
    look: async () => states[await policy.getBioAuthenticationState()],
    turnOn: (password: Uint8Array) => policy.enableBioAuthentication(Uint8Array.from(password)),
    turnOff: () => policy.disableBioAuthentication(),
  } as const;
}

const states = {
  ENABLED: "on",
  NOT_ENABLED: "off",
  INVALID_KEY: "off",
  NOT_ENROLLED: "none",
  NOT_CAPABLE: "none",
} as const;
