import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { ApproveAccount } from "../accounts/account.ts";
import { AskPassword } from "../operations/decide/AskPassword.tsx";
import { ChoosePassword } from "../pin/ChoosePassword.tsx";
import { failureOf, failureText } from "../shell/failure.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

interface ChangePasswordProps {
  readonly account: ApproveAccount;
  readonly onDone: (said?: string) => void;
}

/** Of the key that signs; a container whose lock is silent finds out about a wrong one only at the server. */
export function ChangePassword({ account, onDone }: ChangePasswordProps) {
  const t = texts.value;
  const old = useRef<Uint8Array<ArrayBuffer>>(undefined);
  const isKnown = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const remember = async (password: Uint8Array) => {
    old.current = Uint8Array.from(password);
    isKnown.value = true;
  };
  const change = async (password: Uint8Array<ArrayBuffer>) => {
    const { PasswordPolicy } = await import("@countersign/client/approve");
    const policy = account.container.protectionPolicy;
    if (!(policy instanceof PasswordPolicy) || old.current === undefined) return;
    try {
      await policy.changePassword(Uint8Array.from(old.current), password);
      old.current.fill(0);
      onDone(t.settings.passwordChanged);
    } catch (error) {
      const isWrong = failureOf(error) === "secret-wrong";
      failure.value = isWrong ? t.password.wrong : failureText(error, t);
      isKnown.value = !isWrong;
    }
  };
  if (!isKnown.value) return <AskPassword name={account.name} onPassword={remember} onBack={() => onDone()} />;
  return (
    <Page onBack={() => onDone()} label={account.name}>
      <ChoosePassword shortest={0} onPassword={(password) => void change(password)} error={failure.value} />
    </Page>
  );
}
