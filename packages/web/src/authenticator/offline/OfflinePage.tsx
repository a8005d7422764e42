import { PowerAuthAuthentication, type PowerAuthPassword, type QrOperation } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import type { MobileTokenAccount } from "../accounts/account.ts";
import { PinPad } from "../pin/PinPad.tsx";
import { failureText } from "../shell/failure.ts";
import { Heading } from "../shell/Heading.tsx";
import { goBack, toApprovals } from "../shell/route.ts";
import { Page } from "../shell/Shell.tsx";
import { texts } from "../texts/texts.ts";
import { OfflineForm } from "./OfflineForm.tsx";
import { genuineFor } from "./genuine.ts";
import { scannedOffline } from "./scanned-offline.ts";
import "./offline.css";

interface Genuine {
  readonly operation: QrOperation;
  readonly account: MobileTokenAccount;
}

type Phase =
  | { readonly at: "checking" | "refused" }
  | { readonly at: "detail" | "pin"; readonly found: Genuine }
  | { readonly at: "code"; readonly found: Genuine; readonly code: string };

/** An operation that was scanned: verified, shown, and answered with digits. Nothing is sent. */
export function OfflinePage() {
  const t = texts.value;
  const phase = useSignal<Phase>({ at: "checking" });
  useEffect(() => {
    const text = scannedOffline.value;
    if (text === undefined) return toApprovals();
    const check = async () => {
      const found = await genuineFor(text);
      phase.value = found === undefined ? { at: "refused" } : { at: "detail", found };
    };
    void check();
  }, []);
  const current = phase.value;
  switch (current.at) {
    case "checking":
      return <Page onBack={toApprovals}>{t.app.loading}</Page>;
    case "refused":
      return (
        <Page onBack={toApprovals}>
          <Heading>{t.offline.title}</Heading>
          <Notice tone="danger" live>
            {t.offline.notGenuine}
          </Notice>
        </Page>
      );
    case "detail":
      return <Detail found={current.found} onNext={() => (phase.value = { at: "pin", found: current.found })} />;
    case "pin":
      return (
        <Unlock
          found={current.found}
          onCode={(code) => (phase.value = { at: "code", found: current.found, code })}
          onBack={() => (phase.value = { at: "detail", found: current.found })}
        />
      );
    case "code":
      return <Code code={current.code} />;
  }
}

function Detail({ found: { operation, account }, onNext }: { readonly found: Genuine; readonly onNext: () => void }) {
  const t = texts.value;
  const { flags, isNewerFormat } = operation;
  return (
    <Page onBack={goBack} label={account.name}>
      <div class="stack">
        <Heading>{operation.title || t.offline.title}</Heading>
        {flags.fraudWarning && <Notice tone="warning">{t.offline.fraud}</Notice>}
        {flags.blockWhenOnCall && <Notice tone="warning">{t.operation.call}</Notice>}
        {isNewerFormat && <Notice tone="warning">{t.offline.newer}</Notice>}
        <OfflineForm operation={operation} />
        <div class="actions">
          <Button wide onClick={onNext}>
            {t.offline.show}
          </Button>
          <Button wide look="second" onClick={toApprovals}>
            {t.app.cancel}
          </Button>
        </div>
      </div>
    </Page>
  );
}

interface UnlockProps {
  readonly found: Genuine;
  readonly onCode: (code: string) => void;
  readonly onBack: () => void;
}

function Unlock({ found: { operation, account }, onCode, onBack }: UnlockProps) {
  const t = texts.value;
  const busy = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);
  const hasPasskey = useSignal(false);
  useEffect(() => {
    if (!operation.flags.biometricsAllowed) return;
    void account.powerAuth.isAuthenticationWithBiometricsAvailable().then((has) => (hasPasskey.value = has));
  }, []);
  const compute = async (authentication: PowerAuthAuthentication) => {
    busy.value = true;
    failure.value = undefined;
    try {
      onCode(await account.services.operations.authorizeOffline(operation, authentication));
    } catch (error) {
      failure.value = failureText(error, t);
    }
    busy.value = false;
  };
  const byPin = async (pin: PowerAuthPassword) => {
    await compute(PowerAuthAuthentication.password(pin));
    await pin.release();
  };
  return (
    <Page onBack={onBack} label={account.name}>
      <section class="stack stack-middle">
        <Heading>{t.pin.title}</Heading>
        {failure.value !== undefined && (
          <Notice tone="danger" live>
            {failure.value}
          </Notice>
        )}
        <PinPad onPin={(pin) => void byPin(pin)} busy={busy.value} action={t.offline.show} />
        {hasPasskey.value && (
          <Button
            look="second"
            disabled={busy.value}
            onClick={() => void compute(PowerAuthAuthentication.biometry({ promptMessage: t.biometry.prompt }))}
          >
            <Icon name="fingerprint" /> {t.pin.passkey}
          </Button>
        )}
      </section>
    </Page>
  );
}

/** Two groups of eight digits, each in two halves, for the eye and for a screen reader. */
function Code({ code }: { readonly code: string }) {
  const t = texts.value;
  const [first = "", second = ""] = code.split("-");
  return (
    <Page>
      <section class="stack stack-middle">
        <Heading>{t.offline.code}</Heading>
        <p class="soft">{t.offline.text}</p>
        <dl class="offline-code card">
          <Digits label={t.offline.first} digits={first} />
          <Digits label={t.offline.second} digits={second} />
        </dl>
        <p class="small soft">{t.offline.wrongPin}</p>
        <Button wide onClick={toApprovals}>
          {t.app.done}
        </Button>
      </section>
    </Page>
  );
}

function Digits({ label, digits }: { readonly label: string; readonly digits: string }) {
  return (
    <div>
      <dt class="small soft">{label}</dt>
      <dd class="code">
        {digits.slice(0, 4)} {digits.slice(4)}
      </dd>
    </div>
  );
}
