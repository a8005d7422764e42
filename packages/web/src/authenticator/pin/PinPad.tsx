import { PowerAuthPassword } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../../design/components/Button.tsx";
import { Icon } from "../../design/components/Icon.tsx";
import { brand } from "../brand/brand.ts";
import { texts } from "../texts/texts.ts";
import "./pin-pad.css";

export interface PinPadProps {
  /** The digits are wiped by whoever gets them. */
  readonly onPin: (pin: PowerAuthPassword) => void;
  readonly busy?: boolean;
  readonly error?: string | undefined;
  /** What the button says; "Continue" unless given. */
  readonly action?: string;
}

const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Digits go into bytes that can be wiped, and never into an input, whose text the browser keeps. */
export function PinPad({ onPin, busy = false, error, action }: PinPadProps) {
  const t = texts.value;
  const { shortest, longest } = brand.pin;
  const pin = useRef<PowerAuthPassword>(undefined);
  const count = useSignal(0);
  const pad = useRef<HTMLDivElement>(null);
  const current = () => (pin.current ??= new PowerAuthPassword(false));

  // Before it is painted: whoever types at once loses no digit.
  useLayoutEffect(() => {
    pad.current?.focus({ preventScroll: true });
    return () => void pin.current?.release();
  }, []);

  async function type(digit: string) {
    if (busy || count.value >= longest) return;
    count.value = await current().addCharacter(digit);
  }
  async function erase() {
    if (!busy) count.value = await current().removeLastCharacter();
  }
  function finish() {
    if (busy || count.value < shortest) return;
    const given = current();
    pin.current = undefined;
    count.value = 0;
    onPin(given);
  }
  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^\d$/.test(event.key)) void type(event.key);
    else if (event.key === "Backspace") void erase();
    // On a button, Enter presses that button.
    else if (event.key === "Enter" && event.target === pad.current) finish();
    else return;
    event.preventDefault();
  }

  return (
    <div class="pin" ref={pad} tabIndex={-1} role="group" aria-label={t.pin.label} onKeyDown={press}>
      <div class="pin-dots" aria-hidden="true">
        {Array.from({ length: Math.max(shortest, count.value) }, (_, index) => (
          <span key={index} class={`pin-dot${index < count.value ? " pin-dot-full" : ""}`} />
        ))}
      </div>
      <p class="unseen" role="status">
        {count.value > 0 && t.pin.entered(count.value)}
      </p>
      <p class="pin-error" role="alert">
        {count.value === 0 && error}
      </p>
      <div class="pin-keys">
        {digits.map((digit) => (
          <PinKey key={digit} digit={digit} onPress={type} />
        ))}
        <span />
        <PinKey digit="0" onPress={type} />
        <button
          type="button"
          class="pin-key pin-key-plain"
          aria-label={t.pin.delete}
          onClick={() => void erase()}
          disabled={count.value === 0}
        >
          <Icon name="erase" />
        </button>
      </div>
      <Button wide busy={busy} disabled={count.value < shortest} onClick={finish}>
        {action ?? t.app.continue}
      </Button>
    </div>
  );
}

function PinKey({ digit, onPress }: { readonly digit: string; readonly onPress: (digit: string) => Promise<void> }) {
  return (
    <button type="button" class="pin-key" aria-label={texts.value.pin.digit(digit)} onClick={() => void onPress(digit)}>
      {digit}
    </button>
  );
}
