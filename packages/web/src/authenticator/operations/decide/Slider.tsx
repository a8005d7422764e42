import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../../design/components/Icon.tsx";
import { texts } from "../../texts/texts.ts";

interface SliderProps {
  readonly text: string;
  readonly disabled?: boolean;
  readonly onDone: () => void;
}

/** Milliseconds that a key is held where a finger would slide. */
const holdTime = 700;

/**
 * To be slid to the end, so that nobody approves by accident. With a keyboard, Enter or Space is held; a screen reader's
 * own activation, which knows no holding, does it as well.
 */
export function Slider({ text, disabled = false, onDone }: SliderProps) {
  const track = useRef<HTMLDivElement>(null);
  const start = useRef<number>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const offset = useSignal(0);
  useEffect(() => () => clearTimeout(timer.current), []);

  const isMirrored = () => getComputedStyle(track.current as Element).direction === "rtl";
  const room = () => (track.current?.clientWidth ?? 0) - 64;
  const move = (event: PointerEvent) => {
    if (start.current === undefined) return;
    const distance = (event.clientX - start.current) * (isMirrored() ? -1 : 1);
    offset.value = Math.min(Math.max(0, distance), room());
  };
  const release = () => {
    if (start.current === undefined) return;
    start.current = undefined;
    if (offset.value >= room() * 0.95) onDone();
    else offset.value = 0;
  };
  const hold = (event: KeyboardEvent) => {
    if ((event.key !== "Enter" && event.key !== " ") || event.repeat) return;
    event.preventDefault();
    clearTimeout(timer.current);
    timer.current = setTimeout(onDone, holdTime);
  };
  const letGo = () => clearTimeout(timer.current);
  return (
    <div class="slider" ref={track}>
      <span class="slider-text" aria-hidden="true">
        {text}
      </span>
      <button
        type="button"
        class="slider-knob"
        disabled={disabled}
        aria-label={text}
        aria-description={texts.value.operation.slideHint}
        style={{ transform: `translateX(${isOffsetMirrored(track.current) ? -offset.value : offset.value}px)` }}
        onPointerDown={(event) => {
          start.current = event.clientX;
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={move}
        onPointerUp={release}
        onPointerCancel={release}
        onKeyDown={hold}
        onKeyUp={letGo}
        onBlur={letGo}
        onClick={(event) => {
          // A click without a pointer comes from assistive technology; keys are handled above.
          if (event.detail === 0) onDone();
        }}
      >
        <Icon name="forward" />
      </button>
    </div>
  );
}

function isOffsetMirrored(track: Element | null): boolean {
  return track !== null && getComputedStyle(track).direction === "rtl";
}
