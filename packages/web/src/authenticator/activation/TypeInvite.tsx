import { type Signal, useSignal } from "@preact/signals";
import { Button } from "../../design/components/Button.tsx";
import { Field } from "../../design/components/Field.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";
import { entry } from "./entered.ts";
import { readInvite } from "./entry.ts";

/** An Approve server's invitation, where nothing can be scanned or pasted. The page's own server is the likely one. */
export function TypeInvite() {
  const t = texts.value;
  const userId = useSignal("");
  const code = useSignal("");
  const server = useSignal(location.origin);
  const isWrong = useSignal(false);
  const type = (field: Signal<string>, text: string) => {
    field.value = text;
    isWrong.value = false;
  };
  function use(event: Event) {
    event.preventDefault();
    const found = readInvite(userId.value, code.value, server.value);
    isWrong.value = found === undefined;
    if (found !== undefined) entry.value = found;
  }
  return (
    <form class="stack" onSubmit={use} noValidate>
      <div class="stack stack-tight">
        <Heading>{t.add.inviteTitle}</Heading>
        <p class="soft">{t.add.inviteText}</p>
      </div>
      {isWrong.value && (
        <Notice tone="danger" live>
          {t.add.inviteMissing}
        </Notice>
      )}
      <Field
        label={t.add.inviteUser}
        value={userId.value}
        onValue={(text) => type(userId, text)}
        autoComplete="username"
        autoCapitalize="none"
      />
      <Field
        label={t.add.inviteCode}
        hint={t.add.inviteHint}
        value={code.value}
        onValue={(text) => type(code, text.toUpperCase())}
        mono
        autoComplete="one-time-code"
        autoCapitalize="characters"
        placeholder="XXXXX-XXXXX"
      />
      <Field
        label={t.add.inviteServer}
        value={server.value}
        onValue={(text) => type(server, text)}
        type="url"
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
