import { useSignal } from "@preact/signals";
import { Button } from "../../../design/components/Button.tsx";
import { Field } from "../../../design/components/Field.tsx";
import { Icon } from "../../../design/components/Icon.tsx";
import { Notice } from "../../../design/components/Notice.tsx";
import { failureOf, failureText } from "../../shell/failure.ts";
import { Heading } from "../../shell/Heading.tsx";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";

interface AskPasswordProps {
  /** Of the account. */
  readonly name: string;
  /** What it throws is said here. */
  readonly onPassword: (password: Uint8Array) => Promise<void>;
  /** Where a passkey will do as well. */
  readonly onPasskey?: (() => Promise<void>) | undefined;
  readonly onBack: () => void;
}

export function AskPassword({ name, onPassword, onPasskey, onBack }: AskPasswordProps) {
  return (
    <Page onBack={onBack} label={name}>
      <section class="stack">
        <Heading>{texts.value.password.title}</Heading>
        <PasswordForm onPassword={onPassword} onPasskey={onPasskey} />
      </section>
    </Page>
  );
}

export function PasswordForm({ onPassword, onPasskey }: Pick<AskPasswordProps, "onPassword" | "onPasskey">) {
  const t = texts.value;
  const typed = useSignal("");
  const busy = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const attempt = async (run: () => Promise<void>) => {
    error.value = failure.value = undefined;
    busy.value = true;
    try {
      await run();
    } catch (problem) {
      if (failureOf(problem) === "secret-wrong") error.value = t.password.wrong;
      else failure.value = failureText(problem, t);
    }
    busy.value = false;
  };
  const use = async (event: Event) => {
    event.preventDefault();
    const password = new TextEncoder().encode(typed.value);
    typed.value = "";
    await attempt(() => onPassword(password));
    password.fill(0);
  };
  return (
    <form class="stack" onSubmit={(event) => void use(event)} noValidate>
      {failure.value !== undefined && (
        <Notice tone="danger" live>
          {failure.value}
        </Notice>
      )}
      <Field
        label={t.password.label}
        type="password"
        autoComplete="current-password"
        value={typed.value}
        onValue={(text) => (typed.value = text)}
        error={error.value}
      />
      <Button wide type="submit" busy={busy.value}>
        {t.app.continue}
      </Button>
      {onPasskey !== undefined && (
        <Button wide look="second" disabled={busy.value} onClick={() => void attempt(onPasskey)}>
          <Icon name="fingerprint" /> {t.pin.passkey}
        </Button>
      )}
    </form>
  );
}
