import type { PreApprovalControls } from "@countersign/client/mobile-token";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../../../design/components/Button.tsx";
import { texts } from "../../texts/texts.ts";
import { Slider } from "../decide/Slider.tsx";

interface ScreenControlsProps {
  readonly controls: PreApprovalControls | undefined;
  readonly onApprove: () => void;
  readonly onBack: () => void;
  readonly onReject: () => void;
}

/** How a screen is left: by button or slider, after a time to read, in the order that the bank wants. */
export function ScreenControls({ controls = {}, onApprove, onBack, onReject }: ScreenControlsProps) {
  const t = texts.value;
  const { flip = false, axis = "VERTICAL", decline = { type: "BACK" }, approve = { type: "BUTTON" } } = controls;
  const wait = useSignal(approve.counter ?? 0);
  useEffect(() => {
    const timer = setInterval(() => (wait.value = Math.max(0, wait.value - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  const isSlider = approve.type === "SLIDER";
  const isHeld = wait.value > 0;
  const go = isSlider ? (
    <Slider key="approve" text={approve.text ?? t.operation.slide} disabled={isHeld} onDone={onApprove} />
  ) : (
    <Button key="approve" wide disabled={isHeld} onClick={onApprove}>
      {approve.text ?? t.app.continue}
    </Button>
  );
  const isReject = decline.type === "REJECT";
  const turn = (
    <Button key="decline" wide look="second" onClick={isReject ? onReject : onBack}>
      {decline.text ?? (isReject ? t.operation.reject : t.app.back)}
    </Button>
  );
  const isHorizontal = axis === "HORIZONTAL" && !isSlider;
  return (
    <div class={`screen-controls${isHorizontal ? " screen-controls-horizontal" : ""}`}>
      {flip ? [turn, go] : [go, turn]}
      <p class="small soft" role="status">
        {isHeld && t.operation.waitSeconds(wait.value)}
      </p>
    </div>
  );
}
