import type { Container, EventResult } from "@countersign/client/approve";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { keepAccount } from "../accounts/accounts.ts";
import { approveDevice, approveRecord, deviceName, passkeyPolicy } from "../accounts/approve.ts";
import { ChoosePassword } from "../pin/ChoosePassword.tsx";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { type Texts, texts } from "../texts/texts.ts";
import { entry as entered } from "./entered.ts";
import type { Entry } from "./entry.ts";
import { OfferPasskey } from "./OfferPasskey.tsx";
import { Ready } from "./Ready.tsx";

interface Question {
  readonly shortest: number;
  readonly answer: (password: Uint8Array<ArrayBuffer> | undefined) => void;
}

interface ConnectApproveProps {
  readonly entry: Extract<Entry, { readonly kind: "offer" | "invite" }>;
  readonly onLeave: () => void;
}

/** Registers with an Approve server; its policies say whether a password is to be chosen, and whether a passkey will do. */
export function ConnectApprove({ entry, onLeave }: ConnectApproveProps) {
  const t = texts.value;
  const question = useSignal<Question | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  /** To be typed once more, not sent once more. */
  const isMistyped = useSignal(false);
  const made = useSignal<Container | undefined>(undefined);
  const isOffering = useSignal(false);
  const busy = useSignal(false);
  const hasFailed = useSignal(false);
  /** For as long as a passkey may be set up with it. */
  const chosen = useRef<Uint8Array<ArrayBuffer>>(undefined);
  const forget = () => {
    chosen.current?.fill(0);
    chosen.current = undefined;
    isOffering.value = false;
  };

  const register = async () => {
    failure.value = undefined;
    try {
      const sdk = await import("@countersign/client/approve");
      const device = await approveDevice();
      const onEventReceived = (event: InstanceType<typeof sdk.Event>) =>
        new Promise<EventResult>((resolve) => {
          const shortest = event instanceof sdk.PasswordPromptEvent ? event.passwordPolicy.minLength : 0;
          question.value = {
            shortest,
            answer: (password) => {
              question.value = undefined;
              const result = new sdk.PasswordPromptResult(password === undefined ? "Cancel" : "Continue");
              if (password !== undefined) {
                forget();
                chosen.current = Uint8Array.from(password);
                result.setPassword(password);
              }
              resolve(result);
            },
          };
        });
      const initialization = new sdk.ContainerInitialization({ ...sourceOf(entry), name: deviceName() });
      const container = await device.createContainer(initialization, { onEventReceived });
      await keepAccount({ ...approveRecord(container), name: new URL(container.serverURL).host });
      // The container is there, whatever becomes of this question.
      const state = await passkeyPolicy(container.protectionPolicy)
        ?.getBioAuthenticationState()
        .catch(() => undefined);
      if (state !== "NOT_ENABLED") forget();
      isOffering.value = chosen.current !== undefined;
      made.value = container;
    } catch (error) {
      failure.value = registerFailure(error, t, entry);
      isMistyped.value = failure.value === t.add.inviteWrong;
    }
  };
  useEffect(() => {
    void register();
    return forget;
  }, []);

  const container = made.value;
  const setUpPasskey = async () => {
    if (container === undefined || chosen.current === undefined) return;
    busy.value = true;
    try {
      await passkeyPolicy(container.protectionPolicy)?.enableBioAuthentication(Uint8Array.from(chosen.current));
      forget();
    } catch {
      hasFailed.value = true;
    }
    busy.value = false;
  };
  if (container !== undefined) {
    return isOffering.value ? (
      <OfferPasskey busy={busy.value} hasFailed={hasFailed.value} onUse={() => void setUpPasskey()} onLater={forget} />
    ) : (
      <Ready id={container.id} code={container.transcriptCode} onDone={onLeave} />
    );
  }
  const { value: asked } = question;
  const back = asked === undefined ? onLeave : () => asked.answer(undefined);
  return (
    <Page onBack={back}>
      {asked !== undefined && <ChoosePassword shortest={asked.shortest} onPassword={asked.answer} />}
      {asked === undefined && failure.value === undefined && (
        <p role="status" class="soft">
          {t.app.loading}
        </p>
      )}
      {failure.value !== undefined && (
        <section class="stack">
          <Heading>{t.add.title}</Heading>
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
          <Button wide onClick={() => (isMistyped.value ? (entered.value = undefined) : void register())}>
            {t.app.retry}
          </Button>
        </section>
      )}
    </Page>
  );
}

function sourceOf(entry: ConnectApproveProps["entry"]) {
  if (entry.kind === "offer") return { activationCode: entry.text };
  const { userId, inviteCode, server: serverUrl } = entry;
  return { userId, inviteCode, serverUrl };
}

function registerFailure(error: unknown, t: Texts, { kind }: Entry): string {
  const { name, parameters } = error as { name?: string; parameters?: readonly string[] };
  if (name === "ServerProtocolException") return t.add.notGenuine;
  if (parameters?.[0]?.startsWith("offer-")) return kind === "invite" ? t.add.inviteWrong : t.add.expired;
  return failureOf(error) === "secret-wrong" ? t.password.wrong : failureText(error, t);
}
