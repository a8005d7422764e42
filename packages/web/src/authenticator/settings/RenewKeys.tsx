import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { findAccount } from "../accounts/accounts.ts";
import { renewWith } from "../accounts/renewal.ts";
import { AskPassword } from "../operations/decide/AskPassword.tsx";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

type Step =
  | { readonly at: "begin" | "busy" | "done" }
  | { readonly at: "password"; readonly answer: (password: Uint8Array<ArrayBuffer> | undefined) => void };

/** New keys under the same passwords: the person is asked for each password that there is. */
export function RenewKeys({ id }: { readonly id: string }) {
  const t = texts.value;
  const account = findAccount(id);
  const step = useSignal<Step>({ at: "begin" });
  const failure = useSignal<string | undefined>(undefined);
  const waiting = useRef<Extract<Step, { at: "password" }>["answer"]>(undefined);
  useEffect(() => () => waiting.current?.(undefined), []);
  if (account?.kind !== "approve") return <Page onBack={toApprovals}>{t.app.notFound}</Page>;

  const ask = () =>
    new Promise<Uint8Array<ArrayBuffer> | undefined>((resolve) => {
      const answer = (password: Uint8Array<ArrayBuffer> | undefined) => {
        waiting.current = undefined;
        step.value = { at: "busy" };
        resolve(password);
      };
      waiting.current = answer;
      step.value = { at: "password", answer };
    });
  const renew = async () => {
    failure.value = undefined;
    step.value = { at: "busy" };
    try {
      await renewWith(account, ask);
      step.value = { at: "done" };
    } catch (error) {
      const kind = failureOf(error);
      if ((error as { name?: string }).name !== "PasswordCancelledException") {
        failure.value = kind === "secret-wrong" ? t.password.wrong : failureText(error, t);
      }
      step.value = { at: "begin" };
    }
  };

  const current = step.value;
  if (current.at === "password") {
    const answer = async (password: Uint8Array) => current.answer(Uint8Array.from(password));
    return <AskPassword name={account.name} onPassword={answer} onBack={() => current.answer(undefined)} />;
  }
  const isDone = current.at === "done";
  return (
    <Page onBack={isDone ? undefined : toApprovals} label={account.name}>
      <section class="stack stack-middle">
        <div class={`welcome-mark${isDone ? " welcome-mark-good" : ""}`} aria-hidden="true">
          <Icon name={isDone ? "check" : "lock"} size={44} />
        </div>
        <Heading key={String(isDone)}>{isDone ? t.renewal.doneTitle : t.renewal.title}</Heading>
        <p class="soft" role={isDone ? "status" : undefined}>
          {isDone ? t.renewal.doneText : t.renewal.text}
        </p>
        {failure.value !== undefined && (
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
        )}
        {isDone ? (
          <Button wide onClick={toApprovals}>
            {t.app.home}
          </Button>
        ) : (
          <Button wide busy={current.at === "busy"} onClick={() => void renew()}>
            {t.renewal.renew}
          </Button>
        )}
      </section>
    </Page>
  );
}
