/** How long is left until a time, told every second. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { language } from "../../texts/language.ts";
import type { Texts } from "../texts/texts.ts";
import { serverNow } from "./pending.ts";

/** Whole seconds, 0 when it is over. Undefined for what never expires. */
export function useSecondsLeft(expires: Date | undefined, account: string): ReadonlySignal<number | undefined> {
  const time = expires?.getTime();
  const left = () => (time === undefined ? undefined : Math.max(0, Math.ceil((time - serverNow(account)) / 1000)));
  const seconds = useSignal(left());
  useEffect(() => {
    seconds.value = left();
    if (time === undefined) return;
    const timer = setInterval(() => (seconds.value = left()), 1000);
    return () => clearInterval(timer);
  }, [time, account]);
  return seconds;
}

/** `4:05 min`, `3 hours`: exact where it counts. */
export function shownTime(seconds: number, { time }: Texts): string {
  if (seconds < 60) return time.seconds(seconds);
  if (seconds < 3600) return time.minutes(Math.floor(seconds / 60), seconds % 60);
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? time.hours(hours) : time.days(Math.floor(hours / 24));
}

export function shownDate(date: Date | undefined): string {
  if (date === undefined) return "";
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(date);
}
