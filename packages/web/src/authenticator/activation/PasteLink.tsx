import { useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";
import { entry } from "./entered.ts";
import { readEntry } from "./entry.ts";

export function PasteLink() {
  const t = texts.value;
  const pasted = useSignal("");
  const isWrong = useSignal(false);
  function use(event: Event) {
    event.preventDefault();
    const found = readEntry(pasted.value);
    isWrong.value = found === undefined;
    if (found !== undefined) entry.value = found;
  }
  return (
    <form class="stack" onSubmit={use} noValidate>
      <div class="stack stack-tight">
        <Heading>{t.add.linkTitle}</Heading>
        <p class="soft">{t.add.text}</p>
      </div>
      <Field
        label={t.add.linkLabel}
        hint={t.add.linkHint}
        value={pasted.value}
        onValue={(text) => {
          pasted.value = text;
          isWrong.value = false;
        }}
        error={isWrong.value ? t.add.linkWrong : undefined}
        inputMode="url"
        autoComplete="off"
        autoCapitalize="none"
      />
      <Button wide type="submit">
        {t.app.continue}
      </Button>
    </form>
  );
}
