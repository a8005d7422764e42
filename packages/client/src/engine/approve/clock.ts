/**
 * The time by which messages to a server are dated (APV-OBJ-8): the device's own, corrected by what the server's answers say.
 * It is believed for that alone: locks, ages of passwords and caches go by the device's own clock, and whether something is
 * over is for the server to decide.
 */
import type { ApproveDevice } from "./device.ts";
import { ApproveError } from "./errors.ts";

type Clocks = Pick<ApproveDevice, "now" | "ahead">;

/** Further than this from the server's time, the device's clock is corrected, ms. */
const tolerated = 30_000;

export function serverSeconds({ now, ahead }: Clocks, iss: string): number {
  return Math.floor((now() + (ahead.get(iss) ?? 0)) / 1000);
}

/** `date` is the header of an answer that came just now; what is none is ignored. */
export function learnTime({ now, ahead }: Clocks, iss: string, date: string | null): void {
  const difference = Date.parse(date ?? "") - now();
  const known = ahead.get(iss) ?? 0;
  if (Number.isNaN(difference) || Math.abs(difference - known) <= tolerated) return;
  ahead.set(iss, Math.abs(difference) <= tolerated ? 0 : difference);
}

/** Runs what dates a message, once more when it was refused and the answer has shown that the clock was wrong. */
export async function dated<T>({ ahead }: Clocks, iss: string, run: () => Promise<T>): Promise<T> {
  const before = ahead.get(iss) ?? 0;
  try {
    return await run();
  } catch (error) {
    const refused = error instanceof ApproveError && ["proof-invalid", "invalid-request"].includes(error.code);
    if (!refused || (ahead.get(iss) ?? 0) === before) throw error;
    return run();
  }
}
