import { Icon } from "../../../design/components/Icon.tsx";
import { texts } from "../../texts/texts.ts";
import { shownTime, useSecondsLeft } from "../countdown.ts";

/** How long there is to decide. A screen reader hears it once, not every second. */
export function Deadline({ expires, account }: { readonly expires: Date | undefined; readonly account: string }) {
  const t = texts.value;
  const seconds = useSecondsLeft(expires, account).value;
  if (seconds === undefined) return null;
  return (
    <p class={`deadline small${seconds <= 60 ? " deadline-soon" : ""}`}>
      <Icon name="clock" size={18} />
      <span>{t.operation.timeLeft}</span>
      <strong>
        <bdi>{shownTime(seconds, t)}</bdi>
      </strong>
    </p>
  );
}
