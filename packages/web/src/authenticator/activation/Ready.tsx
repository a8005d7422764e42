import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { findAccount } from "../accounts/accounts.ts";
import { subscribeMore } from "../push/subscribe.ts";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";

interface ReadyProps {
  readonly id: string;
  /** Digits that both sides show. */
  readonly code: string;
  readonly onDone: () => void;
}

/** The end of connecting: for Mobile Token, after the other side has confirmed it. */
export function Ready({ id, code, onDone }: ReadyProps) {
  const t = texts.value;
  const account = findAccount(id);
  const state = useSignal<"waiting" | "active" | "removed">(account?.kind === "approve" ? "active" : "waiting");
  useEffect(() => {
    if (account?.kind !== "mobile-token") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const look = async () => {
      const status = await account.powerAuth.fetchActivationStatus().catch(() => undefined);
      if (status?.state === "ACTIVE") state.value = "active";
      else if (status?.state === "REMOVED") state.value = "removed";
      else if (!isGone) timer = setTimeout(() => void look(), lookAgain);
    };
    void look();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, []);

  useEffect(() => {
    // What fails here can be turned on in the settings.
    if (state.value === "active") subscribeMore().catch(() => undefined);
  }, [state.value]);

  if (state.value === "removed") {
    return (
      <Page onBack={onDone}>
        <Heading>{t.add.title}</Heading>
        <Notice tone="danger">{t.ready.removed}</Notice>
      </Page>
    );
  }
  const isActive = state.value === "active";
  return (
    <Page>
      <section class="stack stack-middle">
        <div class={`welcome-mark${isActive ? " welcome-mark-good" : ""}`} aria-hidden="true">
          <Icon name={isActive ? "check" : "clock"} size={44} />
        </div>
        <Heading key={state.value}>{isActive ? t.ready.title : t.ready.waitTitle}</Heading>
        <p class="soft">
          {isActive ? (account?.kind === "approve" ? t.ready.transcript : t.ready.text) : t.ready.waitText}
        </p>
        {code !== "" && (
          <p class="fingerprint card">
            <span class="small soft">{t.ready.fingerprint}</span>
            <strong class="code">
              {code.slice(0, code.length / 2)} {code.slice(code.length / 2)}
            </strong>
          </p>
        )}
        {!isActive && (
          <p class="soft" role="status">
            {t.ready.waiting}
          </p>
        )}
        <Button wide look={isActive ? "main" : "plain"} onClick={onDone}>
          {t.ready.start}
        </Button>
      </section>
    </Page>
  );
}

/** Milliseconds. */
const lookAgain = 2_000;
