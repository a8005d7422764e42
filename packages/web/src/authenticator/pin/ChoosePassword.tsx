import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";

interface ChoosePasswordProps {
  readonly shortest: number;
  /** UTF-8; wiped by whoever gets it. */
  readonly onPassword: (password: Uint8Array<ArrayBuffer>) => void;
  readonly error?: string | undefined;
}

/** A new password, twice. What is typed stays in the input until the screen goes: a browser offers nothing better. */
export function ChoosePassword({ shortest, onPassword, error }: ChoosePasswordProps) {
  const t = texts.value;
  const first = useSignal("");
  const second = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  function use(event: Event) {
    event.preventDefault();
    problem.value =
      first.value.length < shortest
        ? t.password.rules(shortest)
        : first.value === second.value
          ? undefined
          : t.password.differs;
    if (problem.value !== undefined) return;
    const password = new TextEncoder().encode(first.value);
    first.value = second.value = "";
    onPassword(password);
  }
  return (
    <form class="stack" onSubmit={use} noValidate>
      <div class="stack stack-tight">
        <Heading>{t.password.chooseTitle}</Heading>
        <p class="soft">
          {t.password.chooseText} {shortest > 0 && t.password.rules(shortest)}
        </p>
      </div>
      <Field
        label={t.password.label}
        type="password"
        autoComplete="new-password"
        value={first.value}
        onValue={(text) => (first.value = text)}
      />
      <Field
        label={t.password.repeat}
        type="password"
        autoComplete="new-password"
        value={second.value}
        onValue={(text) => (second.value = text)}
        error={problem.value ?? error}
      />
      <Button wide type="submit">
        {t.app.continue}
      </Button>
    </form>
  );
}
