import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../../../design/components/Button.tsx";
import { Camera } from "../../scan/Camera.tsx";
import { readScanned } from "../../scan/scanned.ts";
import { Heading } from "../../shell/Heading.tsx";
import { Page } from "../../shell/Shell.tsx";
import { texts } from "../../texts/texts.ts";

interface EnterNumberProps {
  readonly mode: "enter" | "scan";
  readonly onNumber: (digits: string) => void;
  readonly onBack: () => void;
}

/** Number matching: the six digits of the screen where it all began. */
export function EnterNumber({ mode, onNumber, onBack }: EnterNumberProps) {
  const t = texts.value;
  const typed = useSignal("");
  const id = useId();
  const use = (event: Event) => {
    event.preventDefault();
    if (typed.value.length === 6) onNumber(typed.value);
  };
  const scan = (text: string) => {
    const scanned = readScanned(text);
    if (scanned?.kind !== "number") return false;
    onNumber(scanned.text);
    return true;
  };
  return (
    <Page onBack={onBack}>
      <form class="stack" onSubmit={use} noValidate>
        <div class="stack stack-tight">
          <Heading>{mode === "scan" ? t.number.scan : t.number.title}</Heading>
          {mode === "enter" && <p class="soft">{t.number.text}</p>}
        </div>
        {mode === "scan" ? (
          <Camera onText={scan} />
        ) : (
          <>
            <label class="unseen" for={id}>
              {t.number.label}
            </label>
            <input
              id={id}
              class="number-input"
              inputMode="numeric"
              autoComplete="off"
              maxLength={6}
              value={typed.value}
              onInput={(event) => (typed.value = event.currentTarget.value.replace(/\D/g, "").slice(0, 6))}
            />
            <Button wide type="submit" disabled={typed.value.length !== 6}>
              {t.operation.approve}
            </Button>
          </>
        )}
      </form>
    </Page>
  );
}
