/** Waiting, as something that can be injected. */
import type { RandomBytes } from "@countersign/protocol/bytes";

export interface Timers {
  /** Calls `run` once after so many milliseconds, unless what is returned is called before. */
  after(milliseconds: number, run: () => void): () => void;
}

export const platformTimers: Timers = {
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** From half to one and a half of it, so that devices that lost the server together do not come back together. */
export function spread({ random }: { readonly random: RandomBytes }, milliseconds: number): number {
  return Math.round(milliseconds * (0.5 + (random(1)[0] ?? 0) / 255));
}

/** Resolves early when the signal says so. */
export function wait(
  { timers }: { readonly timers: Timers },
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(milliseconds, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
