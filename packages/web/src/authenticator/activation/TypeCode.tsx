import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Heading } from "../shell/Heading.tsx";
import { go } from "../shell/route.ts";
import { texts } from "../texts/texts.ts";
import { entry } from "./entered.ts";
import { asTyped, readEntry } from "./entry.ts";

export function TypeCode() {
  const t = texts.value;
  const typed = useSignal("");
  const isWrong = useSignal(false);
  function use(event: Event) {
    event.preventDefault();
    const found = readEntry(typed.value);
    isWrong.value = found === undefined;
    if (found !== undefined) entry.value = found;
  }
  return (
    <form class="stack" onSubmit={use} noValidate>
      <div class="stack stack-tight">
        <Heading>{t.add.codeTitle}</Heading>
        <p class="soft">{t.add.text}</p>
      </div>
      <Field
        label={t.add.codeLabel}
        hint={t.add.codeHint}
        value={typed.value}
        onValue={(text) => {
          typed.value = asTyped(text);
          isWrong.value = false;
        }}
        error={isWrong.value ? t.add.codeWrong : undefined}
        mono
        autoComplete="off"
        autoCapitalize="characters"
        placeholder="XXXXX-XXXXX-XXXXX-XXXXX"
      />
      <Button wide type="submit">
        {t.app.continue}
      </Button>
      <Button wide look="plain" onClick={() => go({ at: "add", by: "invite" })}>
        {t.add.inviteLink}
      </Button>
    </form>
  );
}
