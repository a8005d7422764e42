import { PowerAuthPassphraseMeter, type PinTestIssue, type PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Notice } from "../../design/components/Notice.tsx";
import { brand } from "../brand/brand.ts";
import { Heading } from "../shell/Heading.tsx";
import { texts } from "../texts/texts.ts";
import { PinPad } from "./PinPad.tsx";

/** A new PIN: chosen, judged, repeated. `onPin` gets it once; it wipes it. */
export function ChoosePin({
  onPin,
  busy,
}: {
  readonly onPin: (pin: PowerAuthPassword) => void;
  readonly busy: boolean;
}) {
  const t = texts.value;
  const chosen = useRef<PowerAuthPassword>(undefined);
  const step = useSignal<"choose" | "weak" | "repeat">("choose");
  const issues = useSignal<readonly PinTestIssue[]>([]);
  const error = useSignal<string | undefined>(undefined);
  useEffect(() => () => void chosen.current?.release(), []);

  async function choose(pin: PowerAuthPassword) {
    error.value = undefined;
    const result = await PowerAuthPassphraseMeter.testPin(pin);
    chosen.current = pin;
    issues.value = result.issues;
    step.value = result.shouldWarnUserAboutWeakPin ? "weak" : "repeat";
  }

  function startAgain(message?: string) {
    void chosen.current?.release();
    chosen.current = undefined;
    error.value = message;
    step.value = "choose";
  }

  async function repeat(pin: PowerAuthPassword) {
    const first = chosen.current;
    const isSame = first !== undefined && (await first.isEqualTo(pin));
    await pin.release();
    if (!isSame) return startAgain(t.pin.differs);
    chosen.current = undefined;
    onPin(first);
  }

  if (step.value === "weak") {
    return (
      <section class="stack">
        <Heading>{t.pin.weakTitle}</Heading>
        <Notice tone="warning" live>
          <ul class="weak-issues">
            {issues.value.map((issue) => (
              <li key={issue}>{t.pin.weak[issue]}</li>
            ))}
          </ul>
        </Notice>
        <Button wide onClick={() => startAgain()}>
          {t.pin.other}
        </Button>
        {!issues.value.includes("FREQUENTLY_USED") && (
          <Button wide look="plain" onClick={() => (step.value = "repeat")}>
            {t.pin.anyway}
          </Button>
        )}
      </section>
    );
  }
  const repeats = step.value === "repeat";
  return (
    <section class="stack stack-middle">
      <Heading key={step.value}>{repeats ? t.pin.repeatTitle : t.pin.chooseTitle}</Heading>
      <p class="soft">{repeats ? t.pin.repeatText : t.pin.chooseText(brand.pin.shortest, brand.pin.longest)}</p>
      <PinPad
        key={step.value}
        onPin={(pin) => void (repeats ? repeat(pin) : choose(pin))}
        busy={busy}
        error={error.value}
      />
    </section>
  );
}
