/**
 * News from the server as they happen (`GET /live`): names of what changed, never the thing itself. The stream is opened
 * again whenever it ends, and what was missed meanwhile is made up for by loading.
 */
import type { Device } from "../../engine/device.ts";
import { isRecord, type CallOptions, type OpenStream } from "../../engine/transport.ts";
import { spread, wait } from "../../platform/timers.ts";
import { MobileTokenLogger } from "../logging/MobileTokenLogger.ts";
import { asMobileTokenError, MobileTokenError } from "../MobileTokenError.ts";
import { eventReader, type ServerEvent } from "./event-stream.ts";

export interface Live {
  readonly device: Pick<Device, "timers" | "random" | "now">;
  /** With a fresh proof each time. */
  readonly open: (options: CallOptions) => Promise<OpenStream>;
  /** The stream is open, or something changed, or the stream failed: the list itself may be had all the same. */
  readonly onOperations: () => void;
  /** The id of the message, where the server names it. */
  readonly onInbox: (id: string | undefined) => void;
  /** There are no streams on this platform or no news on this server: nothing more comes. */
  readonly onUnavailable: () => void;
}

/** Milliseconds before the next attempt after so many failures in a row, each from half to one and a half of it. */
const pauses = [1_000, 2_000, 5_000, 15_000, 30_000];
/** Milliseconds without a word, not even a heartbeat, after which a stream is taken for dead. */
const longestSilence = 60_000;
/** Milliseconds that a stream must have been open to count as a success. */
const shortestStream = 5_000;

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
    if (outcome !== "ended") {
      if (outcome.reason === "missingActivation" || outcome.reason === "invalidConfiguration") return;
      live.onOperations();
    }
    const pause = failures === 0 ? 0 : (pauses[Math.min(failures, pauses.length) - 1] ?? 0);
    await wait(live.device, spread(live.device, pause), signal);
  }
}

async function followOnce(live: Live, signal: AbortSignal): Promise<"ended" | "unavailable" | MobileTokenError> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener("abort", abort, { once: true });
  let stream: OpenStream | undefined;
  let cancelSilence: () => void = () => undefined;
  try {
    stream = await live.open({ signal: controller.signal });
    if (stream.chunks === undefined) return refusal(stream.status);
    MobileTokenLogger.info("Live updates are on");
    const listen = () => {
      cancelSilence();
      cancelSilence = live.device.timers.after(longestSilence, abort);
    };
    listen();
    live.onOperations();
    const read = eventReader((event) => dispatch(live, event));
    for await (const text of stream.chunks) {
      listen();
      read(text);
    }
    return "ended";
  } catch (error) {
    return asMobileTokenError(error);
  } finally {
    cancelSilence();
    stream?.close();
    signal.removeEventListener("abort", abort);
  }
}

/** Also an answer of 200 without a stream is one of a server, or a platform, that has none. */
function refusal(status: number): "unavailable" | MobileTokenError {
  if (status === 200 || (status >= 400 && status < 500 && status !== 401 && status !== 429)) return "unavailable";
  return new MobileTokenError("network_errorStatusCode", `The server answered ${status}`, { httpStatusCode: status });
}

/** Events that are not known are left alone. */
function dispatch(live: Live, { name, data }: ServerEvent): void {
  MobileTokenLogger.debug(() => `Live: ${name}`);
  switch (name) {
    case "operation.created":
    case "operation.changed":
      return live.onOperations();
    case "inbox":
      return live.onInbox(idIn(data));
    case "reload":
      live.onOperations();
      return live.onInbox(undefined);
    default:
  }
}

function idIn(data: string): string | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) && typeof value.id === "string" ? value.id : undefined;
  } catch {
    return undefined;
  }
}
