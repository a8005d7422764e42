import type { EventResult } from "@countersign/client/approve";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { keepAccount } from "../accounts/accounts.ts";
import { approveDevice, approveRecord, deviceName } from "../accounts/approve.ts";
import { ChoosePassword } from "../pin/ChoosePassword.tsx";
import { failureOf, failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { Page } from "../shell/Shell.tsx";
import { type Texts, texts } from "../texts/texts.ts";
import { entry as entered } from "./entered.ts";
import type { Entry } from "./entry.ts";
import { Ready } from "./Ready.tsx";

interface Question {
  readonly shortest: number;
  readonly answer: (password: Uint8Array<ArrayBuffer> | undefined) => void;
}

interface ConnectApproveProps {
  readonly entry: Extract<Entry, { readonly kind: "offer" | "invite" }>;
  readonly onLeave: () => void;
}

/** Registers with an Approve server; its policies say whether a password is to be chosen. */
export function ConnectApprove({ entry, onLeave }: ConnectApproveProps) {
  const t = texts.value;
  const question = useSignal<Question | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  /** To be typed once more, not sent once more. */
  const isMistyped = useSignal(false);
  const made = useSignal<{ readonly id: string; readonly code: string } | undefined>(undefined);

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
              if (password !== undefined) result.setPassword(password);
              resolve(result);
            },
          };
        });
      const initialization = new sdk.ContainerInitialization({ ...sourceOf(entry), name: deviceName() });
      const container = await device.createContainer(initialization, { onEventReceived });
      await keepAccount({ ...approveRecord(container), name: new URL(container.serverURL).host });
      made.value = { id: container.id, code: container.transcriptCode };
    } catch (error) {
      failure.value = registerFailure(error, t, entry);
      isMistyped.value = failure.value === t.add.inviteWrong;
    }
  };
  useEffect(() => void register(), []);

  if (made.value !== undefined) return <Ready {...made.value} onDone={onLeave} />;
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
