/**
 * News from the server as they happen: names of what changed, never the thing itself. The stream is opened again whenever it
 * ends, and what was missed meanwhile is made up for by whoever listens.
 */
import type { RandomBytes } from "@countersign/protocol/bytes";
import { spread, type Timers, wait } from "../../platform/timers.ts";
import { eventReader, type ServerEvent } from "./event-stream.ts";
import type { CallOptions, OpenStream } from "../transport.ts";

export interface Live {
  readonly device: { readonly timers: Timers; readonly random: RandomBytes; readonly now: () => number };
  /** With a fresh proof each time. */
  readonly open: (options: CallOptions) => Promise<OpenStream>;
  readonly onOpen: () => void;
  readonly onEvent: (event: ServerEvent) => void;
  /** A stream failed: by what was thrown, or by the status. False when no other is to be opened. */
  readonly onFailure: (failure: unknown) => boolean;
  /** There are no streams on this platform or no news on this server: nothing more comes. */
  readonly onUnavailable: () => void;
}

/** Milliseconds before the next attempt after so many failures in a row, each from half to one and a half of it. */
const pauses = [1_000, 2_000, 5_000, 15_000, 30_000];
/** Milliseconds without a word, not even a heartbeat, after which a stream is taken for dead. */
const longestSilence = 60_000;
/** Milliseconds that a stream must have been open to count as a success. */
const shortestStream = 5_000;

/** An answer that is no stream. */
export interface StatusFailure {
  readonly status: number;
}

/** Until the signal says so. Never throws. */
export async function followLive(live: Live, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const opened = live.device.now();
    const outcome = await followOnce(live, signal);
    if (signal.aborted) return;
    if (outcome === "unavailable") return live.onUnavailable();
    const isFailure = outcome !== "ended" || live.device.now() - opened < shortestStream;
    failures = isFailure ? failures + 1 : 0;
    if (outcome !== "ended" && !live.onFailure(outcome.failure)) return;
    const pause = failures === 0 ? 0 : (pauses[Math.min(failures, pauses.length) - 1] ?? 0);
    await wait(live.device, spread(live.device, pause), signal);
  }
}

async function followOnce(
  live: Live,
  signal: AbortSignal,
): Promise<"ended" | "unavailable" | { readonly failure: unknown }> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener("abort", abort, { once: true });
  let stream: OpenStream | undefined;
  let cancelSilence: () => void = () => undefined;
  try {
    stream = await live.open({ signal: controller.signal });
    if (stream.chunks === undefined) {
      const { status } = stream;
      return isNone(status) ? "unavailable" : { failure: { status } satisfies StatusFailure };
    }
    const listen = () => {
      cancelSilence();
      cancelSilence = live.device.timers.after(longestSilence, abort);
    };
    listen();
    live.onOpen();
    const read = eventReader(live.onEvent);
    for await (const text of stream.chunks) {
      listen();
      read(text);
    }
    return "ended";
  } catch (failure) {
    return { failure };
  } finally {
    cancelSilence();
    stream?.close();
    signal.removeEventListener("abort", abort);
  }
}

/** Also an answer of 200 without a stream is one of a server, or a platform, that has none. */
function isNone(status: number): boolean {
  return status === 200 || (status >= 400 && status < 500 && status !== 401 && status !== 429);
}
